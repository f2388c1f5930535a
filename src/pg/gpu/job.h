/*
 * job.h
 *	  A session's job on a device: from the queue to the end.
 *
 * Data go through a segment of the session's own, a memfd of a few MB that the
 * device program reads and writes: it is no file anywhere, needs no /dev/shm,
 * and is gone when the session has closed it.
 *
 * Functions that can fail for reasons of the device return false; then
 * job->reason and job->text say why, and the job is over.  Cancel, timeouts
 * and other interrupts are served while they wait.  Whatever ends the call
 * ends the job.
 */
#ifndef TNFR_PG_GPU_JOB_H
#define TNFR_PG_GPU_JOB_H

#include "postgres.h"

#include "pg/call.h"
#include "pg/gpu/state.h"

typedef struct TnfrGpuJob
{
	TnfrCall   *call;
	TnfrGpuSlot *slot;			/* NULL: none */
	MemoryContextCallback cleanup;
	char	   *segment;		/* mapped; NULL: none */
	size_t		bytes;
	int			fd;
	bool		patient;		/* else the processor computes instead */
	uint64		posted;			/* commands */

	bool		granted;		/* it has had the device: the broker counts it */

	/* of the open job */
	uint64		window;			/* entries at a time; all: loaded once */
	bool		resident;		/* the entries are there */

	TnfrGpuReason reason;
	char		text[TNFR_GPU_TEXT];
} TnfrGpuJob;

/*
 * Queues and waits until the device has the graph.  patient: however long it
 * takes, for the device to start too; else for no start, for the turn no longer
 * than tnfr.gpu_queue_timeout, and for an answer so long, but at least a second.  The job lives as long as the call's memory.
 */
extern bool tnfr_job_open(TnfrGpuJob *job, TnfrCall *call, int device,
						  const TnfrGpuShape *shape, size_t segment_bytes,
						  bool patient);

/* Posts a command, when there is room; its number, from 1, goes to *number. */
extern bool tnfr_job_post(TnfrGpuJob *job, const TnfrGpuCommand *command,
						  uint64 *number);

/* Waits until so many commands have been carried out. */
extern bool tnfr_job_wait(TnfrGpuJob *job, uint64 number);

/* Ends it; keep: the graph may stay on the device. */
extern bool tnfr_job_close(TnfrGpuJob *job, bool keep);

/* Gives up whatever there is of it. */
extern void tnfr_job_drop(TnfrGpuJob *job);

#endif							/* TNFR_PG_GPU_JOB_H */
