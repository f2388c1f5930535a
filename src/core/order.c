/*
 * order.c
 *	  Canonical order of the entries, group by group.
 *
 * The sort key of an entry is (row in group, neighbour) as one integer; its
 * digits are sorted from the least significant, so the cost an entry is a
 * constant and no input is bad.  Equal keys (parallel edges) are then ordered
 * by weight.
 */
#include "core/order.h"
#include "core/parallel.h"
#include "core/split.h"

#include <string.h>

#define MAX_DIGIT_BITS	11
#define MAX_DIGITS		5		/* 48 bits */
#define SMALL			48		/* up to so many: insertion sort */
#define ROW_SLICE		UINT64_C(65536)

typedef struct Record
{
	uint64_t	key;			/* row in group, neighbour */
	double		weight;
} Record;

typedef struct Order
{
	TnfrGraph  *graph;
	uint16_t   *row;
	const TnfrPiece *piece;		/* [pieces] */
	uint32_t	groups;
	int			shift;			/* rows a group, as a power of two */
	int			key_bits;		/* of the neighbour */
	int			digits;			/* passes over a whole group's key */
	int			digit_bits;
	uint64_t	room;			/* records in each half of a scratch */
	void	  **scratch;		/* [workers], two halves each */
} Order;

/* Ascending by weight; runs of equal keys are short but for odd networks. */
static void
sort_weights(double *w, uint64_t n)
{
	for (uint64_t gap = n > 16 ? n / 2 : 1; gap > 0; gap = gap > 2 ? gap * 5 / 11 : gap / 2)
		for (uint64_t i = gap; i < n; i++)
		{
			double		x = w[i];
			uint64_t	j = i;

			for (; j >= gap && w[j - gap] > x; j -= gap)
				w[j] = w[j - gap];
			w[j] = x;
		}
}

static void
insertion_sort(Record *r, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
	{
		Record		x = r[i];
		uint64_t	j = i;

		for (; j > 0 && r[j - 1].key > x.key; j--)
			r[j] = r[j - 1];
		r[j] = x;
	}
}

static void
insertion_sort_keys(uint64_t *key, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
	{
		uint64_t	x = key[i];
		uint64_t	j = i;

		for (; j > 0 && key[j - 1] > x; j--)
			key[j] = key[j - 1];
		key[j] = x;
	}
}

/* Counts every digit of the key in one reading of a piece. */
static void
count_digits(const Order *o, const TnfrPiece *p,
			 uint32_t (*count)[1 << MAX_DIGIT_BITS])
{
	const uint32_t *neighbour = o->graph->neighbour;
	const uint32_t mask = (UINT32_C(1) << o->digit_bits) - 1;

	memset(count, 0, (size_t) o->digits * sizeof(*count));
	for (uint64_t i = p->begin; i < p->end; i++)
	{
		uint64_t	key = (uint64_t) o->row[i] << o->key_bits | neighbour[i];

		for (int d = 0; d < o->digits; d++)
			count[d][(key >> (d * o->digit_bits)) & mask]++;
	}
}

/* Turns counts into places; false when all entries share the digit. */
static bool
prefix_sum(uint32_t *count, uint32_t values, uint64_t n)
{
	uint32_t	sum = 0;

	for (uint32_t v = 0; v < values; v++)
	{
		uint32_t	c = count[v];

		if (c == n)
			return false;
		count[v] = sum;
		sum += c;
	}
	return true;
}

/*
 * Reads a piece into records, sorts them by key and returns where they are.
 * Inlined with a constant, once for Record and once for bare keys.
 */
static inline __attribute__((always_inline)) void *
sort_piece(const Order *o, const TnfrPiece *p, void *scratch, bool weighted)
{
	uint32_t	count[MAX_DIGITS][1 << MAX_DIGIT_BITS];
	const uint32_t *neighbour = o->graph->neighbour;
	const double *weight = o->graph->weight;
	const uint32_t mask = (UINT32_C(1) << o->digit_bits) - 1;
	const uint64_t n = p->end - p->begin;
	Record	   *r = scratch;
	Record	   *to_r = r + o->room;
	uint64_t   *k = scratch;
	uint64_t   *to_k = k + o->room;

	for (uint64_t i = 0; i < n; i++)
	{
		uint64_t	at = p->begin + i;
		uint64_t	key = (uint64_t) o->row[at] << o->key_bits | neighbour[at];

		if (weighted)
			r[i] = (Record) {key, weight[at]};
		else
			k[i] = key;
	}
	if (n <= SMALL)
	{
		if (weighted)
			insertion_sort(r, n);
		else
			insertion_sort_keys(k, n);
		return scratch;
	}

	count_digits(o, p, count);
	for (int d = 0; d < o->digits; d++)
	{
		const int	shift = d * o->digit_bits;
		Record	   *swap_r = r;
		uint64_t   *swap_k = k;

		if (!prefix_sum(count[d], mask + 1, n))
			continue;
		for (uint64_t i = 0; i < n; i++)
			if (weighted)
				to_r[count[d][(r[i].key >> shift) & mask]++] = r[i];
			else
				to_k[count[d][(k[i] >> shift) & mask]++] = k[i];
		r = to_r;
		to_r = swap_r;
		k = to_k;
		to_k = swap_k;
	}
	return weighted ? (void *) r : (void *) k;
}

/* The rows after that of entry at - 1, up to row, begin at entry at. */
static inline void
begin_rows(uint64_t *offset, uint64_t *next, uint64_t row, uint64_t at)
{
	while (*next <= row)
		offset[(*next)++] = at;
}

/*
 * Writes a sorted piece back; for a whole group, sets the offsets of its rows
 * as well (those of a group in pieces are set when all pieces are sorted).
 */
