/*
 * broker.c
 *	  The background worker: how it starts, waits and ends.
 *
 * Preloaded, it is permanent.  Else a session that wants a device starts it,
 * and it leaves when nobody has wanted one for tnfr.gpu_idle_timeout.  It has a
 * row in pg_stat_activity but is in no database, runs no transaction, and
 * works on a standby.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pg/compat.h"
#include "pg/gpu/broker.h"
#include "pg/settings.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#define RESTART_SECONDS	1		/* of the permanent one, when it ended */
#define LAUNCH_TIME		USECS_PER_SEC	/* before another is started */
#define LONGEST_WAIT	60000	/* ms */
#define LONGEST_END		1000	/* ms, of programs that were killed */

PGDLLEXPORT void tnfr_gpu_broker_main(Datum arg);

static bool permanent = false;
static TnfrGpuState *state;
static TnfrBrokerDevice devices[TNFR_GPU_DEVICES];

static void
describe_worker(BackgroundWorker *worker)
{
	memset(worker, 0, sizeof(*worker));
	worker->bgw_flags = BGWORKER_SHMEM_ACCESS |
		BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker->bgw_start_time = BgWorkerStart_ConsistentState;
	worker->bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker->bgw_library_name, "$libdir/tnfr_pg",
			sizeof(worker->bgw_library_name));
	strlcpy(worker->bgw_function_name, "tnfr_gpu_broker_main", BGW_MAXLEN);
	strlcpy(worker->bgw_name, "tnfr_pg GPU broker", BGW_MAXLEN);
	strlcpy(worker->bgw_type, "tnfr_pg GPU broker", BGW_MAXLEN);
}

/* Where nothing is installed, nothing runs; a session may start it later. */
void
tnfr_broker_register(void)
{
	BackgroundWorker worker;

	if (tnfr_gpu_missing() != NULL)
		return;
	describe_worker(&worker);
	worker.bgw_restart_time = RESTART_SECONDS;
	worker.bgw_main_arg = BoolGetDatum(true);
	RegisterBackgroundWorker(&worker);
	permanent = true;
}

bool
tnfr_broker_permanent(void)
{
	return permanent;
}

/*
 * Is a broker there, or on its way?  If not, this session is to start it: many
 * may want one at the same moment, and slots for workers are few.
 */
static bool
is_on_its_way(TnfrGpuState *shared)
{
	const TimestampTz now = GetCurrentTimestamp();
	bool		on_its_way;

	LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
	on_its_way = shared->broker_pid != 0 ||
		(now >= shared->launched_at && now - shared->launched_at < LAUNCH_TIME);
	if (!on_its_way)
		shared->launched_at = now;
	LWLockRelease(&shared->lock);
	return on_its_way;
}

bool
tnfr_broker_launch(void)
{
	TnfrGpuState *shared = tnfr_gpu_state();
	BackgroundWorker worker;
	BackgroundWorkerHandle *handle;

	if (is_on_its_way(shared))
		return true;
	describe_worker(&worker);
	worker.bgw_main_arg = BoolGetDatum(false);
	worker.bgw_notify_pid = MyProcPid;
	if (RegisterDynamicBackgroundWorker(&worker, &handle))
		return true;
	LWLockAcquire(&shared->lock, LW_EXCLUSIVE);
	shared->launched_at = 0;
	LWLockRelease(&shared->lock);
	return false;
}

/* What is left of a job when nobody serves it. */
static void
drop_slot(TnfrGpuSlot *slot)
{
	switch (slot->state)
	{
		case TNFR_SLOT_QUEUED:
		case TNFR_SLOT_OPENING:
		case TNFR_SLOT_OPEN:
		case TNFR_SLOT_ABANDONED:
			tnfr_slot_fail(state, slot, TNFR_GPU_BROKER_GONE,
						   tnfr_gpu_reason_text(TNFR_GPU_BROKER_GONE));
			break;
		default:
			break;
	}
}

/* With the lock: from here on there is no broker. */
static void
resign(void)
{
	state->broker_pid = 0;
	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
		drop_slot(&state->slot[i]);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
	{
		TnfrGpuDevice *d = &state->device[i];

		d->pid = 0;
		d->wanted = false;
		d->graphs = 0;
		d->graph_bytes = 0;
		d->phase = TNFR_GPU_OFF;
	}
}

/*
 * Ends all programs, and waits for that.  Where the postmaster is process 1, as
 * in containers, orphans are its children, and one of those killed by a signal
 * makes it restart the server.
 */
