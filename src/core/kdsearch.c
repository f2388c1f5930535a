/*
 * kdsearch.c
 *	  The k nearest points in the k-d tree that have not been taken out.
 *
 * Nearer regions first, with the others waiting on a stack no deeper than the
 * tree.  What lies within the best bound known goes to a buffer, whole leaves
 * at a time without a branch a point; when the buffer is full, a selection
 * cuts it back to the k best and tightens the bound.
 */
#include "core/cpu.h"
#include "core/kdtree.h"
#include "core/dnfr.h"
#include "core/kernel.h"

#include <math.h>
#include <string.h>

#define TWO_PI		6.283185307179586476925286766559
#define DEPTH		34			/* levels of a tree of 2^32 nodes, and some */
#define MARGIN		1.4			/* of squared distances: so many more points */
#define MOST(k)		((k) + (k) / 2 + TNFR_KD_LANES) /* found; then select */

typedef struct Waiting
{
	double		bound;
	uint64_t	i;
} Waiting;

/* Whether (d, node) comes before (other, other_node). */
static inline bool
before(double d, uint32_t node, double other, uint32_t other_node)
{
	return (d < other) | ((d == other) & (node < other_node));
}

/* Of two phases in [-pi, pi) that differ by t: the shorter way round. */
static inline double
around(double t)
{
	double		d = fabs(t);
	double		back = TWO_PI - d;

	return d < back ? d : back;
}

/* No point in the box is nearer than this. */
static inline double
bound_of(const TnfrKdBox *box, double x, double y, double scale)
{
	double		left = box->low[0] - x;
	double		right = x - box->high[0];
	double		dx = left > right ? left : right;
	double		low = around(box->low[1] - y);
	double		high = around(box->high[1] - y);
	double		dy = low < high ? low : high;

	dx = dx > 0.0 ? dx * scale : 0.0;
	if (y >= box->low[1] && y <= box->high[1])
		dy = 0.0;
	return dx * dx + dy * dy;
}

/*
 * Cuts what was found back to the k first by (distance, index), in no order
 * but that the last of them is the k-th.
 */
static void
narrow(TnfrKdSearch *search)
{
	TnfrKdFound *f = search->found;
	uint64_t	n = search->count;
	uint64_t	rank = search->k - 1;

	while (n > 1)
	{
		TnfrKdFound pivot = f[n / 2];
		uint64_t	border = 0;

		f[n / 2] = f[n - 1];
		f[n - 1] = pivot;
		for (uint64_t i = 0; i < n; i++)
		{
			TnfrKdFound t = f[i];

			f[i] = f[border];
			f[border] = t;
			border += before(t.distance, t.node, pivot.distance, pivot.node);
		}
		if (rank == border)
			break;
		if (rank < border)
			n = border;
		else
		{
			f += border + 1;
			n -= border + 1;
			rank -= border + 1;
		}
	}
	search->count = search->k;
}

/* The k-th found so far: what does not come before it is not wanted. */
typedef struct Reach
{
	double		distance;
	uint32_t	node;
} Reach;

static void
tighten(TnfrKdSearch *search, Reach *reach)
{
	narrow(search);
	reach->distance = search->found[search->k - 1].distance;
	reach->node = search->found[search->k - 1].node;
}

static inline bool
within(double d, uint32_t node, const Reach *reach)
{
	return before(d, node, reach->distance, reach->node);
}

/* Adds the points of a leaf that are within reach. */
TNFR_INLINE void
look_into(const TnfrKdTree *tree, uint64_t leaf, double x, double y,
		  TnfrKdSearch *search, Reach *reach)
{
	uint64_t	begin = tree->first[leaf];
	uint64_t	end = begin + tree->remaining[leaf];

	for (; begin < end; begin += TNFR_KD_LANES)
	{
		uint64_t	points = end - begin < TNFR_KD_LANES ? end - begin : TNFR_KD_LANES;
		uint32_t	count = search->count;
		double		d[TNFR_KD_LANES];

		for (int i = 0; i < TNFR_KD_LANES; i++)
		{
			double		dx = (tree->x[begin + i] - x) * tree->scale;
			double		dy = around(tree->y[begin + i] - y);

			d[i] = dx * dx + dy * dy;
		}
		for (uint64_t i = 0; i < points; i++)
		{
			uint32_t	node = tree->node[begin + i];

			search->found[count].distance = d[i];
			search->found[count].node = node;
			count += within(d[i], node, reach);
		}
		search->count = count;
		if (count >= (reach->distance == HUGE_VAL ? search->k : MOST(search->k)))
			tighten(search, reach);
	}
}

