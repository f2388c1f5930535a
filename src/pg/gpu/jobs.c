/*
 * jobs.c
 *	  Who has a device, and what it is told to do.
 *
 * One job has it at a time, so that all of its memory is there for that one
 * and for graphs that stay.  Roles take turns; within a role, first come first
 * served.  A session drives its job itself, by commands that are passed on as
 * they are; the program checks them.  What it leaves behind, by an error, a
 * cancel or its end, is cleared away here.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/gpu/broker.h"
#include "pg/settings.h"

#define MEGABYTE	((uint64) 1 << 20)
#define TELLING		MEGABYTE	/* bytes or entries at a time: of fewer, the time is
								 * that of a message */

static uint64
microseconds_since(TimestampTz then)
{
	TimestampTz now = GetCurrentTimestamp();

	return now > then ? (uint64) (now - then) : 0;
}

/* With the lock: what the job took, and that it is over. */
static void
count_end(TnfrGpuState *state, const TnfrGpuSlot *slot, uint64 *outcome)
{
	TnfrGpuCounters *c = tnfr_gpu_counters(state, slot->role);

	c->open_us += microseconds_since(slot->opened_at);
	++*outcome;
}

/* One that only waited is counted by its session. */
void
tnfr_slot_fail(TnfrGpuState *state, TnfrGpuSlot *slot, TnfrGpuReason reason,
			   const char *text)
{
	TnfrGpuCounters *c = tnfr_gpu_counters(state, slot->role);

	if (slot->state == TNFR_SLOT_ABANDONED)
	{
		count_end(state, slot, &c->cancelled);
		slot->state = TNFR_SLOT_FREE;
		return;
	}
	if (slot->state != TNFR_SLOT_QUEUED)
		count_end(state, slot, &c->failed);
	tnfr_gpu_note(c, reason, text);
	slot->reason = reason;
	tnfr_gpu_copy_text(slot->text, text);
	slot->state = TNFR_SLOT_FAILED;
	SetLatch(slot->latch);
}

void
tnfr_job_fail(TnfrBrokerDevice *d, TnfrGpuReason reason, const char *text)
{
	TnfrGpuState *state = tnfr_gpu_state();

	if (d->slot == NULL)
		return;
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	tnfr_slot_fail(state, d->slot, reason, text);
	LWLockRelease(&state->lock);
	d->slot = NULL;
}

void
tnfr_job_reset(TnfrBrokerDevice *d)
{
	d->busy = d->opening = d->open = d->closing = d->close_sent = false;
}

/* Tells the program that the job is over, as soon as it has begun. */
static void
close_job(TnfrBrokerDevice *d, bool keep)
{
	TnfrCommand command = {.graph = d->graph,.keep = keep};

	d->closing = true;
	if (d->opening || d->close_sent || !d->running)
		return;
	d->close_sent = true;
	if (d->open)
	{
		command.kind = TNFR_COMMAND_CLOSE;
		tnfr_child_send(d, &command, -1, 0);
	}
	command.kind = TNFR_COMMAND_DETACH;
	tnfr_child_send(d, &command, -1, 0);
	command.kind = TNFR_COMMAND_INFO;
	tnfr_child_send(d, &command, -1, 0);
}

TnfrGpuReason
tnfr_answer_reason(const TnfrAnswer *answer)
{
	switch (answer->error.kind)
	{
		case TNFR_DEVICE_ABSENT:
			return TNFR_GPU_NO_DEVICE;
		case TNFR_DEVICE_NO_MEMORY:
			return TNFR_GPU_NO_MEMORY;
		case TNFR_DEVICE_STICKY:
		case TNFR_DEVICE_LOST:
			return TNFR_GPU_LOST;
		default:
			return TNFR_GPU_ERROR;
	}
}

/* The device has the graph: the session can begin. */
static void
job_opened(TnfrBrokerDevice *d, const TnfrAnswer *answer)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *slot = d->slot;

	d->open = true;
	d->graph = answer->graph;
	d->active_at = d->answered_at;
	if (slot == NULL)
		return;
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	slot->window = answer->window;
	slot->resident = answer->resident;
	if (slot->state == TNFR_SLOT_OPENING)
		slot->state = TNFR_SLOT_OPEN;
	if (slot->resident)
		tnfr_gpu_counters(state, slot->role)->reused++;
	SetLatch(slot->latch);
	LWLockRelease(&state->lock);
}

/*
 * Does the time of a pass say what summing takes?  Where entries stream it is
 * that of their way.
 */
static bool
is_telling(const TnfrGpuSlot *slot)
{
	return slot->shape.entries >= TELLING &&
		slot->window >= slot->shape.entries;
}

/* With the lock: the time of a pass, by the device's clock. */
static void
count_pass(TnfrBrokerDevice *d, TnfrGpuCounters *c, uint64 ns)
{
	c->device_ns += ns;
	if (is_telling(d->slot))
		tnfr_gpu_measured(&d->shared->summed, d->slot->shape.entries, ns);
}

