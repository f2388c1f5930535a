/*
 * sums.c
 *	  Neighbour sums of a whole graph: tasks of equal work, hubs in parts.
 *
 * The work up to row i is offset[i] + ROW_COST * i.  It ascends with i, so a
 * task finds its rows by two binary searches and no list of tasks is kept.
 * A hub's parts are the subtrees of TNFR_HUB entries that its tree consists
 * of, and what is left; they are added by the same tree.
 */
#include "core/sums.h"
#include "core/coded.h"
#include "core/parallel.h"

#include <stdatomic.h>
#include <string.h>

#define TASK_WORK	UINT64_C(32768)
#define CODED_WORK	UINT64_C(262144)	/* far more than the blocks a task shares
										 * with its neighbours */
#define ROW_COST	UINT64_C(4)		/* of a row, in entries */
#define ROWS		64				/* sums handed on together, from the stack */

typedef struct Hub
{
	uint64_t	row;
	uint64_t	first_part;		/* number of its first part among all */
	TnfrSums	sums;
} Hub;

typedef struct Run
{
	const TnfrGraph *graph;
	TnfrWindow *window;			/* [workers], when the entries are coded */
	_Atomic(const char *) damage;	/* of the coded entries */
	TnfrKernelInput in;
	uint64_t	task_work;
	uint64_t	n;
	TnfrSumsSink sink;
	void	   *arg;
	Hub		   *hub;			/* [hubs], ascending */
	uint64_t	hubs;
	uint64_t	parts;			/* of all hubs */
	TnfrSums   *part;			/* [parts] */
} Run;

/* What the kernel reads for entries begin .. end; false: they are damaged. */
static bool
input_for(Run *run, int worker, uint64_t begin, uint64_t end,
		  TnfrKernelInput *in)
{
	*in = run->in;
	if (run->window != NULL)
	{
		TnfrWindow *w = &run->window[worker];
		const char *damage = tnfr_window_cover(w, run->graph, begin, end);

		if (damage != NULL)
		{
			atomic_store(&run->damage, damage);
			return false;
		}
		in->first = w->begin;
		in->neighbour = w->neighbour;
		in->weight = w->weight;
	}
	return true;
}

static uint64_t
work_before(const Run *run, uint64_t row)
{
	return run->in.offset[row] + ROW_COST * row;
}

