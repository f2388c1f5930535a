/*
 * collect.c
 *	  Graphs of the nodes that edges name, whole and in parts; distinct ids;
 *	  and a graph among more nodes than its own.
 */
#include "network.h"
#include "core/collect.h"
#include "core/embed.h"
#include "core/ids.h"

#define PARTS	5

static int
compare_ids(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* Against qsort: ids of a range that is narrow, wide, or all there is. */
static void
check_ids(const char *name, uint64_t count, uint64_t range)
{
	UnitRandom	r = {count + range};
	int64_t    *id = malloc((count + 1) * sizeof(int64_t));
	int64_t    *sorted = malloc((count + 1) * sizeof(int64_t));
	uint64_t	expected = 0;
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	int64_t    *distinct;
	uint64_t	n;
	bool		good;

	for (uint64_t i = 0; i < count; i++)
		id[i] = (int64_t) (range == 0 ? unit_random(&r) :
						   unit_random(&r) % range + (UINT64_MAX - range / 2));
	memcpy(sorted, id, count * sizeof(int64_t));
	qsort(sorted, count, sizeof(int64_t), compare_ids);
	for (uint64_t i = 0; i < count; i++)
		if (i == 0 || sorted[i] != sorted[i - 1])
			sorted[expected++] = sorted[i];

	{
		TnfrIdList	list[3] = {{id, count / 3}, {id, 0},
		{id + count / 3, count - count / 3}};

		good = tnfr_distinct_ids(&env, list, 3, &distinct, &n) == TNFR_OK;
	}
	good = good && n == expected &&
		(n == 0 || memcmp(distinct, sorted, n * sizeof(int64_t)) == 0);
	tnfr_release(&env, distinct, n, sizeof(int64_t));
	ok(good && host.bytes == 0, name);
	free(id);
	free(sorted);
}

typedef struct Answer
{
	TnfrGraph	graph;
	int64_t    *id;
} Answer;

static bool
equal(const Answer *a, const Answer *b)
{
	const TnfrGraph *g = &a->graph;
	const TnfrGraph *h = &b->graph;

	return g->n == h->n && g->entries == h->entries &&
		g->directed == h->directed &&
		(g->n == 0 || memcmp(a->id, b->id, g->n * sizeof(int64_t)) == 0) &&
		memcmp(g->offset, h->offset, (g->n + 1) * sizeof(uint64_t)) == 0 &&
		(g->entries == 0 ||
		 memcmp(g->neighbour, h->neighbour, g->entries * sizeof(uint32_t)) == 0) &&
		(g->weight == NULL) == (h->weight == NULL) &&
		(g->weight == NULL ||
		 memcmp(g->weight, h->weight, g->entries * sizeof(double)) == 0);
}

static void
release(TnfrEnv *env, Answer *a)
{
	tnfr_release(env, a->id, a->graph.n, sizeof(int64_t));
	tnfr_graph_release(env, &a->graph);
}

/* The graph of a list alone. */
static TnfrStatus
collect_edges(TnfrEnv *env, const TnfrEdgeList *list, bool directed,
			  Answer *answer)
{
	TnfrCollection c;
	TnfrStatus	status = tnfr_collect_begin(env, &c, list, 1, NULL, 0, directed,
											list->weight != NULL);

	if (status != TNFR_OK)
		return status;
	status = tnfr_collect_list(env, &c, list);
	if (status == TNFR_OK)
		return tnfr_collect_end(env, &c, &answer->graph, &answer->id);
	tnfr_collect_release(env, &c);
	return status;
}

/* Some of the edges as bytes, those of undirected ones from small to large. */
static uint8_t *
make_part(TnfrEnv *env, const Network *w, uint64_t begin, uint64_t end,
		  size_t *size)
{
	const uint64_t count = end - begin;
	int64_t    *src = malloc((count + 1) * sizeof(int64_t));
	int64_t    *dst = malloc((count + 1) * sizeof(int64_t));
	TnfrEdgeList list = {src, dst, w->weight ? w->weight + begin : NULL, count};
	TnfrEncoding e;
	Answer		a;
	uint8_t    *bytes = NULL;

	for (uint64_t k = 0; k < count; k++)
	{
		bool		swap = !w->directed && w->src[begin + k] > w->dst[begin + k];

		src[k] = swap ? w->dst[begin + k] : w->src[begin + k];
		dst[k] = swap ? w->src[begin + k] : w->dst[begin + k];
	}
	if (collect_edges(env, &list, true, &a) == TNFR_OK)
	{
		if (tnfr_encode_begin(env, &e, &a.graph, a.id) == TNFR_OK)
		{
			bytes = malloc(*size = e.size);
			if (tnfr_encode_write(env, &e, bytes) != TNFR_OK)
				bytes = NULL;
			tnfr_encode_end(env, &e);
		}
		release(env, &a);
	}
	free(src);
	free(dst);
	return bytes;
}

/* The graph of all parts but the first, whose edges come as two lists. */
static TnfrStatus
unite(TnfrEnv *env, const Network *w, uint8_t **bytes, const size_t *size,
	  Answer *answer)
{
	const uint64_t half = w->m / PARTS / 2;
	const uint64_t end = w->m / PARTS;
	const TnfrEdgeList list[2] = {
		{w->src, w->dst, w->weight, half},
		{w->src + half, w->dst + half, w->weight ? w->weight + half : NULL,
		end - half}
	};
	TnfrGraphBytes part[PARTS];
	TnfrCollection c;
	TnfrStatus	status = TNFR_OK;

	for (int p = 1; p < PARTS && status == TNFR_OK; p++)
		status = tnfr_decode_begin(env, &part[p], bytes[p], size[p]);
	if (status == TNFR_OK)
		status = tnfr_collect_begin(env, &c, list, 2, part + 1, PARTS - 1,
									w->directed, w->weight != NULL);
	if (status != TNFR_OK)
		return status;
	for (int l = 0; l < 2 && status == TNFR_OK; l++)
		status = tnfr_collect_list(env, &c, &list[l]);
	for (int p = 1; p < PARTS && status == TNFR_OK; p++)
		status = tnfr_collect_part(env, &c, &part[p]);
	if (status == TNFR_OK)
		return tnfr_collect_end(env, &c, &answer->graph, &answer->id);
	tnfr_collect_release(env, &c);
	return status;
}

/* Whole, in parts, and from the list of nodes that embeds both. */
static void
check_graph(const char *name, uint64_t n, uint64_t m, Shape shape,
			uint64_t gap)
{
	for (int variant = 0; variant < 4; variant++)
	{
		Network		w = make_network(n, m, shape, variant & 1, variant & 2, gap,
									 n + m + (uint64_t) variant);
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 2);
		TnfrEdgeList list = {w.src, w.dst, w.weight, m};
		uint8_t    *bytes[PARTS];
		size_t		size[PARTS];
		Answer		whole;
		Answer		united;
		Answer		known = {.id = w.id};
		char		title[200];
		bool		good;

		for (int p = 0; p < PARTS; p++)
			bytes[p] = make_part(&env, &w, m * (uint64_t) p / PARTS,
								 m * ((uint64_t) p + 1) / PARTS, &size[p]);
		good = collect_edges(&env, &list, w.directed, &whole) == TNFR_OK &&
			unite(&env, &w, bytes, size, &united) == TNFR_OK &&
			build_graph(&env, &w, w.id, 0, m, &known.graph) == TNFR_OK &&
			equal(&whole, &united);
		if (good)
		{
			const uint64_t nodes = whole.graph.n;

			good = tnfr_graph_embed(&env, &whole.graph, whole.id, w.id,
									n) == TNFR_OK;
			tnfr_release(&env, whole.id, nodes, sizeof(int64_t));
			whole.id = w.id;
			good = good && equal(&whole, &known);
			tnfr_graph_release(&env, &whole.graph);
			tnfr_graph_release(&env, &known.graph);
			release(&env, &united);
		}
		snprintf(title, sizeof(title), "%s, %s, %s", name,
				 variant & 1 ? "directed" : "undirected",
				 variant & 2 ? "weighted" : "unweighted");
		ok(good && host.bytes == 0, title);
		for (int p = 0; p < PARTS; p++)
			free(bytes[p]);
		free_network(&w);
	}
}

