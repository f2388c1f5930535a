/*
 * kdtree.c
 *	  Building the k-d tree of kdtree.h, and taking points out of it.
 *
 * The upper levels are split by the medians of a sample, so that one pass
 * deals all points out to cells that fit the cache; then a task a cell splits
 * it by exact medians, down to the leaves.  Points are compared by (coordinate,
 * index): no two are equal, so any crowd at one place is split as well, the
 * smaller indexes to the left.  There is no recursion, and nothing that is
 * answered depends on the shape of the tree.
 */
#include "core/kdtree.h"
#include "core/dnfr.h"
#include "core/kdsplit.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/reduce.h"

#include <math.h>
#include <string.h>

#define LEAF_POINTS		24		/* at most, on average */
#define CELL_POINTS		UINT64_C(16384) /* 400 KB while they are split */
#define CELL_LEVELS		13		/* at most so many levels by the sample */
#define CELL_SAMPLE		64		/* sampled points a cell */
#define SLICE			65536	/* steps between polls, some ms */

typedef struct Build
{
	TnfrKdTree *tree;
	const TnfrNodes *nodes;
	uint64_t	seed;
	int			cell_levels;
	TnfrKdCut  *cut;			/* [cells] inner nodes, the root at 1 */
	uint16_t   *cell;			/* [n] of every node */
	uint32_t   *place;			/* [blocks * cells] counts, then places */
	uint64_t	blocks;
	uint64_t	largest;		/* cell, in points */
	TnfrKdPoint *scratch;		/* [threads * largest] */
} Build;

/* Deviation of vf, after scaling by a power of two that prevents overflow. */

typedef struct Moments
{
	const TnfrNodes *nodes;
	const TnfrKdTree *tree;
	double		mean;
} Moments;

static void
max_vf(const void *arg, uint64_t first, uint32_t count, double *max)
{
	const Moments *m = arg;

	for (uint64_t i = first; i < first + count; i++)
		if (m->nodes->state[i].f > max[0])
			max[0] = m->nodes->state[i].f;
}

static void
sum_vf(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const Moments *m = arg;

	for (uint64_t i = first; i < first + count; i++)
		sum[0] += tnfr_kd_x(m->tree, m->nodes->state[i].f);
}

static void
sum_squares(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const Moments *m = arg;

	for (uint64_t i = first; i < first + count; i++)
	{
		double		d = tnfr_kd_x(m->tree, m->nodes->state[i].f) - m->mean;

		sum[0] += d * d;
	}
}

static TnfrStatus
measure_plane(TnfrEnv *env, const TnfrNodes *nodes, TnfrKdTree *tree)
{
	Moments		m = {.nodes = nodes,.tree = tree};
	double		value[TNFR_REDUCE_WIDTH];
	TnfrStatus	status = tnfr_reduce_max(env, nodes->n, max_vf, &m, value);

	tree->scale = 1.0;
	if (status != TNFR_OK || !(value[0] > 0.0))
		return status;
	frexp(value[0], &tree->exponent);
	tree->exponent = -tree->exponent;
	status = tnfr_reduce_sum(env, nodes->n, sum_vf, &m, value);
	if (status != TNFR_OK)
		return status;
	m.mean = value[0] / (double) nodes->n;
	status = tnfr_reduce_sum(env, nodes->n, sum_squares, &m, value);
	if (value[0] > 0.0)
		tree->scale = 1.0 / sqrt(value[0] / (double) nodes->n);
	return status;
}

static inline void
point_of(const Build *b, uint64_t node, TnfrKdPoint *p)
{
	p->at[0] = tnfr_kd_x(b->tree, b->nodes->state[node].f);
	p->at[1] = tnfr_wrap(b->nodes->phase[node]);
	p->node = (uint32_t) node;
}

/* A point of every stretch of nodes, so none comes twice. */
static TnfrStatus
take_sample(TnfrEnv *env, const Build *b, TnfrKdPoint *sample, uint64_t points)
{
	const uint64_t n = b->nodes->n;

	for (uint64_t i = 0; i < points; i++)
	{
		uint64_t	from = i * n / points;
		uint64_t	to = (i + 1) * n / points;

		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
		point_of(b, from + tnfr_random_below(b->seed, i, to - from),
				 &sample[i]);
	}
	return TNFR_OK;
}

