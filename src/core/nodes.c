/*
 * nodes.c
 *	  Orders node rows by id and prepares what the kernels gather.
 *
 * Tables of nodes mostly come in ascending order of id already: then the rows
 * are only copied.  Otherwise pairs (id, place) are sorted by a radix sort,
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

typedef struct Copy
{
	const TnfrNodeRows *rows;
	const Key  *order;			/* NULL: the rows are in order */
	TnfrNodes  *nodes;
} Copy;

/* Fills in PER_TASK nodes. */
static void
copy_task(void *arg, uint64_t task, int worker)
{
	const Copy *c = arg;
	uint64_t	begin = task * PER_TASK;
	uint64_t	end = begin + PER_TASK;

	(void) worker;
	if (end > c->nodes->n)
		end = c->nodes->n;
	for (uint64_t i = begin; i < end; i++)
	{
		const TnfrNodeRow *row = &c->rows->row[c->order ? c->order[i].place : i];

		c->nodes->id[i] = row->id;
		c->nodes->phase[i] = row->phase;
		c->nodes->state[i].e = row->epi;
		c->nodes->state[i].f = row->vf;
		c->nodes->state[i].y = sin(row->phase);
		c->nodes->state[i].x = cos(row->phase);
	}
}

/* Are the rows in strictly ascending order?  And the smallest id. */
static TnfrStatus
scan_rows(TnfrEnv *env, const TnfrNodeRows *rows, bool *ascending,
		  int64_t *min)
{
	*ascending = true;
	*min = INT64_MAX;
	for (uint64_t i = 0; i < rows->count; i++)
	{
		int64_t		id = rows->row[i].id;

		if (i > 0 && id <= rows->row[i - 1].id)
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

/* One key a row, in the order of the rows. */
static TnfrStatus
make_keys(TnfrEnv *env, const TnfrNodeRows *rows, int64_t min, Key *key)
{
	for (uint64_t i = 0; i < rows->count; i++)
	{
		key[i].id = (uint64_t) rows->row[i].id - (uint64_t) min;
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

/* The order of the rows by id, in *order; duplicates are found here. */
static TnfrStatus
order_rows(TnfrEnv *env, const TnfrNodeRows *rows, int64_t min, Key **order)
{
	uint64_t	n = rows->count;
	Key		   *keys = tnfr_alloc(env, n, sizeof(Key));
	Key		   *spare = tnfr_alloc(env, n, sizeof(Key));
	TnfrStatus	status = TNFR_NO_MEMORY;

	if (keys != NULL && spare != NULL)
		status = make_keys(env, rows, min, keys);
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

TnfrStatus
tnfr_node_rows_grow(TnfrEnv *env, TnfrNodeRows *rows)
{
	uint64_t	room = rows->room + rows->room / 4 + 1024;
	TnfrNodeRow *row = tnfr_resize(env, rows->row, rows->room, room,
								   sizeof(TnfrNodeRow));

	if (row == NULL)
		return TNFR_NO_MEMORY;
	rows->row = row;
	rows->room = room;
	return TNFR_OK;
}

/* Copies the rows, in the given order, into the columns of nodes. */
static TnfrStatus
copy_rows(TnfrEnv *env, const TnfrNodeRows *rows, const Key *order,
		  TnfrNodes *nodes)
{
	Copy		copy = {.rows = rows,.order = order,.nodes = nodes};
	uint64_t	n = rows->count;

	nodes->n = n;
	nodes->id = tnfr_alloc(env, n, sizeof(int64_t));
	nodes->phase = tnfr_alloc(env, n, sizeof(double));
	nodes->state = tnfr_alloc_gathered(env, n, sizeof(TnfrNodeState));
	if (nodes->id == NULL || nodes->phase == NULL || nodes->state == NULL)
		return TNFR_NO_MEMORY;
	return tnfr_parallel(env, (n + PER_TASK - 1) / PER_TASK, copy_task, &copy);
}

TnfrStatus
tnfr_nodes_build(TnfrEnv *env, TnfrNodeRows *rows, TnfrNodes *nodes)
{
	Key		   *order = NULL;
	uint64_t	n = rows->count;
	bool		ascending;
	int64_t		min;
	TnfrStatus	status = TNFR_OK;

	memset(nodes, 0, sizeof(*nodes));
	if (n > TNFR_MAX_NODES)
	{
		env->error.count = n;
		status = TNFR_TOO_MANY_NODES;
	}
	if (status == TNFR_OK)
		status = scan_rows(env, rows, &ascending, &min);
	if (status == TNFR_OK && !ascending)
		status = order_rows(env, rows, min, &order);
	if (status == TNFR_OK)
		status = copy_rows(env, rows, order, nodes);
	tnfr_release(env, order, n, sizeof(Key));
	tnfr_release(env, rows->row, rows->room, sizeof(TnfrNodeRow));
	memset(rows, 0, sizeof(*rows));
	if (status != TNFR_OK)
		tnfr_nodes_release(env, nodes);
	return status;
}

void
tnfr_nodes_release(TnfrEnv *env, TnfrNodes *nodes)
{
	tnfr_release(env, nodes->id, nodes->n, sizeof(int64_t));
	tnfr_release(env, nodes->phase, nodes->n, sizeof(double));
	tnfr_release(env, nodes->state, nodes->n, sizeof(TnfrNodeState));
	memset(nodes, 0, sizeof(*nodes));
}