static void
check_unknown(void)
{
	int64_t		src[] = {1, 5, 9, 3};
	int64_t		dst[] = {3, 1, 5, 9};
	int64_t		node[] = {0, 1, 4, 5, 7};
	TnfrEdgeList list = {src, dst, NULL, 4};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	Answer		a;
	bool		good;

	good = collect_edges(&env, &list, false, &a) == TNFR_OK;
	ok(good && tnfr_graph_embed(&env, &a.graph, a.id, node, 5) == TNFR_UNKNOWN_NODE &&
	   env.error.id == 3 && env.error.count == 2,
	   "nodes that are not there: the smallest and the count");
	release(&env, &a);
	ok(host.bytes == 0, "and nothing is left");
}

/* Every refused allocation and every interrupt ends clean. */
static void
check_exits(void)
{
	Network		w = make_network(300, 20000, UNIFORM, false, true, 1000000, 3);
	uint8_t    *bytes[PARTS];
	size_t		size[PARTS];
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrStatus	status = TNFR_NO_MEMORY;
	uint64_t	k = 0;
	bool		clean = true;
	Answer		a;

	for (int p = 0; p < PARTS; p++)
		bytes[p] = make_part(&env, &w, w.m * (uint64_t) p / PARTS,
							 w.m * ((uint64_t) p + 1) / PARTS, &size[p]);
	while (status == TNFR_NO_MEMORY)
	{
		env = unit_env(&host, 1);
		host.refuse_at = ++k;
		status = unite(&env, &w, bytes, size, &a);
		clean = clean && (status == TNFR_OK || host.bytes == 0);
	}
	ok(clean && status == TNFR_OK && k > 10, "refused allocations");
	release(&env, &a);
	for (k = 1, status = TNFR_STOPPED; status == TNFR_STOPPED; k++)
	{
		env = unit_env(&host, 1);
		host.interrupt_at = k;
		host.stop = true;
		status = unite(&env, &w, bytes, size, &a);
		clean = clean && (status == TNFR_OK || host.bytes == 0);
	}
	ok(clean && status == TNFR_OK && k > 10, "interrupts");
	release(&env, &a);
	for (int p = 0; p < PARTS; p++)
		free(bytes[p]);
	free_network(&w);
}

int
main(void)
{
	check_ids("no ids", 0, 1);
	check_ids("one id", 1, 1);
	check_ids("one id many times", 1000, 1);
	check_ids("ids of a narrow range", 10000, 5000);
	check_ids("few ids of a wide range", 50, UINT64_C(1) << 40);
	check_ids("ids of a wide range", 10000, UINT64_C(1) << 40);
	check_ids("ids of all integers", 10000, 0);
	check_graph("one node", 1, 100, UNIFORM, 1);
	check_graph("small", 50, 60, UNIFORM, 5);
	check_graph("nodes without edges", 100000, 3000, UNIFORM, 3);
	check_graph("sparse ids", 3000, 30000, SKEWED, 10000000);
	check_graph("many", 5000, 200000, UNIFORM, 2);
	check_graph("star", 1000, 100000, STAR, 1);
	check_graph("parallel edges", 1000, 100000, PARALLEL, 1000);
	check_unknown();
	check_exits();
	return done_testing();
}