/* Finds the k nearest of what is within the distance. */
TNFR_INLINE void
nearest_within(const TnfrKdTree *tree, double x, double y, double distance,
			   TnfrKdSearch *search)
{
	uint64_t	leaves = UINT64_C(1) << tree->levels;
	Waiting		waiting[DEPTH];
	int			depth = 1;
	Reach		reach = {distance, TNFR_NO_NODE};

	waiting[0].bound = bound_of(&tree->box[1], x, y, tree->scale);
	waiting[0].i = 1;
	search->count = 0;
	while (depth > 0)
	{
		Waiting		w = waiting[--depth];

		while (within(w.bound, tree->box[w.i].least, &reach))
		{
			const TnfrKdBox *child = &tree->box[2 * w.i];
			double		bound[2];
			int			nearer;

			if (w.i >= leaves)
			{
				look_into(tree, w.i - leaves, x, y, search, &reach);
				break;
			}
			bound[0] = bound_of(&child[0], x, y, tree->scale);
			bound[1] = bound_of(&child[1], x, y, tree->scale);
			nearer = before(bound[1], child[1].least, bound[0], child[0].least);
			waiting[depth++] = (Waiting)
			{
				bound[!nearer], 2 * w.i + !nearer
			};
			w.bound = bound[nearer];
			w.i = 2 * w.i + nearer;
		}
	}
	if (search->count >= search->k)
		tighten(search, &reach);
	search->distance = search->count == search->k ? reach.distance : HUGE_VAL;
}

/*
 * Searches often follow each other close by.  So a little more than the last
 * one's reach will mostly do for this one: then hardly more than k points are
 * looked at.
 */
TNFR_INLINE void
nearest(const TnfrKdTree *tree, double x, double y, TnfrKdSearch *search)
{
	double		guess = MARGIN * search->distance;

	nearest_within(tree, x, y, guess, search);
	if (search->count < search->k && guess < HUGE_VAL)
		nearest_within(tree, x, y, HUGE_VAL, search);
}

TNFR_TARGET_AVX2 static void
nearest_avx2(const TnfrKdTree *tree, double x, double y, TnfrKdSearch *search)
{
	nearest(tree, x, y, search);
}

void
tnfr_kdtree_nearest(const TnfrKdTree *tree, double f, double phase,
					TnfrKdSearch *search)
{
	double		x = tnfr_kd_x(tree, f);
	double		y = tnfr_wrap(phase);

	if (TNFR_HAVE_AVX2)
		nearest_avx2(tree, x, y, search);
	else
		nearest(tree, x, y, search);
}

TnfrStatus
tnfr_kdsearch_init(TnfrEnv *env, TnfrKdSearch *search, uint32_t k)
{
	search->k = k;
	search->count = 0;
	search->distance = HUGE_VAL;
	search->room = MOST((uint64_t) k) + TNFR_KD_LANES;
	search->found = tnfr_alloc(env, search->room, sizeof(TnfrKdFound));
	return search->found == NULL ? TNFR_NO_MEMORY : TNFR_OK;
}

void
tnfr_kdsearch_release(TnfrEnv *env, TnfrKdSearch *search)
{
	tnfr_release(env, search->found, search->room, sizeof(TnfrKdFound));
	search->found = NULL;
}

/* Shell sort, with gaps of about a third: enough for some thousands. */
void
tnfr_kdsearch_sort(TnfrKdSearch *search)
{
	TnfrKdFound *f = search->found;
	uint32_t	gap = 1;

	while (gap < search->count / 3)
		gap = 3 * gap + 1;
	for (; gap > 0; gap /= 3)
		for (uint32_t i = gap; i < search->count; i++)
		{
			TnfrKdFound t = f[i];
			uint32_t	j = i;

			for (; j >= gap && before(t.distance, t.node, f[j - gap].distance,
									  f[j - gap].node); j -= gap)
				f[j] = f[j - gap];
			f[j] = t;
		}
}
