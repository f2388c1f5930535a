/*
 * parallel.c
 *	  Task execution: serial, or by a team of OpenMP threads.
 *
 * OpenMP gives the team; the handing out is ours (an atomic counter), since a
 * worksharing loop can neither be left early nor resumed.
 */
#include "core/parallel.h"

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

typedef struct Team
{
	TnfrEnv    *env;
	TnfrTask	task;
	void	   *arg;
	uint64_t	ntasks;
	_Atomic uint64_t next;		/* next task to hand out */
	atomic_bool stop;			/* the calling thread wants all to come home */
} Team;

/* Runs tasks until there are none left or the calling thread says stop. */
static void
work(Team *team, int worker)
{
	while (!atomic_load_explicit(&team->stop, memory_order_relaxed))
	{
		uint64_t	i = atomic_fetch_add_explicit(&team->next, 1,
												  memory_order_relaxed);

		if (i >= team->ntasks)
			break;
		team->task(team->arg, i, worker);
		if (worker == 0 && team->env->poll(team->env->arg))
			atomic_store_explicit(&team->stop, true, memory_order_relaxed);
	}
}

/*
 * Threads are created with every signal blocked, so that the host program's
 * handlers only ever run on its own thread, which unblocks them again as soon
 * as the team is there.
 */
static void
work_together(Team *team, int threads)
{
	sigset_t	all;
	sigset_t	before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	omp_set_dynamic(0);			/* not for OMP_DYNAMIC to decide */
#pragma omp parallel num_threads(threads)
	{
		int			worker = omp_get_thread_num();

		if (worker == 0)
			pthread_sigmask(SIG_SETMASK, &before, NULL);
		work(team, worker);
	}
}

TnfrStatus
tnfr_parallel(TnfrEnv *env, uint64_t ntasks, TnfrTask task, void *arg)
{
	Team		team = {.env = env,.task = task,.arg = arg,.ntasks = ntasks};
	int			threads = env->threads;

	if (ntasks < (uint64_t) threads)
		threads = (int) ntasks;
	while (atomic_load(&team.next) < ntasks)
	{
		atomic_store(&team.stop, false);
		if (threads > 1)
			work_together(&team, threads);
		else
			work(&team, 0);
		if (atomic_load(&team.stop) && env->serve(env->arg))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

void
tnfr_parallel_end(void)
{
	omp_pause_resource_all(omp_pause_hard);
}
