/*
 * decode.c
 *	  Bytes to a graph, trusting none of them.
 *
 * First all places are checked against the size: since every value takes at
 * least a byte and a quarter, the counts of the header are then as modest as
 * the bytes, and memory may be taken for them.  Blocks check the rest while
 * they are read.
 */
#include "core/codec.h"
#include "core/packing.h"
#include "core/parallel.h"

#include <stdatomic.h>

#define FLOAT_INFINITY	UINT32_C(0x7F800000)
#define DOUBLE_INFINITY	UINT64_C(0x7FF0000000000000)

static const char bad_block[] = "a block does not end with its last value";

/* What the tasks of one parallel run work on. */
typedef struct Reading
{
	const TnfrGraphBytes *g;
	int64_t    *id;
	uint64_t   *offset;
	TnfrGraph  *graph;
	_Atomic(const char *) wrong;
} Reading;

static TnfrStatus
damaged(TnfrEnv *env, const char *what)
{
	env->error.what = what;
	return TNFR_DAMAGED;
}

static const char *
check_header(const TnfrGraphHeader *h)
{
	if (h->n > TNFR_MAX_NODES || h->entries > TNFR_FORMAT_ENTRIES)
		return "it has more nodes or edges than there can be";
	if (h->ids > TNFR_IDS_PLAIN || h->weights > TNFR_WEIGHTS_DOUBLE)
		return "it keeps ids or weights in an unknown way";
	if (h->loops > h->entries ||
		(!h->directed && (h->entries + h->loops) % 2 != 0))
		return "the numbers of entries and of loops do not fit";
	if (h->n == 0 && h->entries > 0)
		return "there are edges without nodes";
	if (h->ids == TNFR_IDS_CONSECUTIVE && h->first_id > 0 &&
		(uint64_t) (INT64_MAX - h->first_id) < tnfr_id_steps(h->n))
		return "node ids are out of range";
	return NULL;
}

TnfrStatus
tnfr_decode_header(TnfrEnv *env, const uint8_t *bytes, size_t size,
				   TnfrGraphHeader *h)
{
	const char *wrong;

	if (size < TNFR_HEADER_BYTES)
		return damaged(env, "it is shorter than a header");
	if (tnfr_load32(bytes + TNFR_AT_MAGIC) != TNFR_FORMAT_MAGIC)
		return damaged(env, "it does not begin as a graph does");
	if (bytes[TNFR_AT_VERSION] != TNFR_FORMAT_VERSION)
		return damaged(env, "it has an unknown format version");
	if (bytes[TNFR_AT_DIRECTED] > 1)
		return damaged(env, "it is neither directed nor undirected");
	h->directed = bytes[TNFR_AT_DIRECTED];
	h->ids = bytes[TNFR_AT_IDS];
	h->weights = bytes[TNFR_AT_WEIGHTS];
	h->n = tnfr_load64(bytes + TNFR_AT_N);
	h->entries = tnfr_load64(bytes + TNFR_AT_ENTRIES);
	h->loops = tnfr_load64(bytes + TNFR_AT_LOOPS);
	h->first_id = (int64_t) tnfr_load64(bytes + TNFR_AT_FIRST_ID);
	h->fingerprint = tnfr_load64(bytes + TNFR_AT_FINGERPRINT);
	wrong = check_header(h);
	if (wrong != NULL)
		return damaged(env, wrong);
	h->edges = h->directed ? h->entries : (h->entries + h->loops) / 2;
	return TNFR_OK;
}

static uint64_t
block_end(const TnfrGraphBytes *g, uint64_t block)
{
	return tnfr_load64(g->bytes + g->layout.end + 8 * block);
}

static uint64_t
block_begin(const TnfrGraphBytes *g, uint64_t block)
{
	return block > 0 ? block_end(g, block - 1) : g->layout.blocks;
}

/*
 * Checks that the blocks from the first on, which hold so many values, ascend
 * within the bytes, and that there can be so many values in them.
 */