static inline __attribute__((always_inline)) void
write_piece(const Order *o, const TnfrPiece *p, const void *sorted,
			bool weighted)
{
	TnfrGraph  *g = o->graph;
	const Record *r = sorted;
	const uint64_t *k = sorted;
	const uint64_t n = p->end - p->begin;
	const uint64_t first = (uint64_t) p->group << o->shift;
	const uint64_t mask = (UINT64_C(1) << o->key_bits) - 1;
	uint64_t	next = first;
	uint64_t	last = ~UINT64_C(0);
	uint64_t	run = 0;		/* first entry of the run of equal keys */

	for (uint64_t i = 0; i < n; i++)
	{
		uint64_t	key = weighted ? r[i].key : k[i];
		uint64_t	row = key >> o->key_bits;

		g->neighbour[p->begin + i] = (uint32_t) (key & mask);
		if (p->whole)
			begin_rows(g->offset, &next, first + row, p->begin + i);
		else
			o->row[p->begin + i] = (uint16_t) row;
		if (!weighted)
			continue;
		g->weight[p->begin + i] = r[i].weight;
		if (key != last)
		{
			if (i - run > 1)
				sort_weights(g->weight + p->begin + run, i - run);
			run = i;
			last = key;
		}
	}
	if (weighted && n - run > 1)
		sort_weights(g->weight + p->begin + run, n - run);
	if (p->whole)
	{
		uint64_t	rows = first + (UINT64_C(1) << o->shift);

		begin_rows(g->offset, &next, (rows < g->n ? rows : g->n) - 1, p->end);
	}
}

static void
piece_task(void *arg, uint64_t task, int worker)
{
	const Order *o = arg;
	const TnfrPiece *p = &o->piece[task];

	if (p->sorted)
		return;
	if (o->graph->weight != NULL)
		write_piece(o, p, sort_piece(o, p, o->scratch[worker], true), true);
	else
		write_piece(o, p, sort_piece(o, p, o->scratch[worker], false), false);
}

/* Offsets of the rows of a group that was sorted in pieces. */
static TnfrStatus
offsets_of_split(TnfrEnv *env, const Order *o, uint32_t group,
				 uint64_t begin, uint64_t end)
{
	const uint64_t first = (uint64_t) group << o->shift;
	uint64_t	rows = first + (UINT64_C(1) << o->shift);
	uint64_t	next = first;

	for (uint64_t i = begin; i < end; i++)
	{
		begin_rows(o->graph->offset, &next, first + o->row[i], i);
		if (i % ROW_SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	if (rows > o->graph->n)
		rows = o->graph->n;
	begin_rows(o->graph->offset, &next, rows - 1, end);
	return TNFR_OK;
}

/* How many bits the indexes of n nodes need. */
static int
index_bits(uint64_t n)
{
	return n > 1 ? 64 - __builtin_clzll(n - 1) : 1;
}

static void
release_scratch(TnfrEnv *env, Order *o, size_t size)
{
	for (int w = 0; w < env->threads; w++)
		tnfr_release(env, o->scratch[w], 2 * o->room, size);
	tnfr_release(env, o->scratch, env->threads, sizeof(void *));
}

/* Two halves of o->room records for every thread. */
static TnfrStatus
alloc_scratch(TnfrEnv *env, Order *o, size_t size)
{
	o->scratch = tnfr_alloc(env, env->threads, sizeof(void *));
	if (o->scratch == NULL)
		return TNFR_NO_MEMORY;
	memset(o->scratch, 0, env->threads * sizeof(void *));
	for (int w = 0; w < env->threads; w++)
	{
		o->scratch[w] = tnfr_alloc(env, 2 * o->room, size);
		if (o->scratch[w] == NULL)
		{
			release_scratch(env, o, size);
			return TNFR_NO_MEMORY;
		}
	}
	return TNFR_OK;
}

static TnfrStatus
sort_pieces(TnfrEnv *env, Order *o, const TnfrPieces *pieces)
{
	const size_t size = o->graph->weight != NULL ? sizeof(Record)
		: sizeof(uint64_t);
	TnfrStatus	status;

	o->piece = pieces->piece;
	o->room = pieces->largest;
	status = alloc_scratch(env, o, size);
	if (status != TNFR_OK)
		return status;
	status = tnfr_parallel(env, pieces->count, piece_task, o);
	release_scratch(env, o, size);
	return status;
}

TnfrStatus
tnfr_order(TnfrEnv *env, TnfrGraph *graph, uint16_t *row,
		   const uint64_t *start, uint32_t groups, int shift)
{
	Order		o = {.graph = graph,.row = row,.groups = groups,.shift = shift};
	TnfrEntries entries = {graph->neighbour, graph->weight, row};
	TnfrPieces	pieces;
	TnfrStatus	status;
	int			bits;

	o.key_bits = index_bits(graph->n);
	bits = o.key_bits + shift;
	o.digits = (bits + MAX_DIGIT_BITS - 1) / MAX_DIGIT_BITS;
	o.digit_bits = (bits + o.digits - 1) / o.digits;

	status = tnfr_split(env, entries, start, groups, TNFR_PIECE_MAX, &pieces);
	if (status == TNFR_OK)
		status = sort_pieces(env, &o, &pieces);
	for (uint32_t g = 0; g < groups && status == TNFR_OK; g++)
		if (start[g + 1] - start[g] > TNFR_PIECE_MAX)
			status = offsets_of_split(env, &o, g, start[g], start[g + 1]);
	graph->offset[graph->n] = graph->entries;
	tnfr_pieces_release(env, &pieces);
	return status;
}
