/*
 * network.h
 *	  Random networks for the unit tests, and the way into the core.
 */
#ifndef TNFR_UNIT_NETWORK_H
#define TNFR_UNIT_NETWORK_H

#include "core/dnfr.h"
#include "core/graph.h"
#include "core/idmap.h"
#include "core/nodes.h"
#include "unit.h"

typedef struct Network
{
	uint64_t	n;
	uint64_t	m;
	bool		directed;
	int64_t    *id;				/* [n] ascending */
	int64_t    *src;			/* [m] */
	int64_t    *dst;
	double	   *weight;			/* [m]; NULL: unweighted */
} Network;

typedef enum Shape
{
	UNIFORM,					/* ends at random */
	SKEWED,						/* few nodes have most edges */
	STAR,						/* all at one hub */
	PARALLEL,					/* many edges between few nodes */
	SAME						/* one edge, again and again */
} Shape;

/* gap: the largest difference between two ids */
static inline Network
make_network(uint64_t n, uint64_t m, Shape shape, bool directed, bool weighted,
			 uint64_t gap, uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};
	Network		w = {.n = n,.m = m,.directed = directed};

	w.id = malloc((n + 1) * sizeof(int64_t));
	w.src = malloc((m + 1) * sizeof(int64_t));
	w.dst = malloc((m + 1) * sizeof(int64_t));
	w.weight = weighted ? malloc((m + 1) * sizeof(double)) : NULL;
	for (uint64_t i = 0; i < n; i++)
		w.id[i] = (i > 0 ? w.id[i - 1] : -1000) + 1 +
			(int64_t) (unit_random(&r) % gap);
	for (uint64_t k = 0; k < m; k++)
	{
		double		u = unit_uniform(&r);
		double		v = unit_uniform(&r);

		if (shape == SKEWED)
			u = pow(u, 8), v = pow(v, 4);
		if (shape == STAR)
			u = 0.5;
		if (shape == SAME)
			u = 0.5, v = 0.25;
		if (shape == PARALLEL)
			u = 0.5 + u / 1e9, v = v < 0.5 ? 0.1 : 0.9;
		w.src[k] = w.id[(uint64_t) (u * (double) n)];
		w.dst[k] = w.id[(uint64_t) (v * (double) n)];
		if (weighted)
			w.weight[k] = unit_random(&r) % 7 == 0 ? 0.0 : unit_uniform(&r);
	}
	return w;
}

static inline void
free_network(Network *w)
{
	free(w->id);
	free(w->src);
	free(w->dst);
	free(w->weight);
}

/* Some state for every node, in scrambled order. */
static inline TnfrStatus
build_nodes(TnfrEnv *env, const Network *w, TnfrNodes *nodes)
{
	TnfrStatus	status = TNFR_OK;

	memset(nodes, 0, sizeof(*nodes));
	for (uint64_t k = 0; k < w->n && status == TNFR_OK; k++)
	{
		uint64_t	i = w->n - 1 - k;

		if (nodes->n == nodes->room)
			status = tnfr_nodes_grow(env, nodes);
		if (status == TNFR_OK)
			tnfr_nodes_add(nodes, w->id[i], sin((double) i),
						   fabs(cos(3.0 * (double) i)),
						   7.0 * sin(2.0 * (double) i));
	}
	if (status == TNFR_OK)
		return tnfr_nodes_order(env, nodes);
	tnfr_nodes_release(env, nodes);
	return status;
}

/* The graph of a network, its edges added from the given one on, round. */
static inline TnfrStatus
build_graph(TnfrEnv *env, const Network *w, const int64_t *id, uint64_t first,
			uint64_t expected, TnfrGraph *graph)
{
	TnfrIdMap	map;
	TnfrEdges	edges;
	TnfrStatus	status = tnfr_idmap_build(env, id, w->n, &map);

	if (status != TNFR_OK)
		return status;
	status = tnfr_edges_begin(env, &edges, w->n, expected, w->directed,
							  w->weight != NULL);
	for (uint64_t k = 0; k < w->m && status == TNFR_OK;)
	{
		uint64_t	at = (first + k) % w->m;
		uint64_t	count = w->m - at < 1000 ? w->m - at : 1000;

		if (count > w->m - k)
			count = w->m - k;
		status = tnfr_edges_add(env, &edges, &map, w->src + at, w->dst + at,
								w->weight != NULL ? w->weight + at : NULL,
								(uint32_t) count);
		k += count;
	}
	if (status == TNFR_OK)
		status = tnfr_edges_check(env, &edges);
	tnfr_idmap_release(env, &map);
	if (status == TNFR_OK)
		return tnfr_graph_build(env, &edges, graph);
	tnfr_edges_release(env, &edges);
	return status;
}

/* dnfr[i] of every node, and nothing else. */
static inline TnfrStatus
dnfr_of_graph(TnfrEnv *env, const TnfrGraph *graph, const TnfrNodes *nodes,
			  TnfrForm form, const TnfrFormWeights *weights, double *dnfr)
{
	const TnfrNodeValues values = {.dnfr = dnfr};

	return tnfr_node_values(env, graph, nodes, form, weights, &values, NULL);
}

/* Everything: nodes, graph, and Delta-NFR of the form into dnfr[n]. */
static inline TnfrStatus
compute(TnfrEnv *env, const Network *w, TnfrForm form,
		const TnfrFormWeights *weights, uint64_t first, double *dnfr)
{
	TnfrNodes	nodes;
	TnfrGraph	graph;
	TnfrStatus	status = build_nodes(env, w, &nodes);

	if (status != TNFR_OK)
		return status;
	status = build_graph(env, w, nodes.id, first, w->m, &graph);
	if (status == TNFR_OK)
	{
		status = dnfr_of_graph(env, &graph, &nodes, form, weights, dnfr);
		tnfr_graph_release(env, &graph);
	}
	tnfr_nodes_release(env, &nodes);
	return status;
}

#endif							/* TNFR_UNIT_NETWORK_H */
