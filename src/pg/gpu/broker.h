/*
 * broker.h
 *	  The GPU broker: a background worker between sessions and devices.
 *
 * It loads no driver.  For each device that is asked for it runs a program,
 * tnfr_pg_device (device/client.h), passes it the commands of one session after
 * the other, and passes on what it answers.  It never waits for one of them:
 * only for all events together, so that it is there for the server's barriers.
 *
 *		broker.c	the worker: starts, waits, ends
 *		child.c		the program of a device: starts, answers, goes, comes again
 *		jobs.c		who has the device, and what it is told to do
 */
#ifndef TNFR_PG_GPU_BROKER_H
#define TNFR_PG_GPU_BROKER_H

#include "postgres.h"

#include "device/client.h"
#include "pg/gpu/state.h"

#define TNFR_BROKER_UNDER_WAY	(TNFR_GPU_PIPELINE + 8)
#define TNFR_BROKER_NEVER		PG_INT64_MAX

/* A command that has no answer yet. */
typedef struct TnfrUnderWay
{
	uint32		kind;			/* TnfrCommandKind */
	uint64		bytes;			/* that it moves */
	TimestampTz sent_at;
} TnfrUnderWay;

/* What the broker alone knows of a device. */
typedef struct TnfrBrokerDevice
{
	int			number;
	TnfrGpuDevice *shared;

	/* the program */
	TnfrDeviceClient client;
	bool		running;
	bool		reaping;		/* it has gone; its status is not known yet */
	TimestampTz give_up_at;		/* of reaping */
	TimestampTz deadline;		/* of the next answer */
	TimestampTz answered_at;
	char	   *library;		/* that it was started with */
	char	   *options;
	uint32		failures;		/* since the last job that went well */
	char		logged[TNFR_GPU_TEXT];	/* why it is down; "": it is not */
	TnfrUnderWay under_way[TNFR_BROKER_UNDER_WAY];	/* by number */

	/* the job */
	TnfrGpuSlot *slot;			/* whose it is; NULL: nobody's any more */
	bool		busy;			/* the program has not done with it */
	bool		opening;		/* GRAPH is under way */
	bool		open;			/* the program has its graph */
	bool		closing;		/* it is to end */
	bool		close_sent;
	uint32		graph;
	uint64		taken;			/* commands of the session passed on */
	bool		timed;			/* the time of the last pass has been counted */
	TimestampTz active_at;		/* when the session last did something, or could
								 * have */
} TnfrBrokerDevice;

/* A slot whose job is over for its session, with the lock: it is counted. */
extern void tnfr_slot_fail(TnfrGpuState *state, TnfrGpuSlot *slot,
						   TnfrGpuReason reason, const char *text);

/* Registers the permanent broker, while the library is preloaded. */
extern void tnfr_broker_register(void);

/* Is it? */
extern bool tnfr_broker_permanent(void);

/*
 * Starts a broker, unless there is one or someone has just started one; false:
 * there is no slot for a worker.
 */
extern bool tnfr_broker_launch(void);

/* The paths of the program and the library; static text. */
extern const char *tnfr_gpu_program(void);
extern const char *tnfr_gpu_library_path(void);

/* Why they cannot be used, static text; NULL: they are there. */
extern const char *tnfr_gpu_missing(void);

/* child.c */

/* Sends a command; the program's end is noticed later. */
extern void tnfr_child_send(TnfrBrokerDevice *d, TnfrCommand *command, int fd,
							uint64 bytes);

/* Starts the program, unless it runs or it is too early after a failure. */
extern void tnfr_child_start(TnfrBrokerDevice *d, TimestampTz now);

/* Takes answers, and looks whether it lives and whether it should. */
extern void tnfr_child_look(TnfrBrokerDevice *d, TimestampTz now);

/* When it has to be looked at again, if nothing happens. */
extern TimestampTz tnfr_child_next_look(const TnfrBrokerDevice *d);

/* Ends it, if the settings it was started with are no longer those. */
extern void tnfr_child_reconfigure(TnfrBrokerDevice *d);

/* jobs.c */

/* What went wrong, of an answer that is an error. */
extern TnfrGpuReason tnfr_answer_reason(const TnfrAnswer *answer);

/* The answer to a command of a job. */
extern void tnfr_job_answer(TnfrBrokerDevice *d, const TnfrUnderWay *command,
							const TnfrAnswer *answer);

/* Ends the job for its session. */
extern void tnfr_job_fail(TnfrBrokerDevice *d, TnfrGpuReason reason,
						  const char *text);

/* The program has gone, and everything in it. */
extern void tnfr_job_reset(TnfrBrokerDevice *d);

/* Does all there is to do now for sessions that use or want the device. */
extern void tnfr_jobs_serve(TnfrBrokerDevice *d, TimestampTz now);

/* When a session that does nothing has to make way. */
extern TimestampTz tnfr_jobs_next_look(const TnfrBrokerDevice *d);

#endif							/* TNFR_PG_GPU_BROKER_H */
