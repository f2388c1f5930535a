/*
 * graph_agg.c
 *	  Aggregate tnfr_graph_agg(src, dst [, weight] [, directed]): a graph of rows.
 *
 * A state gathers edges.  When it has PART_EDGES of them they become a part, a
 * graph as bytes (core/collect.h): ordered, and a fifth of the size.  Parts are
 * what a parallel worker hands over; in the end they are united.  Parts are
 * directed; those of an undirected graph hold each edge once, from the smaller
 * id to the larger.
 *
 * What all states of an aggregate hold in this process counts against
 * tnfr.memory_limit.
 */
#include "postgres.h"

#include <math.h>

#include "core/collect.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pg/graph_value.h"
#include "pg/settings.h"
#include "utils/memutils.h"

#define PART_EDGES		UINT32_C(1048576)
#define FIRST_EDGES		8		/* room that a state begins with */
#define FEW_EDGES		64		/* handed over as they are */

/* Bytes that the states in a memory context hold. */
typedef struct Memory
{
	struct Memory *next;
	MemoryContext context;
	MemoryContextCallback cleanup;
	size_t		used;
} Memory;

typedef struct Part
{
	uint8_t    *bytes;
	size_t		size;
} Part;

typedef struct State
{
	Memory	   *memory;			/* NULL: deserialized, of one row's life */
	bool		directed;
	bool		weighted;
	uint32		count;			/* edges that are in no part yet */
	uint32		room;
	int64	   *src;
	int64	   *dst;
	double	   *weight;			/* NULL: not weighted */
	Part	   *part;
	int			parts;
	int			part_room;
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

/* The account of a context; aggregates have few contexts. */
static Memory *
memory_of(MemoryContext context)
{
	Memory	   *m = memories;

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
	return m;
}

/* Takes note of more bytes, before they are allocated. */
static void
charge(Memory *m, size_t bytes)
{
	const size_t limit = (size_t) tnfr_memory_limit * 1024;

	if (bytes > limit || m->used > limit - bytes)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("tnfr_graph_agg would need more memory than tnfr.memory_limit allows"),
				 errdetail("It needs at least %zu kB; tnfr.memory_limit is %d kB.",
						   (m->used + bytes) / 1024 + 1, tnfr_memory_limit),
				 errhint("Raise tnfr.memory_limit, or aggregate fewer edges at a time.")));
	m->used += bytes;
}

static void *
resize(Memory *m, void *p, size_t from, size_t to)
{
	if (to > from)
		charge(m, to - from);
	return p == NULL ? MemoryContextAllocHuge(m->context, to) :
		repalloc_huge(p, to);
}

static State *
new_state(MemoryContext context, bool directed, bool weighted)
{
	Memory	   *memory = memory_of(context);
	State	   *state;

	charge(memory, sizeof(State));
	state = MemoryContextAllocZero(context, sizeof(State));
	state->memory = memory;
	state->directed = directed;
	state->weighted = weighted;
	return state;
}

static pg_noinline void
grow(State *s)
{
	uint32		room = s->room == 0 ? FIRST_EDGES : s->room * 2;

	s->src = resize(s->memory, s->src, s->room * sizeof(int64),
					room * sizeof(int64));
	s->dst = resize(s->memory, s->dst, s->room * sizeof(int64),
					room * sizeof(int64));
	if (s->weighted)
		s->weight = resize(s->memory, s->weight, s->room * sizeof(double),
						   room * sizeof(double));
	s->room = room;
}

static void
add_part(State *s, uint8_t *bytes, size_t size)
{
	if (s->parts == s->part_room)
	{
		int			room = s->part_room * 2 + 4;

		s->part = resize(s->memory, s->part, s->part_room * sizeof(Part),
						 room * sizeof(Part));
		s->part_room = room;
	}
	s->part[s->parts++] = (Part) {bytes, size};
}

/* A call whose limit what the states hold has been taken off. */
static TnfrCall *
begin_call(const State *s)
{
	TnfrCall   *call = tnfr_call_begin("tnfr_graph_agg");

	tnfr_call_require(call, s->memory->used);
	call->used = s->memory->used;
	return call;
}

/* The graph of the edges that are in no part yet. */
static void
collect(const State *s, TnfrCall *call, bool directed, TnfrGraph *graph,
		int64_t **id)
{
	TnfrEdgeList list = {s->src, s->dst, s->weight, s->count};

	tnfr_call_check(call, tnfr_collect_edges(&call->env, &list, directed,
											 graph, id));
}

/* Makes a part of the edges that are in none. */
static void
seal(State *s)
{
	TnfrCall   *call = begin_call(s);
	TnfrGraph	graph;
	TnfrEncoding e;
	int64_t    *id;
	uint8_t    *bytes;

	collect(s, call, true, &graph, &id);
	tnfr_call_check(call, tnfr_encode_begin(&call->env, &e, &graph, id));
	bytes = resize(s->memory, NULL, 0, e.size);
	tnfr_call_check(call, tnfr_encode_write(&call->env, &e, bytes));
	add_part(s, bytes, e.size);
	s->count = 0;
	tnfr_call_drop(call);
}

