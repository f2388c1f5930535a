/*
 * kernel.h
 *	  The neighbour sums of a row, by one fixed pairwise tree.
 *
 * For row i with entries (j, w), in canonical order:
 *
 *		E = sum w e_j	F = sum w f_j	Y = sum w sin(phase_j)
 *		X = sum w cos(phase_j)	S = sum w	T = sum w S_j
 *
 * The tree: up to TNFR_LEAF entries are added from left to right, beginning
 * at +0.0; more are split after the largest TNFR_LEAF * 2^k entries smaller
 * than the length, both parts are summed likewise, and the two are added.  It
 * is the same for every thread count, instruction set and device, so the bits
 * of the result are; and its rounding error grows with log(length) only.
 *
 * The tree is walked without recursion: like the carries of a binary counter,
 * two finished subtrees of equal size become one of twice the size.
 *
 * Plain C that a CUDA compiler takes too: the device library includes it.
 */
#ifndef TNFR_KERNEL_H
#define TNFR_KERNEL_H

#include "core/nodes.h"

#include <string.h>

#ifdef __CUDACC__
#define TNFR_INLINE static __host__ __device__ __forceinline__
#else
#define TNFR_INLINE static inline __attribute__((always_inline))
#endif

#define TNFR_LEAF			8
#define TNFR_TREE_DEPTH		62	/* subtrees waiting: one a bit of the length */
#define TNFR_PREFETCH		32	/* entries ahead; at most TNFR_GRAPH_PAD */

/* What a sum is taken over.  Four doubles at a time, where there are such. */
#ifdef __CUDACC__
typedef TnfrNodeState TnfrVec;
#define TNFR_VEC_ZERO		{0.0, 0.0, 0.0, 0.0}
#define TNFR_VEC_ADD(a, b) \
	((a)->e += (b)->e, (a)->f += (b)->f, (a)->y += (b)->y, (a)->x += (b)->x)
#define TNFR_VEC_ADD_TIMES(a, w, b) \
	((a)->e += (w) * (b)->e, (a)->f += (w) * (b)->f, \
	 (a)->y += (w) * (b)->y, (a)->x += (w) * (b)->x)
#define TNFR_VEC_PREFETCH(p)	((void) 0)
#else
typedef double TnfrVec __attribute__((vector_size(32), may_alias));
#define TNFR_VEC_ZERO		{0.0, 0.0, 0.0, 0.0}
#define TNFR_VEC_ADD(a, b)				(*(a) += *(b))
#define TNFR_VEC_ADD_TIMES(a, w, b)		(*(a) += (w) * *(b))
#define TNFR_VEC_PREFETCH(p)			__builtin_prefetch(p)
#endif

/* The sums of a row, or of a part of one that is a subtree. */
typedef struct TnfrSums
{
	double		e;
	double		f;
	double		y;
	double		x;
	double		strength;		/* S */
	double		topo;			/* T, where it is asked for */
} TnfrSums;

/* What the kernel reads. */
typedef struct TnfrKernelInput
{
	const uint64_t *offset;
	uint64_t	first;			/* the entry that neighbour and weight begin with */
	const uint32_t *neighbour;	/* padded by TNFR_GRAPH_PAD */
	const double *weight;		/* NULL: all are 1 */
	const TnfrNodeState *state; /* NULL: only strength (and topo) */
	const double *strength;		/* S of every row; NULL: no topo */
} TnfrKernelInput;

/*
 * Sums entries begin .. begin + length by the tree.  SUM names the type of a
 * partial sum; ADD(sum *, const sum *) adds two; LEAF(sum *, first, count)
 * sets a sum to that of up to TNFR_LEAF entries.
 */
#define TNFR_PAIRWISE(SUM, ADD, LEAF, result, begin, length) \
	do { \
		SUM			waiting_[TNFR_TREE_DEPTH]; \
		int			depth_ = 0; \
		uint64_t	leaves_ = (length) / TNFR_LEAF; \
		for (uint64_t k_ = 0; k_ < leaves_; k_++) \
		{ \
			SUM			sum_; \
			LEAF(&sum_, (begin) + k_ * TNFR_LEAF, TNFR_LEAF); \
			for (uint64_t carry_ = k_; carry_ & 1; carry_ >>= 1) \
			{ \
				ADD(&waiting_[depth_ - 1], &sum_); \
				sum_ = waiting_[--depth_]; \
			} \
			waiting_[depth_++] = sum_; \
		} \
		if ((length) % TNFR_LEAF != 0 || depth_ == 0) \
			LEAF(&waiting_[depth_++], (begin) + leaves_ * TNFR_LEAF, \
				 (length) % TNFR_LEAF); \
		while (--depth_ > 0) \
			ADD(&waiting_[depth_ - 1], &waiting_[depth_]); \
		*(result) = waiting_[0]; \
	} while (0)