static bool
blocks_fit(const TnfrGraphBytes *g, uint64_t first, uint64_t values)
{
	for (uint64_t b = 0; b < tnfr_blocks_of(values); b++)
	{
		uint32_t	count = tnfr_block_values(values, b);
		uint64_t	begin = block_begin(g, first + b);
		uint64_t	end = block_end(g, first + b);

		if (end > g->size || begin > end ||
			end - begin < (uint64_t) count + tnfr_control_bytes(count))
			return false;
	}
	return true;
}

TnfrStatus
tnfr_decode_begin(TnfrEnv *env, TnfrGraphBytes *g, const uint8_t *bytes,
				  size_t size)
{
	TnfrStatus	status = tnfr_decode_header(env, bytes, size, &g->header);
	const TnfrGraphHeader *h = &g->header;
	const TnfrGraphLayout *l = &g->layout;
	uint64_t	rows;
	uint64_t	neighbours;

	if (status != TNFR_OK)
		return status;
	g->layout = tnfr_layout(h);
	g->bytes = bytes;
	g->size = size;
	if (l->blocks > size)
		return damaged(env, "its tables are longer than it is");
	rows = l->id_blocks;
	neighbours = rows + l->row_blocks;
	if ((l->id_blocks > 0 && !blocks_fit(g, 0, tnfr_id_steps(h->n))) ||
		!blocks_fit(g, rows, h->n) || !blocks_fit(g, neighbours, h->entries))
		return damaged(env, "a block is not where it can be");
	if (size - block_begin(g, neighbours + l->neighbour_blocks) !=
		l->plain_bytes + l->weight_bytes)
		return damaged(env, "its size does not fit its content");
	return TNFR_OK;
}

/*
 * Reads values that lead from one number to the next, as the blocks of ids and
 * of rows hold them; each step goes on by `least` more than its value.  to[0]
 * is the number before the first step.
 */
static const char *
decode_steps(const TnfrGraphBytes *g, uint64_t block, uint64_t start,
			 uint32_t count, uint64_t least, uint64_t *to)
{
	TnfrUnpacker u = tnfr_unpack_begin(g->bytes + block_begin(g, block),
									   g->bytes + block_end(g, block), count);
	uint64_t	sum = start;
	uint32_t	run[TNFR_PACK_RUN];

	for (uint32_t at = 0; at < count; at += TNFR_PACK_RUN)
	{
		uint32_t	n = count - at < TNFR_PACK_RUN ? count - at : TNFR_PACK_RUN;

		if (!tnfr_unpack(&u, run, n))
			return bad_block;
		for (uint32_t k = 0; k < n; k++)
			to[at + k + 1] = sum += run[k] + least;
	}
	if (u.data != u.end)
		return bad_block;

	/* far less than 2^63 in a block: an overflow leads downwards */
	if (sum != tnfr_load64(g->bytes + g->layout.value + 8 * block) ||
		(int64_t) sum < (int64_t) start)
		return "node ids or row lengths do not lead to where they should";
	return NULL;
}

/* The number that a block of ids or of rows goes on from. */
static uint64_t
start_of(const TnfrGraphBytes *g, uint64_t block)
{
	return tnfr_load64(g->bytes + g->layout.value + 8 * (block - 1));
}

static const char *
decode_plain_ids(const TnfrGraphBytes *g, uint64_t at, uint32_t count,
				 int64_t *to)
{
	const uint8_t *id = g->bytes + g->size - g->layout.weight_bytes -
		g->layout.plain_bytes + 8 * at;
	int64_t		before = at > 0 ? (int64_t) tnfr_load64(id - 8) :
		g->header.first_id;

	for (uint32_t k = 0; k < count; k++)
	{
		int64_t		next = (int64_t) tnfr_load64(id + 8 * k);

		if (next <= before)
			return "node ids do not ascend";
		to[k + 1] = before = next;
	}
	return NULL;
}

static void
report(Reading *r, const char *wrong)
{
	if (wrong != NULL)
		atomic_store(&r->wrong, wrong);
}

