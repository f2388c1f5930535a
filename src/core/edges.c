/*
 * edges.c
 *	  The list of edges: ids to indexes, batch by batch.
 */
#include "core/edges.h"

#include <string.h>

void
tnfr_edges_init(TnfrEdges *edges, bool weighted)
{
	memset(edges, 0, sizeof(*edges));
	edges->weighted = weighted;
	edges->blocks.item = weighted ? 16 : 8;
}

static void
note_unknown(TnfrEdges *edges, int64_t src, int64_t dst)
{
	if (edges->unknown++ == 0 || src < edges->unknown_src ||
		(src == edges->unknown_src && dst < edges->unknown_dst))
	{
		edges->unknown_src = src;
		edges->unknown_dst = dst;
	}
}

/*
 * Takes the edges with unknown nodes out of the count just mapped and returns
 * how many are left.  Rare: a network with one of them ends in an error.
 */
static uint32_t
leave_out_unknown(TnfrEdges *edges, uint32_t *s, uint32_t *d, double *w,
				  const int64_t *src, const int64_t *dst, uint32_t count)
{
	uint32_t	kept = 0;

	for (uint32_t k = 0; k < count; k++)
	{
		if (s[k] == TNFR_NO_NODE || d[k] == TNFR_NO_NODE)
		{
			note_unknown(edges, src[k], dst[k]);
			continue;
		}
		s[kept] = s[k];
		d[kept] = d[k];
		if (w != NULL)
			w[kept] = w[k];
		kept++;
	}
	return kept;
}

/* Maps count edges into a block that has room for them. */
static void
add_to_block(TnfrEdges *edges, TnfrBlock *block, const TnfrIdMap *map,
			 const int64_t *src, const int64_t *dst, const double *weight,
			 uint32_t count)
{
	uint32_t   *s = tnfr_block_src(block) + block->used;
	uint32_t   *d = tnfr_block_dst(block) + block->used;
	double	   *w = NULL;
	uint32_t	unknown = 0;
	uint32_t	loops = 0;

	tnfr_idmap_lookup(map, src, s, count);
	tnfr_idmap_lookup(map, dst, d, count);
	if (edges->weighted)
	{
		w = tnfr_block_weight(block) + block->used;
		memcpy(w, weight, count * sizeof(double));
	}
	for (uint32_t k = 0; k < count; k++)
		unknown += (s[k] == TNFR_NO_NODE) | (d[k] == TNFR_NO_NODE);
	if (unknown > 0)
		count = leave_out_unknown(edges, s, d, w, src, dst, count);
	for (uint32_t k = 0; k < count; k++)
		loops += s[k] == d[k];

	edges->loops += loops;
	edges->blocks.count += count;
	block->used += count;
}

TnfrStatus
tnfr_edges_add(TnfrEnv *env, TnfrEdges *edges, const TnfrIdMap *map,
			   const int64_t *src, const int64_t *dst, const double *weight,
			   uint32_t count)
{
	for (uint32_t k = 0; k < count;)
	{
		TnfrBlock  *block = tnfr_blocks_tail(env, &edges->blocks);
		uint32_t	room;

		if (block == NULL)
			return TNFR_NO_MEMORY;
		room = block->capacity - block->used;
		if (room > count - k)
			room = count - k;
		add_to_block(edges, block, map, src + k, dst + k,
					 weight != NULL ? weight + k : NULL, room);
		k += room;
	}
	return TNFR_OK;
}

TnfrStatus
tnfr_edges_check(TnfrEnv *env, const TnfrEdges *edges)
{
	if (edges->unknown == 0)
		return TNFR_OK;
	env->error.src = edges->unknown_src;
	env->error.dst = edges->unknown_dst;
	env->error.count = edges->unknown;
	return TNFR_UNKNOWN_NODE;
}

void
tnfr_edges_release(TnfrEnv *env, TnfrEdges *edges)
{
	tnfr_blocks_release(env, &edges->blocks);
}
