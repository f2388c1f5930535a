/*
 * ids.c
 *	  Distinct ids, by a bitmap or by sorting.
 *
 * Where the range of the ids is not much larger than their number, each is a
 * bit in a bitmap over the range; else all are sorted by a radix sort, least
 * significant digit first, of the digits in which they differ.
 */
#include "core/ids.h"
#include "core/sort.h"

#include <string.h>

#define BITS_AN_ID	UINT64_C(64)	/* a bitmap up to so many bits an id */
#define DIGIT_BITS	11
#define RADIX		(1 << DIGIT_BITS)
#define SMALL		64			/* up to so many: insertion sort */
#define SLICE		UINT64_C(65536) /* ids between two looks at interrupts */

typedef struct Range
{
	uint64_t	count;
	int64_t		min;
	int64_t		max;
} Range;

static TnfrStatus
find_range(TnfrEnv *env, const TnfrIdList *list, int lists, Range *range)
{
	*range = (Range) {0, INT64_MAX, INT64_MIN};
	for (int l = 0; l < lists; l++)
		for (uint64_t i = 0; i < list[l].count; i++)
		{
			int64_t		id = list[l].id[i];

			range->min = id < range->min ? id : range->min;
			range->max = id > range->max ? id : range->max;
			if (++range->count % SLICE == 0 && tnfr_check(env))
				return TNFR_STOPPED;
		}
	return TNFR_OK;
}

static TnfrStatus
mark_ids(TnfrEnv *env, const TnfrIdList *list, int lists, int64_t min,
		 uint64_t *bitmap)
{
	for (int l = 0; l < lists; l++)
		for (uint64_t i = 0; i < list[l].count; i++)
		{
			uint64_t	at = (uint64_t) list[l].id[i] - (uint64_t) min;

			bitmap[at / 64] |= UINT64_C(1) << (at % 64);
			if (i % SLICE == 0 && tnfr_check(env))
				return TNFR_STOPPED;
		}
	return TNFR_OK;
}

