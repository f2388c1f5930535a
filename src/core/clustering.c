/*
 * clustering.c
 *	  Triangles through every node, exactly or from a sample.
 *
 * Exactly: each pair becomes an arc towards the node of higher (degree,
 * index), which leaves no node with many arcs, not even a hub (Chiba and
 * Nishizeki 1985; Schank and Wagner 2005).  A triangle is found once, from its
 * lowest node u: of an arc u -> v, an arc v -> w such that u -> w is there as
 * well.  Counts are integers, so their order does not matter.
 *
 * Otherwise: of a node chosen at random, two of its neighbours chosen at
 * random are connected with a probability that is the average coefficient
 * (Schank and Wagner, "Approximating clustering coefficient and
 * transitivity", 2005).  Sample i draws from a generator at place i of its
 * sequence, so it is the same whichever thread takes it.
 */
#include "core/clustering.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/reduce.h"
#include "core/rows.h"

#include <math.h>
#include <stdatomic.h>

#define TASK_COST		UINT64_C(524288)	/* comparisons, and steps to them */
#define TASK_SAMPLES	UINT64_C(1024)
#define SEED			UINT64_C(0)
#define DRAWS			3		/* of a sample */
#define SLICE			UINT64_C(65536) /* nodes between two looks at interrupts */

typedef struct Triangles
{
	const TnfrAdjacency *adjacency;
	TnfrGraph	arc;			/* rows of arcs */
	_Atomic uint64_t *cost;		/* [n + 1] of the rows before */
	_Atomic uint32_t *count;	/* [n] triangles through each node */
	uint64_t   *mark;			/* [workers][words] nodes, a bit each */
	uint64_t	words;
} Triangles;

typedef struct Sampling
{
	const TnfrAdjacency *adjacency;
	_Atomic uint64_t connected; /* samples */
} Sampling;

/* The arcs of a node: pairs with those of higher (degree, index). */
static uint64_t
keep_higher(const TnfrRows *rows, uint64_t row, uint64_t begin, uint64_t end,
			uint32_t *kept)
{
	const uint64_t degree = rows->offset[row + 1] - rows->offset[row];
	uint64_t	count = 0;

	for (uint64_t k = begin; k < end; k++)
	{
		uint32_t	j = rows->neighbour[k];
		uint64_t	other = rows->offset[j + UINT64_C(1)] - rows->offset[j];

		if (other < degree || (other == degree && j < row))
			continue;
		if (kept != NULL)
			kept[count] = j;
		count++;
	}
	return count;
}

static inline uint64_t
arcs_of(const Triangles *t, uint64_t i)
{
	return t->arc.offset[i + 1] - t->arc.offset[i];
}

/*
 * Comparisons in all, or any number above the limit: every arc to a node is
 * followed along all arcs from it.
 */
