/*
 * rows.h
 *	  Rows of entries: cut into tasks of equal size, and filtered.
 *
 * The items of rows are, row by row, the row itself and then its entries.  A
 * task takes a stretch of consecutive items, so that neither a hub nor
 * millions of rows without entries make one long; a row may be shared by
 * several.
 */
#ifndef TNFR_ROWS_H
#define TNFR_ROWS_H

#include "core/graph.h"

#define TNFR_ROWS_TASK	UINT64_C(65536) /* items */

typedef struct TnfrRows
{
	uint64_t	n;
	const uint64_t *offset;		/* [n + 1] */
	const uint32_t *neighbour;
} TnfrRows;

/* A walk along a stretch of items, and the part of a row it has come to. */
typedef struct TnfrWalk
{
	const uint64_t *offset;
	uint64_t	item;
	uint64_t	last;			/* item behind the stretch */
	uint64_t	next;			/* row to come */
	uint64_t	row;
	bool		head;			/* the row itself is in the part */
	uint64_t	begin;			/* entries of the part */
	uint64_t	end;
} TnfrWalk;

static inline uint64_t
tnfr_items(const uint64_t *offset, uint64_t n)
{
	return n + offset[n];
}

static inline uint64_t
tnfr_rows_tasks(const uint64_t *offset, uint64_t n)
{
	return (tnfr_items(offset, n) + TNFR_ROWS_TASK - 1) / TNFR_ROWS_TASK;
}

/* A walk along items first .. first + count of n rows, or as many as there are. */
static inline TnfrWalk
tnfr_walk(const uint64_t *offset, uint64_t n, uint64_t first, uint64_t count)
{
	const uint64_t left = tnfr_items(offset, n) - first;
	uint64_t	low = 0;
	uint64_t	high = n;

	/* the last row that begins at the item or before it */
	while (high - low > 1)
	{
		uint64_t	mid = low + (high - low) / 2;

		if (mid + offset[mid] <= first)
			low = mid;
		else
			high = mid;
	}
	return (TnfrWalk)
	{
		.offset = offset,.item = first,.next = low,
			.last = first + (count < left ? count : left)
	};
}

/* The walk of a task of TNFR_ROWS_TASK items. */
static inline TnfrWalk
tnfr_walk_task(const uint64_t *offset, uint64_t n, uint64_t task)
{
	return tnfr_walk(offset, n, task * TNFR_ROWS_TASK, TNFR_ROWS_TASK);
}

/* Goes to the next part of a row; false at the end of the stretch. */
static inline bool
tnfr_walk_next(TnfrWalk *w)
{
	const uint64_t *offset = w->offset + w->next;
	uint64_t	left;

	if (w->item == w->last)
		return false;
	w->row = w->next;
	w->head = w->item == w->row + offset[0];
	w->item += w->head;
	w->begin = w->item - w->row - 1;
	left = w->last - w->item;
	w->end = offset[1] - w->begin <= left ? offset[1] : w->begin + left;
	w->item += w->end - w->begin;
	w->next++;					/* a row that goes on ends the stretch */
	return true;
}

/*
 * Copies those of the entries begin .. end of a row that are kept; with kept
 * NULL it only counts them.  Returns how many.
 */
typedef uint64_t (*TnfrRowFilter) (const TnfrRows *rows, uint64_t row,
								   uint64_t begin, uint64_t end,
								   uint32_t *kept);

typedef struct TnfrFilter
{
	TnfrRows	rows;
	TnfrRowFilter keep;
	TnfrGraph	kept;			/* what is kept; the caller may take it */
	uint64_t	tasks;
	uint64_t   *before;			/* [tasks + 1] kept before each task */
} TnfrFilter;

/* Counts: kept.entries and kept.offset.  On failure there is nothing to end. */
extern TnfrStatus tnfr_filter_begin(TnfrEnv *env, TnfrFilter *filter,
									const TnfrRows *rows, TnfrRowFilter keep);

/* Copies: kept.neighbour. */
extern TnfrStatus tnfr_filter_copy(TnfrEnv *env, TnfrFilter *filter);

/* Releases everything but what the caller took out of kept. */
extern void tnfr_filter_end(TnfrEnv *env, TnfrFilter *filter);

#endif							/* TNFR_ROWS_H */
