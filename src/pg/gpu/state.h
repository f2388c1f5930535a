/*
 * state.h
 *	  What sessions and the GPU broker share: requests, devices, counters.
 *
 * Some 40 kB of the server's shared memory, made when first used; no dynamic
 * shared memory at all.  Data do not pass through it: a session lends the
 * device program a segment of its own, a memfd (job.h).
 *
 * One lock guards everything.  It is held for a few assignments, and while
 * latches are set.  A slot goes through these states; who may change them:
 *
 *		FREE		any session may take it
 *		QUEUED		its session: FREE, if it no longer wants to wait; the broker
 *		OPENING		the broker is at it: OPEN, FAILED
 *		OPEN		commands are posted and answered; the broker: FAILED, CLOSED
 *		FAILED		its session has read why: FREE
 *		CLOSED		its session: FREE
 *		ABANDONED	its session has gone, from OPENING or OPEN; the broker: FREE
 *
 * Latches wake the other side after each change.
 */
#ifndef TNFR_PG_GPU_STATE_H
#define TNFR_PG_GPU_STATE_H

#include "postgres.h"

#include <sys/types.h>

#include "device/protocol.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "utils/timestamp.h"

#define TNFR_GPU_LAYOUT		1	/* changes with the meaning of what follows */
#define TNFR_GPU_SLOTS		24
#define TNFR_GPU_DEVICES	8
#define TNFR_GPU_ROLES		16	/* with counters of their own */
#define TNFR_GPU_PIPELINE	8	/* commands posted and not answered */
#define TNFR_GPU_TEXT		sizeof(((TnfrDeviceError *) 0)->text)
#define TNFR_GPU_PAUSE		60	/* seconds, the longest before another try */

/* Why a device did not compute.  The names are in state.c. */
typedef enum TnfrGpuReason
{
	TNFR_GPU_NONE,
	TNFR_GPU_SLOWER,			/* than the processor, by plan */
	TNFR_GPU_NO_LIBRARY,		/* none is installed */
	TNFR_GPU_NO_DEVICE,			/* no driver, no such device */
	TNFR_GPU_STARTING,			/* not ready yet; auto does not wait */
	TNFR_GPU_NO_WORKER,			/* no slot for a background worker */
	TNFR_GPU_BUSY,				/* others have it */
	TNFR_GPU_NO_MEMORY,			/* not enough on the device */
	TNFR_GPU_NO_SEGMENT,		/* nor for the segment */
	TNFR_GPU_ERROR,				/* the device refused something */
	TNFR_GPU_LOST,				/* device or program ended */
	TNFR_GPU_HUNG,				/* they did not answer */
	TNFR_GPU_BROKER_GONE,
	TNFR_GPU_REASONS
} TnfrGpuReason;

typedef enum TnfrGpuSlotState
{
	TNFR_SLOT_FREE,
	TNFR_SLOT_QUEUED,
	TNFR_SLOT_OPENING,
	TNFR_SLOT_OPEN,
	TNFR_SLOT_FAILED,
	TNFR_SLOT_CLOSED,
	TNFR_SLOT_ABANDONED
} TnfrGpuSlotState;

/* LOAD, RUN, FETCH or CLOSE of device/protocol.h; all data are in segment 0. */
typedef struct TnfrGpuCommand
{
	uint32		kind;
	uint32		what;			/* column, pass or keep */
	uint64		first;
	uint64		count;
	uint64		position;
	uint64		weights;
} TnfrGpuCommand;

/* The graph of a job. */
typedef struct TnfrGpuShape
{
	uint64		key[2];			/* of its content; 0, 0: it is not kept */
	uint64		n;
	uint64		entries;
	bool		weighted;
} TnfrGpuShape;

/* The session's memfd, and how to know that it still is. */
typedef struct TnfrGpuSegment
{
	int			fd;				/* of process slot->pid */
	uint64		device;
	uint64		inode;
} TnfrGpuSegment;

typedef struct TnfrGpuSlot
{
	TnfrGpuSlotState state;
	int			device;
	int			pid;			/* of the session */
	Latch	   *latch;
	Oid			role;
	Oid			database;
	uint64		ticket;			/* ascending as sessions queue */
	TimestampTz queued_at;
	TimestampTz opened_at;
	TnfrGpuSegment segment;
	TnfrGpuShape shape;

	/* told by the device when the job is OPEN */
	uint64		window;
	bool		resident;

	/* commands[number % TNFR_GPU_PIPELINE], numbers from 0 */
	uint64		posted;
	uint64		answered;
	TnfrGpuCommand command[TNFR_GPU_PIPELINE];

	/* why it is FAILED */
	TnfrGpuReason reason;
	char		text[TNFR_GPU_TEXT];
} TnfrGpuSlot;