/* With the lock: what a command has moved or summed, and in what time. */
static void
count_command(TnfrBrokerDevice *d, TnfrGpuState *state,
			  const TnfrUnderWay *command, const TnfrAnswer *answer)
{
	TnfrGpuCounters *c = tnfr_gpu_counters(state, d->slot->role);
	const uint64 ns = microseconds_since(command->sent_at) * 1000;

	switch (command->kind)
	{
		case TNFR_COMMAND_LOAD:
			c->bytes_in += command->bytes;
			if (command->bytes >= TELLING)
				tnfr_gpu_measured(&d->shared->moved, command->bytes, ns);
			break;
		case TNFR_COMMAND_RUN:
			c->entries += d->slot->shape.entries;
			d->timed = false;
			break;
		case TNFR_COMMAND_FETCH:
			c->bytes_out += command->bytes;
			if (!d->timed)
				count_pass(d, c, answer->nanoseconds);
			d->timed = true;
			break;
		default:
			break;
	}
}

/* A command of the session has been carried out. */
static void
command_done(TnfrBrokerDevice *d, const TnfrUnderWay *command,
			 const TnfrAnswer *answer)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *slot = d->slot;

	if (slot == NULL)
		return;
	d->active_at = d->answered_at;	/* from now on it is the session's turn */
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	count_command(d, state, command, answer);
	slot->answered++;
	if (command->kind == TNFR_COMMAND_CLOSE)
	{
		count_end(state, slot, &tnfr_gpu_counters(state, slot->role)->done);
		slot->state = slot->state == TNFR_SLOT_ABANDONED ? TNFR_SLOT_FREE :
			TNFR_SLOT_CLOSED;
		d->slot = NULL;
		d->failures = 0;
	}
	SetLatch(slot->latch);
	LWLockRelease(&state->lock);
}

void
tnfr_job_answer(TnfrBrokerDevice *d, const TnfrUnderWay *command,
				const TnfrAnswer *answer)
{
	const bool	done = answer->status == TNFR_ANSWER_DONE;

	if (command->kind == TNFR_COMMAND_GRAPH)
		d->opening = false;
	if (command->kind == TNFR_COMMAND_DETACH)
	{
		tnfr_job_reset(d);
		return;
	}
	if (!done)
	{
		tnfr_job_fail(d, tnfr_answer_reason(answer), answer->error.text);
		d->closing = true;
	}
	else if (command->kind == TNFR_COMMAND_GRAPH)
		job_opened(d, answer);
	else if (command->kind != TNFR_COMMAND_ATTACH)
		command_done(d, command, answer);
	if (d->closing)
		close_job(d, false);
}

/*
 * The session's segment, by way of the system's table of its descriptors.  A
 * process that has come to have the session's number has no such file.
 */
static int
open_segment(int pid, const TnfrGpuSegment *segment)
{
	char		path[64];
	struct stat file;
	int			fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, segment->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &file) == 0 && (uint64) file.st_dev == segment->device &&
		(uint64) file.st_ino == segment->inode)
		return fd;
	close(fd);
	errno = ESTALE;
	return -1;
}

/* Gives the device to the session in d->slot. */
static void
open_job(TnfrBrokerDevice *d)
{
	const TnfrGpuSlot *slot = d->slot;	/* nobody changes what is read here */
	const TnfrGpuShape *shape = &slot->shape;
	TnfrCommand attach = {.kind = TNFR_COMMAND_ATTACH};
	TnfrCommand graph = {
		.kind = TNFR_COMMAND_GRAPH,.key = {shape->key[0], shape->key[1]},
		.n = shape->n,.entries = shape->entries,.weighted = shape->weighted,
		.budget = (uint64) tnfr_gpu_memory_limit * MEGABYTE
	};
	char		text[TNFR_GPU_TEXT];
	int			fd = open_segment(slot->pid, &slot->segment);

	if (fd < 0)
	{
		snprintf(text, sizeof(text), "could not open the segment of process %d: %m",
				 slot->pid);
		tnfr_job_fail(d, TNFR_GPU_NO_SEGMENT, text);
		return;
	}
	tnfr_job_reset(d);
	d->busy = d->opening = true;
	d->taken = 0;
	d->timed = true;
	d->active_at = GetCurrentTimestamp();
	tnfr_child_send(d, &attach, fd, 0);
	close(fd);
	tnfr_child_send(d, &graph, -1, 0);
}

/* With the lock: does any session wait for the device? */
static bool
is_queued_for(const TnfrGpuState *state, int device)
{
	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
		if (state->slot[i].state == TNFR_SLOT_QUEUED &&
			state->slot[i].device == device)
			return true;
	return false;
}

/* With the lock: whose turn it is. */
static TnfrGpuSlot *
next_in_queue(TnfrGpuState *state, int device)
{
	TnfrGpuSlot *next = NULL;
	uint64		next_turn = 0;

	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
	{
		TnfrGpuSlot *slot = &state->slot[i];
		uint64		turn;

		if (slot->state != TNFR_SLOT_QUEUED || slot->device != device)
			continue;
		turn = tnfr_gpu_counters(state, slot->role)->last_grant;
		if (next == NULL || turn < next_turn ||
			(turn == next_turn && slot->ticket < next->ticket))
		{
			next = slot;
			next_turn = turn;
		}
	}
	return next;
}

