/*
 * shard_summary.h
 *	  What is known of every partition: size, cut, mean frequency, coherence.
 */
#ifndef TNFR_SHARD_SUMMARY_H
#define TNFR_SHARD_SUMMARY_H

#include "core/nodes.h"
#include "core/shards.h"

typedef struct TnfrShardSummary
{
	uint64_t	rows;
	uint64_t	entries;
	uint64_t	cut;			/* entries that lead to other partitions */
	double		mean_vf;		/* NaN of no rows */

	/*
	 * Mean over the pairs of rows (a, b) of 0.6 / (1 + |f_a - f_b|) + 0.4
	 * cos(phase_a - phase_b), in [-0.4, 1]; NaN of less than two rows.
	 */
	double		coherence;
} TnfrShardSummary;

/*
 * summary[partitions].  The frequencies take time by the square of the size of
 * a partition, about a second of one thread for one of 40,000 rows.
 */
extern TnfrStatus tnfr_shard_summaries(TnfrEnv *env, const TnfrShards *shards,
									   const TnfrNodes *nodes,
									   TnfrShardSummary *summary);

#endif							/* TNFR_SHARD_SUMMARY_H */
