/*
 * shards.c
 *	  Rows, halos and summaries of partitions against the definitions, entry
 *	  by entry and pair by pair; schedules against all cuts; the same from any
 *	  number of threads.
 */
#include "core/parallel.h"
#include "core/schedule.h"
#include "core/shard_summary.h"
#include "core/shards.h"
#include "network.h"

static const int thread_counts[] = {1, 2, 5};

/* Partitions at random; few nodes in the last ones, one of them empty. */
static uint32_t *
make_partition(uint64_t n, uint32_t partitions, uint64_t seed)
{
	uint32_t   *partition = malloc((n + 1) * sizeof(uint32_t));
	UnitRandom	r = {seed * 2 + 1};

	for (uint64_t i = 0; i < n; i++)
	{
		double		u = unit_uniform(&r);

		partition[i] = (uint32_t) (u * u * (double) partitions);
		if (partitions > 2 && partition[i] == 1)
			partition[i] = 0;
	}
	return partition;
}

static bool
near(double expected, double value)
{
	return (isnan(expected) && isnan(value)) ||
		fabs(expected - value) <= 1e-12;
}

/* Mean over all pairs of the nodes of a partition. */
static double
coherence(const TnfrNodes *nodes, const uint32_t *partition, uint32_t p)
{
	long double sum = 0;
	uint64_t	pairs = 0;

	for (uint64_t a = 0; a < nodes->n; a++)
		for (uint64_t b = 0; b < a && partition[a] == p; b++)
			if (partition[b] == p)
			{
				const TnfrNodeState *i = &nodes->state[a];
				const TnfrNodeState *j = &nodes->state[b];

				/* the cosine of the difference */
				sum += 0.6L / (1 + fabsl((long double) i->f - j->f)) + 0.4L *
					((long double) i->x * j->x + (long double) i->y * j->y);
				pairs++;
			}
	return pairs > 0 ? (double) (sum / pairs) : NAN;
}

/* A partition against a look at all nodes; is the halo right as well? */
static bool
is_right(const TnfrGraph *g, const TnfrNodes *nodes, const TnfrShards *s,
		 const TnfrShardSummary *summary, const TnfrHalo *halo, uint32_t p,
		 uint8_t *in_halo)
{
	uint64_t	rows = 0;
	uint64_t	entries = 0;
	uint64_t	cut = 0;
	uint64_t	found = 0;
	long double vf = 0;
	bool		good = true;

	memset(in_halo, 0, g->n);
	for (uint64_t i = 0; i < g->n; i++)
	{
		if (s->partition[i] != p)
			continue;
		good = good && tnfr_shard_rows(s, p)[rows] == i;
		rows++;
		vf += nodes->state[i].f;
		for (uint64_t k = g->offset[i]; k < g->offset[i + 1]; k++)
		{
			uint32_t	j = g->neighbour[k];

			entries++;
			cut += s->partition[j] != p;
			in_halo[j] |= s->partition[j] != p;
		}
	}
	for (uint64_t j = 0; j < g->n && good; j++)
		if (in_halo[j])
		{
			good = found < halo->count && halo->node[found] == j;
			found++;
		}
	return good && found == halo->count && cut == halo->cut &&
		rows == tnfr_shard_size(s, p) && entries == tnfr_shard_entries(s, p) &&
		rows == summary->rows && entries == summary->entries &&
		cut == summary->cut &&
		near(rows > 0 ? (double) (vf / rows) : NAN, summary->mean_vf) &&
		near(coherence(nodes, s->partition, p), summary->coherence);
}

/* Partitions of one network with any number of threads. */
static void
check_partitions(const char *name, TnfrEnv *env, const TnfrGraph *g,
				 const TnfrNodes *nodes, uint32_t partitions)
{
	UnitHost   *host = env->arg;
	const uint64_t held = host->bytes;
	const size_t size = partitions * sizeof(TnfrShardSummary);
	uint32_t   *partition = make_partition(g->n, partitions, g->entries);
	TnfrShardSummary *first = calloc(partitions + 1, sizeof(*first));
	TnfrShardSummary *summary = calloc(partitions + 1, sizeof(*summary));
	uint8_t    *in_halo = malloc(g->n + 1);
	TnfrShards	s;
	TnfrHalo	halo;
	char		title[200];
	bool		good = tnfr_shards_build(env, g, partition, partitions, &s) == TNFR_OK;

	for (int t = 0; t < 3 && good; t++)
	{
		env->threads = thread_counts[t];
		good = tnfr_shard_summaries(env, &s, nodes, summary) == TNFR_OK;
		if (t == 0)
			memcpy(first, summary, size);
		good = good && memcmp(summary, first, size) == 0;
	}
	env->threads = 1;
	good = good && tnfr_halo_begin(env, &s, &halo) == TNFR_OK;
	for (uint64_t k = 0; k < partitions + UINT64_C(2) && good; k++)
	{
		uint32_t	p = (uint32_t) (k * 11 % partitions);

		good = tnfr_halo_find(env, &halo, p) == TNFR_OK &&
			is_right(g, nodes, &s, &summary[p], &halo, p, in_halo);
	}
	tnfr_halo_end(env, &halo);
	tnfr_shards_release(env, &s);
	snprintf(title, sizeof(title), "%s, %u partitions", name, partitions);
	ok(good && host->bytes == held, title);
	free(partition);
	free(first);
	free(summary);
	free(in_halo);
}

