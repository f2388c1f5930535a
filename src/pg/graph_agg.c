/*
 * graph_agg.c
 *	  Aggregate tnfr_graph_agg(src, dst [, weight] [, directed]): a graph of rows.
 *
 * A state gathers edges in chunks.  A parallel worker makes a part of all of
 * them when it is done, a graph as bytes (core/collect.h): ordered, and an
 * eighth of the size, that is what it hands over.  In the end the graph is made
 * of the edges and parts there are.  Parts are directed; those of an undirected
 * graph hold each edge once, from the smaller id to the larger.
 *
 * What all states of a grouping hold in this process counts against
 * tnfr.memory_limit.
 */
#include "postgres.h"

#include <math.h>

#include "core/collect.h"
#include "core/parallel.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pg/graph_value.h"
#include "utils/memutils.h"

#define FIRST_CHUNK		256		/* bytes; the next has twice as many */
#define LAST_CHUNK		(2 << 20)	/* up to so many */
#define CHUNK_OVERHEAD	(sizeof(Chunk) + 80)	/* the allocators' part as well */
#define FEW_EDGES		64		/* handed over as they are */

/* What the states in a memory context share: memory, and its account. */
typedef struct Memory
{
	struct Memory *next;
	MemoryContext context;
	MemoryContextCallback cleanup;
	TnfrCall   *call;
} Memory;

typedef struct Chunk
{
	struct Chunk *next;			/* the one filled before */
	uint32		count;
	uint32		room;
	int64	   *src;			/* [room], behind this struct, and so */
	int64	   *dst;
	double	   *weight;			/* NULL: not weighted */
} Chunk;

typedef struct Part
{
	struct Part *next;
	size_t		size;
	uint8_t    *bytes;			/* behind this struct, or in a row */
} Part;

typedef struct State
{
	Memory	   *memory;			/* NULL: deserialized, of one row's life */
	bool		directed;
	bool		weighted;
	int			chunks;
	int			parts;
	Chunk	   *chunk;			/* the last; NULL: none */
	Part	   *part;
	struct varlena *value;		/* the result, where it can be asked for again */
} State;

/* A serialized state begins with this; edges and parts follow. */
typedef struct Serialized
{
	bool		directed;
	bool		weighted;
	uint32		count;
	int			parts;
} Serialized;

static Memory *memories = NULL;

PG_FUNCTION_INFO_V1(tnfr_graph_agg_add);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_add_weighted);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_add_directed);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_add_weighted_directed);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_combine);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_serialize);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_deserialize);
PG_FUNCTION_INFO_V1(tnfr_graph_agg_final);

/* The context of an aggregate is reset: its states are gone. */
static void
forget_memory(void *arg)
{
	Memory	  **m = &memories;

	while (*m != arg)
		m = &(*m)->next;
	*m = (*m)->next;
}

