/*
 * executors.c
 *	  The same bits from every executor and every order of the edges; every
 *	  refused allocation and every interrupt gives back all memory.
 */
#include "core/parallel.h"
#include "network.h"

static const TnfrFormWeights all_weights = {0.2, 0.3, 0.3, 0.4, 0.1};

static void
check_bits(Shape shape, TnfrForm form, const char *name)
{
	const uint64_t n = 2000;
	Network		w = make_network(n, 150000, shape, false, true, 4, 7);
	double	   *expected = malloc(n * sizeof(double));
	double	   *dnfr = malloc(n * sizeof(double));
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	bool		good = compute(&env, &w, form, &all_weights, 0, expected) == TNFR_OK;

	for (int threads = 1; threads <= 5; threads++)
	{
		env = unit_env(&host, threads);
		host.interrupt_at = threads > 3 ? 2 : 0;	/* and be interrupted often */
		good = good && compute(&env, &w, form, &all_weights,
							   (uint64_t) threads * 77777, dnfr) == TNFR_OK &&
			memcmp(dnfr, expected, n * sizeof(double)) == 0 && host.bytes == 0 &&
			(threads <= 3 || host.served > 3);
	}
	ok(good, name);
	free(expected);
	free(dnfr);
	free_network(&w);
}

static void
check_refusals(int threads)
{
	Network		w = make_network(700, 60000, SKEWED, false, true, 9000, 3);
	double	   *dnfr = malloc(w.n * sizeof(double));
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, threads);
	bool		good = true;
	uint64_t	refused = 0;
	TnfrStatus	status;

	for (uint64_t k = 1;; k++)
	{
		env = unit_env(&host, threads);
		host.refuse_at = k;
		status = compute(&env, &w, TNFR_FORM_CANONICAL, &all_weights, 0, dnfr);
		good = good && host.bytes == 0;
		if (host.allocations < k)
			break;
		good = good && status == TNFR_NO_MEMORY && env.error.bytes > 0;
		refused++;
	}
	ok(good && status == TNFR_OK && refused > 20, "every refused allocation");
	free(dnfr);
	free_network(&w);
}

static void
check_stops(int threads)
{
	Network		w = make_network(700, 60000, SKEWED, false, true, 9000, 3);
	double	   *dnfr = malloc(w.n * sizeof(double));
	bool		good = true;
	uint64_t	stopped = 0;
	TnfrStatus	status = TNFR_STOPPED;

	for (uint64_t k = 1; status == TNFR_STOPPED; k += 1 + k / 8)
	{
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, threads);

		host.interrupt_at = k;
		host.stop = true;
		status = compute(&env, &w, TNFR_FORM_CANONICAL, &all_weights, 0, dnfr);
		good = good && host.bytes == 0 &&
			(status == TNFR_STOPPED || status == TNFR_OK);
		stopped += status == TNFR_STOPPED;
	}
	ok(good && stopped > 10, "stopped at every stage");
	free(dnfr);
	free_network(&w);
}

int
main(void)
{
	check_bits(UNIFORM, TNFR_FORM_GRADIENT, "bits of gradient, uniform");
	check_bits(SKEWED, TNFR_FORM_CANONICAL, "bits of canonical, skewed");
	check_bits(STAR, TNFR_FORM_CANONICAL, "bits of canonical, star");
	check_bits(PARALLEL, TNFR_FORM_PHASE, "bits of phase, parallel edges");
	check_bits(SKEWED, TNFR_FORM_EPI_VF, "bits of epi_vf, skewed");
	for (int threads = 1; threads <= 3; threads += 2)
	{
		check_refusals(threads);
		check_stops(threads);
	}
	tnfr_parallel_end();
	return done_testing();
}
