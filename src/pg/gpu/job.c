/*
 * job.c
 *	  A session's side of a job.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "miscadmin.h"
#include "pg/compat.h"
#include "pg/gpu/broker.h"
#include "pg/gpu/job.h"
#include "pg/settings.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#define LOOK_EVERY		500		/* ms, should a wake-up ever be missed */
#define ANSWER_WAIT		1000	/* ms */
#define SLOTS_FOR_OTHERS	4
#define BROKER_WAIT		(10 * USECS_PER_SEC)	/* for a broker to begin */
#define WORKER_WAIT		(2 * USECS_PER_SEC) /* for a slot to start one */

static bool
refuse(TnfrGpuJob *job, TnfrGpuReason reason, const char *text)
{
	job->reason = reason;
	tnfr_gpu_copy_text(job->text, text != NULL ? text :
					   tnfr_gpu_reason_text(reason));
	return false;
}

static void
release_segment(TnfrGpuJob *job)
{
	if (job->segment != NULL)
	{
		munmap(job->segment, job->bytes);
		job->call->used -= job->bytes;
	}
	job->segment = NULL;
	if (job->fd >= 0)
	{
		close(job->fd);
		ReleaseExternalFD();
	}
	job->fd = -1;
}

/* With the lock: the slot is not ours any more. */
static void
leave_slot(TnfrGpuState *state, TnfrGpuSlot *slot)
{
	switch (slot->state)
	{
		case TNFR_SLOT_OPENING:
		case TNFR_SLOT_OPEN:
			slot->state = TNFR_SLOT_ABANDONED;
			tnfr_gpu_wake_broker(state);
			break;
		default:
			slot->state = TNFR_SLOT_FREE;
			break;
	}
}

/*
 * Memory of a session that ends is not all given back, as that of a call in
 * the planner is not.  Nothing of this session's runs any more.
 */
static void
leave_slots(int code pg_attribute_unused(), Datum arg pg_attribute_unused())
{
	TnfrGpuState *state = tnfr_gpu_state();

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
	{
		TnfrGpuSlot *slot = &state->slot[i];

		if (slot->pid == MyProcPid && slot->state != TNFR_SLOT_ABANDONED)
			leave_slot(state, slot);
	}
	LWLockRelease(&state->lock);
}

/* Slots are left after calls have ended, which would leave theirs again. */
static void
leave_slots_at_exit(void)
{
	static bool registered = false;

	if (!registered)
		on_shmem_exit(leave_slots, (Datum) 0);
	registered = true;
}

void
tnfr_job_drop(TnfrGpuJob *job)
{
	TnfrGpuState *state = tnfr_gpu_state();

	if (job->slot != NULL)
	{
		LWLockAcquire(&state->lock, LW_EXCLUSIVE);
		leave_slot(state, job->slot);
		LWLockRelease(&state->lock);
		job->slot = NULL;
	}
	release_segment(job);
}

/* The call's memory goes, by its end or an error. */
static void
clean_up(void *arg)
{
	tnfr_job_drop(arg);
}

/* Any signal that comes meanwhile undoes it. */
static int
allocate(int fd, off_t bytes)
{
	int			error;

	while ((error = posix_fallocate(fd, 0, bytes)) == EINTR)
		CHECK_FOR_INTERRUPTS();
	return error;
}

/*
 * All memory is had before it is used: what cannot be had later would be a
 * signal.
 */
static bool
make_segment(TnfrGpuJob *job, size_t bytes)
{
	char		text[TNFR_GPU_TEXT];
	void	   *map = MAP_FAILED;

	if (bytes > job->call->limit - job->call->used)
		return refuse(job, TNFR_GPU_NO_SEGMENT,
					  "tnfr.memory_limit leaves no room for a segment");
	if (!AcquireExternalFD())
		return refuse(job, TNFR_GPU_NO_SEGMENT, "too many files are open");
	job->fd = memfd_create("tnfr_pg", MFD_CLOEXEC);
	if (job->fd < 0)
		ReleaseExternalFD();
	else if ((errno = allocate(job->fd, (off_t) bytes)) == 0)
		map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, job->fd, 0);
	if (map == MAP_FAILED)
	{
		snprintf(text, sizeof(text), "could not get a segment of %zu bytes: %m",
				 bytes);
		release_segment(job);
		return refuse(job, TNFR_GPU_NO_SEGMENT, text);
	}
	tnfr_call_charge(job->call, bytes);
	job->segment = map;
	job->bytes = bytes;
	return true;
}

/*
 * With the lock: a slot for a session of this role.  The last ones are for
 * roles that have none, lest one role keep all others from the queue.
 */
