/*
 * shard_summary.c
 *	  All partitions at once.
 *
 * Partitions are to their rows what rows are to their neighbours, so the sums
 * of frequencies, sines and cosines are those of a graph that has a row a
 * partition (sums.c).  From them follows the mean cosine of all pairs, since
 * |sum e^(i phase)|^2 is s for the rows with themselves, and twice the sum of
 * cosines over the pairs.  Frequencies are compared pair by pair: a partition
 * of ordinary size by one task together with its like, a larger one in tiles
 * of pairs that all threads share.
 */
#include "core/shard_summary.h"
#include "core/parallel.h"
#include "core/reduce.h"
#include "core/rows.h"
#include "core/sums.h"

#include <math.h>

#define VF_SHARE	0.6
#define PHASE_SHARE	0.4
#define TILE		UINT64_C(1024)	/* rows; squared, pairs: about 1 ms */
#define LANES		8			/* sums side by side, for vector units */
#define TASK_ITEMS	UINT64_C(4096)	/* partitions and rows */
#define SLICE		UINT64_C(65536) /* partitions between two looks at interrupts */

typedef struct Run
{
	const TnfrShards *shards;
	const TnfrNodeState *state;
	TnfrShardSummary *summary;
} Run;

/* A partition in tiles: (I, J), I <= J, of its blocks of TILE rows. */
typedef struct Large
{
	const Run  *run;
	uint64_t	first;
	uint64_t	size;
	double	   *sum;			/* [tiles] */
} Large;

static double
pairs_of(double size)
{
	return 0.5 * size * (size - 1.0);
}

/* The sums of partitions become means; their pairs have the cosines only. */
static void
take_sums(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	const Run  *run = arg;
	const TnfrShards *s = run->shards;

	for (uint32_t k = 0; k < count; k++)
	{
		const uint32_t p = (uint32_t) first + k;
		const uint64_t size = tnfr_shard_size(s, p);
		const double rows = (double) size;
		const double square = sums[k].x * sums[k].x + sums[k].y * sums[k].y;

		run->summary[p] = (TnfrShardSummary)
		{
			.rows = size,.entries = tnfr_shard_entries(s, p),
				.mean_vf = size > 0 ? sums[k].f / rows : NAN,
				.coherence = size > 1 ?
				PHASE_SHARE * (0.5 * (square - rows) / pairs_of(rows)) : NAN
		};
	}
}

static TnfrStatus
sum_rows(TnfrEnv *env, Run *run)
{
	const TnfrShards *s = run->shards;
	const TnfrGraph members = {.n = s->partitions,.entries = s->graph->n,
		.offset = s->first,.neighbour = s->row};

	return tnfr_sums(env, &members, run->state, NULL, take_sums, run);
}

static inline void
add_cut(const Run *run, uint32_t partition, uint64_t cut)
{
	if (cut > 0)
		__atomic_fetch_add(&run->summary[partition].cut, cut,
						   __ATOMIC_RELAXED);
}

static void
cut_task(void *arg, uint64_t task, int worker)
{
	const Run  *run = arg;
	const TnfrShards *s = run->shards;
	const TnfrGraph *g = s->graph;
	TnfrWalk	w = tnfr_walk_task(s->before, g->n, task);
	uint32_t	p = 0;
	uint64_t	cut = 0;

	(void) worker;
	while (tnfr_walk_next(&w))
	{
		const uint32_t row = s->row[w.row];
		const uint64_t shift = g->offset[row] - s->before[w.row];

		if (s->partition[row] != p)
		{
			add_cut(run, p, cut);
			p = s->partition[row];
			cut = 0;
		}
		for (uint64_t k = w.begin + shift; k < w.end + shift; k++)
			cut += s->partition[g->neighbour[k]] != p;
	}
	add_cut(run, p, cut);
}

/* Frequencies of count <= TILE rows, and infinities up to whole lanes. */
static void
gather(const Run *run, uint64_t first, uint64_t count, double *vf)
{
	for (uint64_t k = 0; k < count; k++)
		vf[k] = run->state[run->shards->row[first + k]].f;
	for (uint64_t k = count; k < count + LANES; k++)
		vf[k] = HUGE_VAL;
}

