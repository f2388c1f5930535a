/*
 * columns.c
 *	  Moves columns between segments and the device, and checks them.
 *
 * A piece is copied to a stage first, where nobody else can change it, and
 * checked there.  Columns come in order and passes when all they need has
 * come: so nothing is ever read on the device that was not loaded before.
 */
#include "session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Copies all of it, or refuses. */
static bool
copy_in(const Segment *segment, uint64_t position, void *to, uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes;)
	{
		ssize_t		got = pread(segment->fd, (char *) to + done, bytes - done,
								(off_t) (position + done));

		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		done += got > 0 ? (uint64_t) got : 0;
	}
	return true;
}

static bool
copy_out(const Segment *segment, uint64_t position, const void *from,
		 uint64_t bytes)
{
	for (uint64_t done = 0; done < bytes;)
	{
		ssize_t		put = pwrite(segment->fd, (const char *) from + done,
								 bytes - done, (off_t) (position + done));

		if (put <= 0 && !(put < 0 && errno == EINTR))
			return false;
		done += put > 0 ? (uint64_t) put : 0;
	}
	return true;
}

/* Are count items at the position within the segment? */
static bool
within(const Segment *segment, uint64_t position, uint64_t count,
	   uint64_t item)
{
	return position <= segment->bytes &&
		count <= (segment->bytes - position) / item;
}

static uint64_t
length_of(const Graph *g, uint32_t column)
{
	return column == TNFR_DEVICE_OFFSET ? g->shape.n + 1 :
		column == TNFR_DEVICE_ENTRIES ? g->shape.entries : g->shape.n;
}

/* Offsets ascend from 0 to the number of entries.  NULL, or what is wrong. */
static const char *
check_offsets(Graph *g, const uint64_t *offset, uint64_t first, uint64_t count)
{
	static const char *const no_graph = "the offsets are not those of a graph";
	uint64_t	last = first == 0 ? 0 : g->last_offset;

	for (uint64_t i = 0; i < count; i++)
	{
		if (offset[i] < last || (first == 0 && offset[0] != 0))
			return no_graph;
		if (offset[i] - last > TNFR_DEVICE_ROW_MAX)
			return "a node has more entries than a device takes";
		last = offset[i];
	}
	g->last_offset = last;
	if (last > g->shape.entries ||
		(first + count > g->shape.n && last != g->shape.entries))
		return no_graph;
	return NULL;
}

static bool
neighbours_fit(const uint32_t *neighbour, uint64_t count, uint64_t n)
{
	uint32_t	most = 0;

	for (uint64_t i = 0; i < count; i++)
		most = neighbour[i] > most ? neighbour[i] : most;
	return count == 0 || most < n;
}

/* Copies a piece to the stage; NULL, or what is wrong with it. */
static const char *
fill_stage(const Session *s, Graph *g, const TnfrCommand *c, uint64_t done,
		   uint64_t count, char *stage)
{
	const Segment *segment = &s->segment[c->segment];
	const uint64_t item = tnfr_device_item(c->column, 0);
	const uint64_t first = c->first + done;
	bool		copied = copy_in(segment, c->position + done * item, stage,
								 count * item);

	if (copied && c->column == TNFR_DEVICE_ENTRIES && g->shape.weighted)
		copied = copy_in(segment, c->weights + done * sizeof(double),
						 stage + tnfr_device_weights(count),
						 count * sizeof(double));
	if (!copied)
		return "the segment ends too early";
	if (c->column == TNFR_DEVICE_OFFSET)
		return check_offsets(g, (const uint64_t *) stage, first, count);
	if (c->column == TNFR_DEVICE_ENTRIES &&
		!neighbours_fit((const uint32_t *) stage, count, g->shape.n))
		return "a neighbour is not a node";
	return NULL;
}

/* Takes a piece to the device, and moves *done on. */
static uint32_t
load_piece(Session *s, Graph *g, const TnfrCommand *c, uint64_t *done,
		   TnfrAnswer *answer)
{
	TnfrDeviceError *error = &answer->error;
	TnfrDeviceResult result;
	void	   *stage;
	uint64_t	bytes;
	uint64_t	count = c->count - *done;
	uint64_t	most;
	const char *wrong;

	while ((result = s->library->stage(s->device, &stage, &bytes, error)) == TNFR_DEVICE_BUSY)
		breathe(s);
	if (result != TNFR_DEVICE_OK)
		return TNFR_ANSWER_ERROR;
	most = tnfr_device_fit(c->column, g->shape.weighted, bytes);
	count = count < most ? count : most;
	wrong = fill_stage(s, g, c, *done, count, stage);
	if (wrong != NULL)
		return refuse(answer, wrong);
	while ((result = s->library->load(g->handle, c->column, c->first + *done,
									  count, error)) == TNFR_DEVICE_BUSY)
		breathe(s);
	*done += count;
	return result == TNFR_DEVICE_OK ? TNFR_ANSWER_DONE : TNFR_ANSWER_ERROR;
}

