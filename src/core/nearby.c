/*
 * nearby.c
 *	  Candidates from the k-d tree, and from the graph.
 */
#include "core/nearby.h"

#define SEARCH_NS	64			/* for each of the nodes that are found */

TnfrStatus
tnfr_spatial_init(TnfrEnv *env, TnfrSpatial *spatial, const TnfrNodes *nodes,
				  uint32_t k)
{
	TnfrStatus	status = tnfr_kdtree_build(env, nodes, &spatial->tree);

	spatial->nodes = nodes;
	spatial->list = NULL;
	spatial->search = (TnfrKdSearch)
	{
		.k = k
	};
	if (status == TNFR_OK)
		status = tnfr_kdsearch_init(env, &spatial->search, k);
	if (status == TNFR_OK &&
		(spatial->list = tnfr_alloc(env, k, sizeof(uint32_t))) == NULL)
		status = TNFR_NO_MEMORY;
	if (status != TNFR_OK)
		tnfr_spatial_release(env, spatial);
	return status;
}

void
tnfr_spatial_release(TnfrEnv *env, TnfrSpatial *spatial)
{
	tnfr_release(env, spatial->list, spatial->search.k, sizeof(uint32_t));
	tnfr_kdsearch_release(env, &spatial->search);
	tnfr_kdtree_release(env, &spatial->tree);
	spatial->list = NULL;
}

static void
take_from_tree(void *arg, uint32_t node)
{
	TnfrSpatial *spatial = arg;

	tnfr_kdtree_remove(&spatial->tree, node);
}

static const uint32_t *
list_nearest(void *arg, uint32_t node, uint64_t *count)
{
	TnfrSpatial *spatial = arg;

	tnfr_kdtree_nearest(&spatial->tree, spatial->nodes->state[node].f,
						spatial->nodes->phase[node], &spatial->search);
	for (uint32_t i = 0; i < spatial->search.count; i++)
		spatial->list[i] = spatial->search.found[i].node;
	*count = spatial->search.count;
	return spatial->list;
}

TnfrNearby
tnfr_spatial_nearby(TnfrSpatial *spatial)
{
	return (TnfrNearby)
	{
		.take = take_from_tree,.list = list_nearest,.arg = spatial,
			.cost = SEARCH_NS * ((uint64_t) spatial->search.k + 16)
	};
}

static void
take_nothing(void *arg, uint32_t node)
{
	(void) arg;
	(void) node;
}

static const uint32_t *
list_neighbours(void *arg, uint32_t node, uint64_t *count)
{
	const TnfrAdjacency *adjacency = arg;

	*count = adjacency->offset[node + 1] - adjacency->offset[node];
	return adjacency->neighbour + adjacency->offset[node];
}

TnfrNearby
tnfr_neighbours_nearby(const TnfrAdjacency *adjacency)
{
	return (TnfrNearby)
	{
		.take = take_nothing,.list = list_neighbours,
			.arg = (void *) adjacency
	};
}