static TnfrGpuSlot *
free_slot(TnfrGpuState *state, Oid role)
{
	TnfrGpuSlot *found = NULL;
	int			free = 0;
	int			own = 0;

	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
	{
		TnfrGpuSlot *slot = &state->slot[i];

		if (slot->state == TNFR_SLOT_FREE)
		{
			found = slot;
			free++;
		}
		else if (slot->role == role)
			own++;
	}
	return own > 0 && free <= SLOTS_FOR_OTHERS ? NULL : found;
}

static void
fill_slot(TnfrGpuState *state, TnfrGpuSlot *slot, const TnfrGpuJob *job,
		  int device, const TnfrGpuShape *shape, const struct stat *file)
{
	memset(slot, 0, sizeof(*slot));
	slot->device = device;
	slot->pid = MyProcPid;
	slot->latch = MyLatch;
	slot->role = GetUserId();
	slot->database = MyDatabaseId;
	slot->ticket = ++state->tickets;
	slot->queued_at = GetCurrentTimestamp();
	slot->segment = (TnfrGpuSegment)
	{
		.fd = job->fd,.device = (uint64) file->st_dev,
			.inode = (uint64) file->st_ino
	};
	slot->shape = *shape;
	slot->state = TNFR_SLOT_QUEUED;
}

/* Waits for a latch, the time, or the postmaster's end. */
static void
rest(long ms)
{
	WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms,
			  tnfr_wait_event());
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Until when a session waits. */
static TimestampTz
patience(bool patient, int ms)
{
	return patient ? TNFR_BROKER_NEVER :
		GetCurrentTimestamp() + (int64) ms * 1000;
}

/* Takes a place in the queue. */
static bool
enqueue(TnfrGpuJob *job, int device, const TnfrGpuShape *shape, TimestampTz until)
{
	TnfrGpuState *state = tnfr_gpu_state();
	struct stat file;

	if (fstat(job->fd, &file) != 0)
		return refuse(job, TNFR_GPU_NO_SEGMENT, NULL);
	leave_slots_at_exit();
	for (;;)
	{
		LWLockAcquire(&state->lock, LW_EXCLUSIVE);
		job->slot = free_slot(state, GetUserId());
		if (job->slot != NULL)
		{
			fill_slot(state, job->slot, job, device, shape, &file);
			tnfr_gpu_wake_broker(state);
		}
		LWLockRelease(&state->lock);
		if (job->slot != NULL)
			return true;
		if (GetCurrentTimestamp() >= until)
			return refuse(job, TNFR_GPU_BUSY, NULL);
		rest(10);				/* nobody tells when one is free */
	}
}

/* A look at the slot. */
typedef struct Look
{
	TnfrGpuSlotState state;
	uint64		answered;
	bool		broker;
} Look;

static Look
look(TnfrGpuJob *job)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *slot = job->slot;
	Look		seen;

	LWLockAcquire(&state->lock, LW_SHARED);
	seen = (Look)
	{
		.state = slot->state,.answered = slot->answered,
			.broker = state->broker_pid != 0
	};
	if (slot->state == TNFR_SLOT_FAILED)
		refuse(job, slot->reason, slot->text);
	job->granted = slot->opened_at != 0;
	job->window = slot->window;
	job->resident = slot->resident;
	LWLockRelease(&state->lock);
	if (seen.state == TNFR_SLOT_FAILED)
		tnfr_job_drop(job);
	return seen;
}

/* Withdraws from the queue; false: too late, it has been let in. */
static bool
withdraw(TnfrGpuJob *job)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *slot = job->slot;
	bool		queued;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	queued = slot->state == TNFR_SLOT_QUEUED;
	if (queued)
		slot->state = TNFR_SLOT_FREE;
	LWLockRelease(&state->lock);
	if (queued)
		job->slot = NULL;
	return queued;
}

/*
 * Sees to it that a broker comes; a permanent one does by itself.  False: no
 * worker is to be had.  Slots for workers come and go with parallel queries,
 * and with a broker that has just left: the patient try for a while.
 */
static bool
broker_comes(TimestampTz alone, bool patient)
{
	if (alone >= BROKER_WAIT)
		return false;
	return tnfr_broker_permanent() || tnfr_broker_launch() ||
		(patient && alone < WORKER_WAIT);
}

