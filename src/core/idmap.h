/*
 * idmap.h
 *	  From a node's id to its index.
 *
 * Three ways, the first that fits: ids without a gap need a subtraction;
 * ids in a range of at most TNFR_IDMAP_SPREAD times their number, a bitmap over
 * the range in which the ids before one are counted; any others, a hash table.
 * Measured at random among a million nodes, a look-up takes about 1, 3 and
 * 40 ns; a binary search, 440 ns.
 */
#ifndef TNFR_IDMAP_H
#define TNFR_IDMAP_H

#include "core/base.h"

#define TNFR_IDMAP_SPREAD	64

typedef enum TnfrIdMapKind
{
	TNFR_IDMAP_DENSE,
	TNFR_IDMAP_RANK,
	TNFR_IDMAP_HASH
} TnfrIdMapKind;

/* 64 numbers of the range, from a multiple of 64 on. */
typedef struct TnfrIdRank
{
	uint64_t	bits;			/* which of them are ids */
	uint64_t	before;			/* ids before the first of them */
} TnfrIdRank;

typedef struct TnfrIdMap
{
	TnfrIdMapKind kind;
	uint64_t	n;
	const int64_t *id;			/* [n], ascending, the caller's */
	uint64_t	min;			/* smallest id, as unsigned */
	uint64_t	seed;			/* so that nobody can prepare collisions */
	uint64_t	size;			/* entries in rank, or in table */
	int			shift;			/* hash: 64 - log2(size) */
	TnfrIdRank *rank;			/* by (id - min) / 64 */
	uint32_t   *table;			/* index by hash */
} TnfrIdMap;

/* id: n ascending ids that outlive the map.  At most 16 bytes a node. */
extern TnfrStatus tnfr_idmap_build(TnfrEnv *env, const int64_t *id, uint64_t n,
								   TnfrIdMap *map);

/* index[k] for id[k]; TNFR_NO_NODE where there is none. */
extern void tnfr_idmap_lookup(const TnfrIdMap *map, const int64_t *id,
							  uint32_t *index, uint32_t count);

extern void tnfr_idmap_release(TnfrEnv *env, TnfrIdMap *map);

#endif							/* TNFR_IDMAP_H */