/* The cuts of the upper levels, from points taken at random. */
static TnfrStatus
cut_by_sample(TnfrEnv *env, Build *b)
{
	uint64_t	cells = UINT64_C(1) << b->cell_levels;
	uint64_t	points = cells * CELL_SAMPLE;
	TnfrKdPoint *sample;
	uint64_t   *first;
	TnfrStatus	status = TNFR_NO_MEMORY;

	sample = tnfr_alloc(env, points, sizeof(TnfrKdPoint));
	first = sample == NULL ? NULL : tnfr_alloc(env, cells + 1, sizeof(uint64_t));
	if (first != NULL)
	{
		first[0] = 0;
		first[cells] = points;
		status = take_sample(env, b, sample, points);
	}
	for (int level = 0; level < b->cell_levels && status == TNFR_OK; level++)
	{
		tnfr_kdsplit(sample, b->cell_levels, level, b->tree->scale, b->seed,
					 first, b->cut);
		if (tnfr_check(env))
			status = TNFR_STOPPED;
	}
	tnfr_release(env, first, cells + 1, sizeof(uint64_t));
	tnfr_release(env, sample, points, sizeof(TnfrKdPoint));
	return status;
}

/* Which cell every node's point lies in, and how many there are. */
static void
count_task(void *arg, uint64_t task, int worker)
{
	Build	   *b = arg;
	uint32_t	cells = UINT32_C(1) << b->cell_levels;
	uint32_t   *count = b->place + task * cells;

	(void) worker;
	memset(count, 0, cells * sizeof(uint32_t));
	for (uint64_t i = task * TNFR_NODE_BLOCK; i < tnfr_node_block_end(b->nodes->n, task); i++)
	{
		TnfrKdPoint p;
		uint32_t	at = 1;

		point_of(b, i, &p);
		for (int level = 0; level < b->cell_levels; level++)
			at = 2 * at + !tnfr_kdless(&p, &b->cut[at]);
		b->cell[i] = (uint16_t) (at - cells);
		count[at - cells]++;
	}
}

/* Counts become places: cell by cell, in it block by block. */
static TnfrStatus
place_cells(TnfrEnv *env, Build *b)
{
	uint64_t	cells = UINT64_C(1) << b->cell_levels;
	uint64_t	leaves = UINT64_C(1) << b->tree->levels;
	uint64_t	at = 0;

	for (uint64_t cell = 0; cell < cells; cell++)
	{
		uint64_t	begin = at;

		if (tnfr_check(env))
			return TNFR_STOPPED;
		for (uint64_t block = 0; block < b->blocks; block++)
		{
			uint32_t   *place = &b->place[block * cells + cell];
			uint32_t	count = *place;

			*place = (uint32_t) at;
			at += count;
		}
		b->tree->first[cell * (leaves / cells)] = begin;
		if (at - begin > b->largest)
			b->largest = at - begin;
	}
	b->tree->first[leaves] = at;
	return TNFR_OK;
}

static void
deal_task(void *arg, uint64_t task, int worker)
{
	Build	   *b = arg;
	TnfrKdTree *tree = b->tree;
	uint32_t   *place = b->place + (task << b->cell_levels);

	(void) worker;
	for (uint64_t i = task * TNFR_NODE_BLOCK; i < tnfr_node_block_end(b->nodes->n, task); i++)
	{
		uint32_t	at = place[b->cell[i]]++;
		TnfrKdPoint p;

		point_of(b, i, &p);
		tree->x[at] = p.at[0];
		tree->y[at] = p.at[1];
		tree->node[at] = p.node;
	}
}

/* The box of a leaf's remaining points. */
static TnfrKdBox
leaf_box(const TnfrKdTree *tree, uint64_t leaf)
{
	TnfrKdBox	box = {{HUGE_VAL, HUGE_VAL}, {-HUGE_VAL, -HUGE_VAL}, TNFR_NO_NODE};
	uint64_t	end = tree->first[leaf] + tree->remaining[leaf];

	for (uint64_t i = tree->first[leaf]; i < end; i++)
	{
		box.low[0] = tree->x[i] < box.low[0] ? tree->x[i] : box.low[0];
		box.high[0] = tree->x[i] > box.high[0] ? tree->x[i] : box.high[0];
		box.low[1] = tree->y[i] < box.low[1] ? tree->y[i] : box.low[1];
		box.high[1] = tree->y[i] > box.high[1] ? tree->y[i] : box.high[1];
		box.least = tree->node[i] < box.least ? tree->node[i] : box.least;
	}
	return box;
}

