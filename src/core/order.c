/*
 * order.c
 *	  Canonical order of the entries, group by group.
 *
 * The sort key of an entry is (row in group, neighbour), at most 48 bits; with
 * the entry's place in its piece below it, a record is 64 bits, and weights
 * are fetched once, at the end.  Digits are sorted from the least significant,
 * so the cost an entry is a constant and no input is bad.  Equal keys
 * (parallel edges) are then ordered by weight.
 */
#include "core/order.h"
#include "core/parallel.h"
#include "core/sort.h"
#include "core/split.h"

#include <string.h>

#define PLACE_BITS		16		/* of an entry in its piece */
#define MAX_DIGIT_BITS	11
#define MAX_DIGITS		5		/* 48 bits */
#define SMALL			48		/* up to so many: insertion sort */
#define ROW_SLICE		UINT64_C(65536)

typedef struct DigitCounts
{
	uint32_t	count[1 << MAX_DIGIT_BITS];
} DigitCounts;

/* Memory of one thread; not on its stack, which may be small. */
typedef struct Scratch
{
	uint64_t   *record[2];		/* [largest piece] */
	double	   *weight;
	DigitCounts *digit;			/* [digits] */
} Scratch;

typedef struct Order
{
	TnfrGraph  *graph;
	uint16_t   *row;
	const TnfrPiece *piece;		/* [pieces] */
	uint32_t	groups;
	int			shift;			/* rows a group, as a power of two */
	int			key_bits;		/* of the neighbour */
	int			digits;			/* passes over a key */
	int			digit_bits;
	uint64_t	room;			/* entries of the largest piece */
	uint64_t   *record;			/* [workers][3][room] */
	DigitCounts *digit;			/* [workers][digits] */
} Order;

/* Ascending by weight; runs of equal keys are short but for odd networks. */
static void
sort_weights(double *w, uint64_t n)
{
	uint64_t	gap = n > 16 ? n / 2 : 1;

	for (; gap > 0; gap = gap > 2 ? gap * 5 / 11 : gap / 2)
		for (uint64_t i = gap; i < n; i++)
		{
			double		x = w[i];
			uint64_t	j = i;

			for (; j >= gap && w[j - gap] > x; j -= gap)
				w[j] = w[j - gap];
			w[j] = x;
		}
}

/*
 * Reads a piece into records and counts every digit of their keys, in one go.
 * Inlined with the usual number of digits, so that the inner loop unrolls.
 */
