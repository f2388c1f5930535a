/*
 * kdsplit.c
 *	  Median splits by quickselect.
 *
 * The partition has no branch that depends on the data: every point is
 * swapped, and the border moves or does not.  A misprediction costs more than
 * the swap.  Pivots are medians of three at random places, so no order of the
 * points is a bad one.
 */
#include "core/kdsplit.h"
#include "core/random.h"

#include <math.h>
#include <stddef.h>

#define FEW		8				/* points that are sorted by insertion */

static inline TnfrKdCut
cut_at(const TnfrKdPoint *p, int dim)
{
	return (TnfrKdCut)
	{
		p->at[dim], p->node, dim
	};
}

static inline bool
less(const TnfrKdPoint *a, const TnfrKdPoint *b, int dim)
{
	TnfrKdCut	cut = cut_at(b, dim);

	return tnfr_kdless(a, &cut);
}

static inline void
swap(TnfrKdPoint *a, TnfrKdPoint *b)
{
	TnfrKdPoint t = *a;

	*a = *b;
	*b = t;
}

/* The median of three of the points, moved to the end. */
static void
pivot_to_end(TnfrKdPoint *p, uint64_t n, int dim, uint64_t seed)
{
	TnfrKdPoint *a = &p[tnfr_random_below(seed, 3 * n, n)];
	TnfrKdPoint *b = &p[tnfr_random_below(seed, 3 * n + 1, n)];
	TnfrKdPoint *c = &p[tnfr_random_below(seed, 3 * n + 2, n)];

	if (less(b, a, dim))
	{
		TnfrKdPoint *t = a;

		a = b;
		b = t;
	}
	if (less(c, b, dim))
		b = less(c, a, dim) ? a : c;
	swap(b, &p[n - 1]);
}

/* Points less than the last one come first, then it; how many come before. */
static uint64_t
divide(TnfrKdPoint *p, uint64_t n, int dim)
{
	TnfrKdCut	pivot = cut_at(&p[n - 1], dim);
	uint64_t	border = 0;

	for (uint64_t i = 0; i < n; i++)
	{
		TnfrKdPoint t = p[i];

		p[i] = p[border];
		p[border] = t;
		border += tnfr_kdless(&t, &pivot);
	}
	return border;
}

static void
sort_few(TnfrKdPoint *p, uint64_t n, int dim)
{
	for (uint64_t i = 1; i < n; i++)
		for (uint64_t j = i; j > 0 && less(&p[j], &p[j - 1], dim); j--)
			swap(&p[j], &p[j - 1]);
}

/* Puts the point of the given rank in its place, lesser ones before it. */
static void
select_rank(TnfrKdPoint *p, uint64_t n, uint64_t rank, int dim,
			uint64_t seed)
{
	while (n > FEW)
	{
		uint64_t	border;

		pivot_to_end(p, n, dim, seed);
		border = divide(p, n, dim);
		if (rank == border)
			return;
		if (rank < border)
			n = border;
		else
		{
			p += border + 1;
			n -= border + 1;
			rank -= border + 1;
		}
	}
	sort_few(p, n, dim);
}

/* The dimension that the points stretch out in. */
static int
longer_side(const TnfrKdPoint *p, uint64_t n, double scale)
{
	double		low[2] = {HUGE_VAL, HUGE_VAL};
	double		high[2] = {-HUGE_VAL, -HUGE_VAL};

	for (uint64_t i = 0; i < n; i++)
		for (int dim = 0; dim < 2; dim++)
		{
			low[dim] = p[i].at[dim] < low[dim] ? p[i].at[dim] : low[dim];
			high[dim] = p[i].at[dim] > high[dim] ? p[i].at[dim] : high[dim];
		}
	return high[1] - low[1] > (high[0] - low[0]) * scale;
}

void
tnfr_kdsplit(TnfrKdPoint *p, int levels, int level, double scale,
			 uint64_t seed, uint64_t *first, TnfrKdCut *cut)
{
	uint64_t	parts = UINT64_C(1) << level;
	uint64_t	width = UINT64_C(1) << (levels - level);

	for (uint64_t part = 0; part < parts; part++)
	{
		uint64_t   *from = &first[part * width];
		TnfrKdPoint *q = p + (*from - first[0]);
		uint64_t	n = from[width] - *from;
		uint64_t	middle = n / 2;
		int			dim = longer_side(q, n, scale);

		if (n > 0)
			select_rank(q, n, middle, dim, tnfr_random(seed, parts + part));
		from[width / 2] = *from + middle;
		if (cut != NULL)
			cut[parts + part] = cut_at(&q[middle], dim);
	}
}