/* Aggregates have few contexts. */
static Memory *
memory_of(MemoryContext context)
{
	Memory	   *m = memories;
	MemoryContext before;

	while (m != NULL && m->context != context)
		m = m->next;
	if (m != NULL)
		return m;
	m = MemoryContextAllocZero(context, sizeof(Memory));
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
take(Memory *m, size_t bytes)
{
	void	   *p = tnfr_alloc(&m->call->env, bytes, 1);

	if (p == NULL)
		tnfr_call_check(m->call, TNFR_NO_MEMORY);
	return p;
}

static void
give_back(Memory *m, void *p, size_t bytes)
{
	tnfr_release(&m->call->env, p, bytes, 1);
}

static State *
new_state(MemoryContext context, bool directed, bool weighted)
{
	Memory	   *memory = memory_of(context);
	State	   *state = take(memory, sizeof(State));

	memset(state, 0, sizeof(State));
	state->memory = memory;
	state->directed = directed;
	state->weighted = weighted;
	return state;
}

static size_t
edge_bytes(bool weighted)
{
	return 2 * sizeof(int64) + (weighted ? sizeof(double) : 0);
}

static size_t
chunk_bytes(uint32 room, bool weighted)
{
	return sizeof(Chunk) + room * edge_bytes(weighted);
}

static pg_noinline void
add_chunk(State *s)
{
	const size_t bytes = Min((size_t) FIRST_CHUNK << Min(s->chunks, 30),
							 LAST_CHUNK);
	const uint32 room = (bytes - CHUNK_OVERHEAD) / edge_bytes(s->weighted);
	Chunk	   *c = take(s->memory, chunk_bytes(room, s->weighted));

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
drop_chunk(State *s)
{
	Chunk	   *c = s->chunk;

	s->chunk = c->next;
	s->chunks--;
	give_back(s->memory, c, chunk_bytes(c->room, s->weighted));
}

static Part *
add_part(State *s, size_t size)
{
	Part	   *part = take(s->memory, sizeof(Part) + size);

	part->next = s->part;
	part->size = size;
	part->bytes = (uint8_t *) (part + 1);
	s->part = part;
	s->parts++;
	return part;
}

static void
drop_part(State *s)
{
	Part	   *part = s->part;

	s->part = part->next;
	s->parts--;
	give_back(s->memory, part, sizeof(Part) + part->size);
}

static inline void
add_edge(State *s, int64 src, int64 dst, double weight)
{
	Chunk	   *c = s->chunk;

	if (c == NULL || c->count == c->room)
	{
		add_chunk(s);
		c = s->chunk;
	}
	c->src[c->count] = s->directed || src < dst ? src : dst;
	c->dst[c->count] = s->directed || src < dst ? dst : src;
	if (c->weight != NULL)
		c->weight[c->count] = weight;
	c->count++;
}

static inline TnfrEdgeList
edges_of(const Chunk *c)
{
	return (TnfrEdgeList) {c->src, c->dst, c->weight, c->count};
}

/* Begins a graph of all that a state has. */
static void
begin_graph(const State *s, bool directed, TnfrCollection *collection)
{
	TnfrCall   *call = s->memory->call;
	TnfrEdgeList *list = palloc((s->chunks + 1) * sizeof(TnfrEdgeList));
	TnfrGraphBytes *part = palloc((s->parts + 1) * sizeof(TnfrGraphBytes));
	int			lists = 0;
	int			parts = 0;

	for (const Chunk *c = s->chunk; c != NULL; c = c->next)
		list[lists++] = edges_of(c);
	for (const Part *p = s->part; p != NULL; p = p->next)
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
make_graph(State *s, bool directed, TnfrGraph *graph, int64_t **id)
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
release_graph(const State *s, TnfrGraph *graph, int64_t *id)
{
	TnfrCall   *call = s->memory->call;

	tnfr_release(&call->env, id, graph->n, sizeof(int64_t));
	tnfr_graph_release(&call->env, graph);
	if (call->env.threads > 1)
		tnfr_parallel_end();
}

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "tnfr_graph_agg called in non-aggregate context");
	return context;
}

static pg_noinline void
bad_weight(double weight, int64 src, int64 dst)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s weight %g of edge (" INT64_FORMAT ", " INT64_FORMAT ")",
					isfinite(weight) ? "negative" : "non-finite", weight,
					src, dst),
			 errhint("Weights must be finite, and zero or more.")));
}

static void
mixed_directions(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("argument \"directed\" of tnfr_graph_agg must be the same for all rows of a graph")));
}

/* The four transition functions; -1: there is no such argument. */
static inline Datum
transition(FunctionCallInfo fcinfo, int weight_arg, int directed_arg)
{
	MemoryContext context = aggregate_context(fcinfo);
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	bool		directed = false;
	double		weight = 1.0;

	if (directed_arg >= 0)
	{
		if (PG_ARGISNULL(directed_arg))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument \"directed\" must not be null")));
		directed = PG_GETARG_BOOL(directed_arg);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		(weight_arg >= 0 && PG_ARGISNULL(weight_arg)))
	{
		if (state == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(state);
	}
	if (weight_arg >= 0)
	{
		weight = PG_GETARG_FLOAT8(weight_arg);
		if (!(weight >= 0.0 && weight < HUGE_VAL))
			bad_weight(weight, PG_GETARG_INT64(1), PG_GETARG_INT64(2));
	}
	if (state == NULL)
		state = new_state(context, directed, weight_arg >= 0);
	else if (state->directed != directed)
		mixed_directions();
	add_edge(state, PG_GETARG_INT64(1), PG_GETARG_INT64(2), weight);
	PG_RETURN_POINTER(state);
}

Datum
tnfr_graph_agg_add(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, -1, -1);
}

Datum
tnfr_graph_agg_add_weighted(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, 3, -1);
}

Datum
tnfr_graph_agg_add_directed(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, -1, 3);
}

Datum
tnfr_graph_agg_add_weighted_directed(PG_FUNCTION_ARGS)
{
	return transition(fcinfo, 3, 4);
}

