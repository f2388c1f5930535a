/*
 * feed.c
 *	  Feeds a job with a graph and takes its sums.
 *
 * Columns go in pieces through the two halves of the segment, in turn: while
 * the device program takes one, the next piece is written, or decoded, into
 * the other.  Sums come back the same way.
 */
#include "postgres.h"

#include "core/entries.h"
#include "pg/gpu/feed.h"

#define HALF_MIN	((size_t) 256 << 10)	/* holds a block of entries */
#define HALF_MAX	((size_t) 8 << 20)
#define PAGE		((size_t) 4096)

static size_t
largest_column(const TnfrGraph *graph)
{
	const uint64 item = tnfr_device_item(TNFR_DEVICE_ENTRIES,
										 tnfr_has_weights(graph));
	const uint64 state = tnfr_device_item(TNFR_DEVICE_STATE, 0);

	return Max(graph->entries * item, graph->n * state);
}

size_t
tnfr_feed_segment(const TnfrGraph *graph)
{
	size_t		half = TYPEALIGN(PAGE, largest_column(graph));

	return 2 * Min(Max(half, HALF_MIN), HALF_MAX);
}

void
tnfr_feed_begin(TnfrFeed *feed, TnfrGpuJob *job)
{
	memset(feed, 0, sizeof(*feed));
	feed->job = job;
	feed->half = job->bytes / 2;
}

/* A half that the device is done with. */
static bool
next_half(TnfrFeed *feed, int *half)
{
	*half = feed->turns++ % 2;
	return tnfr_job_wait(feed->job, feed->used[*half]);
}

static char *
address_of(const TnfrFeed *feed, int half)
{
	return feed->job->segment + half * feed->half;
}

/* Tells the device to take, or to fill, what is at this place in a half. */
static bool
move(TnfrFeed *feed, uint32 kind, uint32 column, uint64 first, uint64 count,
	 int half, uint64 place, uint64 weights)
{
	const uint64 begin = half * feed->half;
	const TnfrGpuCommand command = {
		.kind = kind,.what = column,.first = first,.count = count,
		.position = begin + place,.weights = begin + weights
	};

	return tnfr_job_post(feed->job, &command, &feed->used[half]);
}

static TnfrStatus
load_column(TnfrFeed *feed, uint32 column, const void *from, uint64 count)
{
	const uint64 item = tnfr_device_item(column, 0);
	const uint64 most = feed->half / item;

	for (uint64 first = 0; first < count; first += most)
	{
		const uint64 piece = Min(count - first, most);
		int			half;

		if (!next_half(feed, &half))
			return TNFR_NOT_SUMMED;
		memcpy(address_of(feed, half), (const char *) from + first * item,
			   piece * item);
		if (!move(feed, TNFR_COMMAND_LOAD, column, first, piece, half, 0, 0))
			return TNFR_NOT_SUMMED;
	}
	return TNFR_OK;
}

static TnfrStatus
load_entries(TnfrFeed *feed, TnfrEnv *env, const TnfrGraph *rows)
{
	const bool	weighted = tnfr_has_weights(rows);
	const uint64 item = tnfr_device_item(TNFR_DEVICE_ENTRIES, weighted);
	const uint64 most = feed->half / item / TNFR_COPY_BLOCK * TNFR_COPY_BLOCK;

	for (uint64 first = 0; first < rows->entries; first += most)
	{
		const uint64 piece = Min(rows->entries - first, most);
		const uint64 weights = MAXALIGN(piece * sizeof(uint32));
		TnfrStatus	status;
		char	   *p;
		int			half;

		if (!next_half(feed, &half))
			return TNFR_NOT_SUMMED;
		p = address_of(feed, half);
		status = tnfr_copy_entries(env, rows, first, piece, (uint32_t *) p,
								   weighted ? (double *) (p + weights) : NULL);
		if (status != TNFR_OK)
			return status;
		if (!move(feed, TNFR_COMMAND_LOAD, TNFR_DEVICE_ENTRIES, first, piece,
				  half, 0, weights))
			return TNFR_NOT_SUMMED;
	}
	return TNFR_OK;
}

/* A pass; a graph that does not stay has to come by again. */
static TnfrStatus
run_pass(TnfrFeed *feed, TnfrEnv *env, const TnfrGraph *rows, uint32 pass)
{
	const TnfrGpuCommand command = {.kind = TNFR_COMMAND_RUN,.what = pass};

	if (!tnfr_job_post(feed->job, &command, NULL))
		return TNFR_NOT_SUMMED;
	if (feed->job->window < rows->entries)
		return load_entries(feed, env, rows);
	return TNFR_OK;
}

