/*
 * graph_state.c
 *	  Gathers edges, and makes graphs and bytes of them.
 */
#include "postgres.h"

#include "core/parallel.h"
#include "miscadmin.h"
#include "pg/graph_state.h"
#include "pg/graph_value.h"
#include "utils/memutils.h"

#define FIRST_CHUNK		256		/* bytes; the next has twice as many */
#define LAST_CHUNK		(2 << 20)	/* up to so many */
#define CHUNK_OVERHEAD	(sizeof(TnfrGraphChunk) + 80)	/* the allocators' part as well */
#define FEW_EDGES		64		/* handed over as they are */

/* A serialized state begins with this; edges and parts follow. */
typedef struct Serialized
{
	bool		directed;
	bool		weighted;
	uint32		count;
	int			parts;
} Serialized;

static TnfrGraphMemory *memories = NULL;

/* The context of an aggregate is reset: its states are gone. */
static void
forget_memory(void *arg)
{
	TnfrGraphMemory	  **m = &memories;

	while (*m != arg)
		m = &(*m)->next;
	*m = (*m)->next;
}

/* Aggregates have few contexts. */
static TnfrGraphMemory *
memory_of(MemoryContext context)
{
	TnfrGraphMemory	   *m = memories;
	MemoryContext before;

	while (m != NULL && m->context != context)
		m = m->next;
	if (m != NULL)
		return m;
	m = MemoryContextAllocZero(context, sizeof(TnfrGraphMemory));
	m->context = context;
	m->cleanup.func = forget_memory;
	m->cleanup.arg = m;
	MemoryContextRegisterResetCallback(context, &m->cleanup);
	m->next = memories;
	memories = m;
	before = MemoryContextSwitchTo(context);
	m->call = tnfr_call_begin("tnfr_graph_agg");
	MemoryContextSwitchTo(before);
	return m;
}

static void *
take(TnfrGraphMemory *m, size_t bytes)
{
	void	   *p = tnfr_alloc(&m->call->env, bytes, 1);

	if (p == NULL)
		tnfr_call_check(m->call, TNFR_NO_MEMORY);
	return p;
}

static void
give_back(TnfrGraphMemory *m, void *p, size_t bytes)
{
	tnfr_release(&m->call->env, p, bytes, 1);
}

TnfrGraphState *
tnfr_graph_state(MemoryContext context, bool directed, bool weighted)
{
	TnfrGraphMemory	   *memory = memory_of(context);
	TnfrGraphState	   *state = take(memory, sizeof(TnfrGraphState));

	memset(state, 0, sizeof(TnfrGraphState));
	state->memory = memory;
	state->directed = directed;
	state->weighted = weighted;
	return state;
}

void *
tnfr_graph_state_take(TnfrGraphState *state, size_t bytes)
{
	return take(state->memory, bytes);
}

static size_t
edge_bytes(bool weighted)
{
	return 2 * sizeof(int64) + (weighted ? sizeof(double) : 0);
}

static size_t
chunk_bytes(uint32 room, bool weighted)
{
	return sizeof(TnfrGraphChunk) + room * edge_bytes(weighted);
}

void
tnfr_graph_state_grow(TnfrGraphState *s)
{
	const size_t bytes = Min((size_t) FIRST_CHUNK << Min(s->chunks, 30),
							 LAST_CHUNK);
	const uint32 room = (bytes - CHUNK_OVERHEAD) / edge_bytes(s->weighted);
	TnfrGraphChunk	   *c = take(s->memory, chunk_bytes(room, s->weighted));

	c->next = s->chunk;
	c->count = 0;
	c->room = room;
	c->src = (int64 *) (c + 1);
	c->dst = c->src + room;
	c->weight = s->weighted ? (double *) (c->dst + room) : NULL;
	s->chunk = c;
	s->chunks++;
}

/* Drops the last chunk. */
static void
drop_chunk(TnfrGraphState *s)
{
	TnfrGraphChunk	   *c = s->chunk;

	s->chunk = c->next;
	s->chunks--;
	give_back(s->memory, c, chunk_bytes(c->room, s->weighted));
}

static TnfrGraphPart *
add_part(TnfrGraphState *s, size_t size)
{
	TnfrGraphPart	   *part = take(s->memory, sizeof(TnfrGraphPart) + size);

	part->next = s->part;
	part->size = size;
	part->bytes = (uint8_t *) (part + 1);
	s->part = part;
	s->parts++;
	return part;
}

