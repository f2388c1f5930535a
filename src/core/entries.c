/*
 * entries.c
 *	  Copies entries, block by block; a coded block by way of memory of one's
 *	  own.
 *
 * Decoding reads again what it has written, and believes it: that is not to be
 * done in memory that somebody else can write to.  A block stays in cache, so
 * the way costs little.
 */
#include "core/entries.h"
#include "core/coded.h"
#include "core/parallel.h"

#include <string.h>

typedef struct Copying
{
	const TnfrGraph *graph;
	uint64_t	first;
	uint64_t	count;
	uint32_t   *neighbour;		/* [count] */
	double	   *weight;			/* [count], or NULL */
	uint32_t   *block;			/* [threads][TNFR_CODEC_BLOCK] of a coded graph */
	_Atomic(const char *) damage;
} Copying;

bool
tnfr_has_weights(const TnfrGraph *graph)
{
	return graph->coded != NULL ?
		graph->coded->bytes.header.weights != TNFR_WEIGHTS_ONE :
		graph->weight != NULL;
}

/* Entries at .. at + count of those wanted. */
static void
copy_columns(const Copying *c, uint64_t at, uint64_t count)
{
	const TnfrGraph *g = c->graph;

	memcpy(c->neighbour + at, g->neighbour + c->first + at,
		   count * sizeof(uint32_t));
	if (c->weight != NULL)
		memcpy(c->weight + at, g->weight + c->first + at,
			   count * sizeof(double));
}

/* The same, of a block. */
static const char *
copy_coded(const Copying *c, uint64_t at, uint64_t count, uint32_t *block)
{
	const TnfrGraph *g = c->graph;
	const char *damage = tnfr_coded_block(g, (c->first + at) / TNFR_CODEC_BLOCK,
										  block);

	if (damage != NULL)
		return damage;
	memcpy(c->neighbour + at, block, count * sizeof(uint32_t));
	if (c->weight == NULL)
		return NULL;
	return tnfr_decode_weights(&g->coded->bytes, c->first + at, count,
							   c->weight + at);
}

static void
copy_task(void *arg, uint64_t task, int worker)
{
	Copying    *c = arg;
	uint64_t	at = task * TNFR_COPY_BLOCK;
	uint64_t	left = c->count - at;
	uint64_t	count = left < TNFR_COPY_BLOCK ? left : TNFR_COPY_BLOCK;
	const char *damage = NULL;

	if (c->block != NULL)
		damage = copy_coded(c, at, count,
							c->block + (uint64_t) worker * TNFR_CODEC_BLOCK);
	else
		copy_columns(c, at, count);
	if (damage != NULL)
		atomic_store(&c->damage, damage);
}

TnfrStatus
tnfr_copy_entries(TnfrEnv *env, const TnfrGraph *graph, uint64_t first,
				  uint64_t count, uint32_t *neighbour, double *weight)
{
	const uint64_t room = (uint64_t) env->threads * TNFR_CODEC_BLOCK;
	Copying		c = {
		.graph = graph,.first = first,.count = count,.neighbour = neighbour,
		.weight = weight
	};
	const char *damage;
	TnfrStatus	status;

	atomic_init(&c.damage, NULL);
	if (graph->coded != NULL)
	{
		c.block = tnfr_alloc(env, room, sizeof(uint32_t));
		if (c.block == NULL)
			return TNFR_NO_MEMORY;
	}
	status = tnfr_parallel(env, (count + TNFR_COPY_BLOCK - 1) / TNFR_COPY_BLOCK,
						   copy_task, &c);
	tnfr_release(env, c.block, room, sizeof(uint32_t));
	damage = atomic_load(&c.damage);
	if (status == TNFR_OK && damage != NULL)
	{
		env->error.what = damage;
		status = TNFR_DAMAGED;
	}
	return status;
}
