/*
 * kdsplit.h
 *	  Splits points of the plane in halves, again and again, by exact medians.
 */
#ifndef TNFR_KDSPLIT_H
#define TNFR_KDSPLIT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct TnfrKdPoint
{
	double		at[2];
	uint32_t	node;
} TnfrKdPoint;

/* What divides an inner node: points that are less go to the left. */
typedef struct TnfrKdCut
{
	double		at;
	uint32_t	node;
	int			dim;
} TnfrKdCut;

static inline bool
tnfr_kdless(const TnfrKdPoint *p, const TnfrKdCut *cut)
{
	double		at = p->at[cut->dim];

	return (at < cut->at) | ((at == cut->at) & (p->node < cut->node));
}

/*
 * Splits the parts of one level, level by level from 0 to levels - 1; in the
 * end 2^levels parts follow each other.  A part is split across its longer
 * side, where the first coordinate counts scale times.  first[0] and
 * first[2^levels] say where the points begin and end in some larger whole;
 * what lies between is set.  cut[1 .. 2^levels - 1], unless NULL, becomes the
 * cuts.  Expected O(n) a level, for any points.
 */
extern void tnfr_kdsplit(TnfrKdPoint *p, int levels, int level, double scale,
						 uint64_t seed, uint64_t *first, TnfrKdCut *cut);

#endif							/* TNFR_KDSPLIT_H */
