/*
 * growth.c
 *	  Growing communities, with scores kept from step to step.
 *
 * A candidate's frequency part is a running sum: a new member adds one term to
 * each.  The phase part needs no sum over members: with C = sum cos, S = sum
 * sin of the members, it is cos(phase_c) C + sin(phase_c) S.  So a step costs
 * a division a candidate, in loops that vectorise.  A late candidate gets the
 * terms of all members in the order in which they joined, so its sum is the
 * same to the last bit as if it had been there from the beginning.
 *
 * All candidates of a community together are at most the sum of what its
 * members list, so growth takes O(n k cap), or O(entries cap) with graph
 * neighbours; mostly far less, since members share their neighbourhoods.
 */
#include "core/growth.h"
#include "core/cpu.h"
#include "core/kernel.h"

#include <math.h>
#include <string.h>

#define TAKEN		UINT32_MAX	/* has a community */
#define ROOM		1024		/* candidates to begin with */
#define LANES		4			/* candidates that catch up together */
#define SLICE		UINT64_C(1048576)	/* terms between polls, some ms */
#define OFFER		32			/* terms that an offer takes as long as */

typedef struct Growth
{
	TnfrEnv    *env;
	const TnfrNodes *nodes;
	const TnfrGrowthRule *rule;
	const TnfrNearby *nearby;
	uint32_t   *community;		/* [n] */
	uint32_t   *offered;		/* [n] the last community it was offered to, from
								 * 1 on, or TAKEN */
	uint32_t	number;			/* of the community that grows, from 1 on */
	uint64_t	work;			/* terms since the last poll, some ns each */

	/* its members, in the order in which they joined */
	double	   *member;			/* [cap] vf */
	uint32_t	size;
	double		x;				/* sum cos */
	double		y;				/* sum sin */

	/* its candidates, in any order */
	uint64_t	count;
	uint64_t	room;
	uint32_t   *node;
	double	   *f;
	double	   *cosine;
	double	   *sine;
	double	   *sum;			/* of 1 / (1 + |f - f_m|) */
	double	   *score;			/* coherence times the members */
} Growth;

/* What a member adds to the frequency part of a candidate. */
TNFR_INLINE double
term(double f, double member)
{
	return 1.0 / (1.0 + fabs(f - member));
}

/* Sums the terms of the first members for LANES candidates. */
TNFR_INLINE void
sum_terms(const double *f, double *sum, const double *member, uint32_t members)
{
	double		own[LANES];
	double		total[LANES] = {0.0};

	memcpy(own, f, sizeof(own));
	for (uint32_t m = 0; m < members; m++)
		for (int lane = 0; lane < LANES; lane++)
			total[lane] += term(own[lane], member[m]);
	memcpy(sum, total, sizeof(total));
}