/* May these items of the column come now? */
static const char *
may_load(const Session *s, const Graph *g, const TnfrCommand *c)
{
	const Segment *segment;
	const bool	weights = c->column == TNFR_DEVICE_ENTRIES && g->shape.weighted;

	if (g->broken)
		return "the graph is broken";
	if (c->column > TNFR_DEVICE_STRENGTH)
		return "no such column to load";
	if (c->segment >= TNFR_DEVICE_SEGMENTS || !s->segment[c->segment].attached)
		return "the segment is not attached";
	segment = &s->segment[c->segment];
	if (c->count > length_of(g, c->column) ||
		c->first > length_of(g, c->column) - c->count)
		return "the column has not so many items";
	if (!within(segment, c->position, c->count, tnfr_device_item(c->column, 0)) ||
		(weights && !within(segment, c->weights, c->count, sizeof(double))))
		return "the segment is too small";
	if (c->first != g->loaded[c->column] &&
		(c->first != 0 || c->column == TNFR_DEVICE_OFFSET ||
		 c->column == TNFR_DEVICE_ENTRIES))
		return "the column is loaded in order";
	if (c->column != TNFR_DEVICE_OFFSET && g->loaded[TNFR_DEVICE_OFFSET] <= g->shape.n)
		return "the offsets come first";
	if (c->column == TNFR_DEVICE_ENTRIES && !is_resident(g) && !g->streaming)
		return "no pass wants entries";
	if (c->column != TNFR_DEVICE_ENTRIES && g->streaming)
		return "the pass wants entries";
	return NULL;
}

uint32_t
load(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	Graph	   *g = find_graph(s, c, answer);
	const char *why = g != NULL ? may_load(s, g, c) : NULL;
	uint32_t	status = TNFR_ANSWER_DONE;
	uint64_t	done = 0;

	if (g == NULL)
		return TNFR_ANSWER_REFUSED;
	g->broken = true;			/* until all has succeeded */
	if (why != NULL)
		return refuse(answer, why);
	while (done < c->count && status == TNFR_ANSWER_DONE)
		status = load_piece(s, g, c, &done, answer);
	if (status != TNFR_ANSWER_DONE)
		return status;
	g->broken = false;
	g->loaded[c->column] = c->first + c->count;
	if (c->column == TNFR_DEVICE_STRENGTH)
		g->has[c->column] = g->loaded[c->column] == g->shape.n;
	if (c->column == TNFR_DEVICE_ENTRIES)
		g->streaming = g->streaming && g->loaded[c->column] < g->shape.entries;
	return TNFR_ANSWER_DONE;
}

static const char *
may_run(const Graph *g, uint32_t pass)
{
	if (g->broken)
		return "the graph is broken";
	if (pass == 0 || (pass > (TNFR_DEVICE_PASS_SUMS | TNFR_DEVICE_PASS_STRENGTH) &&
					  pass != TNFR_DEVICE_PASS_TOPO))
		return "there is no such pass";
	if (g->loaded[TNFR_DEVICE_OFFSET] <= g->shape.n || g->streaming ||
		(is_resident(g) && g->loaded[TNFR_DEVICE_ENTRIES] < g->shape.entries))
		return "not all entries are loaded";
	if ((pass & TNFR_DEVICE_PASS_SUMS) && g->loaded[TNFR_DEVICE_STATE] < g->shape.n)
		return "the state is not loaded";
	if ((pass & TNFR_DEVICE_PASS_TOPO) && g->shape.n > 0 &&
		!g->has[TNFR_DEVICE_STRENGTH])
		return "the strengths are not there";
	return NULL;
}

