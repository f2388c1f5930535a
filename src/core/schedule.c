/*
 * schedule.c
 *	  The cut of a sequence into blocks with the smallest largest block.
 *
 * A bound holds if blocks filled as far as it allows, one after the other, are
 * no more than the workers; the smallest such bound is found by bisection.
 * Many cuts keep to it.  Of those, each border is put, from the first worker
 * to the last, as near to its share of the whole as the borders behind it
 * allow: they are bound by the blocks filled from the end.
 */
#include "core/schedule.h"

#define SLICE	UINT64_C(65536) /* items between two looks at interrupts */

typedef struct Cut
{
	uint64_t	n;				/* partitions */
	uint64_t	blocks;
	uint64_t   *before;			/* [n + 1] load of the partitions before */
	uint64_t   *earliest;		/* [blocks] where a block can begin, so that
								 * it and those behind keep to the bound */
	uint64_t	bound;			/* of the load of a block */
	uint64_t	most;			/* load of a partition */
} Cut;

/* NaN, the mean of no rows, comes last. */
static inline bool
comes_before(double a, double b)
{
	return a < b || (a == a && b != b);
}

/* Merges begin .. middle and middle .. end, both in order; ties keep theirs. */
static TnfrStatus
merge(TnfrEnv *env, const TnfrShardSummary *summary, const uint32_t *from,
	  uint64_t begin, uint64_t middle, uint64_t end, uint32_t *to)
{
	uint64_t	a = begin;
	uint64_t	b = middle;

	for (uint64_t k = begin; k < end; k++)
	{
		if (a < middle && (b == end ||
						   !comes_before(summary[from[b]].mean_vf,
										 summary[from[a]].mean_vf)))
			to[k] = from[a++];
		else
			to[k] = from[b++];
		if (k % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* Merge sort; *order and *spare may change places. */
static TnfrStatus
sort_partitions(TnfrEnv *env, const TnfrShardSummary *summary, uint64_t n,
				uint32_t **order, uint32_t **spare)
{
	TnfrStatus	status = TNFR_OK;

	for (uint64_t p = 0; p < n; p++)
	{
		(*order)[p] = (uint32_t) p;
		if (p % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	for (uint64_t width = 1; width < n; width *= 2)
	{
		uint32_t   *swap = *spare;

		for (uint64_t begin = 0; begin < n; begin += 2 * width)
		{
			uint64_t	middle = begin + width < n ? begin + width : n;
			uint64_t	end = middle + width < n ? middle + width : n;

			status = merge(env, summary, *order, begin, middle, end, *spare);
			if (status != TNFR_OK)
				return status;
		}
		*spare = *order;
		*order = swap;
	}
	return TNFR_OK;
}

/* Loads before each place; by rows if there are no entries. */
static TnfrStatus
add_loads(TnfrEnv *env, const TnfrShardSummary *summary,
		  const uint32_t *order, bool by_rows, Cut *cut)
{
	cut->before[0] = 0;
	cut->most = 0;
	for (uint64_t k = 0; k < cut->n; k++)
	{
		const TnfrShardSummary *s = &summary[order[k]];
		uint64_t	load = by_rows ? s->rows : s->entries;

		cut->before[k + 1] = cut->before[k] + load;
		cut->most = load > cut->most ? load : cut->most;
		if (k % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* The last place that a block from begin can end at. */
static uint64_t
end_of_block(const Cut *cut, uint64_t begin)
{
	const uint64_t limit = cut->before[begin] + cut->bound;
	uint64_t	end = begin;
	uint64_t	step = 1;

	for (; step <= cut->n - end && cut->before[end + step] <= limit; step *= 2)
		end += step;
	for (; step > 0; step /= 2)
		if (step <= cut->n - end && cut->before[end + step] <= limit)
			end += step;
	return end;
}

/* The first place that a block up to end can begin at. */
static uint64_t
begin_of_block(const Cut *cut, uint64_t end)
{
	const uint64_t load = cut->before[end];
	uint64_t	begin = end;
	uint64_t	step = 1;

	for (; step <= begin && load - cut->before[begin - step] <= cut->bound;
		 step *= 2)
		begin -= step;
	for (; step > 0; step /= 2)
		if (step <= begin && load - cut->before[begin - step] <= cut->bound)
			begin -= step;
	return begin;
}

/* Fills blocks from the end; does the bound do? */
static TnfrStatus
fill_blocks(TnfrEnv *env, Cut *cut, uint64_t bound, bool *fits)
{
	uint64_t	end = cut->n;

	cut->bound = bound;
	for (uint64_t b = cut->blocks; b-- > 0;)
	{
		end = begin_of_block(cut, end);
		cut->earliest[b] = end;
		if (b % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	*fits = end == 0;
	return TNFR_OK;
}

/*
 * The smallest bound that does.  Neither a partition nor the mean is above it;
 * with the sum of the two, no block but the last is below the mean.
 */
static TnfrStatus
find_bound(TnfrEnv *env, Cut *cut)
{
	const uint64_t total = cut->before[cut->n];
	const uint64_t mean = total / cut->blocks + (total % cut->blocks != 0);
	uint64_t	low = mean > cut->most ? mean : cut->most;
	uint64_t	high = mean + cut->most;
	bool		fits;
	TnfrStatus	status = TNFR_OK;

	while (low < high && status == TNFR_OK)
	{
		uint64_t	middle = low + (high - low) / 2;

		status = fill_blocks(env, cut, middle, &fits);
		if (status != TNFR_OK)
			break;
		if (fits)
			high = middle;
		else
			low = middle + 1;
	}
	return status == TNFR_OK ? fill_blocks(env, cut, low, &fits) : status;
}

/* The place between low and high with a load before it nearest to the given. */
static uint64_t
nearest_place(const Cut *cut, uint64_t low, uint64_t high, uint64_t load)
{
	const uint64_t first = low;

	while (low < high)
	{
		uint64_t	mid = low + (high - low) / 2;

		if (cut->before[mid] < load)
			low = mid + 1;
		else
			high = mid;
	}
	if (low > first && cut->before[low] > load &&
		cut->before[low] - load >= load - cut->before[low - 1])
		low--;
	return low;
}

/* Where the block behind the one from begin begins, of the given number. */
static uint64_t
next_border(const Cut *cut, uint64_t begin, uint64_t block)
{
	const uint64_t total = cut->before[cut->n];
	const uint64_t share = (uint64_t) ((unsigned __int128) total * block /
									   cut->blocks);
	const uint64_t left = cut->blocks - block;
	uint64_t	low = cut->earliest[block];
	uint64_t	high = end_of_block(cut, begin);

	/* none without a partition */
	low = low > begin ? low : begin + 1;
	high = high < cut->n - left ? high : cut->n - left;
	return nearest_place(cut, low, high, share);
}

static TnfrStatus
assign_workers(TnfrEnv *env, const Cut *cut, const uint32_t *order,
			   uint32_t *worker, TnfrSchedule *schedule)
{
	uint64_t	begin = 0;

	for (uint64_t b = 0; b < cut->blocks; b++)
	{
		uint64_t	end = b + 1 < cut->blocks ?
			next_border(cut, begin, b + 1) : cut->n;
		uint64_t	load = cut->before[end] - cut->before[begin];

		schedule->largest = load > schedule->largest ? load :
			schedule->largest;
		for (; begin < end; begin++)
		{
			worker[order[begin]] = (uint32_t) b;
			if (begin % SLICE == 0 && tnfr_check(env))
				return TNFR_STOPPED;
		}
	}
	return TNFR_OK;
}

/* All but memory. */
static TnfrStatus
cut_blocks(TnfrEnv *env, const TnfrShardSummary *summary, uint32_t workers,
		   const uint32_t *order, Cut *cut, uint32_t *worker,
		   TnfrSchedule *schedule)
{
	TnfrStatus	status = add_loads(env, summary, order, false, cut);

	schedule->by_rows = cut->most == 0;
	if (status == TNFR_OK && schedule->by_rows)
		status = add_loads(env, summary, order, true, cut);
	if (status == TNFR_OK)
		status = find_bound(env, cut);
	if (status == TNFR_OK)
		status = assign_workers(env, cut, order, worker, schedule);
	if (status == TNFR_OK && cut->most > 0)
		schedule->imbalance = (double) schedule->largest /
			((double) cut->before[cut->n] / (double) workers);
	return status;
}

TnfrStatus
tnfr_schedule(TnfrEnv *env, const TnfrShardSummary *summary,
			  uint32_t partitions, uint32_t workers, uint32_t *worker,
			  TnfrSchedule *schedule)
{
	const uint64_t n = partitions;
	Cut			cut = {.n = n,.blocks = n < workers ? n : workers};
	uint32_t   *order = NULL;
	uint32_t   *spare = NULL;
	TnfrStatus	status = TNFR_NO_MEMORY;

	*schedule = (TnfrSchedule) {.imbalance = 1.0};
	if (n == 0)
		return TNFR_OK;
	cut.before = tnfr_alloc(env, n + 1, sizeof(uint64_t));
	if (cut.before != NULL)
		cut.earliest = tnfr_alloc(env, cut.blocks, sizeof(uint64_t));
	if (cut.earliest != NULL)
		order = tnfr_alloc(env, n, sizeof(uint32_t));
	if (order != NULL)
		spare = tnfr_alloc(env, n, sizeof(uint32_t));
	if (spare != NULL)
		status = sort_partitions(env, summary, n, &order, &spare);
	if (status == TNFR_OK)
		status = cut_blocks(env, summary, workers, order, &cut, worker,
							schedule);
	tnfr_release(env, cut.before, n + 1, sizeof(uint64_t));
	tnfr_release(env, cut.earliest, cut.blocks, sizeof(uint64_t));
	tnfr_release(env, order, n, sizeof(uint32_t));
	tnfr_release(env, spare, n, sizeof(uint32_t));
	return status;
}
