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
#include <sched.h>
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
 * OMP_PROC_BIND in the environment would tie the calling thread to a core for
 * good: where it may run is put back as it was.
 */
#ifdef CPU_COUNT
typedef cpu_set_t Affinity;
#define save_affinity(a)	sched_getaffinity(0, sizeof(*(a)), (a))
#define restore_affinity(a)	sched_setaffinity(0, sizeof(*(a)), (a))
#else
typedef int Affinity;
#define save_affinity(a)	(*(a) = -1)
#define restore_affinity(a)	((void) 0)
#endif

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
	Affinity	affinity;
	bool		saved = save_affinity(&affinity) == 0;

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
	if (saved)
		restore_affinity(&affinity);
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

/* A thread on trial: there until the gate opens. */
static void *
wait_at_gate(void *gate)
{
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

int
tnfr_parallel_threads(int wanted)
{
	enum
	{
		MOST = 256
	};
	pthread_t	thread[MOST];
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	sigset_t	all;
	sigset_t	before;
	int			created = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_mutex_lock(&gate);
	while (created < wanted - 1 && created < MOST &&
		   pthread_create(&thread[created], NULL, wait_at_gate, &gate) == 0)
		created++;
	pthread_mutex_unlock(&gate);
	for (int i = 0; i < created; i++)
		pthread_join(thread[i], NULL);
	pthread_mutex_destroy(&gate);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return created + 1;
}

void
tnfr_parallel_end(void)
{
	omp_pause_resource_all(omp_pause_hard);
}
