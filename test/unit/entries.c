/*
 * entries.c
 *	  Entries in the caller's columns: from columns and from bytes, of all kinds
 *	  of weights, among more nodes than their own; never an item too many.
 */
#include "codec.h"
#include "core/coded.h"
#include "core/entries.h"
#include "core/parallel.h"

#define BLOCK	TNFR_COPY_BLOCK

/* Copies entries first .. first + count into memory of exactly that size. */
static bool
same_entries(TnfrEnv *env, const TnfrGraph *graph, const TnfrGraph *expected,
			 uint64_t first, uint64_t count)
{
	const bool	weighted = expected->weight != NULL;
	uint32_t   *neighbour = malloc(count * sizeof(uint32_t));
	double	   *weight = weighted ? malloc(count * sizeof(double)) : NULL;
	bool		good;

	memset(neighbour, 0xa5, count * sizeof(uint32_t));
	good = tnfr_has_weights(graph) == weighted &&
		tnfr_copy_entries(env, graph, first, count, neighbour, weight) == TNFR_OK &&
		memcmp(neighbour, expected->neighbour + first,
			   count * sizeof(uint32_t)) == 0 &&
		(!weighted || memcmp(weight, expected->weight + first,
							 count * sizeof(double)) == 0);
	free(neighbour);
	free(weight);
	return good;
}

/* Pieces that begin at blocks and end anywhere. */
static bool
same_pieces(TnfrEnv *env, const TnfrGraph *graph, const TnfrGraph *expected)
{
	static const uint64_t most[] = {0, 1, BLOCK - 1, BLOCK, BLOCK + 1,
	3 * BLOCK + 5, UINT64_MAX};
	bool		good = true;
	int			k = 0;

	for (uint64_t first = 0; first < expected->entries && good; first += 2 * BLOCK)
		for (int i = 0; i < 7 && good; i++)
		{
			uint64_t	left = expected->entries - first;

			env->threads = 1 + k++ % 3;
			good = same_entries(env, graph, expected, first,
								left < most[i] ? left : most[i]);
		}
	return good;
}

/* A network of n nodes: its graph in columns, and coded among `more` others. */
static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, uint64_t more)
{
	for (Weights weights = NONE; weights <= DOUBLE; weights++)
	{
		Network		w = make_weighted(n, m, shape, false, weights, 3);
		Bytes		bytes = encode_network(&w, 0, 2);
		int64_t    *id = malloc((n + more) * sizeof(int64_t));
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrCodedGraph coded;
		TnfrGraph	graph;
		TnfrGraph	columns;
		char		title[200];
		bool		good;

		/* nodes before those that edges name, so that indexes move */
		for (uint64_t i = 0; i < more; i++)
			id[i] = w.id[0] - (int64_t) (more - i);
		memcpy(id + more, w.id, n * sizeof(int64_t));
		if (build_graph(&env, &w, w.id, 0, m, &columns) != TNFR_OK ||
			tnfr_coded_open(&env, &coded, bytes.p, bytes.size, id, n + more,
							&graph) != TNFR_OK)
			abort();
		good = same_pieces(&env, &columns, &columns);
		for (uint64_t k = 0; k < columns.entries; k++)
			columns.neighbour[k] += (uint32_t) more;
		if (weights == ONES)	/* bytes say so, and have none */
		{
			tnfr_release(&env, columns.weight, columns.room, sizeof(double));
			columns.weight = NULL;
		}
		good = good && same_pieces(&env, &graph, &columns);
		tnfr_graph_release(&env, &graph);
		tnfr_graph_release(&env, &columns);
		tnfr_coded_release(&env, &coded);
		snprintf(title, sizeof(title), "%s, weights of kind %d", name, weights);
		ok(good && host.bytes == 0, title);
		free(id);
		free(bytes.p);
		free_network(&w);
	}
}

/* Every refused allocation, every interrupt, and damage end clean. */
static void
check_exits(void)
{
	Network		w = make_weighted(2000, 100000, SKEWED, false, DOUBLE, 3);
	Bytes		bytes = encode_network(&w, 0, 1);
	uint32_t   *neighbour = malloc(2 * w.m * sizeof(uint32_t));
	double	   *weight = malloc(2 * w.m * sizeof(double));
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrCodedGraph coded;
	TnfrGraph	graph;
	uint64_t	held;
	uint64_t	stopped = 0;
	bool		good = true;
	TnfrStatus	status = TNFR_STOPPED;

	if (tnfr_coded_open(&env, &coded, bytes.p, bytes.size, w.id, w.n,
						&graph) != TNFR_OK)
		abort();
	held = host.bytes;
	host.refuse_at = host.allocations + 1;
	ok(tnfr_copy_entries(&env, &graph, 0, graph.entries, neighbour,
						 weight) == TNFR_NO_MEMORY && env.error.bytes > 0,
	   "refused allocation");
	host.refuse_at = 0;
	host.stop = true;
	for (; status == TNFR_STOPPED && good; stopped++)
	{
		host.interrupt_at = host.polls + stopped + 1;
		status = tnfr_copy_entries(&env, &graph, 0, graph.entries, neighbour,
								   weight);
		good = host.bytes == held;
	}
	ok(good && status == TNFR_OK && stopped > 5, "interrupts");
	host.interrupt_at = 0;

	/* the last weight; it only matters to whom it is copied */
	bytes.p[bytes.size - 1] = 0xff;
	good = tnfr_copy_entries(&env, &graph, 0, graph.entries - 1, neighbour,
							 weight) == TNFR_OK;
	for (env.threads = 1; env.threads <= 3; env.threads++)
		good = good && tnfr_copy_entries(&env, &graph, 0, graph.entries,
										 neighbour, weight) == TNFR_DAMAGED &&
			env.error.what != NULL && host.bytes == held;
	ok(good, "damage");
	tnfr_graph_release(&env, &graph);
	tnfr_coded_release(&env, &coded);
	free(neighbour);
	free(weight);
	free(bytes.p);
	free_network(&w);
}

int
main(void)
{
	check("one node", 1, 10, UNIFORM, 0);
	check("one node, with others", 1, 10, UNIFORM, 7);
	check("no edges", 10, 0, UNIFORM, 3);
	check("whole blocks", 3000, BLOCK, PARALLEL, 0);
	check("rows across blocks", 3000, 60000, SKEWED, 0);
	check("among more nodes", 3000, 60000, UNIFORM, 100);
	check("one hub", 2000, 100001, STAR, 1);
	check_exits();
	tnfr_parallel_end();
	return done_testing();
}
