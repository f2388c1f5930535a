/*
 * summer.h
 *	  Neighbour sums from elsewhere than this process's threads.
 *
 * A device, for instance, gives them in columns; tnfr_hand_on makes of these
 * what tnfr_sums would have handed on.
 */
#ifndef TNFR_SUMMER_H
#define TNFR_SUMMER_H

#include "core/sums.h"

/* Who sums in place of this process's threads. */
typedef struct TnfrSummer
{
	/*
	 * The sums of all rows of the graph, handed to sink as of tnfr_sums; T
	 * too, if topo.  TNFR_NOT_SUMMED when they cannot be had: it knows why,
	 * and the sink may have seen some rows by then.
	 */
	TnfrStatus	(*sum) (void *arg, TnfrEnv *env, const TnfrGraph *rows,
						const TnfrNodeState *state, bool topo,
						TnfrSumsSink sink, void *sink_arg);
	void	   *arg;
} TnfrSummer;

/* Sums of consecutive rows, item 0 that of the first. */
typedef struct TnfrSumColumns
{
	const double (*sums)[4];	/* E, F, Y, X */
	const double *strength;		/* NULL: the number of entries */
	const double *topo;			/* NULL: 0 */
} TnfrSumColumns;

/*
 * Hands the columns of rows first .. first + count of the graph to the sink,
 * in parallel.  Each item is read once, so others may write to the columns
 * meanwhile: it spoils values and nothing else.
 */
extern TnfrStatus tnfr_hand_on(TnfrEnv *env, const TnfrGraph *rows,
							   uint64_t first, uint64_t count,
							   const TnfrSumColumns *columns,
							   TnfrSumsSink sink, void *arg);

#endif							/* TNFR_SUMMER_H */
