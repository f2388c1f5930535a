/*
 * graphs.c
 *	  The graphs on the device: open ones, and those that stay in the hope that
 *	  they come again.
 *
 * A graph that was closed makes room for others, the one closed longest ago
 * first, if that helps.  A new graph gets all its entries on the device if they
 * fit; else a window as large as does.  Some memory is left free: drivers and
 * kernels want a little themselves, and no allocation is as exact as sums are.
 */
#include "session.h"
#include "core/base.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPARE_PART		16		/* of what is free and ours */
#define SPARE_MOST		(UINT64_C(512) << 20)

bool
is_resident(const Graph *g)
{
	return g->shape.window == g->shape.entries;
}

uint64_t
graph_bytes(const Session *s, uint32_t *graphs)
{
	uint64_t	bytes = 0;

	*graphs = 0;
	for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
		if (s->graph[i].handle != NULL)
		{
			bytes += s->graph[i].bytes;
			++*graphs;
		}
	return bytes;
}

static uint64_t
closed_bytes(const Session *s)
{
	uint64_t	bytes = 0;

	for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
		if (s->graph[i].handle != NULL && !s->graph[i].open)
			bytes += s->graph[i].bytes;
	return bytes;
}

static void
destroy(Session *s, Graph *g)
{
	s->library->destroy(g->handle);
	memset(g, 0, sizeof(*g));
}

/* Gives up the graph that has been closed longest; false: none is. */
static bool
evict(Session *s)
{
	Graph	   *oldest = NULL;

	for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
	{
		Graph	   *g = &s->graph[i];

		if (g->handle != NULL && !g->open &&
			(oldest == NULL || g->used < oldest->used))
			oldest = g;
	}
	if (oldest != NULL)
		destroy(s, oldest);
	return oldest != NULL;
}

static bool
all_open(const Session *s)
{
	for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
		if (!s->graph[i].open)
			return false;
	return true;
}

/* There is one as long as not all graphs are open. */
static Graph *
free_place(Session *s)
{
	do
		for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
			if (s->graph[i].handle == NULL)
				return &s->graph[i];
	while (evict(s));
	return NULL;
}

/* What a new graph may take: now, and when all are gone that nobody uses. */
typedef struct Room
{
	uint64_t	now;
	uint64_t	most;
} Room;

static uint64_t
less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* False: the device does not say. */
static bool
room_for_graph(Session *s, uint64_t budget, Room *room,
			   TnfrDeviceError *error)
{
	TnfrDeviceInfo device;
	uint32_t	graphs;
	const uint64_t taken = graph_bytes(s, &graphs);
	const uint64_t closed = closed_bytes(s);
	uint64_t	spare;

	if (s->library->info(s->device, &device, error) != TNFR_DEVICE_OK)
		return false;
	spare = least((device.free_bytes + taken) / SPARE_PART, SPARE_MOST);
	if (budget == 0)
		budget = UINT64_MAX;
	room->now = least(less(device.free_bytes, spare), less(budget, taken));
	room->most = least(less(device.free_bytes + closed, spare),
					   less(budget, taken - closed));
	return true;
}

/* The largest window that fits the room; UINT64_MAX: none does. */
static uint64_t
window_for(const Session *s, TnfrDeviceShape shape, uint64_t room)
{
	uint64_t	low = s->library->window_min(s->device);
	uint64_t	high = shape.entries;

	shape.window = high;
	if (s->library->bytes(&shape) <= room)
		return high;
	shape.window = low;
	if (low >= high || s->library->bytes(&shape) > room)
		return UINT64_MAX;
	while (high - low > 1)		/* low fits, high does not */
	{
		shape.window = low + (high - low) / 2;
		if (s->library->bytes(&shape) <= room)
			low = shape.window;
		else
			high = shape.window;
	}
	return low;
}

/*
 * Chooses the window of a graph of at most so many bytes, and makes room for
 * it.  Where even the smallest finds none, nobody's graph is given up.
 */
static bool
choose_window(Session *s, const TnfrCommand *c, uint64_t limit,
			  TnfrDeviceShape *shape, TnfrDeviceError *error)
{
	Room		room;

	for (;;)
	{
		if (!room_for_graph(s, c->budget, &room, error))
			return false;
		shape->window = shape->entries;
		if (window_for(s, *shape, least(room.most, limit)) == UINT64_MAX)
			break;

		/* rather the whole of this one than those that nobody uses now */
		if (s->library->bytes(shape) > room.now && evict(s))
			continue;
		shape->window = window_for(s, *shape, least(room.now, limit));
		if (shape->window == UINT64_MAX)
			break;
		return true;
	}
	if (error->kind != TNFR_DEVICE_NONE)
		return false;			/* the device has said why */
	error->kind = TNFR_DEVICE_NO_MEMORY;
	snprintf(error->text, sizeof(error->text),
			 "a graph of %" PRIu64 " nodes and %" PRIu64 " entries does not "
			 "fit %" PRIu64 " bytes of device memory", shape->n,
			 shape->entries, room.most);
	return false;
}

