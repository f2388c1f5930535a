/*
 * graph_state.h
 *	  State of tnfr_graph_agg: edges as they come, and parts of workers.
 *
 * A state gathers edges in chunks.  A parallel worker makes a part of all of
 * them when it is done, a graph as bytes (core/collect.h): ordered, and an
 * eighth of the size; that is what it hands over.  In the end the graph is made
 * of the edges and parts there are.  Parts are directed; those of an undirected
 * graph hold each edge once, from the smaller id to the larger.
 *
 * What all states of a grouping hold in this process counts against
 * tnfr.memory_limit.
 */
#ifndef TNFR_PG_GRAPH_STATE_H
#define TNFR_PG_GRAPH_STATE_H

#include "postgres.h"

#include "core/collect.h"
#include "pg/call.h"

/* What the states in a memory context share: memory, and its account. */
typedef struct TnfrGraphMemory
{
	struct TnfrGraphMemory *next;
	MemoryContext context;
	MemoryContextCallback cleanup;
	TnfrCall   *call;
} TnfrGraphMemory;

typedef struct TnfrGraphChunk
{
	struct TnfrGraphChunk *next;	/* the one filled before */
	uint32		count;
	uint32		room;
	int64	   *src;			/* [room], behind this struct, and so */
	int64	   *dst;
	double	   *weight;			/* NULL: not weighted */
} TnfrGraphChunk;

typedef struct TnfrGraphPart
{
	struct TnfrGraphPart *next;
	size_t		size;
	uint8_t    *bytes;			/* behind this struct, or in a row */
} TnfrGraphPart;

typedef struct TnfrGraphState
{
	TnfrGraphMemory *memory;	/* NULL: deserialized, of one row's life */
	bool		directed;
	bool		weighted;
	int			chunks;
	int			parts;
	TnfrGraphChunk *chunk;		/* the last; NULL: none */
	TnfrGraphPart *part;
	struct varlena *value;		/* the result, where it can be asked for again */
} TnfrGraphState;

/* An empty state in an aggregate's memory context. */
extern TnfrGraphState *tnfr_graph_state(MemoryContext context, bool directed,
										bool weighted);

/* Memory that counts as the state's; it goes with the context. */
extern void *tnfr_graph_state_take(TnfrGraphState *state, size_t bytes);

/* Makes room for an edge. */
extern void tnfr_graph_state_grow(TnfrGraphState *state);

static inline void
tnfr_graph_state_add(TnfrGraphState *s, int64 src, int64 dst, double weight)
{
	TnfrGraphChunk *c = s->chunk;

	if (c == NULL || c->count == c->room)
	{
		tnfr_graph_state_grow(s);
		c = s->chunk;
	}
	c->src[c->count] = s->directed || src < dst ? src : dst;
	c->dst[c->count] = s->directed || src < dst ? dst : src;
	if (c->weight != NULL)
		c->weight[c->count] = weight;
	c->count++;
}

/* Adds what another state holds, of the same direction; nothing of it is kept. */
extern void tnfr_graph_state_merge(TnfrGraphState *state,
								   const TnfrGraphState *other);

/* The graph of all it holds, as a value; the state is used up. */
extern struct varlena *tnfr_graph_state_value(TnfrGraphState *state);

/* A state as bytes to hand over; it is used up. */
extern bytea *tnfr_graph_state_serialize(TnfrGraphState *state);

/* Back again; its parts lie in the bytes. */
extern TnfrGraphState *tnfr_graph_state_deserialize(const char *bytes);

#endif							/* TNFR_PG_GRAPH_STATE_H */
