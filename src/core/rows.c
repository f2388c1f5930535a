/*
 * rows.c
 *	  Filtering: count task by task, add up, copy.
 *
 * What is kept stays in its order, so where a task writes follows from how
 * many entries the tasks before it keep.
 */
#include "core/rows.h"
#include "core/parallel.h"

#include <string.h>

/* Offsets are counted from the begin of the task, for now. */
static void
count_task(void *arg, uint64_t task, int worker)
{
	TnfrFilter *f = arg;
	TnfrWalk	w = tnfr_walk_task(f->rows.offset, f->rows.n, task);
	uint64_t	count = 0;

	(void) worker;
	while (tnfr_walk_next(&w))
	{
		if (w.head)
			f->kept.offset[w.row] = count;
		if (w.begin < w.end)
			count += f->keep(&f->rows, w.row, w.begin, w.end, NULL);
	}
	f->before[task + 1] = count;
}

static void
offset_task(void *arg, uint64_t task, int worker)
{
	TnfrFilter *f = arg;
	TnfrWalk	w = tnfr_walk_task(f->rows.offset, f->rows.n, task);

	(void) worker;
	while (tnfr_walk_next(&w))
		if (w.head)
			f->kept.offset[w.row] += f->before[task];
}

static void
copy_task(void *arg, uint64_t task, int worker)
{
	TnfrFilter *f = arg;
	TnfrWalk	w = tnfr_walk_task(f->rows.offset, f->rows.n, task);
	uint32_t   *to = f->kept.neighbour + f->before[task];

	(void) worker;
	while (tnfr_walk_next(&w))
		if (w.begin < w.end)
			to += f->keep(&f->rows, w.row, w.begin, w.end, to);
}

static TnfrStatus
count_kept(TnfrEnv *env, TnfrFilter *f)
{
	TnfrStatus	status;

	if (f->before == NULL || f->kept.offset == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_parallel(env, f->tasks, count_task, f);
	if (status != TNFR_OK)
		return status;
	f->before[0] = 0;
	for (uint64_t t = 0; t < f->tasks; t++)
		f->before[t + 1] += f->before[t];
	f->kept.entries = f->before[f->tasks];
	f->kept.offset[f->kept.n] = f->kept.entries;
	return tnfr_parallel(env, f->tasks, offset_task, f);
}

TnfrStatus
tnfr_filter_begin(TnfrEnv *env, TnfrFilter *filter, const TnfrRows *rows,
				  TnfrRowFilter keep)
{
	TnfrStatus	status;

	*filter = (TnfrFilter)
	{
		.rows = *rows,.keep = keep,.kept = {.n = rows->n},
			.tasks = tnfr_rows_tasks(rows->offset, rows->n)
	};
	filter->before = tnfr_alloc(env, filter->tasks + 1, sizeof(uint64_t));
	if (filter->before != NULL)
		filter->kept.offset = tnfr_alloc_gathered(env, rows->n + 1,
												  sizeof(uint64_t));
	status = count_kept(env, filter);
	if (status != TNFR_OK)
		tnfr_filter_end(env, filter);
	return status;
}

TnfrStatus
tnfr_filter_copy(TnfrEnv *env, TnfrFilter *filter)
{
	TnfrGraph  *kept = &filter->kept;

	if (kept->entries == 0)
		return TNFR_OK;
	kept->neighbour = tnfr_alloc_gathered(env, kept->entries + TNFR_GRAPH_PAD,
										  sizeof(uint32_t));
	if (kept->neighbour == NULL)
		return TNFR_NO_MEMORY;
	kept->room = kept->entries + TNFR_GRAPH_PAD;
	memset(kept->neighbour + kept->entries, 0,
		   TNFR_GRAPH_PAD * sizeof(uint32_t));
	return tnfr_parallel(env, filter->tasks, copy_task, filter);
}

void
tnfr_filter_end(TnfrEnv *env, TnfrFilter *filter)
{
	tnfr_release(env, filter->before, filter->tasks + 1, sizeof(uint64_t));
	tnfr_graph_release(env, &filter->kept);
	filter->before = NULL;
}
