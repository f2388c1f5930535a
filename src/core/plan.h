/*
 * plan.h
 *	  How long the neighbour sums take: our threads, or a device.
 *
 * A model of few terms, all of them proportional to nodes, entries or bytes:
 *
 *		cpu = passes (entries * entry + n * row) / (1 + 0.9 (threads - 1))
 *		device = latency + bytes * ns_per_byte + passes * entries * ns_per_entry
 *
 * passes is 2 with topo, which needs the strengths of all nodes first, else 1.
 * An entry costs more when its neighbour's state has to come from memory: of
 * the states (32 bytes a node) so large a part is taken to be in cache as
 * would fit there, were they gathered at random.  Entries that are coded have
 * to be decoded in every pass; for a device only when they are sent.
 *
 * Bytes go to the device and back: per row 8 for the offset and 4, with weights
 * 12, per entry; 32 of state per row there, 32 of sums back, 8 for strengths if
 * weighted and 8 for topo.  Offsets and entries that may be there already, or
 * will be of use again, count for one call of TNFR_PLAN_REUSES.
 *
 * Left out is what both have to do, the formulas above all.
 */
#ifndef TNFR_PLAN_H
#define TNFR_PLAN_H

#include "core/base.h"

#define TNFR_PLAN_REUSES	4

typedef struct TnfrPlanWork
{
	uint64_t	n;
	uint64_t	entries;
	bool		weighted;
	bool		topo;
	bool		stored;			/* the entries may be there already, or will be
								 * of use again */
	bool		coded;			/* the entries are bytes (core/coded.h) */
	int			threads;
	uint64_t	cache;			/* bytes, as tnfr_last_cache says; 0: none */
} TnfrPlanWork;

typedef struct TnfrDeviceRates
{
	double		ns_per_byte;	/* to and from the device */
	double		ns_per_entry;	/* of a pass */
	double		latency_ns;		/* of a job */
} TnfrDeviceRates;

/*
 * Guesses until jobs have been measured: 4 GB/s through shared memory and the
 * bus, 50 entries a nanosecond.  The latency is that of a job of 100 nodes on a
 * device that tests use: 1.0 to 2.0 ms on two busy cores.
 */
#define TNFR_DEVICE_RATES_GUESS \
	((TnfrDeviceRates) {.ns_per_byte = 0.25, .ns_per_entry = 0.02, \
						.latency_ns = 1e6})

typedef struct TnfrPlan
{
	double		cpu_ns;
	double		device_ns;
} TnfrPlan;

extern TnfrPlan tnfr_plan(const TnfrPlanWork *work,
						  const TnfrDeviceRates *rates);

#endif							/* TNFR_PLAN_H */