/* Which columns of sums there are, and where they lie in a half. */
typedef struct Columns
{
	bool		strength;
	bool		topo;
	uint64		rows;			/* at a time */
	uint64		strength_at;
	uint64		topo_at;
} Columns;

static Columns
columns_for(const TnfrFeed *feed, const TnfrGraph *rows, bool topo)
{
	const uint64 sums = tnfr_device_item(TNFR_DEVICE_SUMS, 0);
	Columns		c = {.strength = tnfr_has_weights(rows),.topo = topo};

	c.rows = feed->half / (sums + c.strength * sizeof(double) +
						   c.topo * sizeof(double));
	c.strength_at = c.rows * sums;
	c.topo_at = c.strength_at + c.strength * c.rows * sizeof(double);
	return c;
}

static bool
fetch_piece(TnfrFeed *feed, const Columns *c, uint64 first, uint64 count,
			int *half)
{
	if (!next_half(feed, half))
		return false;
	return move(feed, TNFR_COMMAND_FETCH, TNFR_DEVICE_SUMS, first, count,
				*half, 0, 0) &&
		(!c->strength || move(feed, TNFR_COMMAND_FETCH, TNFR_DEVICE_STRENGTH,
							  first, count, *half, c->strength_at, 0)) &&
		(!c->topo || move(feed, TNFR_COMMAND_FETCH, TNFR_DEVICE_TOPO,
						  first, count, *half, c->topo_at, 0));
}

static TnfrStatus
hand_on(TnfrFeed *feed, TnfrEnv *env, const TnfrGraph *rows, const Columns *c,
		uint64 first, uint64 count, int half, TnfrSumsSink sink, void *sink_arg)
{
	const char *p = address_of(feed, half);
	TnfrSumColumns columns = {.sums = (const double (*)[4]) p};

	if (!tnfr_job_wait(feed->job, feed->used[half]))
		return TNFR_NOT_SUMMED;
	if (c->strength)
		columns.strength = (const double *) (p + c->strength_at);
	if (c->topo)
		columns.topo = (const double *) (p + c->topo_at);
	return tnfr_hand_on(env, rows, first, count, &columns, sink, sink_arg);
}

/* One piece is fetched while the one before is handed on. */
static TnfrStatus
take_sums(TnfrFeed *feed, TnfrEnv *env, const TnfrGraph *rows, bool topo,
		  TnfrSumsSink sink, void *sink_arg)
{
	const Columns c = columns_for(feed, rows, topo);
	uint64		count = Min(rows->n, c.rows);
	TnfrStatus	status = TNFR_OK;
	int			half;

	if (!fetch_piece(feed, &c, 0, count, &half))
		return TNFR_NOT_SUMMED;
	for (uint64 first = 0; first < rows->n && status == TNFR_OK;)
	{
		const uint64 next = first + count;
		const uint64 next_count = Min(rows->n - next, c.rows);
		int			next_half = half;

		if (next_count > 0 &&
			!fetch_piece(feed, &c, next, next_count, &next_half))
			return TNFR_NOT_SUMMED;
		status = hand_on(feed, env, rows, &c, first, count, half, sink, sink_arg);
		first = next;
		count = next_count;
		half = next_half;
	}
	return status;
}

TnfrStatus
tnfr_feed_sum(void *arg, TnfrEnv *env, const TnfrGraph *rows,
			  const TnfrNodeState *state, bool topo, TnfrSumsSink sink,
			  void *sink_arg)
{
	TnfrFeed   *feed = arg;
	const bool	resident = feed->job->resident;
	const bool	strengths = topo || tnfr_has_weights(rows);
	const uint32 pass = TNFR_DEVICE_PASS_SUMS |
		(strengths ? TNFR_DEVICE_PASS_STRENGTH : 0);
	TnfrStatus	status = TNFR_OK;

	if (!resident)
		status = load_column(feed, TNFR_DEVICE_OFFSET, rows->offset, rows->n + 1);
	if (status == TNFR_OK && !resident && feed->job->window >= rows->entries)
		status = load_entries(feed, env, rows);
	if (status == TNFR_OK)
		status = load_column(feed, TNFR_DEVICE_STATE, state, rows->n);
	if (status == TNFR_OK)
		status = run_pass(feed, env, rows, pass);
	if (status == TNFR_OK && topo)
		status = run_pass(feed, env, rows, TNFR_DEVICE_PASS_TOPO);
	if (status == TNFR_OK)
		status = take_sums(feed, env, rows, topo, sink, sink_arg);
	if (status == TNFR_OK && !tnfr_job_close(feed->job, true))
		status = TNFR_NOT_SUMMED;
	return status;
}
