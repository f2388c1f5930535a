/*
 * schedule.h
 *	  Distribution of partitions over workers.
 *
 * Partitions in ascending order of their mean frequency are cut into blocks,
 * one a worker, such that the largest has as few entries as possible (rows,
 * when there are no entries).
 */
#ifndef TNFR_SCHEDULE_H
#define TNFR_SCHEDULE_H

#include "core/shard_summary.h"

typedef struct TnfrSchedule
{
	bool		by_rows;		/* load is rows: there are no entries */
	uint64_t	largest;		/* load of a worker */
	double		imbalance;		/* the largest over the mean; 1 of no load */
} TnfrSchedule;

/*
 * worker[partitions] becomes numbers below workers, which is at least 1; each
 * has a partition if there are enough.  Partitions of equal mean frequency are
 * taken by their number, those without rows at the end.
 */
extern TnfrStatus tnfr_schedule(TnfrEnv *env, const TnfrShardSummary *summary,
								uint32_t partitions, uint32_t workers,
								uint32_t *worker, TnfrSchedule *schedule);

#endif							/* TNFR_SCHEDULE_H */
