/*
 * plan.c
 *	  Times by hand for a few networks; more work never takes less time, more
 *	  threads help our side, and a stored graph the device.
 */
#include "core/plan.h"
#include "unit.h"

static const TnfrDeviceRates rates = {.ns_per_byte = 0.5,.ns_per_entry = 0.1,.latency_ns = 1000.0};

static bool
near(double a, double b)
{
	return fabs(a - b) <= 1e-12 * b;
}

static bool
is(TnfrPlanWork work, double cpu, double device)
{
	TnfrPlan	plan = tnfr_plan(&work, &rates);

	return near(plan.cpu_ns, cpu) && near(plan.device_ns, device);
}

static void
check_values(void)
{
	/* 100 states fit a quarter of the cache exactly, 200 by half */
	ok(is((TnfrPlanWork) {.n = 100,.entries = 1000,.threads = 1,.cache = 12800},
		  1000 * 1.5 + 100 * 5,
		  1000 + 0.5 * (100 * 8 + 1000 * 4 + 100 * 64) + 0.1 * 1000),
	   "states in cache");
	ok(is((TnfrPlanWork) {.n = 200,.entries = 1000,.threads = 3,.cache = 12800,.weighted = true},
		  (1000 * 4.5 + 200 * 5) / 2.8,
		  1000 + 0.5 * (200 * 8 + 1000 * 12 + 200 * 72) + 0.1 * 1000),
	   "half of the states in cache, weights, threads");
	ok(is((TnfrPlanWork) {.n = 200,.entries = 1000,.threads = 1,.weighted = true,.topo = true,.stored = true},
		  2 * (1000 * 7.0 + 200 * 5),
		  1000 + 0.5 * ((200 * 8 + 1000 * 12) / 4.0 + 200 * 80) + 2 * 0.1 * 1000),
	   "no cache, topo, stored");
	ok(is((TnfrPlanWork) {.n = 100,.entries = 1000,.threads = 3,.cache = 12800,.stored = true,.coded = true},
		  (1000 * (1.5 + 2.5) + 100 * 5) / 2.8,
		  1000 + 1000 * 2.5 / 4 / 2.8 + 0.5 * ((100 * 8 + 1000 * 4) / 4.0 + 100 * 64) + 0.1 * 1000),
	   "coded entries, decoded by both");
	ok(is((TnfrPlanWork) {.threads = 1}, 0.0, 1000.0), "nothing to do");
}

/* Does the plan of b take longer, where it should, and no less otherwise? */
static bool
longer(TnfrPlanWork a, TnfrPlanWork b, bool cpu, bool device)
{
	TnfrPlan	pa = tnfr_plan(&a, &rates);
	TnfrPlan	pb = tnfr_plan(&b, &rates);

	return isfinite(pb.cpu_ns) && isfinite(pb.device_ns) &&
		(cpu ? pb.cpu_ns > pa.cpu_ns : pb.cpu_ns == pa.cpu_ns) &&
		(device ? pb.device_ns > pa.device_ns : pb.device_ns == pa.device_ns);
}

static TnfrPlanWork
random_work(UnitRandom *r)
{
	return (TnfrPlanWork)
	{
		.n = 1 + (unit_random(r) >> (32 + unit_random(r) % 32)),
			.entries = 1 + (unit_random(r) >> (20 + unit_random(r) % 44)),
			.weighted = unit_random(r) % 2,.topo = unit_random(r) % 2,
			.stored = unit_random(r) % 2,
			.threads = 1 + (int) (unit_random(r) % 16),
			.cache = UINT64_C(4096) << unit_random(r) % 16
	};
}

static void
check_monotonic(void)
{
	UnitRandom	r = {12345};
	bool		good[7] = {true, true, true, true, true, true, true};

	for (int k = 0; k < 20000; k++)
	{
		const TnfrPlanWork w = random_work(&r);
		TnfrPlanWork v = w;

		v.n += 1 + v.n / 100;
		good[0] = good[0] && longer(w, v, true, true);
		v = w;
		v.entries += 1 + v.entries / 100;
		good[1] = good[1] && longer(w, v, true, true);
		v = w;
		v.threads++;
		good[2] = good[2] && longer(v, w, true, false);
		v = w;
		v.weighted = !v.weighted;
		good[3] = good[3] && (v.weighted ? longer(w, v, true, true) :
							  longer(v, w, true, true));
		v.weighted = w.weighted;
		v.topo = !v.topo;
		good[4] = good[4] && (v.topo ? longer(w, v, true, true) :
							  longer(v, w, true, true));
		v.topo = w.topo;
		v.stored = !v.stored;
		good[5] = good[5] && (v.stored ? longer(v, w, false, true) :
							  longer(w, v, false, true));
		v = w;
		v.cache *= 2;
		if (w.entries >= w.n)	/* else it may be lost among the rows */
			good[6] = good[6] && longer(v, w, w.n * 32 * 4 > w.cache, false);
	}
	ok(good[0], "more nodes take longer");
	ok(good[1], "more entries take longer");
	ok(good[2], "more threads help our side");
	ok(good[3], "weights take longer");
	ok(good[4], "topo takes longer");
	ok(good[5], "a stored graph helps the device");
	ok(good[6], "more cache helps our side, where it is short");
}

static void
check_extremes(void)
{
	const TnfrPlanWork most = {
		.n = UINT64_MAX,.entries = UINT64_MAX,.weighted = true,.topo = true,
		.threads = 1
	};
	const TnfrDeviceRates guess = TNFR_DEVICE_RATES_GUESS;
	TnfrPlan	one = tnfr_plan(&(TnfrPlanWork) {.n = 100,.entries = 1000,.threads = 1}, &rates);
	TnfrPlan	none = tnfr_plan(&(TnfrPlanWork) {.n = 100,.entries = 1000,.threads = 0}, &rates);
	TnfrPlan	plan = tnfr_plan(&most, &guess);

	ok(one.cpu_ns == none.cpu_ns, "there is one thread at least");
	ok(isfinite(plan.cpu_ns) && isfinite(plan.device_ns), "all there could be");
	plan = tnfr_plan(&(TnfrPlanWork) {.n = 10000000,.entries = 320000000,.threads = 1}, &guess);
	ok(plan.device_ns < plan.cpu_ns, "a device for a large network");
	plan = tnfr_plan(&(TnfrPlanWork) {.n = 1000,.entries = 10000,.threads = 1}, &guess);
	ok(plan.cpu_ns < plan.device_ns, "no device for a little network");
}

int
main(void)
{
	check_values();
	check_monotonic();
	check_extremes();
	return done_testing();
}
