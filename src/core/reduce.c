/*
 * reduce.c
 *	  Reductions over all nodes: a task a block, then the blocks together.
 */
#include "core/reduce.h"
#include "core/kernel.h"
#include "core/parallel.h"

#include <math.h>

typedef struct Values
{
	double		v[TNFR_REDUCE_WIDTH];
} Values;

typedef struct Run
{
	uint64_t	n;
	TnfrReduceLeaf leaf;
	const void *arg;
	Values	   *part;			/* of each block */
} Run;

static inline void
add_values(Values *a, const Values *b)
{
	for (int k = 0; k < TNFR_REDUCE_WIDTH; k++)
		a->v[k] += b->v[k];
}

static inline void
raise_values(Values *a, const Values *b)
{
	for (int k = 0; k < TNFR_REDUCE_WIDTH; k++)
		if (b->v[k] > a->v[k])
			a->v[k] = b->v[k];
}

static inline void
set_values(Values *a, double x)
{
	for (int k = 0; k < TNFR_REDUCE_WIDTH; k++)
		a->v[k] = x;
}

static inline void
sum_leaf(Values *sum, const Run *run, uint64_t first, uint32_t count)
{
	set_values(sum, 0.0);
	run->leaf(run->arg, first, count, sum->v);
}

static void
sum_task(void *arg, uint64_t task, int worker)
{
	const Run  *run = arg;
	uint64_t	begin = task * TNFR_NODE_BLOCK;
	uint64_t	length = tnfr_node_block_end(run->n, task) - begin;

	(void) worker;
#define LEAF(sum, first, count)	sum_leaf(sum, run, first, (uint32_t) (count))
	TNFR_PAIRWISE(Values, add_values, LEAF, &run->part[task], begin, length);
#undef LEAF
}

static void
max_task(void *arg, uint64_t task, int worker)
{
	const Run  *run = arg;
	uint64_t	begin = task * TNFR_NODE_BLOCK;

	(void) worker;
	set_values(&run->part[task], -HUGE_VAL);
	run->leaf(run->arg, begin, (uint32_t) (tnfr_node_block_end(run->n, task) - begin),
			  run->part[task].v);
}

/* Runs the tasks; part[] is to be released. */
static TnfrStatus
reduce_blocks(TnfrEnv *env, Run *run, TnfrTask task)
{
	run->part = tnfr_alloc(env, tnfr_node_blocks(run->n), sizeof(Values));
	if (run->part == NULL)
		return TNFR_NO_MEMORY;
	return tnfr_parallel(env, tnfr_node_blocks(run->n), task, run);
}

TnfrStatus
tnfr_reduce_sum(TnfrEnv *env, uint64_t n, TnfrReduceLeaf leaf,
				const void *arg, double *value)
{
	Run			run = {.n = n,.leaf = leaf,.arg = arg};
	TnfrStatus	status;
	Values		sum;

	set_values(&sum, 0.0);
	status = reduce_blocks(env, &run, sum_task);
	if (status == TNFR_OK && n > 0)
		TNFR_ADD_PARTS(Values, add_values, &sum, run.part, tnfr_node_blocks(n));
	tnfr_release(env, run.part, tnfr_node_blocks(n), sizeof(Values));
	memcpy(value, sum.v, sizeof(sum.v));
	return status;
}

TnfrStatus
tnfr_reduce_max(TnfrEnv *env, uint64_t n, TnfrReduceLeaf leaf,
				const void *arg, double *value)
{
	Run			run = {.n = n,.leaf = leaf,.arg = arg};
	TnfrStatus	status;
	Values		max;

	set_values(&max, -HUGE_VAL);
	status = reduce_blocks(env, &run, max_task);
	for (uint64_t k = 0; k < tnfr_node_blocks(n) && status == TNFR_OK; k++)
		raise_values(&max, &run.part[k]);
	tnfr_release(env, run.part, tnfr_node_blocks(n), sizeof(Values));
	memcpy(value, max.v, sizeof(max.v));
	return status;
}
