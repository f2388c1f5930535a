/*
 * partition.h
 *	  Partitions of a network: SPEC 8, from the cap to the packing.
 *
 * Nodes grow together to communities (growth.h), communities are packed into
 * partitions: the largest first, each into the first partition that has room.
 * The answer depends on the network and the rule alone, never on the order of
 * the input, the threads or the seed of the environment.
 */
#ifndef TNFR_PARTITION_H
#define TNFR_PARTITION_H

#include "core/clustering.h"
#include "core/graph.h"
#include "core/nodes.h"

typedef enum TnfrCandidates
{
	TNFR_CANDIDATES_SPATIAL,	/* the k nearest free nodes in (vf, phase) */
	TNFR_CANDIDATES_NEIGHBOURS	/* the free neighbours in the graph */
} TnfrCandidates;

typedef struct TnfrPartitionRule
{
	uint32_t	max_size;		/* nodes of a partition; 0: adaptive */
	double		threshold;		/* coherence that a node needs to join */
	uint32_t	k;				/* of TNFR_CANDIDATES_SPATIAL, at least 1 */
	TnfrCandidates candidates;
} TnfrPartitionRule;

typedef struct TnfrPartitions
{
	uint64_t	n;
	uint32_t	communities;
	uint32_t	partitions;
	uint32_t   *community;		/* [n] by ascending seed */
	uint32_t   *partition;		/* [n] in the order in which they were opened */
	uint32_t	cap;			/* the size that was kept to */
	TnfrClustering clustering;	/* what an adaptive cap was derived from */
	double		density;
} TnfrPartitions;

/* The graph has columns. */
extern TnfrStatus tnfr_partition(TnfrEnv *env, const TnfrGraph *graph,
								 const TnfrNodes *nodes,
								 const TnfrPartitionRule *rule,
								 TnfrPartitions *partitions);

extern void tnfr_partitions_release(TnfrEnv *env, TnfrPartitions *partitions);

#endif							/* TNFR_PARTITION_H */