/* The marked ids: counted first, so that their memory is exact. */
static TnfrStatus
list_marked(TnfrEnv *env, const uint64_t *bitmap, uint64_t words, int64_t min,
			int64_t **id, uint64_t *n)
{
	uint64_t	k = 0;

	*n = 0;
	for (uint64_t w = 0; w < words; w++)
	{
		*n += (uint64_t) __builtin_popcountll(bitmap[w]);
		if (w % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	*id = tnfr_alloc(env, *n, sizeof(int64_t));
	if (*id == NULL)
		return TNFR_NO_MEMORY;
	for (uint64_t w = 0; w < words; w++)
	{
		for (uint64_t bits = bitmap[w]; bits != 0; bits &= bits - 1)
			(*id)[k++] = (int64_t) ((uint64_t) min + w * 64 +
									(uint64_t) __builtin_ctzll(bits));
		if (w % SLICE == 0 && tnfr_check(env))
		{
			tnfr_release(env, *id, *n, sizeof(int64_t));
			return TNFR_STOPPED;
		}
	}
	return TNFR_OK;
}

static TnfrStatus
by_bitmap(TnfrEnv *env, const TnfrIdList *list, int lists, const Range *range,
		  int64_t **id, uint64_t *n)
{
	const uint64_t words = ((uint64_t) range->max - (uint64_t) range->min) / 64 + 1;
	uint64_t   *bitmap = tnfr_alloc(env, words, sizeof(uint64_t));
	TnfrStatus	status;

	if (bitmap == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_fill(env, bitmap, 0, words * sizeof(uint64_t));
	if (status == TNFR_OK)
		status = mark_ids(env, list, lists, range->min, bitmap);
	if (status == TNFR_OK)
		status = list_marked(env, bitmap, words, range->min, id, n);
	tnfr_release(env, bitmap, words, sizeof(uint64_t));
	return status;
}

/* Distances from the smallest id, one list behind the other. */
static TnfrStatus
copy_distances(TnfrEnv *env, const TnfrIdList *list, int lists, int64_t min,
			   uint64_t *to)
{
	for (int l = 0; l < lists; l++)
		for (uint64_t i = 0; i < list[l].count; i++)
		{
			*to++ = (uint64_t) list[l].id[i] - (uint64_t) min;
			if (i % SLICE == 0 && tnfr_check(env))
				return TNFR_STOPPED;
		}
	return TNFR_OK;
}

static TnfrStatus
radix_pass(TnfrEnv *env, const uint64_t *from, uint64_t *to, uint64_t count,
		   int shift)
{
	uint64_t	place[RADIX] = {0};
	uint64_t	sum = 0;

	for (uint64_t i = 0; i < count; i++)
	{
		place[(from[i] >> shift) % RADIX]++;
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	for (int v = 0; v < RADIX; v++)
	{
		uint64_t	c = place[v];

		place[v] = sum;
		sum += c;
	}
	for (uint64_t i = 0; i < count; i++)
	{
		to[place[(from[i] >> shift) % RADIX]++] = from[i];
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* Takes equals out of sorted distances, and turns those left into ids. */
static TnfrStatus
distances_to_ids(TnfrEnv *env, uint64_t *sorted, uint64_t count, int64_t min,
				 uint64_t *kept)
{
	uint64_t	before = 0;

	*kept = 0;
	for (uint64_t i = 0; i < count; i++)
	{
		if (i == 0 || sorted[i] != before)
		{
			before = sorted[i];
			sorted[(*kept)++] = before + (uint64_t) min;
		}
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* Sorts *ids; *ids and *spare may change places.  None exceeds limit. */
static TnfrStatus
sort_ids(TnfrEnv *env, uint64_t **ids, uint64_t **spare, uint64_t count,
		 uint64_t limit)
{
	if (count <= SMALL)
	{
		tnfr_insertion_sort(*ids, count);
		return TNFR_OK;
	}
	for (int shift = 0; shift < 64 && limit >> shift != 0; shift += DIGIT_BITS)
	{
		TnfrStatus	status = radix_pass(env, *ids, *spare, count, shift);
		uint64_t   *swap = *ids;

		if (status != TNFR_OK)
			return status;
		*ids = *spare;
		*spare = swap;
	}
	return TNFR_OK;
}

static TnfrStatus
by_sorting(TnfrEnv *env, const TnfrIdList *list, int lists, const Range *range,
		   int64_t **id, uint64_t *n)
{
	uint64_t   *sorted = tnfr_alloc(env, range->count, sizeof(uint64_t));
	uint64_t   *spare = tnfr_alloc(env, range->count, sizeof(uint64_t));
	TnfrStatus	status = TNFR_NO_MEMORY;

	if (sorted != NULL && spare != NULL)
		status = copy_distances(env, list, lists, range->min, sorted);
	if (status == TNFR_OK)
		status = sort_ids(env, &sorted, &spare, range->count,
						  (uint64_t) range->max - (uint64_t) range->min);
	tnfr_release(env, spare, range->count, sizeof(uint64_t));
	if (status == TNFR_OK)
		status = distances_to_ids(env, sorted, range->count, range->min, n);
	if (status == TNFR_OK)
	{
		*id = tnfr_resize(env, sorted, range->count, *n, sizeof(int64_t));
		if (*id != NULL)
			return TNFR_OK;
		status = TNFR_NO_MEMORY;
	}
	tnfr_release(env, sorted, range->count, sizeof(uint64_t));
	return status;
}

TnfrStatus
tnfr_distinct_ids(TnfrEnv *env, const TnfrIdList *list, int lists,
				  int64_t **id, uint64_t *n)
{
	Range		range;
	TnfrStatus	status = find_range(env, list, lists, &range);

	*id = NULL;
	*n = 0;
	if (status != TNFR_OK || range.count == 0)
		return status;
	if (((uint64_t) range.max - (uint64_t) range.min) / BITS_AN_ID < range.count)
		return by_bitmap(env, list, lists, &range, id, n);
	return by_sorting(env, list, lists, &range, id, n);
}
