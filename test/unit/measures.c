/*
 * measures.c
 *	  Reductions bit for bit against the tree as SPEC 9 words it; node values,
 *	  Si, network measures and pairs against the definitions in long double,
 *	  entry by entry; the same bits from any number of threads.
 */
#include "core/measures.h"
#include "core/parallel.h"
#include "core/reduce.h"
#include "network.h"

#define PI_L	3.14159265358979323846264338327950288L

static const TnfrFormWeights canonical_weights = {0.33, 0.33, 0, 0.34, 0};
static const TnfrSiWeights si_weights = {0.34, 0.33, 0.33};

/* Two sums and two maxima at a time: of x, and of its square. */
static void
add_terms(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const double *x = arg;

	for (uint64_t i = first; i < first + count; i++)
	{
		sum[0] += x[i];
		sum[TNFR_REDUCE_WIDTH - 1] += x[i] * x[i];
	}
}

static void
raise_terms(const void *arg, uint64_t first, uint32_t count, double *max)
{
	const double *x = arg;

	for (uint64_t i = first; i < first + count; i++)
	{
		max[0] = fmax(max[0], x[i]);
		max[TNFR_REDUCE_WIDTH - 1] = fmax(max[TNFR_REDUCE_WIDTH - 1], -x[i]);
	}
}

static double
tree(const double *x, uint64_t length)
{
	uint64_t	half = 8;
	double		sum = 0.0;

	if (length > 8)
	{
		while (half * 2 < length)
			half *= 2;
		return tree(x, half) + tree(x + half, length - half);
	}
	for (uint64_t i = 0; i < length; i++)
		sum += x[i];
	return sum;
}

static void
check_reductions(uint64_t n, int threads)
{
	double	   *x = malloc((n + 1) * sizeof(double));
	double	   *square = malloc((n + 1) * sizeof(double));
	double		sum[TNFR_REDUCE_WIDTH];
	double		max[TNFR_REDUCE_WIDTH];
	double		most = -HUGE_VAL;
	double		least = HUGE_VAL;
	UnitRandom	r = {n + 1};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, threads);
	char		title[100];
	bool		good;

	for (uint64_t i = 0; i < n; i++)
	{
		x[i] = exp(40 * unit_uniform(&r) - 20) - 0.5;
		square[i] = x[i] * x[i];
		most = fmax(most, x[i]);
		least = fmin(least, x[i]);
	}
	good = tnfr_reduce_sum(&env, n, add_terms, x, sum) == TNFR_OK &&
		tnfr_reduce_max(&env, n, raise_terms, x, max) == TNFR_OK &&
		sum[0] == tree(x, n) && sum[TNFR_REDUCE_WIDTH - 1] == tree(square, n) &&
		sum[1] == 0.0 && max[1] == -HUGE_VAL &&
		max[0] == most && max[TNFR_REDUCE_WIDTH - 1] == -least;
	snprintf(title, sizeof(title), "reductions of %llu, %d threads",
			 (unsigned long long) n, threads);
	ok(good && host.bytes == 0, title);
	free(x);
	free(square);
}

/* All measures of a network. */
typedef struct Measures
{
	TnfrMeasured nodes;
	TnfrNetworkMeasures network;
	double	   *pair;			/* [entries] */
} Measures;

static void
free_measures(Measures *m)
{
	free(m->nodes.values.dnfr);
	free(m->nodes.values.dispersion);
	free(m->nodes.values.sync);
	free(m->nodes.values.strength);
	free(m->nodes.si);
	free(m->pair);
}

static TnfrStatus
measure(TnfrEnv *env, const TnfrGraph *g, const TnfrNodes *nodes, Measures *m)
{
	const size_t size = (g->n + 1) * sizeof(double);
	TnfrSiScale scale;
	TnfrPairs	pairs;
	TnfrStatus	status;

	*m = (Measures)
	{
		.nodes = {.form = TNFR_FORM_CANONICAL,
			.values = {malloc(size), malloc(size), malloc(size), malloc(size)},
			.si = malloc(size)
		},.pair = malloc((g->entries + 1) * sizeof(double))
	};
	status = tnfr_node_values(env, g, nodes, TNFR_FORM_CANONICAL,
							  &canonical_weights, &m->nodes.values, NULL);
	if (status == TNFR_OK)
		status = tnfr_extent(env, nodes, TNFR_FORM_CANONICAL,
							 m->nodes.values.dnfr, &m->nodes.extent);
	scale.vf_max = tnfr_one_if_zero(m->nodes.extent.vf_max);
	scale.dnfr_max = tnfr_one_if_zero(m->nodes.extent.dnfr_max);
	if (status == TNFR_OK)
		status = tnfr_si(env, nodes, m->nodes.values.dnfr,
						 m->nodes.values.dispersion, &si_weights, &scale,
						 m->nodes.si);
	if (status == TNFR_OK)
		status = tnfr_network_measures(env, g, nodes, &m->nodes, &m->network);
	pairs = tnfr_pairs(nodes, &m->nodes);
	for (uint64_t i = 0; i < g->n && status == TNFR_OK; i++)
		for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
			m->pair[k] = tnfr_pair_coherence(&pairs, i, g->neighbour[k]);
	return status;
}

