/*
 * plan.c
 *	  The times of a plan.
 *
 * The constants are medians of what tnfr_sums took on two cores of an AMD EPYC
 * with AVX2 (a virtual machine, 32 MiB of last cache shared with others), one
 * thread, best of three: R-MAT networks of 2^14 to 2^22 nodes with 32 entries
 * a node, and uniform ones of 10^3 to 10^6 nodes.  Unweighted entries took 0.9
 * to 2.0 ns while the states had up to 6 MB, and 5.6 to 8.4 ns from 32 MB on.
 * Weights took 0.1 to 1.4 ns more, rows without entries 5 ns, passes with topo
 * 1.9 to 2.3 times as long in all.  Decoding an entry took 2.0 to 3.2 ns.  Two
 * threads were 1.6 to 2 times as fast; of more, nothing is known.
 */
#include "core/plan.h"

#define IN_CACHE_NS		1.5		/* of an entry whose neighbour is in cache */
#define GATHERED_NS		6.5		/* of one that is not */
#define WEIGHT_NS		0.5
#define DECODE_NS		2.5		/* of an entry that is coded */
#define ROW_NS			5.0
#define CACHE_SHARE		0.25	/* what the states have of the last cache: others
								 * are there, and entries pass through it */
#define THREAD_GAIN		0.9		/* of every thread but the first */

#define STATE_BYTES		32.0
#define SUMS_BYTES		32.0
#define OFFSET_BYTES	8.0
#define NEIGHBOUR_BYTES 4.0
#define DOUBLE_BYTES	8.0		/* a weight, a strength, topo */

static double
passes_of(const TnfrPlanWork *work)
{
	return work->topo ? 2.0 : 1.0;
}

/* The part of the neighbours whose state is in cache. */
static double
cached_part(const TnfrPlanWork *work)
{
	const double cache = CACHE_SHARE * (double) work->cache;
	const double states = STATE_BYTES * (double) work->n;

	return states > cache ? cache / states : 1.0;
}

/* What threads share among them. */
static double
shared(const TnfrPlanWork *work, double ns)
{
	return work->threads > 1 ? ns / (1.0 + THREAD_GAIN * (work->threads - 1)) : ns;
}

static double
decode_ns(const TnfrPlanWork *work)
{
	return work->coded ? (double) work->entries * DECODE_NS : 0.0;
}

static double
cpu_ns(const TnfrPlanWork *work)
{
	const double cached = cached_part(work);
	const double entry = cached * IN_CACHE_NS + (1.0 - cached) * GATHERED_NS +
		(work->weighted ? WEIGHT_NS : 0.0);

	return shared(work, passes_of(work) * ((double) work->entries * entry +
										   (double) work->n * ROW_NS +
										   decode_ns(work)));
}

static double
reuses(const TnfrPlanWork *work)
{
	return work->stored ? TNFR_PLAN_REUSES : 1;
}

static double
device_bytes(const TnfrPlanWork *work)
{
	const double entry = NEIGHBOUR_BYTES + (work->weighted ? DOUBLE_BYTES : 0.0);
	const double graph = (double) work->n * OFFSET_BYTES +
		(double) work->entries * entry;
	const double row = STATE_BYTES + SUMS_BYTES +
		(work->weighted ? DOUBLE_BYTES : 0.0) + (work->topo ? DOUBLE_BYTES : 0.0);

	return graph / reuses(work) +
		(double) work->n * row;
}

TnfrPlan
tnfr_plan(const TnfrPlanWork *work, const TnfrDeviceRates *rates)
{
	return (TnfrPlan)
	{
		.cpu_ns = cpu_ns(work),
			.device_ns = rates->latency_ns +
			shared(work, decode_ns(work) / reuses(work)) +
			device_bytes(work) * rates->ns_per_byte +
			passes_of(work) * (double) work->entries * rates->ns_per_entry
	};
}