/* The sum of 1 / (1 + |f - other|) over count others. */
static inline double
closeness(double f, const double *other, uint64_t count)
{
	double		lane[LANES] = {0};

	for (uint64_t k = 0; k < count; k += LANES)
		for (int l = 0; l < LANES; l++)
			lane[l] += 1.0 / (1.0 + fabs(f - other[k + l]));
	return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
		((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* The same over all pairs of count <= TILE rows. */
static double
closeness_within(const Run *run, uint64_t first, uint64_t count)
{
	double		vf[TILE + LANES];
	double		sum = 0.0;

	gather(run, first, count, vf);
	for (uint64_t k = 0; k + 1 < count; k++)
		sum += closeness(vf[k], vf + k + 1, count - k - 1);
	return sum;
}

/* And over the pairs of a row of one block and a row of another. */
static double
closeness_between(const Run *run, uint64_t first, uint64_t other,
				  uint64_t count)
{
	double		vf[TILE + LANES];
	double		sum = 0.0;

	gather(run, other, count, vf);
	for (uint64_t k = first; k < first + TILE; k++)
		sum += closeness(run->state[run->shards->row[k]].f, vf, count);
	return sum;
}

static void
add_closeness(const Run *run, uint32_t partition, double sum)
{
	TnfrShardSummary *summary = &run->summary[partition];
	double		coherence = summary->coherence +
		VF_SHARE * (sum / pairs_of((double) summary->rows));

	summary->coherence = coherence < 1.0 ? coherence : 1.0;
}

static void
pair_task(void *arg, uint64_t task, int worker)
{
	const Run  *run = arg;
	const TnfrShards *s = run->shards;
	TnfrWalk	w = tnfr_walk(s->first, s->partitions, task * TASK_ITEMS,
							  TASK_ITEMS);

	(void) worker;
	while (tnfr_walk_next(&w))
	{
		const uint32_t p = (uint32_t) w.row;
		const uint64_t size = tnfr_shard_size(s, p);

		if (w.head && size >= 2 && size <= TILE)
			add_closeness(run, p, closeness_within(run, s->first[p], size));
	}
}

static void
tile_task(void *arg, uint64_t task, int worker)
{
	const Large *large = arg;
	uint64_t	j = (uint64_t) ((sqrt(8.0 * (double) task + 1.0) - 1.0) / 2.0);
	uint64_t	i;
	uint64_t	count;

	(void) worker;
	while (j * (j + 1) / 2 > task)	/* where the root was rounded */
		j--;
	while ((j + 1) * (j + 2) / 2 <= task)
		j++;
	i = task - j * (j + 1) / 2;
	count = large->size - j * TILE < TILE ? large->size - j * TILE : TILE;
	large->sum[task] = i == j ?
		closeness_within(large->run, large->first + j * TILE, count) :
		closeness_between(large->run, large->first + i * TILE,
						  large->first + j * TILE, count);
}

static void
tile_leaf(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const double *tile = arg;

	for (uint64_t k = first; k < first + count; k++)
		sum[0] += tile[k];
}

static TnfrStatus
compare_large(TnfrEnv *env, const Run *run, uint32_t partition)
{
	Large		large = {run, run->shards->first[partition],
	tnfr_shard_size(run->shards, partition), NULL};
	const uint64_t blocks = (large.size + TILE - 1) / TILE;
	const uint64_t tiles = blocks * (blocks + 1) / 2;
	double		sum[TNFR_REDUCE_WIDTH];
	TnfrStatus	status;

	large.sum = tnfr_alloc(env, tiles, sizeof(double));
	if (large.sum == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_parallel(env, tiles, tile_task, &large);
	if (status == TNFR_OK)
		status = tnfr_reduce_sum(env, tiles, tile_leaf, large.sum, sum);
	if (status == TNFR_OK)
		add_closeness(run, partition, sum[0]);
	tnfr_release(env, large.sum, tiles, sizeof(double));
	return status;
}

static TnfrStatus
compare_pairs(TnfrEnv *env, Run *run)
{
	const TnfrShards *s = run->shards;
	const uint64_t items = tnfr_items(s->first, s->partitions);
	TnfrStatus	status = tnfr_parallel(env, (items + TASK_ITEMS - 1) /
									   TASK_ITEMS, pair_task, run);

	for (uint32_t p = 0; p < s->partitions && status == TNFR_OK; p++)
	{
		if (tnfr_shard_size(s, p) > TILE)
			status = compare_large(env, run, p);
		if (status == TNFR_OK && p % SLICE == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	return status;
}

TnfrStatus
tnfr_shard_summaries(TnfrEnv *env, const TnfrShards *shards,
					 const TnfrNodes *nodes, TnfrShardSummary *summary)
{
	Run			run = {shards, nodes->state, summary};
	TnfrStatus	status = sum_rows(env, &run);

	if (status == TNFR_OK)
		status = tnfr_parallel(env, tnfr_rows_tasks(shards->before,
													shards->graph->n),
							   cut_task, &run);
	if (status == TNFR_OK)
		status = compare_pairs(env, &run);
	return status;
}