/* The steps of a block; the first id of all is there. */
static void
ids_task(void *arg, uint64_t block, int worker)
{
	Reading    *r = arg;
	const TnfrGraphBytes *g = r->g;
	const uint64_t at = block * TNFR_CODEC_BLOCK;
	const uint32_t count = tnfr_block_values(tnfr_id_steps(g->header.n), block);
	uint64_t	first = (uint64_t) g->header.first_id;

	(void) worker;
	if (g->header.ids == TNFR_IDS_PACKED)
		report(r, decode_steps(g, block, block > 0 ? start_of(g, block) : first,
							   count, 1, (uint64_t *) r->id + at));
	else if (g->header.ids == TNFR_IDS_PLAIN)
		report(r, decode_plain_ids(g, at, count, r->id + at));
	else
		for (uint32_t k = 1; k <= count; k++)
			r->id[at + k] = (int64_t) (first + at + k);
}

static void
rows_task(void *arg, uint64_t task, int worker)
{
	Reading    *r = arg;
	const TnfrGraphBytes *g = r->g;
	const uint64_t block = g->layout.id_blocks + task;

	(void) worker;
	report(r, decode_steps(g, block, task > 0 ? start_of(g, block) : 0,
						   tnfr_block_values(g->header.n, task), 0,
						   r->offset + task * TNFR_CODEC_BLOCK));
}

/* Runs the tasks; what any of them found wrong is the answer. */
static TnfrStatus
read_parts(TnfrEnv *env, uint64_t tasks, TnfrTask task, Reading *r)
{
	TnfrStatus	status = tnfr_parallel(env, tasks, task, r);
	const char *wrong = atomic_load(&r->wrong);

	if (status == TNFR_OK && wrong != NULL)
		return damaged(env, wrong);
	return status;
}

TnfrStatus
tnfr_decode_ids(TnfrEnv *env, const TnfrGraphBytes *g, int64_t *id)
{
	Reading		r = {.g = g,.id = id};

	if (g->header.n > 0)
		id[0] = g->header.first_id;
	return read_parts(env, tnfr_blocks_of(tnfr_id_steps(g->header.n)), ids_task,
					  &r);
}

TnfrStatus
tnfr_decode_offsets(TnfrEnv *env, const TnfrGraphBytes *g, uint64_t *offset)
{
	Reading		r = {.g = g,.offset = offset};
	TnfrStatus	status;

	offset[0] = 0;
	status = read_parts(env, g->layout.row_blocks, rows_task, &r);
	if (status == TNFR_OK && offset[g->header.n] != g->header.entries)
		return damaged(env, "row lengths do not add up to the number of entries");
	return status;
}

const char *
tnfr_decode_block(const TnfrGraphBytes *g, const uint64_t *offset,
				  uint64_t block, uint32_t *neighbour)
{
	const uint64_t n = g->header.n;
	const uint64_t begin = block * TNFR_CODEC_BLOCK;
	const uint32_t count = tnfr_block_values(g->header.entries, block);
	const uint64_t at = g->layout.id_blocks + g->layout.row_blocks + block;
	TnfrUnpacker u = tnfr_unpack_begin(g->bytes + block_begin(g, at),
									   g->bytes + block_end(g, at), count);
	uint64_t	row = 0;

	if (!tnfr_unpack(&u, neighbour, count) || u.data != u.end)
		return bad_block;
	for (uint64_t k = 0; k < count;)
	{
		uint64_t	stop;
		uint64_t	sum = 0;

		row = tnfr_row_of(offset, n, row, begin + k);
		stop = offset[row + 1] - begin;
		stop = stop < count ? stop : count;
		for (; k < stop; k++)
			neighbour[k] = (uint32_t) (sum += neighbour[k]);
		if (sum >= n)			/* the largest of the row */
			return "an edge leads to a node that is not there";
	}
	return NULL;
}

static const char *
decode_floats(const uint8_t *from, uint64_t count, double *weight)
{
	uint32_t	largest = 0;

	for (uint64_t k = 0; k < count; k++)
	{
		uint32_t	bits = tnfr_load32(from + 4 * k);
		float		w;

		memcpy(&w, &bits, sizeof(w));
		weight[k] = w;
		largest = bits > largest ? bits : largest;
	}
	return largest < FLOAT_INFINITY ? NULL : "a weight is negative or not finite";
}