/* Adds subtrees of one size, of which the last may be smaller, by the tree. */
#define TNFR_ADD_PARTS(SUM, ADD, result, part, parts) \
	do { \
		SUM			waiting_[TNFR_TREE_DEPTH]; \
		int			depth_ = 0; \
		for (uint64_t k_ = 0; k_ < (parts); k_++) \
		{ \
			SUM			sum_ = (part)[k_]; \
			for (uint64_t carry_ = k_; carry_ & 1; carry_ >>= 1) \
			{ \
				ADD(&waiting_[depth_ - 1], &sum_); \
				sum_ = waiting_[--depth_]; \
			} \
			waiting_[depth_++] = sum_; \
		} \
		while (--depth_ > 0) \
			ADD(&waiting_[depth_ - 1], &waiting_[depth_]); \
		*(result) = waiting_[0]; \
	} while (0)

/* E, F, Y, X and S of a subtree: one reading of the weights serves all. */
typedef struct TnfrPart
{
	TnfrVec		state;
	double		strength;		/* only with weights */
} TnfrPart;

#define TNFR_PART_ADD(a, b) \
	(TNFR_VEC_ADD(&(a)->state, &(b)->state), (a)->strength += (b)->strength)
#define TNFR_SCALAR_ADD(a, b)	(*(a) += *(b))

/* E, F, Y, X, S of a leaf. */
TNFR_INLINE void
tnfr_leaf_state(TnfrPart *sum, const TnfrKernelInput *in, uint64_t first,
				uint32_t count, bool weighted)
{
	const uint32_t *neighbour = in->neighbour + first;
	const double *weight = weighted ? in->weight + first : NULL;
	TnfrVec		state = TNFR_VEC_ZERO;
	double		strength = 0.0;

	for (uint32_t i = 0; i < count; i++)
	{
		const TnfrVec *v = (const TnfrVec *) &in->state[neighbour[i]];

		TNFR_VEC_PREFETCH(&in->state[neighbour[i + TNFR_PREFETCH]]);
		if (weighted)
		{
			TNFR_VEC_ADD_TIMES(&state, weight[i], v);
			strength += weight[i];
		}
		else
			TNFR_VEC_ADD(&state, v);
	}
	sum->state = state;
	sum->strength = strength;
}

/* S of a leaf. */
TNFR_INLINE void
tnfr_leaf_strength(double *sum, const TnfrKernelInput *in, uint64_t first,
				   uint32_t count)
{
	double		s = 0.0;

	for (uint32_t i = 0; i < count; i++)
		s += in->weight[first + i];
	*sum = s;
}

/* T of a leaf. */
TNFR_INLINE void
tnfr_leaf_topo(double *sum, const TnfrKernelInput *in, uint64_t first,
			   uint32_t count, bool weighted)
{
	double		s = 0.0;

	for (uint32_t i = 0; i < count; i++)
	{
		double		other = in->strength[in->neighbour[first + i]];

		s += weighted ? in->weight[first + i] * other : other;
	}
	*sum = s;
}

/* All sums of a row, or of a part of one that is a subtree. */
TNFR_INLINE void
tnfr_sum_entries(const TnfrKernelInput *in, uint64_t begin, uint64_t length,
				 bool weighted, TnfrSums *out)
{
#define LEAF_STATE(sum, first, count) \
	tnfr_leaf_state(sum, in, first, count, weighted)
#define LEAF_STRENGTH(sum, first, count) \
	tnfr_leaf_strength(sum, in, first, count)
#define LEAF_TOPO(sum, first, count) \
	tnfr_leaf_topo(sum, in, first, count, weighted)
	if (in->state != NULL)
	{
		TnfrPart	part;

		if (length <= TNFR_LEAF)	/* most rows of most networks */
			LEAF_STATE(&part, begin, (uint32_t) length);
		else
			TNFR_PAIRWISE(TnfrPart, TNFR_PART_ADD, LEAF_STATE, &part,
						  begin, length);
		memcpy(out, &part.state, sizeof(part.state));
		out->strength = part.strength;
	}
	else if (weighted)
		TNFR_PAIRWISE(double, TNFR_SCALAR_ADD, LEAF_STRENGTH,
					  &out->strength, begin, length);
	if (!weighted)
		out->strength = (double) length;	/* as a sum of ones: exact */
	out->topo = 0.0;
	if (in->strength != NULL)
		TNFR_PAIRWISE(double, TNFR_SCALAR_ADD, LEAF_TOPO,
					  &out->topo, begin, length);
#undef LEAF_STATE
#undef LEAF_STRENGTH
#undef LEAF_TOPO
}

/* Adds the sums of two subtrees. */
TNFR_INLINE void
tnfr_sums_add(TnfrSums *a, const TnfrSums *b)
{
	a->e += b->e;
	a->f += b->f;
	a->y += b->y;
	a->x += b->x;
	a->strength += b->strength;
	a->topo += b->topo;
}

#endif							/* TNFR_KERNEL_H */