static void
check(const char *name, uint64_t n, uint64_t m, Shape shape,
	  uint32_t partitions)
{
	for (int directed = 0; directed < 2; directed++)
	{
		Network		w = make_network(n, m, shape, directed, directed, 3, m + 1);
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrNodes	nodes;
		TnfrGraph	graph;
		char		title[100];

		snprintf(title, sizeof(title), "%s, %s", name,
				 directed ? "directed" : "undirected");
		if (build_nodes(&env, &w, &nodes) != TNFR_OK ||
			build_graph(&env, &w, nodes.id, 0, m, &graph) != TNFR_OK)
			ok(false, title);
		check_partitions(title, &env, &graph, &nodes, 1);
		check_partitions(title, &env, &graph, &nodes, partitions);
		tnfr_graph_release(&env, &graph);
		tnfr_nodes_release(&env, &nodes);
		free_network(&w);
	}
}

/* All of one frequency and phase: 1, and not more. */
static void
check_equal(uint64_t n)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	uint64_t   *offset = calloc(n + 1, sizeof(uint64_t));
	uint32_t   *partition = calloc(n, sizeof(uint32_t));
	TnfrNodeState *state = aligned_alloc(64, (n + 2) / 2 * 64);
	TnfrGraph	graph = {.n = n,.offset = offset};
	TnfrNodes	nodes = {.n = n,.state = state};
	TnfrShards	s;
	TnfrShardSummary summary;
	char		title[100];
	bool		good;

	for (uint64_t i = 0; i < n; i++)
		state[i] = (TnfrNodeState) {.f = 0.1,.y = sin(0.7),.x = cos(0.7)};
	good = tnfr_shards_build(&env, &graph, partition, 1, &s) == TNFR_OK &&
		tnfr_shard_summaries(&env, &s, &nodes, &summary) == TNFR_OK;
	tnfr_shards_release(&env, &s);
	snprintf(title, sizeof(title), "%d equal nodes", (int) n);
	ok(good && summary.coherence <= 1.0 && summary.coherence > 1.0 - 1e-12 &&
	   near(0.1, summary.mean_vf) && summary.cut == 0, title);
	free(offset);
	free(partition);
	free(state);
}

/* Sorted by mean frequency, ties by number, nothing for the empty. */
static bool
comes_before(const TnfrShardSummary *s, uint32_t a, uint32_t b)
{
	double		x = isnan(s[a].mean_vf) ? HUGE_VAL : s[a].mean_vf;
	double		y = isnan(s[b].mean_vf) ? HUGE_VAL : s[b].mean_vf;

	return x < y || (x == y && a < b);
}

static uint64_t
load_of(const TnfrShardSummary *s, bool by_rows)
{
	return by_rows ? s->rows : s->entries;
}

/* The smallest largest block of all cuts of order[from ..] into blocks. */
static uint64_t
best_cut(const TnfrShardSummary *s, const uint32_t *order, uint32_t n,
		 uint32_t from, uint32_t blocks, bool by_rows)
{
	uint64_t	best = UINT64_MAX;
	uint64_t	load = 0;

	for (uint32_t k = from; k < n; k++)
	{
		uint64_t	rest = 0;

		load += load_of(&s[order[k]], by_rows);
		if (blocks > 1 && k + 1 < n)
			rest = best_cut(s, order, n, k + 1, blocks - 1, by_rows);
		else if (k + 1 < n)
			continue;
		rest = rest > load ? rest : load;
		best = rest < best ? rest : best;
	}
	return best;
}