/* False: nobody waits. */
static bool
grant(TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();
	bool		granted;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	d->slot = next_in_queue(state, d->number);
	if (d->slot != NULL)
	{
		TnfrGpuCounters *c = tnfr_gpu_counters(state, d->slot->role);

		c->last_grant = ++state->grants;
		c->jobs++;
		c->queued_us += microseconds_since(d->slot->queued_at);
		d->slot->state = TNFR_SLOT_OPENING;
		d->slot->opened_at = GetCurrentTimestamp();
	}
	LWLockRelease(&state->lock);
	granted = d->slot != NULL;
	if (granted)
		open_job(d);
	return granted;
}

/* Nobody waits for a device that is down and stays so for a while. */
static void
refuse_all(TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *slot;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	while ((slot = next_in_queue(state, d->number)) != NULL)
		tnfr_slot_fail(state, slot, d->shared->reason, d->shared->text);
	d->shared->wanted = false;
	LWLockRelease(&state->lock);
}

static TnfrCommand
command_for_device(const TnfrBrokerDevice *d, const TnfrGpuCommand *c)
{
	return (TnfrCommand)
	{
		.kind = c->kind,.graph = d->graph,.column = c->what,.pass = c->what,
			.keep = c->what,.first = c->first,.count = c->count,
			.position = c->position,.weights = c->weights
	};
}

/* Passes on what the session has posted. */
static void
pass_on(TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();

	while (d->slot != NULL && d->open && !d->closing && d->running)
	{
		TnfrGpuSlot *slot = d->slot;
		TnfrGpuCommand c = {0};
		TnfrCommand command;
		TnfrGpuSlotState at;

		LWLockAcquire(&state->lock, LW_SHARED);
		at = slot->state;
		if (d->taken < slot->posted)
			c = slot->command[d->taken % TNFR_GPU_PIPELINE];
		LWLockRelease(&state->lock);
		if (at != TNFR_SLOT_OPEN || c.kind == 0)
			return;
		d->taken++;
		d->active_at = GetCurrentTimestamp();
		if (c.kind == TNFR_COMMAND_CLOSE)
		{
			close_job(d, c.what != 0);
			return;
		}
		command = command_for_device(d, &c);
		tnfr_child_send(d, &command, -1,
						c.count * tnfr_device_item(c.what, slot->shape.weighted));
	}
}

/* Has the session gone, or does it keep others waiting and do nothing? */
static void
look_after_session(TnfrBrokerDevice *d, TimestampTz now)
{
	TnfrGpuState *state = tnfr_gpu_state();
	bool		gone;
	bool		idle;

	if (d->slot == NULL)
		return;
	LWLockAcquire(&state->lock, LW_SHARED);
	gone = d->slot->state == TNFR_SLOT_ABANDONED;
	idle = d->slot->state == TNFR_SLOT_OPEN &&
		d->slot->answered == d->slot->posted &&
		now - d->active_at > (int64) tnfr_gpu_timeout * 1000 &&
		is_queued_for(state, d->number);
	LWLockRelease(&state->lock);
	if (gone || idle)
	{
		tnfr_job_fail(d, TNFR_GPU_HUNG,
					  "the session left the device idle while others waited");
		close_job(d, false);
	}
}

/* Does a session wait, or ask? */
static bool
is_wanted(const TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();
	bool		wanted;

	LWLockAcquire(&state->lock, LW_SHARED);
	wanted = d->shared->wanted || is_queued_for(state, d->number);
	LWLockRelease(&state->lock);
	return wanted;
}

/*
 * Someone asks how the device is.  While a job has it, that is what it was
 * before: nobody is to wait for the job's end to see that there is one.
 */
static void
ask_device(TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrCommand info = {.kind = TNFR_COMMAND_INFO};

	if (!d->shared->wanted)
		return;
	if (d->busy)
	{
		LWLockAcquire(&state->lock, LW_EXCLUSIVE);
		d->shared->wanted = false;
		LWLockRelease(&state->lock);
	}
	else if (d->client.sent == d->client.received)
		tnfr_child_send(d, &info, -1, 0);
}

void
tnfr_jobs_serve(TnfrBrokerDevice *d, TimestampTz now)
{
	look_after_session(d, now);
	if (is_wanted(d))
		tnfr_child_start(d, now);
	if (tnfr_gpu_is_down(d->shared, now))
		refuse_all(d);
	if (d->shared->phase == TNFR_GPU_READY && d->running)
	{
		while (!d->busy && grant(d))
			;					/* a job that could not be opened is over */
		if (d->slot != NULL)
			pass_on(d);
		ask_device(d);
	}
}

TimestampTz
tnfr_jobs_next_look(const TnfrBrokerDevice *d)
{
	if (d->slot == NULL)
		return TNFR_BROKER_NEVER;
	return GetCurrentTimestamp() + (int64) tnfr_gpu_timeout * 1000;
}
