/*
 * coded.c
 *	  Windows over the entries of a coded graph.
 *
 * Entries are decoded a block at a time.  A window goes forward mostly: what it
 * has of the rows to come is moved to its begin, and the next blocks follow.
 */
#include "core/coded.h"
#include "core/embed.h"
#include "core/entries.h"
#include "core/format.h"

#include <string.h>

/* What is asked for may begin and end within blocks. */
#define ROOM	(TNFR_WINDOW + 2 * TNFR_CODEC_BLOCK + TNFR_GRAPH_PAD)

/* The graph among the nodes, from its ids and its own offsets. */
static TnfrStatus
embed_rows(TnfrEnv *env, TnfrCodedGraph *coded, const int64_t *id,
		   const int64_t *node, uint64_t n, TnfrGraph *graph)
{
	const uint64_t ids = coded->bytes.header.n;
	TnfrStatus	status;

	coded->map = tnfr_alloc(env, ids, sizeof(uint32_t));
	if (coded->map == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_map_nodes(env, id, ids, node, n, coded->map);
	if (status != TNFR_OK)
		return status;
	if (ids == n)
	{
		tnfr_release(env, coded->map, ids, sizeof(uint32_t));
		coded->map = NULL;
		graph->offset = coded->offset;
		coded->offset = NULL;
		return TNFR_OK;
	}
	return tnfr_spread_rows(env, coded->offset, ids, coded->map, n,
							&graph->offset);
}

TnfrStatus
tnfr_coded_open(TnfrEnv *env, TnfrCodedGraph *coded, const uint8_t *bytes,
				size_t size, const int64_t *node, uint64_t n,
				TnfrGraph *graph)
{
	const TnfrGraphHeader *h = &coded->bytes.header;
	int64_t    *id;
	TnfrStatus	status;

	memset(coded, 0, sizeof(*coded));
	memset(graph, 0, sizeof(*graph));
	status = tnfr_decode_begin(env, &coded->bytes, bytes, size);
	if (status != TNFR_OK)
		return status;
	id = tnfr_alloc(env, h->n, sizeof(int64_t));
	coded->offset = tnfr_alloc(env, h->n + 1, sizeof(uint64_t));
	status = id == NULL || coded->offset == NULL ? TNFR_NO_MEMORY :
		tnfr_decode_ids(env, &coded->bytes, id);
	if (status == TNFR_OK)
		status = tnfr_decode_offsets(env, &coded->bytes, coded->offset);
	if (status == TNFR_OK)
		status = embed_rows(env, coded, id, node, n, graph);
	tnfr_release(env, id, h->n, sizeof(int64_t));
	if (status != TNFR_OK)
	{
		tnfr_coded_release(env, coded);
		return status;
	}
	graph->n = n;
	graph->entries = h->entries;
	graph->directed = h->directed;
	graph->coded = coded;
	return TNFR_OK;
}

void
tnfr_coded_release(TnfrEnv *env, TnfrCodedGraph *coded)
{
	const uint64_t n = coded->bytes.header.n;

	tnfr_release(env, coded->offset, n + 1, sizeof(uint64_t));
	tnfr_release(env, coded->map, n, sizeof(uint32_t));
	memset(coded, 0, sizeof(*coded));
}

const char *
tnfr_coded_block(const TnfrGraph *graph, uint64_t block, uint32_t *neighbour)
{
	const TnfrCodedGraph *c = graph->coded;
	const uint32_t count = tnfr_block_values(graph->entries, block);
	const char *damage;

	damage = tnfr_decode_block(&c->bytes,
							   c->offset != NULL ? c->offset : graph->offset,
							   block, neighbour);
	if (damage != NULL)
		return damage;
	for (uint32_t k = 0; c->map != NULL && k < count; k++)
		neighbour[k] = c->map[neighbour[k]];
	return NULL;
}

TnfrWindow *
tnfr_windows_open(TnfrEnv *env, const TnfrGraph *graph, int windows)
{
	const bool	weighted = tnfr_has_weights(graph);
	TnfrWindow *w = tnfr_alloc(env, (uint64_t) windows, sizeof(TnfrWindow));
	bool		good = w != NULL;

	if (w == NULL)
		return NULL;
	memset(w, 0, (size_t) windows * sizeof(TnfrWindow));
	for (int i = 0; i < windows; i++)
	{
		w[i].neighbour = tnfr_alloc(env, ROOM, sizeof(uint32_t));
		if (weighted)
			w[i].weight = tnfr_alloc(env, ROOM, sizeof(double));
		good = good && w[i].neighbour != NULL &&
			(!weighted || w[i].weight != NULL);
		if (w[i].neighbour != NULL) /* what lies behind the entries is read */
			memset(w[i].neighbour, 0, ROOM * sizeof(uint32_t));
	}
	if (good)
		return w;
	tnfr_windows_release(env, w, windows);
	return NULL;
}

void
tnfr_windows_release(TnfrEnv *env, TnfrWindow *window, int windows)
{
	for (int i = 0; window != NULL && i < windows; i++)
	{
		tnfr_release(env, window[i].neighbour, ROOM, sizeof(uint32_t));
		tnfr_release(env, window[i].weight, ROOM, sizeof(double));
	}
	tnfr_release(env, window, (uint64_t) windows, sizeof(TnfrWindow));
}

/* Moves what is kept to the window's begin; nothing, if it leads nowhere. */
static void
keep_from(TnfrWindow *w, uint64_t begin)
{
	if (begin >= w->begin && begin < w->end)
	{
		const uint64_t drop = begin - w->begin;
		const uint64_t keep = w->end - begin;

		memmove(w->neighbour, w->neighbour + drop, keep * sizeof(uint32_t));
		if (w->weight != NULL)
			memmove(w->weight, w->weight + drop, keep * sizeof(double));
		w->begin = begin;
	}
	else
		w->begin = w->end = begin - begin % TNFR_CODEC_BLOCK;
}

/* The next block, which begins where the window ends. */
static const char *
decode_next(TnfrWindow *w, const TnfrGraph *graph)
{
	const uint64_t block = w->end / TNFR_CODEC_BLOCK;
	const uint64_t count = tnfr_block_values(graph->entries, block);
	const char *damage;

	damage = tnfr_coded_block(graph, block,
							  w->neighbour + (w->end - w->begin));
	if (damage == NULL && w->weight != NULL)
		damage = tnfr_decode_weights(&graph->coded->bytes, w->end, count,
									 w->weight + (w->end - w->begin));
	if (damage == NULL)
		w->end += count;
	return damage;
}

const char *
tnfr_window_cover(TnfrWindow *w, const TnfrGraph *graph, uint64_t begin,
				  uint64_t end)
{
	const char *damage = NULL;

	if (begin >= w->begin && end <= w->end)
		return NULL;
	keep_from(w, begin);
	while (w->end < end && damage == NULL)
		damage = decode_next(w, graph);
	return damage;
}