uint32_t
run(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	Graph	   *g = find_graph(s, c, answer);
	const char *why = g != NULL ? may_run(g, c->pass) : NULL;
	TnfrDeviceResult result;

	if (g == NULL)
		return TNFR_ANSWER_REFUSED;
	g->broken = true;			/* until it has succeeded */
	if (why != NULL)
		return refuse(answer, why);
	while ((result = s->library->run(g->handle, c->pass, &answer->error)) == TNFR_DEVICE_BUSY)
		breathe(s);
	if (result != TNFR_DEVICE_OK)
		return TNFR_ANSWER_ERROR;
	g->broken = false;
	if (!is_resident(g))
	{
		g->streaming = true;
		g->loaded[TNFR_DEVICE_ENTRIES] = 0;
	}
	if (c->pass & TNFR_DEVICE_PASS_STRENGTH)
		g->loaded[TNFR_DEVICE_STRENGTH] = 0;	/* summed, not loaded */
	if (c->pass & TNFR_DEVICE_PASS_SUMS)
		g->has[TNFR_DEVICE_SUMS] = true;
	if (c->pass & TNFR_DEVICE_PASS_STRENGTH)
		g->has[TNFR_DEVICE_STRENGTH] = true;
	if (c->pass & TNFR_DEVICE_PASS_TOPO)
		g->has[TNFR_DEVICE_TOPO] = true;
	return TNFR_ANSWER_DONE;
}

static const char *
may_fetch(const Session *s, const Graph *g, const TnfrCommand *c)
{
	if (g->broken)
		return "the graph is broken";
	if (g->streaming)
		return "the pass wants entries";
	if (c->column >= TNFR_DEVICE_COLUMNS || (!g->has[c->column] && g->shape.n > 0))
		return "no such column to fetch";
	if (c->count > g->shape.n || c->first > g->shape.n - c->count)
		return "the column has not so many items";
	if (c->segment >= TNFR_DEVICE_SEGMENTS || !s->segment[c->segment].attached)
		return "the segment is not attached";
	if (!within(&s->segment[c->segment], c->position, c->count,
				tnfr_device_item(c->column, 0)))
		return "the segment is too small";
	return NULL;
}

/* Brings a piece from the device, at most so many items, and moves *done on. */
static uint32_t
fetch_piece(Session *s, Graph *g, const TnfrCommand *c, uint64_t most,
			uint64_t *done, TnfrAnswer *answer)
{
	const uint64_t item = tnfr_device_item(c->column, 0);
	const uint64_t left = c->count - *done;
	const uint64_t count = left < most ? left : most;
	const uint64_t position = c->position + *done * item;
	const void *memory;
	TnfrDeviceResult result;

	while ((result = s->library->fetch(g->handle, c->column, c->first + *done,
									   count, &memory, &answer->error)) == TNFR_DEVICE_BUSY)
		breathe(s);
	if (result != TNFR_DEVICE_OK)
		return TNFR_ANSWER_ERROR;
	if (!copy_out(&s->segment[c->segment], position, memory, count * item))
		return refuse(answer, "the segment cannot be written");
	*done += count;
	return TNFR_ANSWER_DONE;
}

/* Waits for the pass, and asks how many bytes a piece may have. */
static uint32_t
wait_for_pass(Session *s, Graph *g, uint64_t *bytes, TnfrAnswer *answer)
{
	TnfrDeviceResult result;
	void	   *stage;

	while ((result = s->library->poll(g->handle, &answer->nanoseconds,
									  &answer->error)) == TNFR_DEVICE_BUSY)
		breathe(s);
	if (result != TNFR_DEVICE_OK)
	{
		g->broken = true;
		return TNFR_ANSWER_ERROR;
	}
	while ((result = s->library->stage(s->device, &stage, bytes,
									   &answer->error)) == TNFR_DEVICE_BUSY)
		breathe(s);				/* only its size is of interest */
	return result == TNFR_DEVICE_OK ? TNFR_ANSWER_DONE : TNFR_ANSWER_ERROR;
}

uint32_t
fetch(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	Graph	   *g = find_graph(s, c, answer);
	const char *why = g != NULL ? may_fetch(s, g, c) : NULL;
	uint32_t	status;
	uint64_t	done = 0;
	uint64_t	bytes;

	if (g == NULL)
		return TNFR_ANSWER_REFUSED;
	if (why != NULL)
		return refuse(answer, why);
	status = wait_for_pass(s, g, &bytes, answer);
	while (done < c->count && status == TNFR_ANSWER_DONE)
		status = fetch_piece(s, g, c, tnfr_device_fit(c->column, 0, bytes),
							 &done, answer);
	return status;
}