static void
drop_part(TnfrGraphState *s)
{
	TnfrGraphPart	   *part = s->part;

	s->part = part->next;
	s->parts--;
	give_back(s->memory, part, sizeof(TnfrGraphPart) + part->size);
}

static inline TnfrEdgeList
edges_of(const TnfrGraphChunk *c)
{
	return (TnfrEdgeList) {c->src, c->dst, c->weight, c->count};
}

/* Begins a graph of all that a state has. */
static void
begin_graph(const TnfrGraphState *s, bool directed, TnfrCollection *collection)
{
	TnfrCall   *call = s->memory->call;
	TnfrEdgeList *list = palloc((s->chunks + 1) * sizeof(TnfrEdgeList));
	TnfrGraphBytes *part = palloc((s->parts + 1) * sizeof(TnfrGraphBytes));
	int			lists = 0;
	int			parts = 0;

	for (const TnfrGraphChunk *c = s->chunk; c != NULL; c = c->next)
		list[lists++] = edges_of(c);
	for (const TnfrGraphPart *p = s->part; p != NULL; p = p->next)
		tnfr_call_check(call, tnfr_decode_begin(&call->env, &part[parts++],
												p->bytes, p->size));
	tnfr_call_check(call, tnfr_collect_begin(&call->env, collection, list,
											 lists, part, parts, directed,
											 s->weighted));
	pfree(list);
	pfree(part);
}

/*
 * Makes a graph of all that a state has, which is used up: chunks and parts
 * are given back as soon as they have been added.
 */
static void
make_graph(TnfrGraphState *s, bool directed, TnfrGraph *graph, int64_t **id)
{
	TnfrCall   *call = s->memory->call;
	TnfrCollection collection;

	call->env.threads = 1;
	begin_graph(s, directed, &collection);
	while (s->chunk != NULL)
	{
		TnfrEdgeList list = edges_of(s->chunk);

		tnfr_call_check(call, tnfr_collect_list(&call->env, &collection, &list));
		drop_chunk(s);
	}
	while (s->part != NULL)
	{
		TnfrGraphBytes part;

		tnfr_call_check(call, tnfr_decode_begin(&call->env, &part,
												s->part->bytes, s->part->size));
		tnfr_call_check(call, tnfr_collect_part(&call->env, &collection, &part));
		drop_part(s);
	}
	tnfr_call_threads(call, collection.edges.entries);
	tnfr_call_check(call, tnfr_collect_end(&call->env, &collection, graph, id));
}

static void
release_graph(const TnfrGraphState *s, TnfrGraph *graph, int64_t *id)
{
	TnfrCall   *call = s->memory->call;

	tnfr_release(&call->env, id, graph->n, sizeof(int64_t));
	tnfr_graph_release(&call->env, graph);
	if (call->env.threads > 1)
		tnfr_parallel_end();
}

void
tnfr_graph_state_merge(TnfrGraphState *to, const TnfrGraphState *from)
{
	for (const TnfrGraphPart *p = from->part; p != NULL; p = p->next)
		memcpy(add_part(to, p->size)->bytes, p->bytes, p->size);
	for (const TnfrGraphChunk *c = from->chunk; c != NULL; c = c->next)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 k = 0; k < c->count; k++)
			tnfr_graph_state_add(to, c->src[k], c->dst[k],
					 c->weight != NULL ? c->weight[k] : 1.0);
	}
}

/* A part alone is a directed graph already. */
struct varlena *
tnfr_graph_state_value(TnfrGraphState *s)
{
	TnfrCall   *call = s->memory->call;
	TnfrGraph	graph;
	int64_t    *id;
	struct varlena *value;

	if (s->parts == 1 && s->chunks == 0 && s->directed)
		return tnfr_graph_value_of_bytes(call, s->part->bytes, s->part->size);
	make_graph(s, s->directed, &graph, &id);
	value = tnfr_graph_value(call, &graph, id);
	release_graph(s, &graph, id);
	return value;
}

static char *
put(char *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return to + size;
}