/* Is it a cut of the sorted partitions, and how large is the largest block? */
static bool
is_cut(const TnfrShardSummary *s, const uint32_t *order, uint32_t n,
	   uint32_t workers, const uint32_t *worker, const TnfrSchedule *schedule)
{
	uint64_t	load = 0;
	uint64_t	largest = 0;
	uint64_t	total = 0;

	for (uint32_t k = 0; k < n; k++)
	{
		uint32_t	before = k > 0 ? worker[order[k - 1]] : 0;
		uint32_t	own = worker[order[k]];
		uint64_t	l = load_of(&s[order[k]], schedule->by_rows);

		if (own >= workers || own < before || own > before + 1)
			return false;
		load = own == before ? load + l : l;
		largest = load > largest ? load : largest;
		total += l;
	}
	return worker[order[n - 1]] == (n < workers ? n : workers) - 1 &&
		largest == schedule->largest &&
		schedule->imbalance == (total == 0 ? 1.0 : (double) largest /
								((double) total / (double) workers));
}

/* Can order[from ..] be cut into so many blocks, none above the bound? */
static bool
can_cut(const TnfrShardSummary *s, const uint32_t *order, uint32_t n,
		uint32_t from, uint32_t blocks, uint64_t bound, bool by_rows)
{
	uint64_t	load = 0;
	uint32_t	used = 1;

	for (uint32_t k = from; k < n; k++)
	{
		uint64_t	l = load_of(&s[order[k]], by_rows);

		load += l;
		if (load > bound)
		{
			load = l;
			used++;
		}
	}
	return n - from >= blocks && used <= blocks;
}

/* Is each border as near to its share as it can be, after those before? */
static bool
is_nearest_cut(const TnfrShardSummary *s, const uint32_t *order, uint32_t n,
			   uint32_t workers, const uint32_t *worker,
			   const TnfrSchedule *schedule)
{
	const uint32_t blocks = n < workers ? n : workers;
	uint64_t	before[17] = {0};
	uint32_t	begin = 0;

	for (uint32_t k = 0; k < n; k++)
		before[k + 1] = before[k] + load_of(&s[order[k]], schedule->by_rows);
	for (uint32_t b = 1; b < blocks; b++)
	{
		uint64_t	share = before[n] * b / blocks;
		uint64_t	best = UINT64_MAX;
		uint32_t	end = begin;

		while (worker[order[end]] < b)
			end++;
		for (uint32_t e = begin + 1; e < n; e++)
		{
			uint64_t	off = before[e] > share ? before[e] - share : share - before[e];

			if (before[e] - before[begin] <= schedule->largest && off < best &&
				can_cut(s, order, n, e, blocks - b, schedule->largest, schedule->by_rows))
				best = off;
		}
		if ((before[end] > share ? before[end] - share : share - before[end]) != best)
			return false;
		begin = end;
	}
	return true;
}

/* n <= 16, unless it is only to be a cut. */
static bool
try_schedule(uint32_t n, uint32_t workers, uint64_t most, uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrShardSummary *s = calloc(n, sizeof(*s));
	uint32_t   *order = malloc(n * sizeof(uint32_t));
	uint32_t   *worker = malloc(n * sizeof(uint32_t));
	TnfrSchedule schedule;
	bool		good;

	for (uint32_t p = 0; p < n; p++)
	{
		uint32_t	k = p;

		s[p].rows = unit_random(&r) % 5;
		s[p].entries = s[p].rows > 0 ? unit_random(&r) % (most + 1) : 0;
		if (unit_random(&r) % 4 == 0)
			s[p].entries *= s[p].entries;
		s[p].mean_vf = s[p].rows > 0 ? (double) (unit_random(&r) % 6) : NAN;
		for (; k > 0 && n <= 16 && comes_before(s, p, order[k - 1]); k--)
			order[k] = order[k - 1];
		order[k] = p;
	}
	good = tnfr_schedule(&env, s, n, workers, worker, &schedule) == TNFR_OK &&
		host.bytes == 0;
	if (n <= 16)
		good = good && is_cut(s, order, n, workers, worker, &schedule) &&
			is_nearest_cut(s, order, n, workers, worker, &schedule) &&
			schedule.largest == best_cut(s, order, n, 0, workers,
										 schedule.by_rows);
	free(s);
	free(order);
	free(worker);
	return good;
}

