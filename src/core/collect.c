/*
 * collect.c
 *	  Collects edges whose nodes nobody has listed.
 */
#include "core/collect.h"
#include "core/embed.h"
#include "core/ids.h"

#include <string.h>

#define BATCH		1024		/* edges added between two looks at interrupts */
#define IDS_AT_ONCE	2000000		/* looked through together */

/* Lists of ids whose union is sought. */
typedef struct Lists
{
	TnfrIdList *list;			/* [room]; the first is the union so far */
	int			room;
	int			lists;
	uint64_t	count;			/* ids in all of them */
	uint64_t	limit;			/* so many are united */
} Lists;

/*
 * Makes all lists one.  That is done from time to time, so that memory stays
 * in proportion to the number of nodes.
 */
static TnfrStatus
unite_lists(TnfrEnv *env, Lists *l)
{
	int64_t    *id;
	uint64_t	n;
	TnfrStatus	status = tnfr_distinct_ids(env, l->list, l->lists, &id, &n);

	if (status != TNFR_OK)
		return status;
	tnfr_release(env, (void *) l->list[0].id, l->list[0].count,
				 sizeof(int64_t));
	l->list[0] = (TnfrIdList) {id, n};
	l->lists = 1;
	l->count = n;
	l->limit = 3 * n + IDS_AT_ONCE;
	return TNFR_OK;
}

static TnfrStatus
add_ids(TnfrEnv *env, Lists *l, const int64_t *id, uint64_t count)
{
	l->list[l->lists++] = (TnfrIdList) {id, count};
	l->count += count;
	return l->count < l->limit ? TNFR_OK : unite_lists(env, l);
}

/* The ids of a part are united at once: they are many. */
static TnfrStatus
add_part_ids(TnfrEnv *env, Lists *l, const TnfrGraphBytes *part)
{
	const uint64_t n = part->header.n;
	int64_t    *id = tnfr_alloc(env, n, sizeof(int64_t));
	TnfrStatus	status;

	if (id == NULL)
		return TNFR_NO_MEMORY;
	l->list[l->lists++] = (TnfrIdList) {id, n};
	status = tnfr_decode_ids(env, part, id);
	if (status == TNFR_OK)
		status = unite_lists(env, l);
	tnfr_release(env, id, n, sizeof(int64_t));
	if (status != TNFR_OK)
		l->lists--;
	return status;
}

static TnfrStatus
find_ids(TnfrEnv *env, const TnfrEdgeList *list, int lists,
		 const TnfrGraphBytes *part, int parts, int64_t **id, uint64_t *n)
{
	Lists		l = {.room = 2 * lists + parts + 1,.lists = 1};
	TnfrStatus	status = TNFR_OK;

	l.limit = IDS_AT_ONCE;
	l.list = tnfr_alloc(env, (uint64_t) l.room, sizeof(TnfrIdList));
	if (l.list == NULL)
		return TNFR_NO_MEMORY;
	l.list[0] = (TnfrIdList) {NULL, 0};
	for (int i = 0; i < lists && status == TNFR_OK; i++)
	{
		status = add_ids(env, &l, list[i].src, list[i].count);
		if (status == TNFR_OK)
			status = add_ids(env, &l, list[i].dst, list[i].count);
	}
	for (int p = 0; p < parts && status == TNFR_OK; p++)
		status = add_part_ids(env, &l, &part[p]);
	if (status == TNFR_OK && l.lists > 1)
		status = unite_lists(env, &l);
	*id = (int64_t *) l.list[0].id;
	*n = l.list[0].count;
	if (status != TNFR_OK)
		tnfr_release(env, *id, *n, sizeof(int64_t));
	tnfr_release(env, l.list, (uint64_t) l.room, sizeof(TnfrIdList));
	return status;
}

/* How many entries there will be; loops are not known. */
static uint64_t
count_entries(const TnfrEdgeList *list, int lists, const TnfrGraphBytes *part,
			  int parts, bool directed)
{
	uint64_t	entries = 0;

	for (int i = 0; i < lists; i++)
		entries += list[i].count;
	for (int p = 0; p < parts; p++)
		entries += part[p].header.entries;
	return directed ? entries : 2 * entries;
}

TnfrStatus
tnfr_collect_begin(TnfrEnv *env, TnfrCollection *c, const TnfrEdgeList *list,
				   int lists, const TnfrGraphBytes *part, int parts,
				   bool directed, bool weighted)
{
	uint64_t	n;
	TnfrStatus	status;

	memset(c, 0, sizeof(*c));
	status = find_ids(env, list, lists, part, parts, &c->id, &n);
	if (status != TNFR_OK)
		return status;
	c->edges.n = n;				/* for the release of the ids */
	if (n > TNFR_MAX_NODES)
	{
		env->error.count = n;
		status = TNFR_TOO_MANY_NODES;
	}
	if (status == TNFR_OK && lists > 0)
		status = tnfr_idmap_build(env, c->id, n, &c->map);
	if (status == TNFR_OK)
		status = tnfr_edges_begin(env, &c->edges, n,
								  count_entries(list, lists, part, parts,
												directed),
								  directed, weighted);
	if (status != TNFR_OK)
		tnfr_collect_release(env, c);
	return status;
}