static void
end_programs(void)
{
	int			status;

	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
		tnfr_device_kill(&devices[i].client);
	for (int i = 0, ms = 0; i < TNFR_GPU_DEVICES; i++)
		while (!tnfr_device_ended(&devices[i].client, &status) &&
			   ms++ < LONGEST_END)
			pg_usleep(1000);
}

/* However the worker ends, sessions are told and the programs go with it. */
static void
broker_exit(int code pg_attribute_unused(), Datum arg pg_attribute_unused())
{
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	if (state->broker_pid == MyProcPid)
		resign();
	LWLockRelease(&state->lock);
	end_programs();
}

/* False: there is a broker already. */
static bool
take_office(void)
{
	bool		taken;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	taken = state->broker_pid != 0;
	if (!taken)
	{
		state->broker_pid = MyProcPid;
		state->broker = MyLatch;
		state->launched_at = 0;
	}
	LWLockRelease(&state->lock);
	if (taken)
		return false;
	before_shmem_exit(broker_exit, (Datum) 0);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
		devices[i] = (TnfrBrokerDevice)
	{
		.number = i,.shared = &state->device[i],.client = {.fd = -1},
			.deadline = TNFR_BROKER_NEVER
	};
	return true;
}

/* Is there something to do for the session of this slot? */
static bool
is_to_be_served(const TnfrGpuSlot *slot)
{
	return slot->state != TNFR_SLOT_FREE &&
		slot->state != TNFR_SLOT_FAILED && slot->state != TNFR_SLOT_CLOSED;
}

/* Does nobody want anything?  Then, with the lock, the broker is none. */
static bool
resign_if_unused(void)
{
	bool		used = false;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
		used = used || is_to_be_served(&state->slot[i]);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
		used = used || state->device[i].wanted || devices[i].busy;
	if (!used)
		resign();
	LWLockRelease(&state->lock);
	return !used;
}

static void
reconfigure(void)
{
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
		tnfr_child_reconfigure(&devices[i]);
}

/* Looks after all devices; the time when it has to be done again. */
static TimestampTz
serve(void)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz next = TNFR_BROKER_NEVER;

	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
	{
		TnfrBrokerDevice *d = &devices[i];

		tnfr_child_look(d, now);
		tnfr_jobs_serve(d, now);
		next = Min(next, tnfr_child_next_look(d));
		next = Min(next, tnfr_jobs_next_look(d));
	}
	return next;
}

/*
 * Waits for a session, an answer, or the time.  The set of what is waited for
 * is made anew: programs come and go, and few waits are short.
 */
static void
wait_until(TimestampTz next)
{
	WaitEventSet *set = tnfr_create_wait_event_set(TNFR_GPU_DEVICES + 2);
	WaitEvent	event;
	TimestampTz now = GetCurrentTimestamp();
	long		ms = LONGEST_WAIT;

	if (next <= now)
		ms = 0;
	else if ((next - now) / 1000 < ms)
		ms = (long) ((next - now) / 1000) + 1;
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
		if (devices[i].client.fd >= 0)
			AddWaitEventToSet(set, WL_SOCKET_READABLE, devices[i].client.fd,
							  NULL, NULL);
	WaitEventSetWait(set, ms, &event, 1, tnfr_wait_event());
	FreeWaitEventSet(set);
	ResetLatch(MyLatch);
}

static bool
in_use(void)
{
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
		if (devices[i].busy || devices[i].shared->phase == TNFR_GPU_STARTS)
			return true;
	return false;
}

static void
broker_loop(bool stay)
{
	TimestampTz used_at = GetCurrentTimestamp();

	while (!ShutdownRequestPending)
	{
		TimestampTz next;
		TimestampTz leave_at = TNFR_BROKER_NEVER;

		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
			reconfigure();
		next = serve();
		if (in_use())
			used_at = GetCurrentTimestamp();
		else if (!stay)
			leave_at = used_at + (int64) tnfr_gpu_idle_timeout * USECS_PER_SEC;
		if (leave_at <= GetCurrentTimestamp() && resign_if_unused())
			return;
		wait_until(Min(next, leave_at));
	}
}

/*
 * Cancelling a broker means nothing.  The permanent one comes again unless it
 * ended with 0; nothing else that exits may be other than 0 or 1.
 */
void
tnfr_gpu_broker_main(Datum arg)
{
	const bool	stay = DatumGetBool(arg);

	pqsignal(SIGINT, SIG_IGN);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	state = tnfr_gpu_state();
	if (take_office())
		broker_loop(stay);
	proc_exit(stay ? 1 : 0);
}
