/*
 * shards.h
 *	  Partitions as units of work: their rows, their entries, what they read.
 *
 * Rows are grouped by partition, those of a partition ascending, so a
 * partition is a stretch of rows of its own graph; the halo are the nodes of
 * others that its rows read.
 */
#ifndef TNFR_SHARDS_H
#define TNFR_SHARDS_H

#include "core/graph.h"

typedef struct TnfrShards
{
	const TnfrGraph *graph;
	const uint32_t *partition;	/* [n] */
	uint32_t	partitions;
	uint64_t   *first;			/* [partitions + 1] place of the first row */
	uint32_t   *row;			/* [n + TNFR_GRAPH_PAD] row at each place */
	uint64_t   *before;			/* [n + 1] entries of the rows before a place */
} TnfrShards;

/*
 * partition[n], each less than partitions, of which some may be empty.  Graph,
 * which has columns, and array must outlive the shards.
 */
extern TnfrStatus tnfr_shards_build(TnfrEnv *env, const TnfrGraph *graph,
									const uint32_t *partition,
									uint32_t partitions, TnfrShards *shards);

extern void tnfr_shards_release(TnfrEnv *env, TnfrShards *shards);

/* The rows of a partition, ascending: tnfr_shard_size of them. */
static inline const uint32_t *
tnfr_shard_rows(const TnfrShards *s, uint32_t partition)
{
	return s->row + s->first[partition];
}

static inline uint64_t
tnfr_shard_size(const TnfrShards *s, uint32_t partition)
{
	return s->first[partition + UINT64_C(1)] - s->first[partition];
}

static inline uint64_t
tnfr_shard_entries(const TnfrShards *s, uint32_t partition)
{
	return s->before[s->first[partition + UINT64_C(1)]] -
		s->before[s->first[partition]];
}

/* The halo of one partition after the other, in the same memory. */
typedef struct TnfrHalo
{
	const TnfrShards *shards;
	uint32_t   *node;			/* [count] ascending */
	uint64_t	count;
	uint64_t	cut;			/* entries that lead to them */
	uint32_t   *spare;			/* [room], as node */
	uint64_t	room;			/* for the largest there can be */
	uint64_t   *seen;			/* [n / 64 + 1] nodes, a bit each; all clear */
} TnfrHalo;

extern TnfrStatus tnfr_halo_begin(TnfrEnv *env, const TnfrShards *shards,
								  TnfrHalo *halo);

/* Sets node, count and cut. */
extern TnfrStatus tnfr_halo_find(TnfrEnv *env, TnfrHalo *halo,
								 uint32_t partition);

extern void tnfr_halo_end(TnfrEnv *env, TnfrHalo *halo);

#endif							/* TNFR_SHARDS_H */