TnfrStatus
tnfr_collect_list(TnfrEnv *env, TnfrCollection *c, const TnfrEdgeList *list)
{
	for (uint64_t k = 0; k < list->count; k += BATCH)
	{
		uint64_t	left = list->count - k;
		TnfrStatus	status = tnfr_edges_add(env, &c->edges, &c->map,
											list->src + k, list->dst + k,
											list->weight != NULL ? list->weight + k : NULL,
											left < BATCH ? (uint32_t) left : BATCH);

		if (status != TNFR_OK)
			return status;
		if (tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* What adding a part needs beside it. */
typedef struct Decoded
{
	uint64_t	n;
	int64_t    *id;				/* [n] */
	uint32_t   *map;			/* [n] from its indexes to those of the union */
	uint64_t   *offset;			/* [n + 1] */
	uint32_t   *src;			/* [block] */
	uint32_t   *dst;			/* [block] */
	double	   *weight;			/* [block] */
} Decoded;

static bool
alloc_decoded(TnfrEnv *env, Decoded *d)
{
	d->id = tnfr_alloc(env, d->n, sizeof(int64_t));
	d->map = tnfr_alloc(env, d->n, sizeof(uint32_t));
	d->offset = tnfr_alloc(env, d->n + 1, sizeof(uint64_t));
	d->src = tnfr_alloc(env, TNFR_CODEC_BLOCK, sizeof(uint32_t));
	d->dst = tnfr_alloc(env, TNFR_CODEC_BLOCK, sizeof(uint32_t));
	d->weight = tnfr_alloc(env, TNFR_CODEC_BLOCK, sizeof(double));
	return d->id != NULL && d->map != NULL && d->offset != NULL &&
		d->src != NULL && d->dst != NULL && d->weight != NULL;
}

static void
release_decoded(TnfrEnv *env, Decoded *d)
{
	tnfr_release(env, d->id, d->n, sizeof(int64_t));
	tnfr_release(env, d->map, d->n, sizeof(uint32_t));
	tnfr_release(env, d->offset, d->n + 1, sizeof(uint64_t));
	tnfr_release(env, d->src, TNFR_CODEC_BLOCK, sizeof(uint32_t));
	tnfr_release(env, d->dst, TNFR_CODEC_BLOCK, sizeof(uint32_t));
	tnfr_release(env, d->weight, TNFR_CODEC_BLOCK, sizeof(double));
}

/* The entries of a block, as edges of the collection. */
static TnfrStatus
add_block(TnfrEnv *env, TnfrCollection *c, const TnfrGraphBytes *part, Decoded *d,
		  uint64_t block, uint64_t *row)
{
	const uint64_t first = block * TNFR_CODEC_BLOCK;
	uint64_t	count = part->header.entries - first;
	const char *damage;

	if (count > TNFR_CODEC_BLOCK)
		count = TNFR_CODEC_BLOCK;
	damage = tnfr_decode_block(part, d->offset, block, d->dst);
	if (damage == NULL && c->edges.weighted)
		damage = tnfr_decode_weights(part, first, count, d->weight);
	if (damage != NULL)
	{
		env->error.what = damage;
		return TNFR_DAMAGED;
	}
	for (uint64_t k = 0; k < count; k++)
	{
		*row = tnfr_row_of(d->offset, d->n, *row, first + k);
		d->src[k] = d->map[*row];
		d->dst[k] = d->map[d->dst[k]];
	}
	return tnfr_edges_add_mapped(env, &c->edges, d->src, d->dst,
								 c->edges.weighted ? d->weight : NULL,
								 (uint32_t) count);
}

TnfrStatus
tnfr_collect_part(TnfrEnv *env, TnfrCollection *c, const TnfrGraphBytes *part)
{
	const uint64_t entries = part->header.entries;
	Decoded		d = {.n = part->header.n};
	uint64_t	row = 0;
	TnfrStatus	status = TNFR_NO_MEMORY;

	if (alloc_decoded(env, &d))
		status = tnfr_decode_ids(env, part, d.id);
	if (status == TNFR_OK)
		status = tnfr_map_nodes(env, d.id, d.n, c->id, c->edges.n, d.map);
	if (status == TNFR_OK)
		status = tnfr_decode_offsets(env, part, d.offset);
	for (uint64_t b = 0; b * TNFR_CODEC_BLOCK < entries && status == TNFR_OK; b++)
	{
		status = add_block(env, c, part, &d, b, &row);
		if (status == TNFR_OK && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	release_decoded(env, &d);
	return status;
}

TnfrStatus
tnfr_collect_end(TnfrEnv *env, TnfrCollection *c, TnfrGraph *graph,
				 int64_t **id)
{
	const uint64_t n = c->edges.n;
	TnfrStatus	status;

	tnfr_idmap_release(env, &c->map);
	status = tnfr_graph_build(env, &c->edges, graph);
	*id = c->id;
	c->id = NULL;
	if (status != TNFR_OK)
		tnfr_release(env, *id, n, sizeof(int64_t));
	return status;
}

void
tnfr_collect_release(TnfrEnv *env, TnfrCollection *c)
{
	tnfr_idmap_release(env, &c->map);
	tnfr_release(env, c->id, c->edges.n, sizeof(int64_t));
	tnfr_edges_release(env, &c->edges);
}