static long double
wrap(long double x)
{
	return x - 2 * PI_L * floorl((x + PI_L) / (2 * PI_L));
}

/* What is wrong by more than 1e-12. */
typedef struct Verdict
{
	uint64_t	wrong;
} Verdict;

static void
near(Verdict *v, long double expected, double value)
{
	v->wrong += !(fabsl(expected - (long double) value) <= 1e-12L);
}

/* Means over the entries of a node. */
typedef struct Mean
{
	long double s,
				e,
				f,
				x,
				y;
} Mean;

static Mean
mean_of(const TnfrGraph *g, const TnfrNodes *nodes, uint64_t i)
{
	Mean		m = {0};

	for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
	{
		uint32_t	j = g->neighbour[k];
		long double w = g->weight != NULL ? g->weight[k] : 1;

		m.s += w;
		m.e += w * nodes->state[j].e;
		m.f += w * nodes->state[j].f;
		m.x += w * cosl(nodes->phase[j]);
		m.y += w * sinl(nodes->phase[j]);
	}
	if (m.s > 0)
		m = (Mean) {m.s, m.e / m.s, m.f / m.s, m.x / m.s, m.y / m.s};
	return m;
}

static long double
clamp01(long double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static void
check_nodes(Verdict *v, const TnfrGraph *g, const TnfrNodes *nodes,
			const Measures *m)
{
	const TnfrExtent *x = &m->nodes.extent;

	for (uint64_t i = 0; i < g->n; i++)
	{
		const TnfrNodeState *a = &nodes->state[i];
		Mean		mean = mean_of(g, nodes, i);
		long double g_phase = mean.s > 0 ?
			-wrap(nodes->phase[i] - atan2l(mean.y, mean.x)) / PI_L : 0;
		long double dnfr = mean.s > 0 ? 0.34L * g_phase +
			0.33L * (mean.e - a->e) + 0.33L * (mean.f - a->f) : 0;

		near(v, mean.s, m->nodes.values.strength[i]);
		near(v, dnfr, m->nodes.values.dnfr[i]);
		near(v, fabsl(g_phase), m->nodes.values.dispersion[i]);
		near(v, hypotl(mean.x, mean.y), m->nodes.values.sync[i]);
		near(v, clamp01(0.34L * a->f / x->vf_max + 0.33L * (1 - fabsl(g_phase)) +
						0.33L * (1 - fabsl(dnfr) / x->dnfr_max)),
			 m->nodes.si[i]);
	}
}

static void
check_network(Verdict *v, const TnfrGraph *g, const TnfrNodes *nodes,
			  const Measures *m)
{
	const TnfrNodeValues *values = &m->nodes.values;
	const TnfrExtent *extent = &m->nodes.extent;
	const TnfrNetworkMeasures *w = &m->network;
	const long double n = (long double) g->n;
	long double dnfr = 0,
				rate = 0,
				e = 0,
				f = 0,
				si = 0,
				sync = 0,
				x = 0,
				y = 0,
				d = 0,
				variance = 0,
				dnfr_max = 0,
				rate_max = 0,
				f_max = 0;
	uint64_t	count[TNFR_STATES + 5] = {0};

	for (uint64_t i = 0; i < g->n; i++)
	{
		const TnfrNodeState *a = &nodes->state[i];
		double		size = fabs(values->dnfr[i]);

		dnfr += size;
		rate += a->f * size;
		e += a->e;
		f += a->f;
		si += m->nodes.si[i];
		sync += values->sync[i];
		x += cosl(nodes->phase[i]);
		y += sinl(nodes->phase[i]);
		dnfr_max = fmaxl(dnfr_max, size);
		rate_max = fmaxl(rate_max, a->f * size);
		f_max = fmaxl(f_max, a->f);
		count[tnfr_state(values->sync[i], size / extent->dnfr_max)]++;
		count[TNFR_STATES] += size <= 1e-3 && a->f * size <= 1e-3;
		count[TNFR_STATES + 1] += m->nodes.si[i] >= 0.66;
		count[TNFR_STATES + 2] += m->nodes.si[i] <= 0.33;
		count[TNFR_STATES + 3] += values->strength[i] == 0.0;
		for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
			count[TNFR_STATES + 4] += g->neighbour[k] == i;
	}
	for (uint64_t i = 0; i < g->n; i++)
		d += wrap(nodes->phase[i] - atan2l(y, x)) / n;
	for (uint64_t i = 0; i < g->n; i++)
		variance += powl(wrap(nodes->phase[i] - atan2l(y, x)) - d, 2) / n;
	near(v, dnfr / n, w->mean_dnfr);
	near(v, rate / n, w->mean_rate);
	near(v, e / n, w->mean_epi);
	near(v, f / n, w->mean_vf);
	near(v, si / n, w->mean_si);
	near(v, sync / n, w->mean_sync);
	near(v, 1 / (1 + dnfr / n + rate / n), w->coherence);
	near(v, hypotl(x, y) / n, w->order_parameter);
	near(v, atan2l(y, x), w->mean_phase);
	near(v, 1 / (1 + variance), w->phase_sync);
	near(v, dnfr_max, extent->dnfr_max);
	near(v, rate_max, extent->rate_max);
	near(v, f_max, extent->vf_max);
	for (int s = 0; s < TNFR_STATES; s++)
		near(v, count[s] / n, w->state_share[s]);
	near(v, count[TNFR_STATES] / n, w->stable_share);
	near(v, count[TNFR_STATES + 1] / n, w->si_high_share);
	near(v, count[TNFR_STATES + 2] / n, w->si_low_share);
	v->wrong += count[TNFR_STATES + 3] != w->isolated;
	v->wrong += count[TNFR_STATES + 4] != w->loops;
}

static void
check_pairs(Verdict *v, const TnfrGraph *g, const TnfrNodes *nodes,
			const Measures *m)
{
	long double e_max = -1e9,
				e_min = 1e9,
				f_max = -1e9,
				f_min = 1e9;

	for (uint64_t i = 0; i < g->n; i++)
	{
		e_max = fmaxl(e_max, nodes->state[i].e);
		e_min = fminl(e_min, nodes->state[i].e);
		f_max = fmaxl(f_max, nodes->state[i].f);
		f_min = fminl(f_min, nodes->state[i].f);
	}
	for (uint64_t i = 0; i < g->n; i++)
		for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
		{
			uint32_t	j = g->neighbour[k];
			const TnfrNodeState *a = &nodes->state[i];
			const TnfrNodeState *b = &nodes->state[j];
			long double cosine = cosl((long double) nodes->phase[i] - nodes->phase[j]);

			near(v, clamp01(0.34L * (1 + cosine) / 2 +
							0.33L * (1 - fabsl((long double) a->e - b->e) / (e_max - e_min)) +
							0.20L * (1 - fabsl((long double) a->f - b->f) / (f_max - f_min)) +
							0.13L * (1 - fabsl((long double) m->nodes.si[i] - m->nodes.si[j]))),
				 m->pair[k]);
		}
}

static bool
same_bits(const Measures *a, const Measures *b, const TnfrGraph *g)
{
	const size_t size = g->n * sizeof(double);

	return memcmp(a->nodes.values.dnfr, b->nodes.values.dnfr, size) == 0 &&
		memcmp(a->nodes.values.dispersion, b->nodes.values.dispersion, size) == 0 &&
		memcmp(a->nodes.values.sync, b->nodes.values.sync, size) == 0 &&
		memcmp(a->nodes.values.strength, b->nodes.values.strength, size) == 0 &&
		memcmp(a->nodes.si, b->nodes.si, size) == 0 &&
		memcmp(&a->network, &b->network, sizeof(a->network)) == 0 &&
		memcmp(a->pair, b->pair, g->entries * sizeof(double)) == 0;
}

static void
check_measures(const char *name, uint64_t n, uint64_t m, Shape shape,
			   bool directed, bool weighted)
{
	Network		w = make_network(n, m, shape, directed, weighted, 3, m);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrNodes	nodes;
	TnfrGraph	graph;
	Measures	expected;
	Verdict		verdict = {0};
	bool		good = build_nodes(&env, &w, &nodes) == TNFR_OK &&
		build_graph(&env, &w, nodes.id, 0, m, &graph) == TNFR_OK;
	uint64_t	held = host.bytes;
	char		title[100];

	good = good && measure(&env, &graph, &nodes, &expected) == TNFR_OK;
	check_nodes(&verdict, &graph, &nodes, &expected);
	check_network(&verdict, &graph, &nodes, &expected);
	check_pairs(&verdict, &graph, &nodes, &expected);
	snprintf(title, sizeof(title), "%s: values", name);
	ok(good && verdict.wrong == 0 && host.bytes == held, title);

	for (int threads = 2; threads <= 5; threads++)
	{
		Measures	again;

		env.threads = threads;
		host.interrupt_at = host.polls + 2;
		good = good && measure(&env, &graph, &nodes, &again) == TNFR_OK &&
			same_bits(&expected, &again, &graph) && host.bytes == held;
		free_measures(&again);
	}
	snprintf(title, sizeof(title), "%s: bits", name);
	ok(good && host.served > 0, title);

	env.threads = 1;
	host.interrupt_at = 0;
	free_measures(&expected);
	tnfr_graph_release(&env, &graph);
	tnfr_nodes_release(&env, &nodes);
	free_network(&w);
}

/* Refused memory and a stop at every place: all that was taken comes back. */
static void
check_failures(void)
{
	Network		w = make_network(20000, 100000, SKEWED, false, true, 3, 5);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes;
	TnfrGraph	graph;
	Measures	m;
	bool		good = build_nodes(&env, &w, &nodes) == TNFR_OK &&
		build_graph(&env, &w, nodes.id, 0, w.m, &graph) == TNFR_OK;
	uint64_t	held = host.bytes;
	uint64_t	refused = 0;
	uint64_t	stopped = 0;

	for (TnfrStatus status = TNFR_NO_MEMORY; status == TNFR_NO_MEMORY; refused++)
	{
		host.refuse_at = host.allocations + refused + 1;
		status = measure(&env, &graph, &nodes, &m);
		good = good && host.bytes == held &&
			(status == TNFR_OK || status == TNFR_NO_MEMORY);
		free_measures(&m);
	}
	ok(good && refused > 4, "every refused allocation");
	host.refuse_at = 0;
	host.stop = true;
	env.threads = 1;			/* so that every run polls as often */
	for (TnfrStatus status = TNFR_STOPPED; status == TNFR_STOPPED; stopped++)
	{
		host.interrupt_at = host.polls + stopped + 1;
		status = measure(&env, &graph, &nodes, &m);
		good = good && host.bytes == held &&
			(status == TNFR_OK || status == TNFR_STOPPED);
		free_measures(&m);
	}
	ok(good && stopped > 10, "stopped at every stage");
	host.interrupt_at = 0;
	tnfr_graph_release(&env, &graph);
	tnfr_nodes_release(&env, &nodes);
	free_network(&w);
}

/* A scale that is too small: the first such node is named. */
static void
check_range(void)
{
	Network		w = make_network(30000, 10, UNIFORM, false, false, 3, 5);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 3);
	TnfrNodes	nodes;
	double	   *zero = calloc(w.n, sizeof(double));
	double	   *si = malloc(w.n * sizeof(double));
	TnfrSiScale scale = {1e-308, 1.0};
	bool		good = build_nodes(&env, &w, &nodes) == TNFR_OK;

	for (uint64_t i = 0; i < w.n; i++)
		nodes.state[i].f = i >= 17001 && i % 2 == 1 ? 2.0 : 1.0;
	good = good && tnfr_si(&env, &nodes, zero, zero, &si_weights, &scale,
						   si) == TNFR_OUT_OF_RANGE &&
		env.error.id == nodes.id[17001];
	ok(good, "the first sense index out of range");
	tnfr_nodes_release(&env, &nodes);
	free_network(&w);
	free(zero);
	free(si);
}

int
main(void)
{
	const uint64_t lengths[] = {0, 1, 7, 8, 9, 8191, 8192, 8193, 8200, 16384,
	16385, 100000, 8192 * 13 + 5};

	for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++)
		for (int threads = 1; threads <= 4; threads += 3)
			check_reductions(lengths[k], threads);
	check_measures("sparse", 3000, 2000, UNIFORM, false, true);
	check_measures("undirected, weighted", 9000, 60000, SKEWED, false, true);
	check_measures("undirected", 9000, 60000, SKEWED, false, false);
	check_measures("directed, weighted", 9000, 60000, SKEWED, true, true);
	check_measures("directed", 30000, 60000, UNIFORM, true, false);
	check_measures("a hub of several parts", 20000, 70000, STAR, false, true);
	check_measures("parallel edges", 40, 5000, PARALLEL, false, true);
	check_failures();
	check_range();
	tnfr_parallel_end();
	return done_testing();
}