/* With its sign, NaN or infinity, the bits of a weight would be larger. */
static const char *
decode_doubles(const uint8_t *from, uint64_t count, double *weight)
{
	uint64_t	largest = 0;

	for (uint64_t k = 0; k < count; k++)
	{
		uint64_t	bits = tnfr_load64(from + 8 * k);

		memcpy(&weight[k], &bits, sizeof(bits));
		largest = bits > largest ? bits : largest;
	}
	return largest < DOUBLE_INFINITY ? NULL : "a weight is negative or not finite";
}

const char *
tnfr_decode_weights(const TnfrGraphBytes *g, uint64_t first, uint64_t count,
					double *weight)
{
	const uint8_t *from = g->bytes + g->size - g->layout.weight_bytes;

	switch (g->header.weights)
	{
		case TNFR_WEIGHTS_ONE:
			for (uint64_t k = 0; k < count; k++)
				weight[k] = 1.0;
			return NULL;
		case TNFR_WEIGHTS_UINT8:
			for (uint64_t k = 0; k < count; k++)
				weight[k] = from[first + k];
			return NULL;
		case TNFR_WEIGHTS_FLOAT:
			return decode_floats(from + 4 * first, count, weight);
		default:
			return decode_doubles(from + 8 * first, count, weight);
	}
}

static void
entries_task(void *arg, uint64_t block, int worker)
{
	Reading    *r = arg;
	const TnfrGraph *graph = r->graph;
	const uint64_t at = block * TNFR_CODEC_BLOCK;

	(void) worker;
	report(r, tnfr_decode_block(r->g, graph->offset, block,
								graph->neighbour + at));
	if (graph->weight != NULL)
		report(r, tnfr_decode_weights(r->g, at,
									  tnfr_block_values(graph->entries, block),
									  graph->weight + at));
}

/* The columns of the graph, whose rows are there. */
static TnfrStatus
decode_entries(TnfrEnv *env, const TnfrGraphBytes *g, TnfrGraph *graph)
{
	Reading		r = {.g = g,.graph = graph};

	graph->room = graph->entries + TNFR_GRAPH_PAD;
	graph->neighbour = tnfr_alloc(env, graph->room, sizeof(uint32_t));
	if (graph->neighbour == NULL)
		return TNFR_NO_MEMORY;
	memset(graph->neighbour + graph->entries, 0,
		   TNFR_GRAPH_PAD * sizeof(uint32_t));
	if (g->header.weights != TNFR_WEIGHTS_ONE)
	{
		graph->weight = tnfr_alloc(env, graph->room, sizeof(double));
		if (graph->weight == NULL)
			return TNFR_NO_MEMORY;
	}
	return read_parts(env, g->layout.neighbour_blocks, entries_task, &r);
}

TnfrStatus
tnfr_decode(TnfrEnv *env, const uint8_t *bytes, size_t size, TnfrGraph *graph,
			int64_t **id)
{
	TnfrGraphBytes g;
	TnfrStatus	status = tnfr_decode_begin(env, &g, bytes, size);

	memset(graph, 0, sizeof(*graph));
	*id = NULL;
	if (status != TNFR_OK)
		return status;
	graph->n = g.header.n;
	graph->entries = g.header.entries;
	graph->directed = g.header.directed;
	graph->offset = tnfr_alloc(env, graph->n + 1, sizeof(uint64_t));
	*id = tnfr_alloc(env, graph->n, sizeof(int64_t));
	status = graph->offset == NULL || *id == NULL ? TNFR_NO_MEMORY :
		tnfr_decode_offsets(env, &g, graph->offset);
	if (status == TNFR_OK)
		status = tnfr_decode_ids(env, &g, *id);
	if (status == TNFR_OK)
		status = decode_entries(env, &g, graph);
	if (status != TNFR_OK)
	{
		tnfr_release(env, *id, graph->n, sizeof(int64_t));
		*id = NULL;
		tnfr_graph_release(env, graph);
	}
	return status;
}
