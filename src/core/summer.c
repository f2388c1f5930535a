/*
 * summer.c
 *	  From columns of sums to the sums of rows.
 */
#include "core/summer.h"
#include "core/parallel.h"

#include <string.h>

#define TASK_ROWS	UINT64_C(4096)	/* a millisecond of formulas */
#define ROWS		64				/* sums handed on together, from the stack */

typedef struct Handing
{
	const uint64_t *offset;
	uint64_t	first;
	uint64_t	count;
	TnfrSumColumns columns;
	TnfrSumsSink sink;
	void	   *arg;
} Handing;

/* The sums of the row of item k. */
static TnfrSums
sums_of(const Handing *h, uint64_t k)
{
	const TnfrSumColumns *c = &h->columns;
	const uint64_t *offset = h->offset + h->first + k;
	TnfrSums	s;

	memcpy(&s, c->sums[k], sizeof(c->sums[k]));
	s.strength = c->strength != NULL ? c->strength[k] :
		(double) (offset[1] - offset[0]);
	s.topo = c->topo != NULL ? c->topo[k] : 0.0;
	return s;
}

static void
hand_on_task(void *arg, uint64_t task, int worker)
{
	const Handing *h = arg;
	uint64_t	k = task * TASK_ROWS;
	uint64_t	last = h->count - k < TASK_ROWS ? h->count : k + TASK_ROWS;

	(void) worker;
	while (k < last)
	{
		TnfrSums	sums[ROWS];
		uint32_t	rows = last - k < ROWS ? (uint32_t) (last - k) : ROWS;

		for (uint32_t i = 0; i < rows; i++)
			sums[i] = sums_of(h, k + i);
		h->sink(h->arg, h->first + k, rows, sums);
		k += rows;
	}
}

TnfrStatus
tnfr_hand_on(TnfrEnv *env, const TnfrGraph *rows, uint64_t first,
			 uint64_t count, const TnfrSumColumns *columns, TnfrSumsSink sink,
			 void *arg)
{
	Handing		h = {rows->offset, first, count, *columns, sink, arg};

	return tnfr_parallel(env, (count + TASK_ROWS - 1) / TASK_ROWS,
						 hand_on_task, &h);
}
