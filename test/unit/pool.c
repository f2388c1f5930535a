/*
 * pool.c
 *	  Edges that come through pools give the graph that they give alone.
 */
#include "network.h"
#include "core/pool.h"

#include <pthread.h>
#include <sched.h>

#define FILLERS	3

typedef struct Filler
{
	const Network *network;
	const TnfrIdMap *map;
	uint64_t	expected;
	uint64_t	begin;			/* of its edges */
	uint64_t	end;
	void	   *memory;
	UnitHost	host;
	TnfrEnv		env;
	TnfrEdgeCounts counts;
	bool		good;
	_Atomic bool done;
	pthread_t	thread;
} Filler;

/* What a parallel worker does, with its part of the edges. */
static void *
fill(void *arg)
{
	Filler	   *f = arg;
	const Network *w = f->network;
	TnfrEdges	edges;
	TnfrPool	pool;

	f->good = tnfr_edges_begin(&f->env, &edges, w->n, f->expected, w->directed,
							   w->weight != NULL) == TNFR_OK;
	tnfr_pool_attach(&pool, &edges, f->memory, false);
	tnfr_pool_fill(&pool, &edges);
	for (uint64_t k = f->begin; k < f->end && f->good; k += TNFR_POOL_BATCH)
	{
		uint64_t	left = f->end - k;

		while (!tnfr_pool_ready(&edges))
			sched_yield();
		f->good = tnfr_edges_add(&f->env, &edges, f->map, w->src + k,
								 w->dst + k,
								 w->weight != NULL ? w->weight + k : NULL,
								 left < TNFR_POOL_BATCH ? (uint32_t) left : TNFR_POOL_BATCH) == TNFR_OK;
	}
	tnfr_pool_finish(&edges);
	f->counts = tnfr_edges_counts(&edges);
	tnfr_edges_release(&f->env, &edges);
	f->good = f->good && f->host.bytes == 0;
	atomic_store(&f->done, true);
	return NULL;
}

/* All edges through the pools; the taker adds a share of them itself. */
static TnfrStatus
through_pools(TnfrEnv *env, const Network *w, uint64_t expected,
			  TnfrGraph *graph, bool *good)
{
	Filler		filler[FILLERS];
	TnfrPool	pool[FILLERS];
	TnfrIdMap	map;
	TnfrEdges	edges;
	const uint64_t share = w->m / (FILLERS + 1);
	TnfrStatus	status = tnfr_idmap_build(env, w->id, w->n, &map);
	bool		all = false;

	if (status == TNFR_OK)
		status = tnfr_edges_begin(env, &edges, w->n, expected, w->directed,
								  w->weight != NULL);
	for (int i = 0; i < FILLERS; i++)
	{
		Filler	   *f = &filler[i];

		*f = (Filler)
		{
			.network = w,.map = &map,.expected = expected,
				.begin = share * (uint64_t) i,.end = share * ((uint64_t) i + 1),
				.memory = aligned_alloc(64, tnfr_pool_bytes(&edges))
		};
		f->env = unit_env(&f->host, 1);
		tnfr_pool_attach(&pool[i], &edges, f->memory, true);
		pthread_create(&f->thread, NULL, fill, f);
	}
	for (uint64_t k = share * FILLERS; k < w->m && status == TNFR_OK; k++)
		status = tnfr_edges_add(env, &edges, &map, w->src + k, w->dst + k,
								w->weight != NULL ? w->weight + k : NULL, 1);
	while (!all && status == TNFR_OK)
	{
		all = true;
		for (int i = 0; i < FILLERS; i++)
			all = all && atomic_load(&filler[i].done);
		for (int i = 0; i < FILLERS && status == TNFR_OK; i++)
			status = tnfr_pool_take(env, &pool[i], &edges);
	}
	*good = true;
	for (int i = 0; i < FILLERS; i++)
	{
		pthread_join(filler[i].thread, NULL);
		*good = *good && filler[i].good && tnfr_pool_blocks(&pool[i]) == 0;
		tnfr_edges_add_counts(&edges, &filler[i].counts);
		free(filler[i].memory);
	}
	*good = *good && edges.edges + edges.unknown == w->m;
	tnfr_idmap_release(env, &map);
	if (status == TNFR_OK)
		status = tnfr_edges_check(env, &edges);
	if (status == TNFR_OK)
		return tnfr_graph_build(env, &edges, graph);
	tnfr_edges_release(env, &edges);
	return status;
}

static bool
equal(const TnfrGraph *a, const TnfrGraph *b)
{
	return a->n == b->n && a->entries == b->entries &&
		memcmp(a->offset, b->offset, (a->n + 1) * sizeof(uint64_t)) == 0 &&
		(a->weight == NULL) == (b->weight == NULL) &&
		(a->entries == 0 ||
		 memcmp(a->neighbour, b->neighbour,
				a->entries * sizeof(uint32_t)) == 0) &&
		(a->weight == NULL ||
		 memcmp(a->weight, b->weight, a->entries * sizeof(double)) == 0);
}

static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, uint64_t expected)
{
	for (int variant = 0; variant < 4; variant++)
	{
		Network		w = make_network(n, m, shape, variant & 1, variant & 2, 3,
									 n + m + (uint64_t) variant);
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrGraph	alone;
		TnfrGraph	pooled;
		char		title[200];
		bool		good;
		bool		built;

		built = build_graph(&env, &w, w.id, 0, m, &alone) == TNFR_OK &&
			through_pools(&env, &w, expected, &pooled, &good) == TNFR_OK;
		good = built && good && equal(&alone, &pooled);
		if (built)
		{
			tnfr_graph_release(&env, &alone);
			tnfr_graph_release(&env, &pooled);
		}
		snprintf(title, sizeof(title), "%s, %s, %s", name,
				 variant & 1 ? "directed" : "undirected",
				 variant & 2 ? "weighted" : "unweighted");
		ok(good && host.bytes == 0, title);
		free_network(&w);
	}
}

/* Unknown nodes are counted over all fillers, and the smallest is named. */
static void
check_unknown(void)
{
	Network		w = make_network(100, 4000, UNIFORM, true, false, 1, 1);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraph	graph;
	bool		good;

	for (uint64_t k = 3; k < w.m; k += 1000)
		w.dst[k] = 1000000 + (int64_t) k;
	w.src[2003] = w.id[0];
	w.src[3] = w.src[1003] = w.src[3003] = w.id[1];
	ok(through_pools(&env, &w, 4000, &graph, &good) == TNFR_UNKNOWN_NODE &&
	   good && env.error.count == 4 && env.error.src == w.id[0] &&
	   env.error.dst == 1002003 && host.bytes == 0,
	   "unknown nodes: the smallest edge and the count");
	free_network(&w);
}

int
main(void)
{
	check("no edges", 10, 0, UNIFORM, 0);
	check("fewer edges than a block", 10, 90, UNIFORM, 1);
	check("one row", 1, 50000, UNIFORM, 1);
	check("pools that fill up", 20000, 1500000, UNIFORM, 1500000);
	check("badly guessed", 20000, 300000, SKEWED, 1);
	check("star", 1000, 400000, STAR, 400000);
	check_unknown();
	return done_testing();
}