/* Adds the last member's term, and returns the highest score. */
TNFR_INLINE double
score_all(const Growth *g, uint64_t begin, uint64_t end)
{
	const double *restrict f = g->f;
	const double *restrict cosine = g->cosine;
	const double *restrict sine = g->sine;
	double	   *restrict sum = g->sum;
	double	   *restrict score = g->score;
	double		high[4] = {-HUGE_VAL, -HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
	double		member = g->member[g->size - 1];
	double		x = g->x;
	double		y = g->y;

	for (uint64_t i = begin; i < end; i++)
	{
		sum[i] += term(f[i], member);
		score[i] = 0.6 * sum[i] + 0.4 * (cosine[i] * x + sine[i] * y);
	}
	for (; begin + 4 <= end; begin += 4)
		for (int lane = 0; lane < 4; lane++)
			if (score[begin + lane] > high[lane])
				high[lane] = score[begin + lane];
	for (; begin < end; begin++)
		high[0] = score[begin] > high[0] ? score[begin] : high[0];
	for (int lane = 1; lane < 4; lane++)
		high[0] = high[lane] > high[0] ? high[lane] : high[0];
	return high[0];
}

TNFR_TARGET_AVX2 static void
sum_terms_avx2(const double *f, double *sum, const double *member,
			   uint32_t members)
{
	sum_terms(f, sum, member, members);
}

TNFR_TARGET_AVX2 static double
score_all_avx2(const Growth *g, uint64_t begin, uint64_t end)
{
	return score_all(g, begin, end);
}

/* After every slice of work; true: stop. */
static inline bool
worked(Growth *g, uint64_t terms)
{
	if ((g->work += terms) < SLICE)
		return false;
	g->work = 0;
	return tnfr_check(g->env);
}

static TnfrStatus
reserve(Growth *g, uint64_t more)
{
	TnfrArray	column[] = {
		{(void **) &g->node, sizeof(uint32_t), false},
		{(void **) &g->f, sizeof(double), false},
		{(void **) &g->cosine, sizeof(double), false},
		{(void **) &g->sine, sizeof(double), false},
		{(void **) &g->sum, sizeof(double), false},
		{(void **) &g->score, sizeof(double), false}
	};
	uint64_t	room = g->room > 0 ? g->room : ROOM;

	while (room < g->count + more + LANES)
		room *= 2;
	if (room > g->nodes->n + ROOM + LANES)
		room = g->nodes->n + ROOM + LANES;
	if (room > g->room)
	{
		if (!tnfr_resize_arrays(g->env, column, 6, g->room, room))
			return TNFR_NO_MEMORY;
		g->room = room;
	}
	return TNFR_OK;
}

/*
 * The terms of all members but the last, for candidates from first on.  A few
 * of the next places in the columns are worked on as well, whatever they hold.
 */
static TnfrStatus
catch_up(Growth *g, uint64_t first)
{
	uint32_t	members = g->size - 1;

	for (; first < g->count; first += LANES)
	{
		if (TNFR_HAVE_AVX2)
			sum_terms_avx2(g->f + first, g->sum + first, g->member, members);
		else
			sum_terms(g->f + first, g->sum + first, g->member, members);
		if (worked(g, (uint64_t) LANES * members))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* What is near the newest member and free becomes a candidate. */
static TnfrStatus
offer_near(Growth *g, uint32_t node)
{
	uint64_t	first = g->count;
	uint64_t	listed;
	const uint32_t *list = g->nearby->list(g->nearby->arg, node, &listed);

	if (worked(g, g->nearby->cost))
		return TNFR_STOPPED;
	for (uint64_t i = 0; i < listed; i += ROOM)
	{
		uint64_t	end = listed - i < ROOM ? listed : i + ROOM;

		if (reserve(g, ROOM) != TNFR_OK)
			return TNFR_NO_MEMORY;
		if (worked(g, OFFER * (end - i)))
			return TNFR_STOPPED;
		for (uint64_t j = i; j < end; j++)
		{
			uint32_t	c = list[j];

			if (g->offered[c] == TAKEN || g->offered[c] == g->number)
				continue;
			g->offered[c] = g->number;
			g->node[g->count] = c;
			g->f[g->count] = g->nodes->state[c].f;
			g->cosine[g->count] = g->nodes->state[c].x;
			g->sine[g->count] = g->nodes->state[c].y;
			g->count++;
		}
	}
	return catch_up(g, first);
}

static void
join(Growth *g, uint32_t node)
{
	const TnfrNodeState *state = &g->nodes->state[node];

	g->community[node] = g->number - 1;
	g->offered[node] = TAKEN;
	g->member[g->size++] = state->f;
	g->x += state->x;
	g->y += state->y;
	g->nearby->take(g->nearby->arg, node);
}

/* Scores all candidates; the highest score. */
static TnfrStatus
score_candidates(Growth *g, double *high)
{
	*high = -HUGE_VAL;
	for (uint64_t i = 0; i < g->count; i += SLICE)
	{
		uint64_t	end = g->count - i < SLICE ? g->count : i + SLICE;
		double		most = TNFR_HAVE_AVX2 ? score_all_avx2(g, i, end) :
			score_all(g, i, end);

		*high = most > *high ? most : *high;
		if (worked(g, end - i))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* Where the smallest node of that score is. */
static TnfrStatus
find_best(Growth *g, double score, uint64_t *best)
{
	uint32_t	least = TNFR_NO_NODE;

	for (uint64_t i = 0; i < g->count; i += SLICE)
	{
		uint64_t	end = g->count - i < SLICE ? g->count : i + SLICE;

		for (uint64_t j = i; j < end; j++)
			if (g->score[j] == score && g->node[j] < least)
				least = g->node[*best = j];
		if (worked(g, end - i))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/*
 * Takes the best candidate into the community.  *joined: which it was, or
 * TNFR_NO_NODE when there is none above the threshold.
 */
static TnfrStatus
join_best(Growth *g, uint32_t *joined)
{
	double		high;
	uint64_t	best = 0;
	TnfrStatus	status = score_candidates(g, &high);

	*joined = TNFR_NO_NODE;
	if (status != TNFR_OK || g->count == 0 ||
		!(high / (double) g->size > g->rule->threshold))
		return status;
	status = find_best(g, high, &best);
	if (status != TNFR_OK)
		return status;
	*joined = g->node[best];
	g->count--;
	g->node[best] = g->node[g->count];
	g->f[best] = g->f[g->count];
	g->cosine[best] = g->cosine[g->count];
	g->sine[best] = g->sine[g->count];
	g->sum[best] = g->sum[g->count];
	join(g, *joined);
	return TNFR_OK;
}

static TnfrStatus
grow_from(Growth *g, uint32_t seed)
{
	uint32_t	last = seed;
	TnfrStatus	status;

	g->size = 0;
	g->count = 0;
	g->x = 0.0;
	g->y = 0.0;
	join(g, seed);
	while (last != TNFR_NO_NODE && g->size < g->rule->cap)
	{
		if ((status = offer_near(g, last)) != TNFR_OK ||
			(status = join_best(g, &last)) != TNFR_OK)
			return status;
	}
	return TNFR_OK;
}

static TnfrStatus
grow_all(Growth *g)
{
	TnfrStatus	status = TNFR_OK;

	for (uint64_t i = 0; i < g->nodes->n && status == TNFR_OK; i++)
	{
		if (g->offered[i] != TAKEN)
		{
			g->number++;
			status = grow_from(g, (uint32_t) i);
		}
		if (status == TNFR_OK && worked(g, 1))
			status = TNFR_STOPPED;
	}
	return status;
}

static void
release(Growth *g)
{
	TnfrEnv    *env = g->env;

	tnfr_release(env, g->score, g->room, sizeof(double));
	tnfr_release(env, g->sum, g->room, sizeof(double));
	tnfr_release(env, g->sine, g->room, sizeof(double));
	tnfr_release(env, g->cosine, g->room, sizeof(double));
	tnfr_release(env, g->f, g->room, sizeof(double));
	tnfr_release(env, g->node, g->room, sizeof(uint32_t));
	tnfr_release(env, g->member, g->rule->cap, sizeof(double));
	tnfr_release(env, g->offered, g->nodes->n, sizeof(uint32_t));
}

TnfrStatus
tnfr_grow(TnfrEnv *env, const TnfrNodes *nodes, const TnfrGrowthRule *rule,
		  const TnfrNearby *nearby, uint32_t *community, uint32_t *communities)
{
	Growth		g = {.env = env,.nodes = nodes,.rule = rule,.nearby = nearby,
	.community = community};
	TnfrStatus	status = TNFR_NO_MEMORY;

	g.offered = tnfr_alloc(env, nodes->n, sizeof(uint32_t));
	g.member = tnfr_alloc(env, rule->cap, sizeof(double));
	if (g.offered != NULL && g.member != NULL && reserve(&g, ROOM) == TNFR_OK &&
		(status = tnfr_fill(env, g.offered, 0, nodes->n * sizeof(uint32_t))) == TNFR_OK)
		status = grow_all(&g);
	*communities = g.number;
	release(&g);
	return status;
}
