/*
 * clustering.h
 *	  The average clustering coefficient, and the cap of partitions it gives.
 *
 * The local coefficient of a node is the share of the pairs of its neighbours
 * that are connected, 0 for a node with less than two (Watts and Strogatz
 * 1998); the average is over all nodes.
 */
#ifndef TNFR_CLUSTERING_H
#define TNFR_CLUSTERING_H

#include "core/adjacency.h"

/* Comparisons that an exact result may cost: some tenths of a second. */
#define TNFR_CLUSTERING_WORK	UINT32_C(100000000)

/* Above that, so many samples: the standard error is at most 0.0014. */
#define TNFR_CLUSTERING_SAMPLES	UINT64_C(131072)

typedef struct TnfrClustering
{
	double		coefficient;
	double		standard_error; /* estimated; 0 when exact */
	uint64_t	samples;		/* 0: exact */
} TnfrClustering;

/*
 * Exact where that takes at most limit comparisons, else estimated; the same
 * estimate every time and for any number of threads.  0 of no nodes.
 */
extern TnfrStatus tnfr_clustering(TnfrEnv *env, const TnfrAdjacency *adjacency,
								  uint32_t limit, TnfrClustering *out);

/* SPEC 8: the size of partitions that suits a network, 10 to 500 nodes. */
extern uint32_t tnfr_adaptive_cap(uint64_t n, uint64_t pairs,
								  double clustering);

#endif							/* TNFR_CLUSTERING_H */
