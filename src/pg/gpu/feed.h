/*
 * feed.h
 *	  Sums over a graph by a job: what goes to the device, and what comes back.
 */
#ifndef TNFR_PG_GPU_FEED_H
#define TNFR_PG_GPU_FEED_H

#include "postgres.h"

#include "core/summer.h"
#include "pg/gpu/job.h"

typedef struct TnfrFeed
{
	TnfrGpuJob *job;
	size_t		half;			/* of the segment: one is filled while the other
								 * is read */
	uint64		turns;
	uint64		used[2];		/* by the command of that number */
} TnfrFeed;

/* A segment that fits a graph: no larger than it takes, and not by much less. */
extern size_t tnfr_feed_segment(const TnfrGraph *graph);

/* Begins with an open job. */
extern void tnfr_feed_begin(TnfrFeed *feed, TnfrGpuJob *job);

/* The sum of a TnfrSummer, whose argument is the feed; ends the job. */
extern TnfrStatus tnfr_feed_sum(void *arg, TnfrEnv *env, const TnfrGraph *rows,
								const TnfrNodeState *state, bool topo,
								TnfrSumsSink sink, void *sink_arg);

#endif							/* TNFR_PG_GPU_FEED_H */
