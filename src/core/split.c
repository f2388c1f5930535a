/*
 * split.c
 *	  Parallel refinement of oversized groups.
 */
#include "core/split.h"
#include "core/parallel.h"

#include <string.h>

#define PARTS	UINT32_C(1024)	/* a piece is cut into at most so many */
#define SLICE	UINT64_C(65536) /* entries a task */

typedef struct Range
{
	uint64_t	min;
	uint64_t	max;
} Range;

typedef struct Cut
{
	TnfrEntries from;			/* the piece, or its copy, from entry 0 */
	TnfrEntries copy;
	uint64_t	n;
	bool		by_weight;		/* key: the weight's bits, not its place */
	Range	   *range;			/* [workers] */
	uint64_t	min;
	int			shift;			/* part of a key: (key - min) >> shift */
	uint64_t   *count;			/* [workers][PARTS + 1] */
	TnfrScatter scatter;
} Cut;

/*
 * What entries are told apart by: row and neighbour; where those are all the
 * same, the weight, which is never negative, so its bits ascend with it.
 */
static inline uint64_t
key_of(const Cut *c, uint64_t i)
{
	uint64_t	bits;

	if (!c->by_weight)
		return (uint64_t) c->from.row[i] << 32 | c->from.neighbour[i];
	memcpy(&bits, &c->from.weight[i], sizeof(bits));
	return bits;
}

static uint64_t
slice_end(const Cut *c, uint64_t task)
{
	uint64_t	end = (task + 1) * SLICE;

	return end < c->n ? end : c->n;
}

static void
range_task(void *arg, uint64_t task, int worker)
{
	const Cut  *c = arg;
	Range		r = c->range[worker];

	for (uint64_t i = task * SLICE; i < slice_end(c, task); i++)
	{
		uint64_t	key = key_of(c, i);

		r.min = key < r.min ? key : r.min;
		r.max = key > r.max ? key : r.max;
	}
	c->range[worker] = r;
}

static void
copy_task(void *arg, uint64_t task, int worker)
{
	const Cut  *c = arg;
	uint64_t   *count = c->count + (size_t) worker * (PARTS + 1);
	uint64_t	begin = task * SLICE;
	uint64_t	n = slice_end(c, task) - begin;

	for (uint64_t i = begin; i < begin + n; i++)
		count[(key_of(c, i) - c->min) >> c->shift]++;
	memcpy(c->copy.neighbour + begin, c->from.neighbour + begin,
		   n * sizeof(uint32_t));
	memcpy(c->copy.row + begin, c->from.row + begin, n * sizeof(uint16_t));
	if (c->copy.weight != NULL)
		memcpy(c->copy.weight + begin, c->from.weight + begin,
			   n * sizeof(double));
}

static void
scatter_task(void *arg, uint64_t task, int worker)
{
	Cut		   *c = arg;
	const bool	weighted = c->from.weight != NULL;
	TnfrScatterLine *line = tnfr_scatter_lines(&c->scatter, worker);

	for (uint64_t i = task * SLICE; i < slice_end(c, task); i++)
		tnfr_scatter_push(&c->scatter, line, weighted,
						  (uint32_t) ((key_of(c, i) - c->min) >> c->shift),
						  c->from.row[i], c->from.neighbour[i],
						  weighted ? c->from.weight[i] : 1.0);
}

/* The range of the keys of a cut, over all workers. */
static TnfrStatus
find_range(TnfrEnv *env, Cut *c, Range *range)
{
	Range	   *part = tnfr_alloc(env, env->threads, sizeof(Range));
	TnfrStatus	status;

	if (part == NULL)
		return TNFR_NO_MEMORY;
	for (int w = 0; w < env->threads; w++)
		part[w] = (Range) {UINT64_MAX, 0};
	c->range = part;
	status = tnfr_parallel(env, (c->n + SLICE - 1) / SLICE, range_task, c);
	*range = part[0];
	for (int w = 1; w < env->threads; w++)
	{
		range->min = part[w].min < range->min ? part[w].min : range->min;
		range->max = part[w].max > range->max ? part[w].max : range->max;
	}
	tnfr_release(env, part, env->threads, sizeof(Range));
	return status;
}

static TnfrEntries
entries_from(TnfrEntries e, uint64_t begin)
{
	return (TnfrEntries)
	{
		e.neighbour + begin, e.weight != NULL ? e.weight + begin : NULL,
			e.row + begin
	};
}

static void
release_copy(TnfrEnv *env, Cut *c)
{
	tnfr_release(env, c->copy.neighbour, c->n, sizeof(uint32_t));
	tnfr_release(env, c->copy.weight, c->n, sizeof(double));
	tnfr_release(env, c->copy.row, c->n, sizeof(uint16_t));
}

static TnfrStatus
alloc_copy(TnfrEnv *env, Cut *c)
{
	bool		weighted = c->from.weight != NULL;

	c->copy.neighbour = tnfr_alloc(env, c->n, sizeof(uint32_t));
	c->copy.row = tnfr_alloc(env, c->n, sizeof(uint16_t));
	c->copy.weight = weighted ? tnfr_alloc(env, c->n, sizeof(double)) : NULL;
	if (c->copy.neighbour != NULL && c->copy.row != NULL &&
		(!weighted || c->copy.weight != NULL))
		return TNFR_OK;
	release_copy(env, c);
	return TNFR_NO_MEMORY;
}

