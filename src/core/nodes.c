/*
 * nodes.c
 *	  Orders nodes by id and prepares what the kernels gather.
 *
 * Tables of nodes mostly come in ascending order of id already: then they stay
 * where they are.  Otherwise pairs (id, place) are sorted by a radix sort,
 * least significant digit first, of the digits in which the ids differ.
 */
#include "core/nodes.h"
#include "core/parallel.h"

#include <math.h>
#include <string.h>

#define DIGIT_BITS	11
#define DIGITS		6			/* 6 * 11 bits >= 64 */
#define RADIX		(1 << DIGIT_BITS)
#define SLICE		UINT64_C(65536) /* items between two looks at interrupts */
#define PER_TASK	UINT64_C(8192)	/* nodes whose sincos is one task */

typedef struct Key
{
	uint64_t	id;				/* distance from the smallest id */
	uint64_t	place;			/* in the list of rows */
} Key;

typedef struct Gather
{
	const TnfrNodes *from;
	const Key  *order;
	TnfrNodes  *to;
} Gather;

static uint64_t
task_end(uint64_t task, uint64_t n)
{
	uint64_t	end = (task + 1) * PER_TASK;

	return end < n ? end : n;
}

/* Sine and cosine of PER_TASK phases. */
static void
angle_task(void *arg, uint64_t task, int worker)
{
	const TnfrNodes *nodes = arg;

	(void) worker;
	for (uint64_t i = task * PER_TASK; i < task_end(task, nodes->n); i++)
	{
		nodes->state[i].y = sin(nodes->phase[i]);
		nodes->state[i].x = cos(nodes->phase[i]);
	}
}

/* Brings PER_TASK nodes to their places. */
static void
gather_task(void *arg, uint64_t task, int worker)
{
	const Gather *g = arg;

	(void) worker;
	for (uint64_t i = task * PER_TASK; i < task_end(task, g->to->n); i++)
	{
		const uint64_t place = g->order[i].place;

		g->to->id[i] = g->from->id[place];
		g->to->phase[i] = g->from->phase[place];
		g->to->state[i] = g->from->state[place];
	}
}