/* Adds to a state what another holds; of that one nothing is kept. */
static void
add_state(State *to, const State *from)
{
	if (to->directed != from->directed)
		mixed_directions();
	for (const Part *p = from->part; p != NULL; p = p->next)
		memcpy(add_part(to, p->size)->bytes, p->bytes, p->size);
	for (const Chunk *c = from->chunk; c != NULL; c = c->next)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint32 k = 0; k < c->count; k++)
			add_edge(to, c->src[k], c->dst[k],
					 c->weight != NULL ? c->weight[k] : 1.0);
	}
}

Datum
tnfr_graph_agg_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	State	   *state = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	State	   *other = PG_ARGISNULL(1) ? NULL : (State *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = new_state(context, other->directed, other->weighted);
		add_state(state, other);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

static char *
put(char *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return to + size;
}

/* Edges that a state has in chunks. */
static uint64
count_edges(const State *s)
{
	uint64		count = 0;

	for (const Chunk *c = s->chunk; c != NULL; c = c->next)
		count += c->count;
	return count;
}

/* A value to hand over, with its head, and room for so many bytes more. */
static bytea *
begin_serialized(const State *s, uint32 count, int parts, size_t more)
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
serialize_graph(State *s)
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
serialize_edges(const State *s, uint32 count)
{
	bytea	   *result = begin_serialized(s, count, 0,
										  count * (s->weighted ? 3 : 2) * sizeof(int64));
	char	   *at = VARDATA(result) + sizeof(Serialized);

	for (const Chunk *c = s->chunk; c != NULL; c = c->next)
		for (uint32 k = 0; k < c->count; k++)
		{
			at = put(at, &c->src[k], sizeof(int64));
			at = put(at, &c->dst[k], sizeof(int64));
			if (s->weighted)
				at = put(at, &c->weight[k], sizeof(double));
		}
	return result;
}

Datum
tnfr_graph_agg_serialize(PG_FUNCTION_ARGS)
{
	State	   *s = (State *) PG_GETARG_POINTER(0);
	uint64		count = count_edges(s);

	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(s->parts == 0 && count <= FEW_EDGES ?
					  serialize_edges(s, (uint32) count) : serialize_graph(s));
}

static const char *
get(void *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	return from + size;
}

/* The edges that came as they are, in a chunk. */
static const char *
get_edges(State *s, uint32 count, const char *at)
{
	Chunk	   *c = palloc(chunk_bytes(count, s->weighted));

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

/*
 * The parts stay where they are: combine copies them while the row that they
 * came with is still there.
 */
Datum
tnfr_graph_agg_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *serialized = PG_GETARG_BYTEA_PP(0);
	State	   *s = palloc0(sizeof(State));
	const char *at = VARDATA_ANY(serialized);
	Serialized	head;

	(void) aggregate_context(fcinfo);
	at = get(&head, at, sizeof(head));
	s->directed = head.directed;
	s->weighted = head.weighted;
	at = get_edges(s, head.count, at);
	for (int i = 0; i < head.parts; i++)
	{
		Part	   *part = palloc(sizeof(Part));
		uint64		size;

		at = get(&size, at, sizeof(size));
		part->next = s->part;
		part->size = size;
		part->bytes = (uint8_t *) at;
		s->part = part;
		at += size;
	}
	PG_RETURN_POINTER(s);
}

/* A part alone is a directed graph already. */
static struct varlena *
value_of(State *s)
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

/* A hash table is kept when its plan is run again; other states are not. */
static bool
is_hashed(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL && IsA(fcinfo->context, AggState) &&
		castNode(AggState, fcinfo->context)->aggstrategy == AGG_HASHED;
}

static struct varlena *
copy_value(struct varlena *to, const struct varlena *value)
{
	memcpy(to, value, VARSIZE(value));
	return to;
}

/*
 * The state is used up (FINALFUNC_MODIFY = READ_WRITE), but for the result of
 * a group that can be asked for again.
 */
Datum
tnfr_graph_agg_final(PG_FUNCTION_ARGS)
{
	State	   *s = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	struct varlena *value;

	(void) aggregate_context(fcinfo);
	if (s == NULL)
		PG_RETURN_NULL();
	if (s->value != NULL)
		PG_RETURN_POINTER(copy_value(palloc(VARSIZE(s->value)), s->value));
	value = value_of(s);
	if (is_hashed(fcinfo))
		s->value = copy_value(take(s->memory, VARSIZE(value)), value);
	PG_RETURN_POINTER(value);
}
