/*
 * collect.c
 *	  Collects edges whose nodes nobody has listed.
 */
#include "core/collect.h"
#include "core/idmap.h"
#include "core/ids.h"

#include <string.h>

#define BATCH		1024		/* edges added between two looks at interrupts */
#define IDS_AT_ONCE	1000000		/* united together */

static TnfrStatus
add_list(TnfrEnv *env, TnfrEdges *edges, const TnfrIdMap *map,
		 const TnfrEdgeList *list)
{
	for (uint64_t k = 0; k < list->count; k += BATCH)
	{
		uint64_t	left = list->count - k;
		TnfrStatus	status = tnfr_edges_add(env, edges, map, list->src + k,
											list->dst + k,
											list->weight != NULL ? list->weight + k : NULL,
											left < BATCH ? (uint32_t) left : BATCH);

		if (status != TNFR_OK)
			return status;
		if (tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* The graph of edges between n nodes whose ids are known. */
static TnfrStatus
graph_of_list(TnfrEnv *env, const TnfrEdgeList *list, bool directed,
			  const int64_t *id, uint64_t n, TnfrGraph *graph)
{
	TnfrIdMap	map;
	TnfrEdges	edges;
	TnfrStatus	status = tnfr_idmap_build(env, id, n, &map);

	if (status != TNFR_OK)
		return status;
	status = tnfr_edges_begin(env, &edges, n, list->count * (directed ? 1 : 2),
							  directed, list->weight != NULL);
	if (status == TNFR_OK)
		status = add_list(env, &edges, &map, list);
	tnfr_idmap_release(env, &map);
	if (status == TNFR_OK)
		return tnfr_graph_build(env, &edges, graph);
	tnfr_edges_release(env, &edges);
	return status;
}

static TnfrStatus
check_nodes(TnfrEnv *env, uint64_t n)
{
	env->error.count = n;
	return n > TNFR_MAX_NODES ? TNFR_TOO_MANY_NODES : TNFR_OK;
}

TnfrStatus
tnfr_collect_edges(TnfrEnv *env, const TnfrEdgeList *list, bool directed,
				   TnfrGraph *graph, int64_t **id)
{
	const TnfrIdList ends[2] = {
		{list->src, list->count}, {list->dst, list->count}
	};
	uint64_t	n;
	TnfrStatus	status = tnfr_distinct_ids(env, ends, 2, id, &n);

	if (status != TNFR_OK)
		return status;
	status = check_nodes(env, n);
	if (status == TNFR_OK)
		status = graph_of_list(env, list, directed, *id, n, graph);
	if (status != TNFR_OK)
		tnfr_release(env, *id, n, sizeof(int64_t));
	return status;
}

/* Lists of ids; the first may be the union of many. */
typedef struct Lists
{
	TnfrIdList *list;			/* [room] */
	int			room;
	int			lists;
	uint64_t	count;			/* ids in all of them */
} Lists;

static void
release_lists(TnfrEnv *env, Lists *l)
{
	for (int i = 0; i < l->lists; i++)
		tnfr_release(env, (void *) l->list[i].id, l->list[i].count,
					 sizeof(int64_t));
	l->lists = 0;
	l->count = 0;
}

static TnfrStatus
decode_list(TnfrEnv *env, Lists *l, const TnfrGraphBytes *part)
{
	const uint64_t n = part->header.n;
	int64_t    *id = tnfr_alloc(env, n, sizeof(int64_t));

	if (id == NULL)
		return TNFR_NO_MEMORY;
	l->list[l->lists++] = (TnfrIdList) {id, n};
	l->count += n;
	return tnfr_decode_ids(env, part, id);
}

/* Makes all lists one. */
static TnfrStatus
unite_lists(TnfrEnv *env, Lists *l)
{
	int64_t    *id;
	uint64_t	n;
	TnfrStatus	status = tnfr_distinct_ids(env, l->list, l->lists, &id, &n);

	if (status != TNFR_OK)
		return status;
	release_lists(env, l);
	l->list[l->lists++] = (TnfrIdList) {id, n};
	l->count = n;
	return TNFR_OK;
}

/*
 * The distinct ids of all parts.  Lists are united from time to time, so that
 * their memory stays in proportion to the number of nodes.
 */
static TnfrStatus
distinct_ids_of_parts(TnfrEnv *env, const TnfrGraphBytes *part, int parts,
					  int64_t **id, uint64_t *n)
{
	Lists		l = {.room = parts + 1};
	uint64_t	limit = 0;
	TnfrStatus	status = TNFR_OK;

	l.list = tnfr_alloc(env, (uint64_t) l.room, sizeof(TnfrIdList));
	if (l.list == NULL)
		return TNFR_NO_MEMORY;
	for (int p = 0; p < parts && status == TNFR_OK; p++)
	{
		status = decode_list(env, &l, &part[p]);
		if (status != TNFR_OK || (p < parts - 1 && l.count < limit))
			continue;
		status = unite_lists(env, &l);
		limit = 3 * l.count + IDS_AT_ONCE;
	}
	if (status == TNFR_OK)
	{
		*id = (int64_t *) l.list[0].id;
		*n = l.list[0].count;
	}
	else
		release_lists(env, &l);
	tnfr_release(env, l.list, (uint64_t) l.room, sizeof(TnfrIdList));
	return status;
}

TnfrStatus
tnfr_union_begin(TnfrEnv *env, TnfrUnion *u, const TnfrGraphBytes *part,
				 int parts, bool directed, bool weighted)
{
	uint64_t	expected = 0;
	uint64_t	n;
	TnfrStatus	status;

	memset(u, 0, sizeof(*u));
	for (int p = 0; p < parts; p++)
		expected += part[p].header.entries * (directed ? 1 : 2);
	status = distinct_ids_of_parts(env, part, parts, &u->id, &n);
	if (status != TNFR_OK)
		return status;
	u->edges.n = n;				/* for the release of the ids */
	status = check_nodes(env, n);
	if (status == TNFR_OK)
		status = tnfr_edges_begin(env, &u->edges, n, expected, directed,
								  weighted);
	if (status != TNFR_OK)
		tnfr_union_release(env, u);
	return status;
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

/* Both lists of ids ascend, so one walk along them finds all indexes. */
static TnfrStatus
map_ids(TnfrEnv *env, const TnfrUnion *u, Decoded *d)
{
	uint64_t	at = 0;

	for (uint64_t i = 0; i < d->n; i++)
	{
		while (at < u->edges.n && u->id[at] < d->id[i])
			at++;
		if (at == u->edges.n || u->id[at] != d->id[i])
		{
			env->error.what = "the union was not begun with this part";
			return TNFR_DAMAGED;
		}
		d->map[i] = (uint32_t) at;
		if (i % 65536 == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

/* The entries of a block, as edges of the union. */
static TnfrStatus
add_block(TnfrEnv *env, TnfrUnion *u, const TnfrGraphBytes *part, Decoded *d,
		  uint64_t block, uint64_t *row)
{
	const uint64_t first = block * TNFR_CODEC_BLOCK;
	uint64_t	count = part->header.entries - first;
	const char *damage;

	if (count > TNFR_CODEC_BLOCK)
		count = TNFR_CODEC_BLOCK;
	damage = tnfr_decode_block(part, d->offset, block, d->dst);
	if (damage == NULL && u->edges.weighted)
		damage = tnfr_decode_weights(part, first, count, d->weight);
	if (damage != NULL)
	{
		env->error.what = damage;
		return TNFR_DAMAGED;
	}
	for (uint64_t k = 0; k < count; k++)
	{
		while (d->offset[*row + 1] <= first + k)
			++*row;
		d->src[k] = d->map[*row];
		d->dst[k] = d->map[d->dst[k]];
	}
	return tnfr_edges_add_mapped(env, &u->edges, d->src, d->dst,
								 u->edges.weighted ? d->weight : NULL,
								 (uint32_t) count);
}

TnfrStatus
tnfr_union_add(TnfrEnv *env, TnfrUnion *u, const TnfrGraphBytes *part)
{
	const uint64_t entries = part->header.entries;
	Decoded		d = {.n = part->header.n};
	uint64_t	row = 0;
	TnfrStatus	status = TNFR_NO_MEMORY;

	if (alloc_decoded(env, &d))
		status = tnfr_decode_ids(env, part, d.id);
	if (status == TNFR_OK)
		status = map_ids(env, u, &d);
	if (status == TNFR_OK)
		status = tnfr_decode_offsets(env, part, d.offset);
	for (uint64_t b = 0; b * TNFR_CODEC_BLOCK < entries && status == TNFR_OK; b++)
	{
		status = add_block(env, u, part, &d, b, &row);
		if (status == TNFR_OK && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	release_decoded(env, &d);
	return status;
}

TnfrStatus
tnfr_union_end(TnfrEnv *env, TnfrUnion *u, TnfrGraph *graph, int64_t **id)
{
	const uint64_t n = u->edges.n;
	TnfrStatus	status = tnfr_graph_build(env, &u->edges, graph);

	*id = u->id;
	if (status != TNFR_OK)
		tnfr_release(env, u->id, n, sizeof(int64_t));
	u->id = NULL;
	return status;
}

void
tnfr_union_release(TnfrEnv *env, TnfrUnion *u)
{
	tnfr_release(env, u->id, u->edges.n, sizeof(int64_t));
	tnfr_edges_release(env, &u->edges);
}