/* Are the nodes in strictly ascending order?  And the smallest id. */
static TnfrStatus
scan_ids(TnfrEnv *env, const TnfrNodes *nodes, bool *ascending, int64_t *min)
{
	*ascending = true;
	*min = INT64_MAX;
	for (uint64_t i = 0; i < nodes->n; i++)
	{
		int64_t		id = nodes->id[i];

		if (i > 0 && id <= nodes->id[i - 1])
			*ascending = false;
		*min = id < *min ? id : *min;
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* One stable pass by the given digit; histogram holds where each value goes. */
static TnfrStatus
radix_pass(TnfrEnv *env, const Key *from, Key *to, uint64_t n, int shift,
		   uint64_t *histogram)
{
	uint64_t	sum = 0;

	for (int v = 0; v < RADIX; v++)
	{
		uint64_t	count = histogram[v];

		histogram[v] = sum;
		sum += count;
	}
	for (uint64_t begin = 0; begin < n; begin += SLICE)
	{
		uint64_t	end = n - begin < SLICE ? n : begin + SLICE;

		for (uint64_t i = begin; i < end; i++)
			to[histogram[(from[i].id >> shift) & (RADIX - 1)]++] = from[i];
		if (tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* Sorts *keys by id; *keys and *spare may change places. */
static TnfrStatus
sort_keys(TnfrEnv *env, Key **keys, Key **spare, uint64_t n)
{
	for (int shift = 0; shift < 64; shift += DIGIT_BITS)
	{
		uint64_t	histogram[RADIX] = {0};
		bool		same = true;
		TnfrStatus	status;
		Key		   *swap;

		for (uint64_t i = 0; i < n; i++)
		{
			histogram[((*keys)[i].id >> shift) & (RADIX - 1)]++;
			if (i % SLICE == 0 && tnfr_check(env))
				return TNFR_STOPPED;
		}
		for (int v = 0; v < RADIX && same; v++)
			same = histogram[v] == 0 || histogram[v] == n;
		if (same)
			continue;
		status = radix_pass(env, *keys, *spare, n, shift, histogram);
		if (status != TNFR_OK)
			return status;
		swap = *keys;
		*keys = *spare;
		*spare = swap;
	}
	return TNFR_OK;
}

/* One key a node, in the order they came in. */
static TnfrStatus
make_keys(TnfrEnv *env, const TnfrNodes *nodes, int64_t min, Key *key)
{
	for (uint64_t i = 0; i < nodes->n; i++)
	{
		key[i].id = (uint64_t) nodes->id[i] - (uint64_t) min;
		key[i].place = i;
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

static TnfrStatus
find_duplicate(TnfrEnv *env, const Key *key, uint64_t n, int64_t min)
{
	for (uint64_t i = 1; i < n; i++)
	{
		if (key[i].id == key[i - 1].id)
		{
			env->error.id = (int64_t) (key[i].id + (uint64_t) min);
			return TNFR_DUPLICATE_NODE;
		}
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* The order of the nodes by id, in *order; duplicates are found here. */
static TnfrStatus
find_order(TnfrEnv *env, const TnfrNodes *nodes, int64_t min, Key **order)
{
	uint64_t	n = nodes->n;
	Key		   *keys = tnfr_alloc(env, n, sizeof(Key));
	Key		   *spare = tnfr_alloc(env, n, sizeof(Key));
	TnfrStatus	status = TNFR_NO_MEMORY;

	if (keys != NULL && spare != NULL)
		status = make_keys(env, nodes, min, keys);
	if (status == TNFR_OK)
		status = sort_keys(env, &keys, &spare, n);
	if (status == TNFR_OK)
		status = find_duplicate(env, keys, n, min);
	tnfr_release(env, spare, n, sizeof(Key));
	if (status == TNFR_OK)
		*order = keys;
	else
		tnfr_release(env, keys, n, sizeof(Key));
	return status;
}

/* Memory for so many nodes. */
static TnfrStatus
resize_nodes(TnfrEnv *env, TnfrNodes *nodes, uint64_t room)
{
	const TnfrArray column[] = {
		{(void **) &nodes->id, sizeof(int64_t), false},
		{(void **) &nodes->phase, sizeof(double), false},
		{(void **) &nodes->state, sizeof(TnfrNodeState), true}
	};

	if (!tnfr_resize_arrays(env, column, 3, nodes->room, room))
		return TNFR_NO_MEMORY;
	nodes->room = room;
	return TNFR_OK;
}

TnfrStatus
tnfr_nodes_grow(TnfrEnv *env, TnfrNodes *nodes)
{
	return resize_nodes(env, nodes, nodes->room + nodes->room / 4 + 1024);
}

/* Brings the nodes into the given order, in columns of their exact length. */
static TnfrStatus
put_in_order(TnfrEnv *env, TnfrNodes *nodes, const Key *order)
{
	TnfrNodes	ordered = {.n = nodes->n,.room = nodes->n};
	Gather		gather = {.from = nodes,.order = order,.to = &ordered};
	TnfrStatus	status = TNFR_NO_MEMORY;

	ordered.id = tnfr_alloc(env, ordered.n, sizeof(int64_t));
	ordered.phase = tnfr_alloc(env, ordered.n, sizeof(double));
	ordered.state = tnfr_alloc_gathered(env, ordered.n, sizeof(TnfrNodeState));
	if (ordered.id != NULL && ordered.phase != NULL && ordered.state != NULL)
		status = tnfr_parallel(env, (ordered.n + PER_TASK - 1) / PER_TASK,
							   gather_task, &gather);
	if (status != TNFR_OK)
	{
		tnfr_nodes_release(env, &ordered);
		return status;
	}
	tnfr_nodes_release(env, nodes);
	*nodes = ordered;
	return TNFR_OK;
}

static TnfrStatus
order_nodes(TnfrEnv *env, TnfrNodes *nodes)
{
	Key		   *order;
	bool		ascending;
	int64_t		min;
	TnfrStatus	status = scan_ids(env, nodes, &ascending, &min);

	if (status != TNFR_OK)
		return status;
	if (ascending)
		return resize_nodes(env, nodes, nodes->n);
	status = find_order(env, nodes, min, &order);
	if (status == TNFR_OK)
	{
		const uint64_t n = nodes->n;

		status = put_in_order(env, nodes, order);
		tnfr_release(env, order, n, sizeof(Key));
	}
	return status;
}

TnfrStatus
tnfr_nodes_order(TnfrEnv *env, TnfrNodes *nodes)
{
	TnfrStatus	status = TNFR_OK;

	if (nodes->n > TNFR_MAX_NODES)
	{
		env->error.count = nodes->n;
		status = TNFR_TOO_MANY_NODES;
	}
	if (status == TNFR_OK)
		status = order_nodes(env, nodes);
	if (status == TNFR_OK)
		status = tnfr_parallel(env, (nodes->n + PER_TASK - 1) / PER_TASK,
							   angle_task, nodes);
	if (status != TNFR_OK)
		tnfr_nodes_release(env, nodes);
	return status;
}

void
tnfr_nodes_release(TnfrEnv *env, TnfrNodes *nodes)
{
	tnfr_release(env, nodes->id, nodes->room, sizeof(int64_t));
	tnfr_release(env, nodes->phase, nodes->room, sizeof(double));
	tnfr_release(env, nodes->state, nodes->room, sizeof(TnfrNodeState));
	memset(nodes, 0, sizeof(*nodes));
}
