/*
 * kdtree.h
 *	  A k-d tree over (vf, phase): the nearest of the nodes not yet taken.
 *
 * The plane is that of SPEC 8: vf in units of its standard deviation, phase in
 * radians and periodic.  The distance of nodes a and b is
 *
 *		d^2 = (s (f_a - f_b))^2 + min(|t|, 2 pi - |t|)^2,	s = 1 / std(f)
 *
 * with t the difference of the wrapped phases.  Equal differences of vf are
 * equal distances, which those of z-scores, rounded each, would not be.  The
 * frequencies themselves are taken to within 2^-398 of the largest.  Answers are exact for these
 * numbers as they are computed: rounding is monotone, so the bound of a box
 * is never above the distance of a point in it.  Of equal distances the
 * smaller index wins.
 *
 * The tree is complete: inner node i has the children 2i and 2i + 1, leaves
 * hold some 12 to 24 points.  Every node knows the box of its remaining
 * points and the least index among them; so regions that are used up, and
 * crowds of points at one place, cost nothing.
 */
#ifndef TNFR_KDTREE_H
#define TNFR_KDTREE_H

#include "core/nodes.h"

#include <math.h>

/* Points measured together; so many can be read behind the last. */
#define TNFR_KD_LANES	16

typedef struct TnfrKdBox
{
	double		low[2];
	double		high[2];
	uint32_t	least;			/* index; TNFR_NO_NODE: nothing remains */
} TnfrKdBox;

typedef struct TnfrKdTree
{
	uint64_t	n;
	double		scale;			/* s, for the units of x */
	int			exponent;		/* of tnfr_kd_x */
	int			levels;			/* 2^levels leaves */
	double	   *x;				/* [n] the points, leaf by leaf */
	double	   *y;				/* [n] */
	uint32_t   *node;			/* [n] whose point */
	uint32_t   *leaf;			/* [n] of every node */
	uint64_t   *first;			/* [leaves + 1] */
	uint32_t   *remaining;		/* [leaves] points at the front of a leaf */
	TnfrKdBox  *box;			/* [2 * leaves], the root at 1 */
} TnfrKdTree;

typedef struct TnfrKdFound
{
	double		distance;		/* squared */
	uint32_t	node;
} TnfrKdFound;

/* A search and its scratch memory, for one thread; used again and again. */
typedef struct TnfrKdSearch
{
	uint32_t	k;
	uint32_t	count;			/* found */
	double		distance;		/* that was looked to, squared; a hint for the next */
	TnfrKdFound *found;			/* in no order */
	uint64_t	room;
} TnfrKdSearch;

/*
 * The coordinate of a frequency: at most 1, and with so few places behind the
 * point that no square of a difference vanishes or overflows.  Otherwise, one
 * frequency of 1e200 would leave all others at equal distances that the tree
 * knows nothing of.
 */
static inline double
tnfr_kd_x(const TnfrKdTree *tree, double f)
{
	return (ldexp(f, tree->exponent) + 0x1p-400) - 0x1p-400;
}

/* The tree of all nodes: O(n log n), about 32 bytes a node. */
extern TnfrStatus tnfr_kdtree_build(TnfrEnv *env, const TnfrNodes *nodes,
									TnfrKdTree *tree);

extern void tnfr_kdtree_release(TnfrEnv *env, TnfrKdTree *tree);

/* Takes a node that is there out of the tree. */
extern void tnfr_kdtree_remove(TnfrKdTree *tree, uint32_t node);

extern TnfrStatus tnfr_kdsearch_init(TnfrEnv *env, TnfrKdSearch *search,
									 uint32_t k);

extern void tnfr_kdsearch_release(TnfrEnv *env, TnfrKdSearch *search);

/* Finds the k nearest to (f, phase), or all that remain if they are fewer. */
extern void tnfr_kdtree_nearest(const TnfrKdTree *tree, double f, double phase,
								TnfrKdSearch *search);

/* Orders what was found by (distance, index), for those who need an order. */
extern void tnfr_kdsearch_sort(TnfrKdSearch *search);

#endif							/* TNFR_KDTREE_H */