static inline void
add_edge(State *s, int64 src, int64 dst, double weight)
{
	if (s->count == s->room)
		grow(s);
	s->src[s->count] = s->directed || src < dst ? src : dst;
	s->dst[s->count] = s->directed || src < dst ? dst : src;
	if (s->weighted)
		s->weight[s->count] = weight;
	s->count++;
	if (s->count == PART_EDGES)
		seal(s);
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
	for (int p = 0; p < from->parts; p++)
	{
		const Part *part = &from->part[p];
		uint8_t    *bytes = resize(to->memory, NULL, 0, part->size);

		memcpy(bytes, part->bytes, part->size);
		add_part(to, bytes, part->size);
	}
	for (uint32 k = 0; k < from->count; k++)
		add_edge(to, from->src[k], from->dst[k],
				 from->weighted ? from->weight[k] : 1.0);
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
	if (size > 0)
		memcpy(to, from, size);
	return to + size;
}

Datum
tnfr_graph_agg_serialize(PG_FUNCTION_ARGS)
{
	State	   *s = (State *) PG_GETARG_POINTER(0);
	Serialized	head;
	const size_t column = sizeof(int64);
	size_t		size = VARHDRSZ + sizeof(Serialized);
	bytea	   *result;
	char	   *at;

	(void) aggregate_context(fcinfo);
	if (s->count > FEW_EDGES)
		seal(s);
	head = (Serialized) {s->directed, s->weighted, s->count, s->parts};
	size += s->count * column * (s->weighted ? 3 : 2);
	for (int p = 0; p < s->parts; p++)
		size += sizeof(uint64) + s->part[p].size;
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("part of a graph is too large to be handed over by a parallel worker"),
				 errdetail("It has %zu bytes; the limit is %zu bytes.",
						   size, (size_t) MaxAllocSize),
				 errhint("Split the graph with GROUP BY, or set max_parallel_workers_per_gather to 0.")));

	result = palloc(size);
	SET_VARSIZE(result, size);
	at = put(VARDATA(result), &head, sizeof(head));
	at = put(at, s->src, s->count * column);
	at = put(at, s->dst, s->count * column);
	if (s->weighted)
		at = put(at, s->weight, s->count * column);
	for (int p = 0; p < s->parts; p++)
	{
		uint64		part_size = s->part[p].size;

		at = put(at, &part_size, sizeof(part_size));
		at = put(at, s->part[p].bytes, part_size);
	}
	PG_RETURN_BYTEA_P(result);
}

static const char *
get(void *to, const char *from, size_t size)
{
	if (size > 0)
		memcpy(to, from, size);
	return from + size;
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
	size_t		column;

	(void) aggregate_context(fcinfo);
	at = get(&head, at, sizeof(head));
	s->directed = head.directed;
	s->weighted = head.weighted;
	s->count = head.count;
	column = s->count * sizeof(int64);
	at = get(s->src = palloc(column), at, column);
	at = get(s->dst = palloc(column), at, column);
	if (s->weighted)
		at = get(s->weight = palloc(column), at, column);
	s->part = palloc(head.parts * sizeof(Part));
	for (; s->parts < head.parts; s->parts++)
	{
		uint64		size;

		at = get(&size, at, sizeof(size));
		s->part[s->parts] = (Part) {(uint8_t *) at, size};
		at += size;
	}
	PG_RETURN_POINTER(s);
}

/* Unites all parts; each is released as soon as it has been added. */
static void
unite(State *s, TnfrCall *call, TnfrGraph *graph, int64_t **id)
{
	TnfrGraphBytes *part = palloc(s->parts * sizeof(TnfrGraphBytes));
	TnfrUnion	u;

	for (int p = 0; p < s->parts; p++)
		tnfr_call_check(call, tnfr_decode_begin(&call->env, &part[p],
												s->part[p].bytes,
												s->part[p].size));
	tnfr_call_check(call, tnfr_union_begin(&call->env, &u, part, s->parts,
										   s->directed, s->weighted));
	for (int p = 0; p < s->parts; p++)
	{
		tnfr_call_check(call, tnfr_union_add(&call->env, &u, &part[p]));
		pfree(s->part[p].bytes);
		s->memory->used -= s->part[p].size;
		call->used -= s->part[p].size;
	}
	s->parts = 0;
	tnfr_call_threads(call, u.edges.entries);
	tnfr_call_check(call, tnfr_union_end(&call->env, &u, graph, id));
	pfree(part);
}

/* The state is used up (FINALFUNC_MODIFY = READ_WRITE). */
Datum
tnfr_graph_agg_final(PG_FUNCTION_ARGS)
{
	State	   *s = PG_ARGISNULL(0) ? NULL : (State *) PG_GETARG_POINTER(0);
	MemoryContext result_context = CurrentMemoryContext;
	TnfrCall   *call;
	TnfrGraph	graph;
	int64_t    *id;
	struct varlena *result;

	(void) aggregate_context(fcinfo);
	if (s == NULL)
		PG_RETURN_NULL();
	if (s->parts > 0 && s->count > 0)
		seal(s);
	call = begin_call(s);
	if (s->parts == 1 && s->directed)
		result = tnfr_graph_value_of_bytes(call, s->part[0].bytes,
										   s->part[0].size, result_context);
	else
	{
		if (s->parts > 0)
			unite(s, call, &graph, &id);
		else
			collect(s, call, s->directed, &graph, &id);
		result = tnfr_graph_value(call, &graph, id, result_context);
	}
	tnfr_call_drop(call);
	PG_RETURN_POINTER(result);
}