/*
 * A device may have less memory in one piece than it says.  Then the graphs go
 * that nobody uses, and if that does not help the window becomes smaller.
 */
static bool
create(Session *s, const TnfrCommand *c, Graph *made, TnfrDeviceError *error)
{
	TnfrDeviceShape shape = {
		.n = c->n,.entries = c->entries,.window = c->entries,
		.weighted = c->weighted
	};
	uint64_t	limit = UINT64_MAX;

	while (choose_window(s, c, limit, &shape, error))
	{
		made->shape = shape;
		made->bytes = s->library->bytes(&shape);
		if (s->library->create(s->device, &shape, &made->handle, error) == TNFR_DEVICE_OK)
			return true;
		if (error->kind != TNFR_DEVICE_NO_MEMORY)
			return false;
		if (!evict(s))
			limit = made->bytes / 2;
	}
	return false;
}

static Graph *
graph_with_key(Session *s, const TnfrCommand *c)
{
	for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
	{
		Graph	   *g = &s->graph[i];

		if (g->handle != NULL && (c->key[0] != 0 || c->key[1] != 0) &&
			g->key[0] == c->key[0] && g->key[1] == c->key[1] &&
			g->shape.n == c->n && g->shape.entries == c->entries &&
			g->shape.weighted == c->weighted)
			return g;
	}
	return NULL;
}

/* A budget may have become smaller than what has stayed. */
static void
keep_to_budget(Session *s, uint64_t budget)
{
	uint32_t	graphs;

	while (budget > 0 && graph_bytes(s, &graphs) > budget)
		if (!evict(s))
			return;
}

uint32_t
open_graph(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	Graph	   *g;

	keep_to_budget(s, c->budget);
	g = graph_with_key(s, c);
	if (c->weighted > 1 || c->n > TNFR_MAX_NODES ||
		c->entries > UINT64_MAX / 64 || (c->n == 0 && c->entries > 0))
		return refuse(answer, "there are no such graphs");
	if (g != NULL && g->open)
		return refuse(answer, "the graph is in use");
	if (g == NULL)
	{
		Graph		made = {.key = {c->key[0], c->key[1]}};

		if (all_open(s))
			return refuse(answer, "too many graphs are in use");
		if (!create(s, c, &made, &answer->error))
			return TNFR_ANSWER_ERROR;
		g = free_place(s);
		*g = made;
	}
	else
		answer->resident = 1;
	g->open = true;
	answer->graph = (uint32_t) (g - s->graph);
	answer->window = g->shape.window;
	answer->bytes = g->bytes;
	answer->strengths = g->has[TNFR_DEVICE_STRENGTH];
	return TNFR_ANSWER_DONE;
}

/* The open graph that a command names. */
Graph *
find_graph(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	if (c->graph < TNFR_DEVICE_GRAPHS && s->graph[c->graph].open)
		return &s->graph[c->graph];
	refuse(answer, "the graph is not open");
	return NULL;
}

/*
 * What another session must not see goes: state has to be loaded and summed
 * anew.  Strengths follow from the entries, if they were summed from them.
 */
static void
forget_state(Graph *g)
{
	g->loaded[TNFR_DEVICE_STATE] = 0;
	g->has[TNFR_DEVICE_SUMS] = g->has[TNFR_DEVICE_TOPO] = false;
	if (g->loaded[TNFR_DEVICE_STRENGTH] > 0)
		g->has[TNFR_DEVICE_STRENGTH] = false;
	g->loaded[TNFR_DEVICE_STRENGTH] = 0;
}

uint32_t
close_graph(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	Graph	   *g = find_graph(s, c, answer);
	const bool	has_key = g != NULL && (g->key[0] != 0 || g->key[1] != 0);

	if (g == NULL)
		return TNFR_ANSWER_REFUSED;
	if (c->keep && has_key && !g->broken && is_resident(g) &&
		g->loaded[TNFR_DEVICE_OFFSET] == g->shape.n + 1 &&
		g->loaded[TNFR_DEVICE_ENTRIES] == g->shape.entries)
	{
		forget_state(g);
		g->open = false;
		g->used = ++s->clock;
		answer->resident = 1;
	}
	else
		destroy(s, g);
	return TNFR_ANSWER_DONE;
}