static TnfrStatus
find_work(TnfrEnv *env, const Triangles *t, uint64_t limit, uint64_t *work)
{
	*work = 0;
	for (uint64_t i = 0; i < t->arc.n && *work <= limit; i++)
	{
		*work += arcs_of(t, i) *
			(tnfr_degree(t->adjacency, i) - arcs_of(t, i));
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* What a row costs: 1, and for every arc 1 and its comparisons. */
static void
cost_task(void *arg, uint64_t task, int worker)
{
	Triangles  *t = arg;
	TnfrWalk	w = tnfr_walk_task(t->arc.offset, t->arc.n, task);

	(void) worker;
	while (tnfr_walk_next(&w))
	{
		uint64_t	cost = w.head;

		for (uint64_t k = w.begin; k < w.end; k++)
			cost += 1 + arcs_of(t, t->arc.neighbour[k]);
		atomic_fetch_add_explicit(&t->cost[w.row + 1], cost,
								  memory_order_relaxed);
	}
}

static TnfrStatus
find_costs(TnfrEnv *env, Triangles *t)
{
	TnfrStatus	status = tnfr_fill(env, t->cost, 0,
								   (t->arc.n + 1) * sizeof(uint64_t));
	uint64_t	sum = 0;

	if (status == TNFR_OK)
		status = tnfr_parallel(env, tnfr_rows_tasks(t->arc.offset, t->arc.n),
							   cost_task, t);
	for (uint64_t i = 1; i <= t->arc.n && status == TNFR_OK; i++)
	{
		sum += atomic_load_explicit(&t->cost[i], memory_order_relaxed);
		atomic_store_explicit(&t->cost[i], sum, memory_order_relaxed);
		if (i % SLICE == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	return status;
}

static inline uint64_t
cost_before(const Triangles *t, uint64_t row)
{
	return atomic_load_explicit(&t->cost[row], memory_order_relaxed);
}

/* The last row that begins at the cost or before it. */
static uint64_t
row_at_cost(const Triangles *t, uint64_t cost)
{
	uint64_t	low = 0;
	uint64_t	high = t->arc.n;

	while (high - low > 1)
	{
		uint64_t	mid = low + (high - low) / 2;

		if (cost_before(t, mid) <= cost)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static inline void
add_triangles(Triangles *t, uint64_t i, uint32_t count)
{
	if (count > 0)
		atomic_fetch_add_explicit(&t->count[i], count, memory_order_relaxed);
}

/* Those of the arcs from v that lead to marked nodes. */
static uint32_t
count_marked(Triangles *t, const uint64_t *mark, uint32_t v)
{
	const uint64_t end = t->arc.offset[v + UINT64_C(1)];
	uint32_t	count = 0;

	for (uint64_t k = t->arc.offset[v]; k < end; k++)
	{
		uint32_t	w = t->arc.neighbour[k];

		if (mark[w / 64] >> (w % 64) & 1)
		{
			add_triangles(t, w, 1);
			count++;
		}
	}
	add_triangles(t, v, count);
	return count;
}

/* Triangles by those arcs of a row whose cost is in begin .. end. */
static void
count_row(Triangles *t, uint64_t *mark, uint64_t row, uint64_t begin,
		  uint64_t end)
{
	const uint32_t *arc = t->arc.neighbour + t->arc.offset[row];
	const uint64_t arcs = arcs_of(t, row);
	uint64_t	cost = cost_before(t, row) + 1;
	uint32_t	count = 0;

	for (uint64_t k = 0; k < arcs; k++)
	{
		mark[arc[k] / 64] |= UINT64_C(1) << (arc[k] % 64);
		__builtin_prefetch(&t->arc.offset[arc[k]]);
	}
	for (uint64_t k = 0; k < arcs; k++)
		__builtin_prefetch(&t->arc.neighbour[t->arc.offset[arc[k]]]);
	for (uint64_t k = 0; k < arcs && cost < end; k++)
	{
		if (cost >= begin)
			count += count_marked(t, mark, arc[k]);
		cost += 1 + arcs_of(t, arc[k]);
	}
	for (uint64_t k = 0; k < arcs; k++)
		mark[arc[k] / 64] = 0;
	add_triangles(t, row, count);
}

static void
triangle_task(void *arg, uint64_t task, int worker)
{
	Triangles  *t = arg;
	const uint64_t begin = task * TASK_COST;
	const uint64_t end = begin + TASK_COST;
	uint64_t   *mark = t->mark + (uint64_t) worker * t->words;

	for (uint64_t row = row_at_cost(t, begin);
		 row < t->arc.n && cost_before(t, row) < end; row++)
		if (arcs_of(t, row) >= 2)
			count_row(t, mark, row, begin, end);
}

static void
coefficient_leaf(const void *arg, uint64_t first, uint32_t count, double *sum)
{
	const Triangles *t = arg;

	for (uint64_t i = first; i < first + count; i++)
	{
		double		degree = (double) tnfr_degree(t->adjacency, i);

		if (degree >= 2.0)
			sum[0] += 2.0 * (double) atomic_load_explicit(&t->count[i],
														  memory_order_relaxed) /
				(degree * (degree - 1.0));
	}
}

static TnfrStatus
count_triangles(TnfrEnv *env, Triangles *t, TnfrClustering *out)
{
	double		sum[TNFR_REDUCE_WIDTH];
	TnfrStatus	status;

	if (t->cost == NULL || t->count == NULL || t->mark == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_fill(env, t->count, 0, t->arc.n * sizeof(uint32_t));
	if (status == TNFR_OK)
		status = tnfr_fill(env, t->mark, 0, (uint64_t) env->threads *
						   t->words * sizeof(uint64_t));
	if (status == TNFR_OK)
		status = find_costs(env, t);
	if (status == TNFR_OK)
		status = tnfr_parallel(env, cost_before(t, t->arc.n) / TASK_COST + 1,
							   triangle_task, t);
	if (status == TNFR_OK)
		status = tnfr_reduce_sum(env, t->arc.n, coefficient_leaf, t, sum);
	if (status == TNFR_OK)
		out->coefficient = sum[0] / (double) t->arc.n;
	return status;
}

static TnfrStatus
compute_exactly(TnfrEnv *env, Triangles *t, TnfrClustering *out)
{
	const uint64_t n = t->arc.n;
	const uint64_t words = n / 64 + 1;
	TnfrStatus	status;

	t->words = words;
	t->cost = tnfr_alloc(env, n + 1, sizeof(uint64_t));
	if (t->cost != NULL)
		t->count = tnfr_alloc_gathered(env, n, sizeof(uint32_t));
	if (t->count != NULL)
		t->mark = tnfr_alloc(env, (uint64_t) env->threads * words,
							 sizeof(uint64_t));
	status = count_triangles(env, t, out);
	tnfr_release(env, t->cost, n + 1, sizeof(uint64_t));
	tnfr_release(env, t->count, n, sizeof(uint32_t));
	tnfr_release(env, t->mark, (uint64_t) env->threads * words,
				 sizeof(uint64_t));
	return status;
}

/* Is there a pair of i and j?  The shorter row tells. */
static bool
are_connected(const TnfrAdjacency *a, uint32_t i, uint32_t j)
{
	uint32_t	row = tnfr_degree(a, i) <= tnfr_degree(a, j) ? i : j;
	uint32_t	other = row == i ? j : i;
	uint64_t	low = a->offset[row];
	uint64_t	high = a->offset[row + UINT64_C(1)];

	while (low < high)
	{
		uint64_t	mid = low + (high - low) / 2;

		if (a->neighbour[mid] < other)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->offset[row + UINT64_C(1)] && a->neighbour[low] == other;
}

static bool
sample_is_connected(const TnfrAdjacency *a, uint64_t sample)
{
	const uint64_t draw = DRAWS * sample;
	const uint64_t i = tnfr_random_below(SEED, draw, a->n);
	const uint64_t degree = tnfr_degree(a, i);
	uint64_t	first;
	uint64_t	second;

	if (degree < 2)
		return false;
	first = tnfr_random_below(SEED, draw + 1, degree);
	second = tnfr_random_below(SEED, draw + 2, degree - 1);
	second += second >= first;
	return are_connected(a, a->neighbour[a->offset[i] + first],
						 a->neighbour[a->offset[i] + second]);
}

static void
sample_task(void *arg, uint64_t task, int worker)
{
	Sampling   *s = arg;
	uint64_t	connected = 0;

	(void) worker;
	for (uint64_t i = task * TASK_SAMPLES; i < (task + 1) * TASK_SAMPLES; i++)
		connected += sample_is_connected(s->adjacency, i);
	atomic_fetch_add_explicit(&s->connected, connected, memory_order_relaxed);
}

_Static_assert(TNFR_CLUSTERING_SAMPLES % TASK_SAMPLES == 0, "samples are left");

static TnfrStatus
estimate(TnfrEnv *env, const TnfrAdjacency *adjacency, TnfrClustering *out)
{
	const double samples = (double) TNFR_CLUSTERING_SAMPLES;
	Sampling	s = {.adjacency = adjacency};
	TnfrStatus	status = tnfr_parallel(env, TNFR_CLUSTERING_SAMPLES /
									   TASK_SAMPLES, sample_task, &s);
	double		share = (double) s.connected / samples;

	out->coefficient = share;
	out->standard_error = sqrt(share * (1.0 - share) / samples);
	out->samples = TNFR_CLUSTERING_SAMPLES;
	return status;
}

TnfrStatus
tnfr_clustering(TnfrEnv *env, const TnfrAdjacency *adjacency, uint32_t limit,
				TnfrClustering *out)
{
	TnfrRows	rows = {adjacency->n, adjacency->offset, adjacency->neighbour};
	Triangles	t = {.adjacency = adjacency};
	TnfrFilter	arcs;
	uint64_t	work;
	TnfrStatus	status = tnfr_filter_begin(env, &arcs, &rows, keep_higher);

	*out = (TnfrClustering) {0};
	if (status != TNFR_OK)
		return status;
	t.arc = arcs.kept;
	status = find_work(env, &t, limit, &work);
	if (status == TNFR_OK && work > limit)
		status = estimate(env, adjacency, out);
	else if (status == TNFR_OK && work > 0)
	{
		status = tnfr_filter_copy(env, &arcs);
		t.arc = arcs.kept;
		if (status == TNFR_OK)
			status = compute_exactly(env, &t, out);
	}
	tnfr_filter_end(env, &arcs);
	return status;
}

uint32_t
tnfr_adaptive_cap(uint64_t n, uint64_t pairs, double clustering)
{
	const double nodes = (double) n;
	const double base = n < 100 ? nodes : n < 1000 ? 100.0 : 200.0;
	const double density = tnfr_density(n, pairs);
	const double by_density = density > 0.5 ? 0.5 : density > 0.1 ? 1.0 : 1.5;
	const double by_clustering = clustering > 0.6 ? 0.8 :
		clustering < 0.2 ? 1.2 : 1.0;
	const double cap = base * (by_density * by_clustering);

	return cap < 10.0 ? 10 : cap > 500.0 ? 500 : (uint32_t) cap;
}