typedef enum TnfrGpuPhase
{
	TNFR_GPU_OFF,				/* its program does not run */
	TNFR_GPU_STARTS,
	TNFR_GPU_READY,
	TNFR_GPU_DOWN				/* it failed: reason, text, retry_at */
} TnfrGpuPhase;

/* How long things take: recent ones count more. */
typedef struct TnfrGpuRate
{
	double		count;
	double		ns;
} TnfrGpuRate;

typedef struct TnfrGpuDevice
{
	TnfrGpuPhase phase;
	bool		wanted;			/* somebody asks how it is */
	int			pid;			/* of its program; 0: none */
	TnfrGpuReason reason;
	char		text[TNFR_GPU_TEXT];
	TimestampTz retry_at;		/* not tried again before */
	uint64		starts;
	TnfrDeviceInfo info;
	uint32		graphs;			/* that are on it, and their bytes */
	uint64		graph_bytes;

	/* what jobs took, for plans */
	TnfrGpuRate moved;			/* of bytes to the device */
	TnfrGpuRate summed;			/* of entries */
} TnfrGpuDevice;

/* Of a role; the last is of all that found no place of their own. */
typedef struct TnfrGpuCounters
{
	bool		used;
	Oid			role;
	uint64		last_grant;		/* number among all grants */
	uint64		jobs;			/* that got the device */
	uint64		done;
	uint64		failed;
	uint64		cancelled;
	uint64		refused;		/* calls with cuda that did not get it */
	uint64		reused;			/* of the jobs, found their graph on the device */
	uint64		entries;		/* summed, over all passes */
	uint64		bytes_in;		/* to the device */
	uint64		bytes_out;
	uint64		queued_us;
	uint64		open_us;
	uint64		device_ns;		/* of passes, by the device's clock */
	uint64		fallbacks[TNFR_GPU_REASONS];
	TnfrGpuReason last_reason;	/* of a failure or fallback */
	TimestampTz last_at;
	char		last_text[TNFR_GPU_TEXT];
} TnfrGpuCounters;

typedef struct TnfrGpuState
{
	LWLock		lock;
	int			tranche;
	uint64		secret[4];		/* of the keys of graphs; never changes */
	int			broker_pid;		/* 0: none serves */
	Latch	   *broker;
	TimestampTz launched_at;	/* a broker that has not begun; 0: none */
	uint64		tickets;
	uint64		grants;
	TnfrGpuSlot slot[TNFR_GPU_SLOTS];
	TnfrGpuDevice device[TNFR_GPU_DEVICES];
	TnfrGpuCounters counters[TNFR_GPU_ROLES + 1];
} TnfrGpuState;

/* Is the device not even to be tried now? */
static inline bool
tnfr_gpu_is_down(const TnfrGpuDevice *d, TimestampTz now)
{
	return d->phase == TNFR_GPU_DOWN && now < d->retry_at &&
		d->retry_at - now <= TNFR_GPU_PAUSE * USECS_PER_SEC;	/* clocks are set */
}

/* Has the postmaster set the memory aside, when the library is preloaded. */
extern void tnfr_gpu_request_memory(void);

/* The state; made by the first who asks.  Error 53200 if memory is short. */
extern TnfrGpuState *tnfr_gpu_state(void);

/* The same without the error: is there a state? */
extern bool tnfr_gpu_has_state(void);

/* A reason in a word, as counters show it; and why, in a sentence's part. */
extern const char *tnfr_gpu_reason_name(TnfrGpuReason reason);
extern const char *tnfr_gpu_reason_text(TnfrGpuReason reason);

/*
 * Copies a text that came from outside: of what is no plain ASCII nobody knows
 * the encoding, and sessions have others.
 */
extern void tnfr_gpu_copy_text(char to[TNFR_GPU_TEXT], const char *from);

/* All below: with the lock. */

/* The counters of a role. */
extern TnfrGpuCounters *tnfr_gpu_counters(TnfrGpuState *state, Oid role);

/* Notes why one failed, was refused or fell back. */
extern void tnfr_gpu_note(TnfrGpuCounters *counters, TnfrGpuReason reason,
						  const char *text);

/* What was measured counts less by a share. */
extern void tnfr_gpu_fade(TnfrGpuRate *rate, double share);

/* So many things have taken so long. */
extern void tnfr_gpu_measured(TnfrGpuRate *rate, uint64 count, uint64 ns);

/* Wakes the broker, if there is one. */
extern void tnfr_gpu_wake_broker(TnfrGpuState *state);

#endif							/* TNFR_PG_GPU_STATE_H */