/* Edges that a state has in chunks. */
static uint64
count_edges(const TnfrGraphState *s)
{
	uint64		count = 0;

	for (const TnfrGraphChunk *c = s->chunk; c != NULL; c = c->next)
		count += c->count;
	return count;
}

/* A value to hand over, with its head, and room for so many bytes more. */
static bytea *
begin_serialized(const TnfrGraphState *s, uint32 count, int parts, size_t more)
{
	size_t		size = VARHDRSZ + sizeof(Serialized) + more;
	bytea	   *result;

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("part of a graph is too large to be handed over by a parallel worker"),
				 errdetail("It has %zu bytes; the limit is %zu bytes.",
						   size, (size_t) MaxAllocSize),
				 errhint("Split the graph with GROUP BY, or set max_parallel_workers_per_gather to 0.")));
	tnfr_call_require(s->memory->call, size);
	result = palloc(size);
	SET_VARSIZE(result, size);
	put(VARDATA(result), &(Serialized) {s->directed, s->weighted, count, parts},
		sizeof(Serialized));
	return result;
}

/* All edges and parts as one part. */
static bytea *
serialize_graph(TnfrGraphState *s)
{
	TnfrCall   *call = s->memory->call;
	TnfrGraph	graph;
	TnfrEncoding e;
	int64_t    *id;
	uint64		size;
	bytea	   *result;
	char	   *at;

	make_graph(s, true, &graph, &id);
	tnfr_call_check(call, tnfr_encode_begin(&call->env, &e, &graph, id));
	size = e.size;
	result = begin_serialized(s, 0, 1, sizeof(size) + size);
	at = put(VARDATA(result) + sizeof(Serialized), &size, sizeof(size));
	tnfr_call_check(call, tnfr_encode_write(&call->env, &e, (uint8_t *) at));
	tnfr_encode_end(&call->env, &e);
	release_graph(s, &graph, id);
	return result;
}

/* A few edges as they are. */
static bytea *
serialize_edges(const TnfrGraphState *s, uint32 count)
{
	bytea	   *result = begin_serialized(s, count, 0,
										  count * (s->weighted ? 3 : 2) * sizeof(int64));
	char	   *at = VARDATA(result) + sizeof(Serialized);

	for (const TnfrGraphChunk *c = s->chunk; c != NULL; c = c->next)
		for (uint32 k = 0; k < c->count; k++)
		{
			at = put(at, &c->src[k], sizeof(int64));
			at = put(at, &c->dst[k], sizeof(int64));
			if (s->weighted)
				at = put(at, &c->weight[k], sizeof(double));
		}
	return result;
}

bytea *
tnfr_graph_state_serialize(TnfrGraphState *s)
{
	uint64		count = count_edges(s);

	return s->parts == 0 && count <= FEW_EDGES ?
		serialize_edges(s, (uint32) count) : serialize_graph(s);
}

static const char *
get(void *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	return from + size;
}

/* The edges that came as they are, in a chunk. */
static const char *
get_edges(TnfrGraphState *s, uint32 count, const char *at)
{
	TnfrGraphChunk	   *c = palloc(chunk_bytes(count, s->weighted));

	c->next = NULL;
	c->count = c->room = count;
	c->src = (int64 *) (c + 1);
	c->dst = c->src + count;
	c->weight = s->weighted ? (double *) (c->dst + count) : NULL;
	for (uint32 k = 0; k < count; k++)
	{
		at = get(&c->src[k], at, sizeof(int64));
		at = get(&c->dst[k], at, sizeof(int64));
		if (s->weighted)
			at = get(&c->weight[k], at, sizeof(double));
	}
	s->chunk = c;
	return at;
}

TnfrGraphState *
tnfr_graph_state_deserialize(const char *at)
{
	TnfrGraphState	   *s = palloc0(sizeof(TnfrGraphState));
	Serialized	head;

	at = get(&head, at, sizeof(head));
	s->directed = head.directed;
	s->weighted = head.weighted;
	at = get_edges(s, head.count, at);
	for (int i = 0; i < head.parts; i++)
	{
		TnfrGraphPart	   *part = palloc(sizeof(TnfrGraphPart));
		uint64		size;

		at = get(&size, at, sizeof(size));
		part->next = s->part;
		part->size = size;
		part->bytes = (uint8_t *) at;
		s->part = part;
		at += size;
	}
	return s;
}