static inline __attribute__((always_inline)) void
read_piece(const Order *o, const TnfrPiece *p, Scratch *scratch, int digits)
{
	const uint32_t *neighbour = o->graph->neighbour + p->begin;
	const uint16_t *row = o->row + p->begin;
	const int	key_bits = o->key_bits;
	const int	digit_bits = o->digit_bits;
	const uint32_t mask = (UINT32_C(1) << digit_bits) - 1;
	const uint64_t n = p->end - p->begin;
	uint64_t   *record = scratch->record[0];
	DigitCounts *digit = scratch->digit;

	for (uint64_t i = 0; i < n; i++)
	{
		uint64_t	key = (uint64_t) row[i] << key_bits | neighbour[i];

		record[i] = key << PLACE_BITS | i;
		for (int d = 0; d < digits; d++)
			digit[d].count[(key >> (d * digit_bits)) & mask]++;
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

/* Sorts the records of a piece by key; returns which half they are in. */
static const uint64_t *
sort_piece(const Order *o, const TnfrPiece *p, Scratch *scratch)
{
	const uint32_t mask = (UINT32_C(1) << o->digit_bits) - 1;
	const uint64_t n = p->end - p->begin;
	uint64_t   *from = scratch->record[0];
	uint64_t   *to = scratch->record[1];

	if (n <= SMALL)
	{
		read_piece(o, p, scratch, 0);
		tnfr_insertion_sort(from, n);
		return from;
	}
	memset(scratch->digit, 0, (size_t) o->digits * sizeof(DigitCounts));
	if (o->digits == 3)
		read_piece(o, p, scratch, 3);
	else
		read_piece(o, p, scratch, o->digits);
	for (int d = 0; d < o->digits; d++)
	{
		const int	shift = PLACE_BITS + d * o->digit_bits;
		uint32_t   *place = scratch->digit[d].count;
		uint64_t   *swap = from;

		if (!prefix_sum(place, mask + 1, n))
			continue;
		for (uint64_t i = 0; i < n; i++)
			to[place[(from[i] >> shift) & mask]++] = from[i];
		from = to;
		to = swap;
	}
	return from;
}

/* The rows after that of entry at - 1, up to row, begin at entry at. */
static inline void
begin_rows(uint64_t *offset, uint64_t *next, uint64_t row, uint64_t at)
{
	while (*next <= row)
		offset[(*next)++] = at;
}

/* Neighbours and rows of a sorted piece. */
static void
write_keys(const Order *o, const TnfrPiece *p, const uint64_t *record)
{
	const uint64_t mask = (UINT64_C(1) << o->key_bits) - 1;
	const uint64_t n = p->end - p->begin;
	const uint64_t first = (uint64_t) p->group << o->shift;
	uint64_t	rows = first + (UINT64_C(1) << o->shift);
	uint64_t	next = first;
	uint32_t   *neighbour = o->graph->neighbour + p->begin;

	for (uint64_t i = 0; i < n; i++)
	{
		uint64_t	key = record[i] >> PLACE_BITS;

		neighbour[i] = (uint32_t) (key & mask);
		if (p->whole)
			begin_rows(o->graph->offset, &next, first + (key >> o->key_bits),
					   p->begin + i);
		else					/* offsets come when all pieces are sorted */
			o->row[p->begin + i] = (uint16_t) (key >> o->key_bits);
	}
	if (rows > o->graph->n)
		rows = o->graph->n;
	if (p->whole)
		begin_rows(o->graph->offset, &next, rows - 1, p->end);
}

/* Weights in the order of the records, those of equal keys ascending. */
static void
write_weights(const Order *o, const TnfrPiece *p, Scratch *scratch,
			  const uint64_t *record)
{
	const uint64_t mask = (UINT64_C(1) << PLACE_BITS) - 1;
	const uint64_t n = p->end - p->begin;
	double	   *weight = o->graph->weight + p->begin;
	uint64_t	run = 0;		/* first entry of the run of equal keys */

	memcpy(scratch->weight, weight, n * sizeof(double));
	for (uint64_t i = 0; i < n; i++)
	{
		weight[i] = scratch->weight[record[i] & mask];
		if (record[i] >> PLACE_BITS == record[run] >> PLACE_BITS)
			continue;
		if (i - run > 1)
			sort_weights(weight + run, i - run);
		run = i;
	}
	if (n - run > 1)
		sort_weights(weight + run, n - run);
}

static void
piece_task(void *arg, uint64_t task, int worker)
{
	const Order *o = arg;
	const TnfrPiece *p = &o->piece[task];
	uint64_t   *mine = o->record + 3 * o->room * (uint64_t) worker;
	Scratch		scratch = {
		.record = {mine, mine + o->room},
		.weight = (double *) (mine + 2 * o->room),
		.digit = o->digit + (size_t) worker * (size_t) o->digits
	};
	const uint64_t *record;

	if (p->sorted)
		return;
	record = sort_piece(o, p, &scratch);
	write_keys(o, p, record);
	if (o->graph->weight != NULL)
		write_weights(o, p, &scratch, record);
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

static TnfrStatus
sort_pieces(TnfrEnv *env, Order *o, const TnfrPieces *pieces)
{
	const uint64_t workers = (uint64_t) env->threads;
	TnfrStatus	status = TNFR_NO_MEMORY;

	o->piece = pieces->piece;
	o->room = pieces->largest;
	o->record = tnfr_alloc(env, 3 * workers * o->room, sizeof(uint64_t));
	o->digit = tnfr_alloc(env, workers * (uint64_t) o->digits,
						  sizeof(DigitCounts));
	if (o->record != NULL && o->digit != NULL)
		status = tnfr_parallel(env, pieces->count, piece_task, o);
	tnfr_release(env, o->record, 3 * workers * o->room, sizeof(uint64_t));
	tnfr_release(env, o->digit, workers * (uint64_t) o->digits,
				 sizeof(DigitCounts));
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
