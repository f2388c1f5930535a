/*
 * decode_check.c
 *	  Whether bytes are what the encoder writes for a graph.
 *
 * The graph is decoded, its order and symmetry are looked at, and it is encoded
 * again: the same bytes must come.  So nothing is known here about what makes
 * them canonical.
 *
 * Symmetry is told by sums: every entry of an undirected graph adds a hash of
 * (smaller index, larger index, weight) when its row is the smaller, and takes
 * it away when its row is the larger.  What is left is 0 when both ends have
 * all their edges, and otherwise 0 by chance only.
 */
#include "core/codec.h"
#include "core/format.h"
#include "core/parallel.h"
#include "core/random.h"

#include <stdatomic.h>

#define SLICE	((size_t) 16 << 20) /* bytes compared at once */

typedef struct Check
{
	const TnfrGraph *graph;
	uint64_t	seed;
	_Atomic uint64_t balance;	/* of hashes */
	atomic_bool disorder;
} Check;

static inline uint64_t
weight_bits(const TnfrGraph *g, uint64_t entry)
{
	uint64_t	bits = 0;

	if (g->weight != NULL)
		memcpy(&bits, &g->weight[entry], sizeof(bits));
	return bits;
}

/* What the entry adds to the balance. */
static inline uint64_t
balance_of(const Check *c, uint64_t row, uint64_t entry)
{
	uint64_t	neighbour = c->graph->neighbour[entry];
	uint64_t	pair = row < neighbour ? row << 32 | neighbour :
		neighbour << 32 | row;
	uint64_t	hash = tnfr_mix(tnfr_mix(pair ^ c->seed) ^ weight_bits(c->graph, entry));

	return row < neighbour ? hash : row > neighbour ? -hash : 0;
}

/* Not before the one ahead of it in the row: weights ascend as their bits do. */
static inline bool
in_order(const TnfrGraph *g, uint64_t entry)
{
	const uint32_t *neighbour = g->neighbour + entry;

	return neighbour[-1] < neighbour[0] ||
		(neighbour[-1] == neighbour[0] &&
		 weight_bits(g, entry - 1) <= weight_bits(g, entry));
}

static void
check_task(void *arg, uint64_t block, int worker)
{
	Check	   *c = arg;
	const TnfrGraph *g = c->graph;
	uint64_t	at = block * TNFR_CODEC_BLOCK;
	const uint64_t end = at + tnfr_block_values(g->entries, block);
	uint64_t	row = 0;
	uint64_t	balance = 0;

	(void) worker;
	while (at < end)
	{
		uint64_t	stop;

		row = tnfr_row_of(g->offset, g->n, row, at);
		stop = g->offset[row + 1] < end ? g->offset[row + 1] : end;
		for (; at < stop; at++)
		{
			if (at > g->offset[row] && !in_order(g, at))
				atomic_store(&c->disorder, true);
			if (!g->directed)
				balance += balance_of(c, row, at);
		}
	}
	atomic_fetch_add(&c->balance, balance);
}

static TnfrStatus
damaged(TnfrEnv *env, const char *what)
{
	env->error.what = what;
	return TNFR_DAMAGED;
}

static TnfrStatus
check_entries(TnfrEnv *env, const TnfrGraph *graph)
{
	Check		c = {.graph = graph,.seed = tnfr_mix(env->seed)};
	TnfrStatus	status = tnfr_parallel(env, tnfr_blocks_of(graph->entries),
									   check_task, &c);

	if (status != TNFR_OK)
		return status;
	if (atomic_load(&c.disorder))
		return damaged(env, "the entries of a row are not in order");
	if (atomic_load(&c.balance) != 0)
		return damaged(env, "an undirected edge is not at both its ends");
	return TNFR_OK;
}

static TnfrStatus
compare(TnfrEnv *env, const uint8_t *a, const uint8_t *b, size_t size)
{
	for (size_t at = 0; at < size; at += SLICE)
	{
		if (memcmp(a + at, b + at, size - at < SLICE ? size - at : SLICE) != 0)
			return damaged(env, "it is not in canonical form");
		if (tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

static TnfrStatus
same_again(TnfrEnv *env, const TnfrEncoding *e, const uint8_t *bytes,
		   size_t size)
{
	uint8_t    *again;
	TnfrStatus	status;

	if (e->size != size)
		return damaged(env, "it is not in canonical form");
	again = tnfr_alloc(env, size, 1);
	if (again == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_encode_write(env, e, again);
	if (status == TNFR_OK)
		status = compare(env, bytes, again, size);
	tnfr_release(env, again, size, 1);
	return status;
}

static TnfrStatus
check_fingerprint(TnfrEnv *env, const uint8_t *bytes, size_t size)
{
	TnfrGraphHeader header;
	uint64_t	fingerprint;
	TnfrStatus	status = tnfr_decode_header(env, bytes, size, &header);

	if (status == TNFR_OK)
		status = tnfr_fingerprint(env, bytes, size, &fingerprint);
	if (status == TNFR_OK && fingerprint != header.fingerprint)
		return damaged(env, "its fingerprint is not that of its content");
	return status;
}

TnfrStatus
tnfr_decode_check(TnfrEnv *env, const uint8_t *bytes, size_t size)
{
	TnfrGraph	graph;
	TnfrEncoding e;
	int64_t    *id;
	TnfrStatus	status = check_fingerprint(env, bytes, size);

	if (status == TNFR_OK)
		status = tnfr_decode(env, bytes, size, &graph, &id);
	if (status != TNFR_OK)
		return status;
	status = check_entries(env, &graph);
	if (status == TNFR_OK)
		status = tnfr_encode_begin(env, &e, &graph, id);
	if (status == TNFR_OK)
	{
		status = same_again(env, &e, bytes, size);
		tnfr_encode_end(env, &e);
	}
	tnfr_release(env, id, graph.n, sizeof(int64_t));
	tnfr_graph_release(env, &graph);
	return status;
}