static void
check_schedules(void)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrSchedule schedule;
	TnfrShardSummary even[8];
	uint32_t	worker[8];
	bool		good = true;

	for (uint32_t n = 1; n <= 11; n++)
		for (uint32_t workers = 1; workers <= 13; workers++)
			for (uint64_t seed = 0; seed < 8; seed++)
				good = good && try_schedule(n, workers, seed % 4 * seed * 3,
											seed + 100 * n + workers);
	ok(good, "schedules: the best of all cuts");
	ok(try_schedule(16, 5, 1000, 3) && try_schedule(16, 16, 1000, 3) &&
	   try_schedule(16, UINT32_MAX, 1000, 3), "schedules: 16 partitions");
	ok(try_schedule(300000, 7, 1000, 1) && try_schedule(300000, 290000, 9, 1),
	   "schedules: many partitions");
	ok(tnfr_schedule(&env, NULL, 0, 3, NULL, &schedule) == TNFR_OK &&
	   schedule.largest == 0 && schedule.imbalance == 1.0 && host.bytes == 0,
	   "schedules: no partitions");

	/* one partition is larger than all others: these are even all the same */
	for (uint32_t p = 0; p < 8; p++)
		even[p] = (TnfrShardSummary) {.rows = 1,.entries = p == 7 ? 100 : 1,
									  .mean_vf = p};
	good = tnfr_schedule(&env, even, 8, 4, worker, &schedule) == TNFR_OK;
	ok(good && schedule.largest == 100 && worker[7] == 3 && worker[6] == 2,
	   "schedules: borders");
}

static TnfrStatus
run_all(TnfrEnv *env, const TnfrGraph *g, const TnfrNodes *nodes,
		const uint32_t *partition, uint32_t partitions,
		TnfrShardSummary *summary, uint32_t *worker)
{
	TnfrShards	s;
	TnfrHalo	halo;
	TnfrSchedule schedule;
	TnfrStatus	status = tnfr_shards_build(env, g, partition, partitions, &s);

	if (status != TNFR_OK)
		return status;
	status = tnfr_shard_summaries(env, &s, nodes, summary);
	if (status == TNFR_OK)
		status = tnfr_halo_begin(env, &s, &halo);
	if (status == TNFR_OK)
	{
		status = tnfr_halo_find(env, &halo, 0);
		tnfr_halo_end(env, &halo);
	}
	if (status == TNFR_OK)
		status = tnfr_schedule(env, summary, partitions, 3, worker, &schedule);
	tnfr_shards_release(env, &s);
	return status;
}

/* Refused memory and a stop at every place: all that was taken comes back. */
static void
check_failures(void)
{
	const uint32_t partitions = 20;
	Network		w = make_network(9000, 30000, SKEWED, true, false, 3, 5);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes;
	TnfrGraph	graph;
	uint32_t   *partition = make_partition(9000, partitions, 1);
	TnfrShardSummary summary[20];
	uint32_t	worker[20];
	uint64_t	refused = 0;
	uint64_t	stopped = 0;
	uint64_t	held;
	bool		good = build_nodes(&env, &w, &nodes) == TNFR_OK &&
		build_graph(&env, &w, nodes.id, 0, 1, &graph) == TNFR_OK;

	held = host.bytes;
	for (int stop = 0; stop < 2; stop++)
		for (uint64_t at = 1;; at++)
		{
			TnfrStatus	status;

			host.allocations = host.polls = 0;
			host.refuse_at = stop ? 0 : at;
			host.interrupt_at = stop ? at : 0;
			host.stop = stop;
			status = run_all(&env, &graph, &nodes, partition, partitions,
							 summary, worker);
			good = good && host.bytes == held;
			if (status == TNFR_OK)
				break;
			good = good && status == (stop ? TNFR_STOPPED : TNFR_NO_MEMORY);
			refused += !stop;
			stopped += stop;
		}
	host.interrupt_at = 0;
	ok(good && refused >= 12 && stopped >= 12, "refused memory and stops");
	tnfr_graph_release(&env, &graph);
	tnfr_nodes_release(&env, &nodes);
	free_network(&w);
	free(partition);
}

int
main(void)
{
	check("no nodes", 0, 0, UNIFORM, 3);
	check("one node", 1, 3, UNIFORM, 2);
	check("two nodes", 2, 5, UNIFORM, 2);
	check("no edges", 500, 0, UNIFORM, 7);
	check("small", 100, 700, UNIFORM, 100);
	check("skewed", 1500, 30000, SKEWED, 3);
	check("many partitions", 2000, 9000, SKEWED, 700);
	check("star", 1500, 200000, STAR, 20);
	check("parallel edges", 1000, 150000, PARALLEL, 9);
	check("tiles", 2500, 5000, UNIFORM, 2);
	check_equal(2);
	check_equal(1000);
	check_equal(3001);
	check_schedules();
	check_failures();
	tnfr_parallel_end();
	return done_testing();
}