/* The first row with at least so much work before it. */
static uint64_t
row_after_work(const Run *run, uint64_t work)
{
	uint64_t	low = 0;
	uint64_t	high = run->n;

	while (low < high)
	{
		uint64_t	mid = low + (high - low) / 2;

		if (work_before(run, mid) < work)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The row that holds the given entry. */
static uint64_t
row_of_entry(const Run *run, uint64_t entry)
{
	uint64_t	low = 0;
	uint64_t	high = run->n - 1;

	while (low < high)
	{
		uint64_t	mid = low + (high - low + 1) / 2;

		if (run->in.offset[mid] <= entry)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

static uint64_t
length_of(const Run *run, uint64_t row)
{
	return run->in.offset[row + 1] - run->in.offset[row];
}

static uint64_t
parts_of(const Run *run, uint64_t row)
{
	return (length_of(run, row) + TNFR_HUB - 1) / TNFR_HUB;
}

/*
 * Lists the hubs.  A row longer than TNFR_HUB holds an entry whose number is
 * a multiple of it, so only those are looked at.
 */
static TnfrStatus
find_hubs(TnfrEnv *env, Run *run, uint64_t entries)
{
	const uint64_t room = entries / TNFR_HUB + 1;
	uint64_t	last = run->n;

	run->hub = tnfr_alloc(env, room, sizeof(Hub));
	if (run->hub == NULL)
		return TNFR_NO_MEMORY;
	for (uint64_t entry = 0; entry < entries; entry += TNFR_HUB)
	{
		uint64_t	row = row_of_entry(run, entry);

		if (row == last || length_of(run, row) <= TNFR_HUB)
			continue;
		run->hub[run->hubs].row = row;
		run->hub[run->hubs++].first_part = run->parts;
		run->parts += parts_of(run, row);
		last = row;
	}
	return TNFR_OK;
}

static void
part_task(void *arg, uint64_t task, int worker)
{
	Run		   *run = arg;
	TnfrKernelInput in;
	uint64_t	low = 0;
	uint64_t	high = run->hubs - 1;
	uint64_t	begin;
	uint64_t	end;

	while (low < high)
	{
		uint64_t	mid = low + (high - low + 1) / 2;

		if (run->hub[mid].first_part <= task)
			low = mid;
		else
			high = mid - 1;
	}
	begin = run->in.offset[run->hub[low].row] +
		(task - run->hub[low].first_part) * TNFR_HUB;
	end = run->in.offset[run->hub[low].row + 1];
	if (end - begin > TNFR_HUB)
		end = begin + TNFR_HUB;
	if (input_for(run, worker, begin, end, &in))
		tnfr_kernel_entries(&in, begin, end - begin, &run->part[task]);
}

static TnfrStatus
sum_hubs(TnfrEnv *env, Run *run)
{
	TnfrStatus	status;

	if (run->hubs == 0)
		return TNFR_OK;
	run->part = tnfr_alloc(env, run->parts, sizeof(TnfrSums));
	if (run->part == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_parallel(env, run->parts, part_task, run);
	for (uint64_t h = 0; h < run->hubs && status == TNFR_OK; h++)
		TNFR_ADD_PARTS(TnfrSums, tnfr_sums_add, &run->hub[h].sums,
					   &run->part[run->hub[h].first_part],
					   parts_of(run, run->hub[h].row));
	return status;
}

/* The sums of the hubs among rows begin .. end. */
static void
put_hubs(const Run *run, uint64_t begin, uint64_t end, TnfrSums *sums)
{
	uint64_t	low = 0;
	uint64_t	high = run->hubs;

	while (low < high)
	{
		uint64_t	mid = low + (high - low) / 2;

		if (run->hub[mid].row < begin)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < run->hubs && run->hub[low].row < end; low++)
		sums[run->hub[low].row - begin] = run->hub[low].sums;
}

/*
 * Rows that are summed together: up to last, and so few that a window covers
 * them.  A hub has none: its sums are there.
 */
static uint64_t
rows_end(const Run *run, uint64_t row, uint64_t last)
{
	uint64_t	end = last - row < ROWS ? last : row + ROWS;

	while (end - row > 1 && run->window != NULL &&
		   run->in.offset[end] - run->in.offset[row] > TNFR_WINDOW)
		end = row + (end - row) / 2;
	return end;
}

static void
row_task(void *arg, uint64_t task, int worker)
{
	Run		   *run = arg;
	TnfrSums	sums[ROWS];
	uint64_t	row = row_after_work(run, task * run->task_work);
	uint64_t	last = row_after_work(run, (task + 1) * run->task_work);

	while (row < last)
	{
		uint64_t	end = rows_end(run, row, last);
		TnfrKernelInput in = run->in;

		if (length_of(run, row) <= TNFR_HUB &&
			!input_for(run, worker, run->in.offset[row], run->in.offset[end],
					   &in))
			return;
		tnfr_kernel_rows(&in, row, end, sums);
		put_hubs(run, row, end, sums);
		run->sink(run->arg, row, (uint32_t) (end - row), sums);
		row = end;
	}
}

static TnfrStatus
run_all(TnfrEnv *env, Run *run)
{
	TnfrStatus	status = find_hubs(env, run, run->graph->entries);

	if (status == TNFR_OK)
		status = sum_hubs(env, run);
	if (status == TNFR_OK)
		status = tnfr_parallel(env, work_before(run, run->n - 1) /
							   run->task_work + 1, row_task, run);
	if (status == TNFR_OK && run->damage != NULL)
	{
		env->error.what = run->damage;
		status = TNFR_DAMAGED;
	}
	tnfr_release(env, run->part, run->parts, sizeof(TnfrSums));
	tnfr_release(env, run->hub, run->graph->entries / TNFR_HUB + 1, sizeof(Hub));
	return status;
}

TnfrStatus
tnfr_sums(TnfrEnv *env, const TnfrGraph *graph, const TnfrNodeState *state,
		  const double *strength, TnfrSumsSink sink, void *arg)
{
	Run			run = {.graph = graph,.n = graph->n,.sink = sink,.arg = arg};
	TnfrStatus	status;

	if (graph->n == 0)
		return TNFR_OK;
	run.in = (TnfrKernelInput)
	{
		.offset = graph->offset,.neighbour = graph->neighbour,
			.weight = graph->weight,.state = state,.strength = strength
	};
	run.task_work = graph->coded != NULL ? CODED_WORK : TASK_WORK;
	atomic_init(&run.damage, NULL);
	if (graph->coded != NULL)
	{
		run.window = tnfr_windows_open(env, graph, env->threads);
		if (run.window == NULL)
			return TNFR_NO_MEMORY;
	}
	status = run_all(env, &run);
	tnfr_windows_release(env, run.window, env->threads);
	return status;
}