/* Waits for its turn, and for the device to have the graph. */
static bool
wait_for_turn(TnfrGpuJob *job, TimestampTz until, bool patient)
{
	TimestampTz alone_since = 0;

	for (;;)
	{
		Look		seen = look(job);
		TimestampTz now = GetCurrentTimestamp();
		TimestampTz next;

		if (seen.state == TNFR_SLOT_FAILED || seen.state == TNFR_SLOT_OPEN)
			return seen.state == TNFR_SLOT_OPEN;
		if (seen.state == TNFR_SLOT_QUEUED && !seen.broker)
		{
			if (alone_since == 0)
				alone_since = now;
			if (!broker_comes(now - alone_since, patient) && withdraw(job))
				return refuse(job, TNFR_GPU_NO_WORKER, NULL);
		}
		if (seen.state == TNFR_SLOT_QUEUED && now >= until && withdraw(job))
			return refuse(job, seen.broker ? TNFR_GPU_BUSY :
						  TNFR_GPU_BROKER_GONE, NULL);
		next = now + LOOK_EVERY * 1000;
		if (until > now)
			next = Min(next, until);
		rest((long) ((next - now) / 1000) + 1);
	}
}

/*
 * For someone in no hurry the device starts if it has to; someone else starts
 * it for next time.  What keeps it down is known at once.
 */
static bool
device_is_ready(TnfrGpuJob *job, int device, bool patient)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuDevice *d = &state->device[device];
	bool		ready;
	bool		down;
	bool		broker;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	broker = state->broker_pid != 0;
	ready = d->phase == TNFR_GPU_READY && broker;
	down = tnfr_gpu_is_down(d, GetCurrentTimestamp());
	if (down)
		refuse(job, d->reason, d->text);
	else if (!ready && !patient)
	{
		d->wanted = true;
		tnfr_gpu_wake_broker(state);
	}
	LWLockRelease(&state->lock);
	if (ready || (patient && !down))
		return true;
	if (down)
		return false;
	if (!broker && !tnfr_broker_permanent() && !tnfr_broker_launch())
		return refuse(job, TNFR_GPU_NO_WORKER, NULL);
	return refuse(job, TNFR_GPU_STARTING, NULL);
}

bool
tnfr_job_open(TnfrGpuJob *job, TnfrCall *call, int device,
			  const TnfrGpuShape *shape, size_t segment_bytes, bool patient)
{
	const TimestampTz until = patience(patient, tnfr_gpu_queue_timeout);

	memset(job, 0, sizeof(*job));
	job->call = call;
	job->fd = -1;
	job->patient = patient;
	if (tnfr_gpu_missing() != NULL)
		return refuse(job, TNFR_GPU_NO_LIBRARY, tnfr_gpu_missing());
	if (!device_is_ready(job, device, patient))
		return false;
	job->cleanup.func = clean_up;
	job->cleanup.arg = job;
	MemoryContextRegisterResetCallback(call->context, &job->cleanup);
	if (!make_segment(job, segment_bytes))
		return false;
	if (enqueue(job, device, shape, until) &&
		wait_for_turn(job, until, patient))
		return true;
	tnfr_job_drop(job);
	return false;
}

/*
 * How long the impatient wait for an answer, in milliseconds: by then the
 * processor would have been done.
 */
static int
answer_patience(void)
{
	return Max(tnfr_gpu_queue_timeout, ANSWER_WAIT);
}

static bool
lose_patience(TnfrGpuJob *job)
{
	char		text[TNFR_GPU_TEXT];

	tnfr_job_drop(job);
	snprintf(text, sizeof(text), "the device did not answer for %d ms",
			 answer_patience());
	return refuse(job, TNFR_GPU_HUNG, text);
}

bool
tnfr_job_wait(TnfrGpuJob *job, uint64 number)
{
	const TimestampTz until = patience(job->patient, answer_patience());

	for (;;)
	{
		Look		seen;

		CHECK_FOR_INTERRUPTS();
		if (job->slot == NULL)
			return false;
		seen = look(job);
		if (seen.state == TNFR_SLOT_FAILED)
			return false;
		if (seen.answered >= number)
			return true;
		if (GetCurrentTimestamp() >= until)
			return lose_patience(job);
		rest(LOOK_EVERY);
	}
}

bool
tnfr_job_post(TnfrGpuJob *job, const TnfrGpuCommand *command, uint64 *number)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *slot = job->slot;

	if (job->posted >= TNFR_GPU_PIPELINE &&
		!tnfr_job_wait(job, job->posted + 1 - TNFR_GPU_PIPELINE))
		return false;
	if (slot == NULL)
		return false;
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	slot->command[job->posted % TNFR_GPU_PIPELINE] = *command;
	slot->posted = ++job->posted;
	tnfr_gpu_wake_broker(state);
	LWLockRelease(&state->lock);
	if (number != NULL)
		*number = job->posted;
	return true;
}

bool
tnfr_job_close(TnfrGpuJob *job, bool keep)
{
	const TnfrGpuCommand command = {.kind = TNFR_COMMAND_CLOSE,.what = keep};
	uint64		number;
	bool		closed = tnfr_job_post(job, &command, &number) &&
		tnfr_job_wait(job, number);

	tnfr_job_drop(job);
	return closed;
}
