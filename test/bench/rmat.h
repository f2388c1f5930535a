/*
 * rmat.h
 *		The R-MAT networks of the benchmark, as functions of a seed.
 *
 * R-MAT (Chakrabarti, Zhan, Faloutsos 2004) drops each arc into a quadrant of
 * the adjacency matrix with probabilities a, b, c, d, then into a quadrant of
 * that quadrant, and so on for `scale` levels.  0.57, 0.19, 0.19, 0.05 are the
 * Graph500 values: a few hubs of enormous degree and many nodes with no arc,
 * which is what makes scheduling and gathering hard.
 *
 * Node ids are permuted, because the raw ids put the hubs first and that
 * locality is a gift no real table gives.
 *
 * Every random number is a hash of (seed, position), not the state of a
 * generator: arc k is the same whichever program asks for it and in whatever
 * order, so the loader and the kernel benchmark see one network.
 */
#ifndef TNFR_BENCH_RMAT_H
#define TNFR_BENCH_RMAT_H

#include <stdint.h>
#include <stdlib.h>

#define RMAT_ARCS_PER_NODE 16

/* Quadrant borders in units of 2^-16: a, a + b, a + b + c. */
#define RMAT_A		37356u
#define RMAT_AB		49808u
#define RMAT_ABC	62260u

typedef struct
{
	int			scale;			/* 2^scale nodes */
	uint64_t	seed;
	uint32_t   *relabel;		/* permutation of the ids */
} Rmat;

/* splitmix64's finaliser: a bijection whose output passes BigCrush. */
static inline uint64_t
rmat_hash(uint64_t x)
{
	x += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
	return x ^ (x >> 31);
}

/* The draw number `slot` of item `k` of stream `stream`. */
static inline uint64_t
rmat_draw(const Rmat *g, uint32_t stream, uint64_t k, uint32_t slot)
{
	return rmat_hash(rmat_hash(g->seed + stream) ^ (k * 8 + slot));
}

/* (0, 1], so that no weight is zero. */
static inline double
rmat_unit(uint64_t bits)
{
	return (double) ((bits >> 11) + 1) * 0x1p-53;
}

static inline void
rmat_arc(const Rmat *g, uint64_t k, uint32_t *src, uint32_t *dst, double *weight)
{
	uint32_t	u = 0;
	uint32_t	v = 0;
	uint64_t	bits = 0;

	for (int level = 0; level < g->scale; level++)
	{
		uint32_t	r;
		uint32_t	lower;
		uint32_t	right;

		/* One draw serves four levels of 16 bits. */
		if (level % 4 == 0)
			bits = rmat_draw(g, 1, k, (uint32_t) level / 4);
		r = (uint32_t) (bits & 0xFFFF);
		bits >>= 16;

		/* Arithmetic, because a branch here is mispredicted half the time. */
		lower = r >= RMAT_AB;
		right = (r >= RMAT_A) ^ lower ^ (r >= RMAT_ABC);
		u = u << 1 | lower;
		v = v << 1 | right;
	}
	*src = g->relabel[u];
	*dst = g->relabel[v];
	*weight = rmat_unit(rmat_draw(g, 1, k, 7));
}

/* Node state: EPI in (-1, 1], nu_f in (0, 1], phase in (-pi, pi]. */
static inline void
rmat_node(const Rmat *g, uint64_t id, double *epi, double *vf, double *phase)
{
	*epi = 2.0 * rmat_unit(rmat_draw(g, 2, id, 0)) - 1.0;
	*vf = rmat_unit(rmat_draw(g, 2, id, 1));
	*phase = 3.14159265358979323846 * (2.0 * rmat_unit(rmat_draw(g, 2, id, 2)) - 1.0);
}

static inline uint64_t
rmat_nodes(const Rmat *g)
{
	return UINT64_C(1) << g->scale;
}

static inline uint64_t
rmat_arcs(const Rmat *g)
{
	return rmat_nodes(g) * RMAT_ARCS_PER_NODE;
}

/* Returns 0 when out of memory or the scale leaves the range of the draws. */
static inline int
rmat_init(Rmat *g, int scale, uint64_t seed)
{
	uint64_t	n = UINT64_C(1) << scale;

	/* Slots 0 to 6 hold 28 levels; slot 7 is the weight. */
	if (scale < 1 || scale > 28)
		return 0;
	g->scale = scale;
	g->seed = seed;
	g->relabel = malloc(n * sizeof(uint32_t));
	if (g->relabel == NULL)
		return 0;

	/* Fisher-Yates; the bias of `%` is below 2^-36 at these sizes. */
	for (uint64_t i = 0; i < n; i++)
		g->relabel[i] = (uint32_t) i;
	for (uint64_t i = n - 1; i > 0; i--)
	{
		uint64_t	j = rmat_draw(g, 3, i, 0) % (i + 1);
		uint32_t	swap = g->relabel[i];

		g->relabel[i] = g->relabel[j];
		g->relabel[j] = swap;
	}
	return 1;
}

#endif							/* TNFR_BENCH_RMAT_H */