/* Copies the piece away and scatters it back, part by part. */
static TnfrStatus
move_entries(TnfrEnv *env, Cut *c)
{
	const uint64_t tasks = (c->n + SLICE - 1) / SLICE;
	TnfrEntries home = c->from;
	uint64_t	sum = 0;
	TnfrStatus	status = alloc_copy(env, c);

	if (status != TNFR_OK)
		return status;
	status = tnfr_parallel(env, tasks, copy_task, c);
	for (uint32_t p = 0; p <= PARTS; p++)
	{
		uint64_t	count = 0;

		for (int w = 0; w < env->threads; w++)
			count += c->count[(size_t) w * (PARTS + 1) + p];
		c->count[p] = sum;
		sum += count;
	}
	c->from = c->copy;
	if (status == TNFR_OK)
		status = tnfr_scatter_begin(env, &c->scatter, home, c->count, PARTS);
	if (status == TNFR_OK)
	{
		status = tnfr_parallel(env, tasks, scatter_task, c);
		tnfr_scatter_end(env, &c->scatter);
	}
	release_copy(env, c);
	return status;
}

static TnfrStatus
add_piece(TnfrEnv *env, TnfrPieces *pieces, TnfrPiece piece)
{
	if (pieces->count == pieces->room)
	{
		uint64_t	room = pieces->room * 2 + 64;
		TnfrPiece  *p = tnfr_alloc(env, room, sizeof(TnfrPiece));

		if (p == NULL)
			return TNFR_NO_MEMORY;
		if (pieces->count > 0)
			memcpy(p, pieces->piece, pieces->count * sizeof(TnfrPiece));
		tnfr_release(env, pieces->piece, pieces->room, sizeof(TnfrPiece));
		pieces->piece = p;
		pieces->room = room;
	}
	pieces->piece[pieces->count++] = piece;
	return TNFR_OK;
}

/* Cuts piece i into parts, which come to the end of the list. */
static TnfrStatus
cut_piece(TnfrEnv *env, TnfrEntries entries, TnfrPieces *pieces, uint64_t i,
		  uint64_t limit)
{
	const TnfrPiece piece = pieces->piece[i];
	const uint64_t counters = (uint64_t) env->threads * (PARTS + 1);
	Cut			c = {.n = piece.end - piece.begin};
	Range		range;
	uint64_t	parts;
	TnfrStatus	status;

	pieces->piece[i].sorted = true; /* its parts stand for it */
	c.from = entries_from(entries, piece.begin);
	status = find_range(env, &c, &range);
	if (status == TNFR_OK && range.min == range.max && entries.weight != NULL)
	{
		c.by_weight = true;
		status = find_range(env, &c, &range);
	}
	if (status != TNFR_OK || range.min == range.max)
		return status;

	/* parts a good deal smaller than the limit, since some will be larger */
	parts = 4 * (c.n / limit) + 4;
	c.min = range.min;
	while ((range.max - range.min) >> c.shift >= (parts < PARTS ? parts : PARTS))
		c.shift++;
	c.count = tnfr_alloc(env, counters, sizeof(uint64_t));
	if (c.count == NULL)
		return TNFR_NO_MEMORY;
	memset(c.count, 0, counters * sizeof(uint64_t));
	status = move_entries(env, &c);
	for (uint32_t p = 0; p < PARTS && status == TNFR_OK; p++)
		if (c.count[p] < c.count[p + 1])
			status = add_piece(env, pieces, (TnfrPiece)
							   {
								   .begin = piece.begin + c.count[p],
									   .end = piece.begin + c.count[p + 1],
									   .group = piece.group
							   });
	tnfr_release(env, c.count, counters, sizeof(uint64_t));
	return status;
}

TnfrStatus
tnfr_split(TnfrEnv *env, TnfrEntries entries, const uint64_t *start,
		   uint32_t groups, uint64_t limit, TnfrPieces *pieces)
{
	TnfrStatus	status = TNFR_OK;

	memset(pieces, 0, sizeof(*pieces));
	for (uint32_t g = 0; g < groups && status == TNFR_OK; g++)
		status = add_piece(env, pieces, (TnfrPiece)
						   {
							   .begin = start[g],.end = start[g + 1],
								   .group = g,
								   .whole = start[g + 1] - start[g] <= limit
						   });

	/* the list grows while it is read: parts may be too large in turn */
	for (uint64_t i = 0; i < pieces->count && status == TNFR_OK; i++)
	{
		uint64_t	n = pieces->piece[i].end - pieces->piece[i].begin;

		if (n > limit)
			status = cut_piece(env, entries, pieces, i, limit);
		else if (n > pieces->largest)
			pieces->largest = n;
	}
	return status;
}

void
tnfr_pieces_release(TnfrEnv *env, TnfrPieces *pieces)
{
	tnfr_release(env, pieces->piece, pieces->room, sizeof(TnfrPiece));
	memset(pieces, 0, sizeof(*pieces));
}
