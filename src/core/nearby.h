/*
 * nearby.h
 *	  Where the candidates of a growing community come from.
 */
#ifndef TNFR_NEARBY_H
#define TNFR_NEARBY_H

#include "core/adjacency.h"
#include "core/growth.h"
#include "core/kdtree.h"

/* The k nearest nodes in the plane of (vf, phase) that are free. */
typedef struct TnfrSpatial
{
	const TnfrNodes *nodes;
	TnfrKdTree	tree;
	TnfrKdSearch search;
	uint32_t   *list;			/* [k] */
} TnfrSpatial;

extern TnfrStatus tnfr_spatial_init(TnfrEnv *env, TnfrSpatial *spatial,
									const TnfrNodes *nodes, uint32_t k);
extern void tnfr_spatial_release(TnfrEnv *env, TnfrSpatial *spatial);
extern TnfrNearby tnfr_spatial_nearby(TnfrSpatial *spatial);

/* The graph neighbours, whatever the direction of the edges. */
extern TnfrNearby tnfr_neighbours_nearby(const TnfrAdjacency *adjacency);

#endif							/* TNFR_NEARBY_H */