/* The box of an inner node. */
static TnfrKdBox
inner_box(const TnfrKdTree *tree, uint64_t i)
{
	TnfrKdBox	box = tree->box[2 * i];
	const TnfrKdBox *right = &tree->box[2 * i + 1];

	for (int dim = 0; dim < 2; dim++)
	{
		if (right->low[dim] < box.low[dim])
			box.low[dim] = right->low[dim];
		if (right->high[dim] > box.high[dim])
			box.high[dim] = right->high[dim];
	}
	if (right->least < box.least)
		box.least = right->least;
	return box;
}

static void
finish_leaves(TnfrKdTree *tree, uint64_t leaf, uint64_t leaves)
{
	uint64_t	bottom = UINT64_C(1) << tree->levels;

	for (; leaves > 0; leaves--, leaf++)
	{
		tree->remaining[leaf] = (uint32_t) (tree->first[leaf + 1] - tree->first[leaf]);
		tree->box[bottom + leaf] = leaf_box(tree, leaf);
		for (uint64_t i = tree->first[leaf]; i < tree->first[leaf + 1]; i++)
			tree->leaf[tree->node[i]] = (uint32_t) leaf;
	}
}

/* Splits a cell down to its leaves. */
static void
split_task(void *arg, uint64_t cell, int worker)
{
	Build	   *b = arg;
	TnfrKdTree *tree = b->tree;
	int			levels = tree->levels - b->cell_levels;
	uint64_t	leaf = cell << levels;
	uint64_t	begin = tree->first[leaf];
	uint64_t	n = tree->first[leaf + (UINT64_C(1) << levels)] - begin;
	TnfrKdPoint *p = b->scratch + (uint64_t) worker * b->largest;

	for (uint64_t i = 0; i < n; i++)
	{
		p[i].at[0] = tree->x[begin + i];
		p[i].at[1] = tree->y[begin + i];
		p[i].node = tree->node[begin + i];
	}
	for (int level = 0; level < levels; level++)
		tnfr_kdsplit(p, levels, level, tree->scale, tnfr_random(b->seed, cell),
					 tree->first + leaf, NULL);
	for (uint64_t i = 0; i < n; i++)
	{
		tree->x[begin + i] = p[i].at[0];
		tree->y[begin + i] = p[i].at[1];
		tree->node[begin + i] = p[i].node;
	}
	finish_leaves(tree, leaf, UINT64_C(1) << levels);
}

/* The boxes of the inner nodes, from below. */
static TnfrStatus
raise_boxes(TnfrEnv *env, TnfrKdTree *tree)
{
	for (uint64_t i = (UINT64_C(1) << tree->levels) - 1; i > 0; i--)
	{
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
		tree->box[i] = inner_box(tree, i);
	}
	return TNFR_OK;
}

static void
set_levels(Build *b)
{
	uint64_t	n = b->nodes->n;

	while (n >> b->tree->levels > LEAF_POINTS)
		b->tree->levels++;
	while (b->cell_levels < CELL_LEVELS && n >> b->cell_levels > CELL_POINTS)
		b->cell_levels++;
}

/* Memory for the tree itself. */
static TnfrStatus
allocate_tree(TnfrEnv *env, TnfrKdTree *tree)
{
	uint64_t	leaves = UINT64_C(1) << tree->levels;

	if ((tree->x = tnfr_alloc_gathered(env, tree->n + TNFR_KD_LANES, sizeof(double))) == NULL ||
		(tree->y = tnfr_alloc_gathered(env, tree->n + TNFR_KD_LANES, sizeof(double))) == NULL ||
		(tree->node = tnfr_alloc(env, tree->n + TNFR_KD_LANES, sizeof(uint32_t))) == NULL ||
		(tree->leaf = tnfr_alloc(env, tree->n, sizeof(uint32_t))) == NULL ||
		(tree->first = tnfr_alloc(env, leaves + 1, sizeof(uint64_t))) == NULL ||
		(tree->remaining = tnfr_alloc(env, leaves, sizeof(uint32_t))) == NULL ||
		(tree->box = tnfr_alloc_gathered(env, 2 * leaves, sizeof(TnfrKdBox))) == NULL)
		return TNFR_NO_MEMORY;
	for (int i = 0; i < TNFR_KD_LANES; i++)
	{
		tree->x[tree->n + i] = tree->y[tree->n + i] = HUGE_VAL;
		tree->node[tree->n + i] = TNFR_NO_NODE;
	}
	return TNFR_OK;
}

