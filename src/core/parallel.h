/*
 * parallel.h
 *	  Runs numbered tasks on the calling thread, or on it and OpenMP threads.
 *
 * Tasks are handed out one by one in ascending order, so that uneven ones
 * balance.  Which thread runs a task must not matter to the result.  A task
 * may take some 20 ms at the most: between tasks the calling thread polls for
 * interrupts, and when one is pending the threads finish the tasks in hand,
 * leave the parallel region, the interrupt is served, and the rest goes on.
 */
#ifndef TNFR_PARALLEL_H
#define TNFR_PARALLEL_H

#include "core/base.h"

#include <stdatomic.h>

/* worker: 0 to env->threads - 1, for scratch memory of one's own */
typedef void (*TnfrTask) (void *arg, uint64_t task, int worker);

/* TNFR_OK when all tasks are done, TNFR_STOPPED when serve() said so. */
extern TnfrStatus tnfr_parallel(TnfrEnv *env, uint64_t ntasks,
								TnfrTask task, void *arg);

/*
 * How many threads there can be, of those that are wanted: OpenMP runtimes end
 * the process when the system refuses them one, so this tries first.
 */
extern int	tnfr_parallel_threads(int wanted);

/*
 * Ends the threads that the OpenMP runtime keeps for the next region.  The
 * caller does this when its work is over, after an error as well.
 */
extern void tnfr_parallel_end(void);

/* Lowers *least to i, if that is less: the first of what any task names. */
static inline void
tnfr_keep_least(_Atomic uint64_t *least, uint64_t i)
{
	uint64_t	known = atomic_load_explicit(least, memory_order_relaxed);

	while (i < known && !atomic_compare_exchange_weak(least, &known, i))
		;
}

#endif							/* TNFR_PARALLEL_H */
