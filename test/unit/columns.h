/*
 * columns.h
 *	  The sums of a network column by column, as the core has them and as a
 *	  device gives them.
 */
#ifndef TNFR_UNIT_COLUMNS_H
#define TNFR_UNIT_COLUMNS_H

#include "core/sums.h"
#include "network.h"

/* A network, ready to be summed. */
typedef struct Case
{
	UnitHost	host;
	TnfrEnv		env;
	TnfrNodes	nodes;
	TnfrGraph	graph;
	TnfrNodeState *sums;		/* [n] */
	double	   *strength;		/* [n] */
	double	   *topo;			/* [n] */
} Case;

static inline void
take_sums(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Case	   *c = arg;

	for (uint32_t k = 0; k < count; k++)
	{
		memcpy(&c->sums[first + k], &sums[k], sizeof(TnfrNodeState));
		c->strength[first + k] = sums[k].strength;
	}
}

static inline void
take_topo(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	for (uint32_t k = 0; k < count; k++)
		((Case *) arg)->topo[first + k] = sums[k].topo;
}

/* Memory of exactly n items, so that a sanitizer sees the one behind. */
static inline void *
items(uint64_t n, size_t size)
{
	void	   *p = aligned_alloc(64, (n * size + 64) & ~(size_t) 63);

	memset(p, 0xa5, n * size);
	return p;
}

/* What the core makes of the state there is. */
static inline void
sum_case(Case *c)
{
	if (tnfr_sums(&c->env, &c->graph, c->nodes.state, NULL, take_sums, c) != TNFR_OK ||
		tnfr_sums(&c->env, &c->graph, NULL, c->strength, take_topo, c) != TNFR_OK)
		abort();
}

static inline void
begin_case(Case *c, uint64_t n, uint64_t m, Shape shape, bool directed,
		   bool weighted, uint64_t seed)
{
	Network		w = make_network(n, m, shape, directed, weighted, 3, seed);

	c->env = unit_env(&c->host, 1);
	if (build_nodes(&c->env, &w, &c->nodes) != TNFR_OK ||
		build_graph(&c->env, &w, c->nodes.id, 0, m, &c->graph) != TNFR_OK)
		abort();
	free_network(&w);
	c->sums = items(n, sizeof(TnfrNodeState));
	c->strength = items(n, sizeof(double));
	c->topo = items(n, sizeof(double));
	sum_case(c);
}

/* Other state, and the sums of it. */
static inline void
change_case(Case *c, uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};

	for (uint64_t i = 0; i < c->graph.n; i++)
		c->nodes.state[i] = (TnfrNodeState)
	{
		unit_uniform(&r), -unit_uniform(&r), unit_uniform(&r) - 0.5,
			unit_random(&r) % 5 == 0 ? -0.0 : unit_uniform(&r)
	};
	sum_case(c);
}

static inline void
end_case(Case *c)
{
	tnfr_graph_release(&c->env, &c->graph);
	tnfr_nodes_release(&c->env, &c->nodes);
	free(c->sums);
	free(c->strength);
	free(c->topo);
}

#endif							/* TNFR_UNIT_COLUMNS_H */