/* Deals the points out to cells. */
static TnfrStatus
deal(TnfrEnv *env, Build *b)
{
	uint64_t	cells = UINT64_C(1) << b->cell_levels;
	TnfrStatus	status;

	b->cut = tnfr_alloc(env, cells, sizeof(TnfrKdCut));
	b->cell = tnfr_alloc(env, b->nodes->n, sizeof(uint16_t));
	b->place = tnfr_alloc(env, b->blocks * cells, sizeof(uint32_t));
	if (b->cut == NULL || b->cell == NULL || b->place == NULL)
		status = TNFR_NO_MEMORY;
	else if ((b->cell_levels == 0 ||
			  (status = cut_by_sample(env, b)) == TNFR_OK) &&
			 (status = tnfr_parallel(env, b->blocks, count_task, b)) == TNFR_OK &&
			 (status = place_cells(env, b)) == TNFR_OK)
		status = tnfr_parallel(env, b->blocks, deal_task, b);
	tnfr_release(env, b->place, b->blocks * cells, sizeof(uint32_t));
	tnfr_release(env, b->cell, b->nodes->n, sizeof(uint16_t));
	tnfr_release(env, b->cut, cells, sizeof(TnfrKdCut));
	return status;
}

static TnfrStatus
split(TnfrEnv *env, Build *b)
{
	uint64_t	points = (uint64_t) env->threads * b->largest;
	TnfrStatus	status;

	b->scratch = tnfr_alloc(env, points, sizeof(TnfrKdPoint));
	if (b->scratch == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_parallel(env, UINT64_C(1) << b->cell_levels, split_task, b);
	tnfr_release(env, b->scratch, points, sizeof(TnfrKdPoint));
	return status == TNFR_OK ? raise_boxes(env, b->tree) : status;
}

TnfrStatus
tnfr_kdtree_build(TnfrEnv *env, const TnfrNodes *nodes, TnfrKdTree *tree)
{
	Build		b = {.tree = tree,.nodes = nodes,.seed = env->seed,
	.blocks = tnfr_node_blocks(nodes->n)};
	TnfrStatus	status;

	memset(tree, 0, sizeof(*tree));
	tree->n = nodes->n;
	set_levels(&b);
	if ((status = measure_plane(env, nodes, tree)) != TNFR_OK ||
		(status = allocate_tree(env, tree)) != TNFR_OK ||
		(status = deal(env, &b)) != TNFR_OK ||
		(status = split(env, &b)) != TNFR_OK)
		tnfr_kdtree_release(env, tree);
	return status;
}

void
tnfr_kdtree_release(TnfrEnv *env, TnfrKdTree *tree)
{
	uint64_t	leaves = UINT64_C(1) << tree->levels;

	tnfr_release(env, tree->x, tree->n + TNFR_KD_LANES, sizeof(double));
	tnfr_release(env, tree->y, tree->n + TNFR_KD_LANES, sizeof(double));
	tnfr_release(env, tree->node, tree->n + TNFR_KD_LANES, sizeof(uint32_t));
	tnfr_release(env, tree->leaf, tree->n, sizeof(uint32_t));
	tnfr_release(env, tree->first, leaves + 1, sizeof(uint64_t));
	tnfr_release(env, tree->remaining, leaves, sizeof(uint32_t));
	tnfr_release(env, tree->box, 2 * leaves, sizeof(TnfrKdBox));
	memset(tree, 0, sizeof(*tree));
}

static bool
same_box(const TnfrKdBox *a, const TnfrKdBox *b)
{
	return a->least == b->least &&
		a->low[0] == b->low[0] && a->high[0] == b->high[0] &&
		a->low[1] == b->low[1] && a->high[1] == b->high[1];
}

/* Boxes shrink up to the root, or to where nothing changes any more. */
void
tnfr_kdtree_remove(TnfrKdTree *tree, uint32_t node)
{
	uint64_t	leaf = tree->leaf[node];
	uint64_t	at = tree->first[leaf];
	uint64_t	last = at + --tree->remaining[leaf];
	uint64_t	i = (UINT64_C(1) << tree->levels) + leaf;
	TnfrKdBox	box;

	while (tree->node[at] != node)
		at++;
	tree->x[at] = tree->x[last];
	tree->y[at] = tree->y[last];
	tree->node[at] = tree->node[last];
	for (box = leaf_box(tree, leaf); !same_box(&box, &tree->box[i]);
		 box = inner_box(tree, i))
	{
		tree->box[i] = box;
		if ((i /= 2) == 0)
			break;
	}
}
