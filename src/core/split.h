/*
 * split.h
 *	  Cuts groups that are too large for one thread into pieces.
 *
 * A hub with millions of neighbours makes its group too large to be sorted in
 * cache, and too long a task to stop in time.  Such a group is scattered again
 * by finer key ranges, by all threads, until every piece is small enough or
 * holds equal entries only.  Ranges follow the smallest and largest key
 * present, so each round narrows them by about a thousand.
 */
#ifndef TNFR_SPLIT_H
#define TNFR_SPLIT_H

#include "core/base.h"
#include "core/scatter.h"

/* Consecutive entries that can be sorted on their own. */
typedef struct TnfrPiece
{
	uint64_t	begin;
	uint64_t	end;
	uint32_t	group;
	bool		whole;			/* the whole group */
	bool		sorted;			/* all entries equal, or none */
} TnfrPiece;

typedef struct TnfrPieces
{
	TnfrPiece  *piece;
	uint64_t	count;
	uint64_t	room;
	uint64_t	largest;		/* entries of the largest that is to be sorted */
} TnfrPieces;

/*
 * The pieces of all groups (start[0 .. groups] as in tnfr_order), none above
 * limit unless its entries are equal.  For a group above it the entries are
 * moved, with a copy of that group for a moment.
 */
extern TnfrStatus tnfr_split(TnfrEnv *env, TnfrEntries entries,
							 const uint64_t *start, uint32_t groups,
							 uint64_t limit, TnfrPieces *pieces);

extern void tnfr_pieces_release(TnfrEnv *env, TnfrPieces *pieces);

#endif							/* TNFR_SPLIT_H */
