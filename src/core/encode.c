/*
 * encode.c
 *	  A graph to bytes.
 *
 * What depends on the content comes first: how ids and weights can be kept, and
 * how long every block will be.  Then every block has its place, and all are
 * written at once.
 */
#include "core/codec.h"
#include "core/packing.h"
#include "core/parallel.h"

#include <float.h>
#include <stdatomic.h>

typedef struct Survey
{
	TnfrEncoding *e;
	uint64_t	id_tasks;
	atomic_uint ids;			/* 1 << TnfrIdKind of every task */
	atomic_uint weights;		/* likewise */
	_Atomic uint64_t loops;
} Survey;

typedef struct Write
{
	const TnfrEncoding *e;
	uint64_t	blocks;			/* in all */
	uint64_t	plain_blocks;	/* of plain ids */
	uint8_t    *to;
} Write;

/* The values of a block, to be taken run by run. */
typedef struct Values
{
	const TnfrEncoding *e;
	enum
	{
		IDS, ROWS, NEIGHBOURS
	}			what;
	uint64_t	at;				/* the next value */
	uint64_t	left;
	uint64_t	row;			/* NEIGHBOURS: the row of at */
	uint64_t	next;			/* where the row after it begins */
} Values;

static uint64_t
all_blocks(const TnfrGraphLayout *l)
{
	return l->id_blocks + l->row_blocks + l->neighbour_blocks;
}

static Values
values_of(const TnfrEncoding *e, uint64_t block)
{
	const TnfrGraph *g = e->graph;
	Values		v = {.e = e,.what = IDS};
	uint64_t	all = tnfr_id_steps(g->n);

	if (block >= e->layout.id_blocks)
	{
		block -= e->layout.id_blocks;
		v.what = ROWS;
		all = g->n;
		if (block >= e->layout.row_blocks)
		{
			block -= e->layout.row_blocks;
			v.what = NEIGHBOURS;
			all = g->entries;
		}
	}
	v.at = block * TNFR_CODEC_BLOCK;
	v.left = tnfr_block_values(all, block);
	if (v.what == NEIGHBOURS)
	{
		v.row = tnfr_row_of(g->offset, g->n, 0, v.at);
		v.next = g->offset[v.row + 1];
	}
	return v;
}

/* Differences throughout; then the row's first entries are put right. */
static void
take_neighbours(Values *v, uint32_t *run, uint32_t count)
{
	const TnfrGraph *g = v->e->graph;
	const uint32_t *neighbour = g->neighbour + v->at;

	run[0] = v->at % TNFR_CODEC_BLOCK == 0 ? neighbour[0] :
		neighbour[0] - neighbour[-1];
	for (uint32_t k = 1; k < count; k++)
		run[k] = neighbour[k] - neighbour[k - 1];
	while (v->next < v->at + count)
	{
		run[v->next - v->at] = g->neighbour[v->next];
		v->row = tnfr_row_of(g->offset, g->n, v->row + 1, v->next);
		v->next = g->offset[v->row + 1];
	}
}

static void
take_rows(const Values *v, uint32_t *run, uint32_t count)
{
	const uint64_t *offset = v->e->graph->offset + v->at;

	for (uint32_t k = 0; k < count; k++)
		run[k] = (uint32_t) (offset[k + 1] - offset[k]);
}

static void
take_ids(const Values *v, uint32_t *run, uint32_t count)
{
	const int64_t *id = v->e->id + v->at;

	for (uint32_t k = 0; k < count; k++)
		run[k] = (uint32_t) ((uint64_t) id[k + 1] - (uint64_t) id[k] - 1);
}

/* The next values, at most TNFR_PACK_RUN; how many. */
static uint32_t
take_run(Values *v, uint32_t *run)
{
	uint32_t	count = (uint32_t) (v->left < TNFR_PACK_RUN ? v->left :
									TNFR_PACK_RUN);

	if (v->what == NEIGHBOURS)
		take_neighbours(v, run, count);
	else if (v->what == ROWS)
		take_rows(v, run, count);
	else
		take_ids(v, run, count);
	v->at += count;
	v->left -= count;
	return count;
}

static unsigned
survey_ids(const int64_t *id, uint32_t steps)
{
	uint64_t	gaps = 0;

	for (uint32_t k = 0; k < steps; k++)
		gaps |= (uint64_t) id[k + 1] - (uint64_t) id[k] - 1;
	return 1u << (gaps == 0 ? TNFR_IDS_CONSECUTIVE :
				  gaps <= UINT32_MAX ? TNFR_IDS_PACKED : TNFR_IDS_PLAIN);
}

static unsigned
survey_weights(const double *w, uint32_t count)
{
	bool		one = true;
	bool		byte = true;
	bool		single = true;

	for (uint32_t k = 0; k < count; k++)
	{
		double		b = w[k] <= UINT8_MAX ? w[k] : 0.0;
		double		s = w[k] <= FLT_MAX ? w[k] : 0.0;

		one &= w[k] == 1.0;
		byte &= w[k] == (double) (uint8_t) b;
		single &= w[k] == (double) (float) s;
	}
	return 1u << (one ? TNFR_WEIGHTS_ONE : byte ? TNFR_WEIGHTS_UINT8 :
				  single ? TNFR_WEIGHTS_FLOAT : TNFR_WEIGHTS_DOUBLE);
}

static void
survey_task(void *arg, uint64_t task, int worker)
{
	Survey	   *s = arg;
	const TnfrEncoding *e = s->e;
	const TnfrGraph *g = e->graph;

	(void) worker;
	if (task < s->id_tasks)
	{
		uint32_t	steps = tnfr_block_values(tnfr_id_steps(g->n), task);

		atomic_fetch_or(&s->ids,
						survey_ids(e->id + task * TNFR_CODEC_BLOCK, steps));
	}
	else
	{
		uint64_t	block = task - s->id_tasks;

		atomic_fetch_or(&s->weights,
						survey_weights(g->weight + block * TNFR_CODEC_BLOCK,
									   tnfr_block_values(g->entries, block)));
	}
}

/* The entries of a block that name their own row. */
static uint64_t
count_loops(const TnfrGraph *g, uint64_t block)
{
	uint64_t	at = block * TNFR_CODEC_BLOCK;
	const uint64_t end = at + tnfr_block_values(g->entries, block);
	uint64_t	row = 0;
	uint64_t	loops = 0;

	while (at < end)
	{
		uint64_t	stop;
		uint32_t	same = 0;

		row = tnfr_row_of(g->offset, g->n, row, at);
		stop = g->offset[row + 1] < end ? g->offset[row + 1] : end;
		for (; at < stop; at++)
			same += g->neighbour[at] == (uint32_t) row;
		loops += same;
	}
	return loops;
}

static void
size_task(void *arg, uint64_t task, int worker)
{
	Survey	   *s = arg;
	TnfrEncoding *e = s->e;
	Values		v = values_of(e, task);
	uint32_t	run[TNFR_PACK_RUN];
	uint64_t	bytes = tnfr_control_bytes((uint32_t) v.left);

	(void) worker;
	if (v.what == NEIGHBOURS)
		atomic_fetch_add(&s->loops,
						 count_loops(e->graph, v.at / TNFR_CODEC_BLOCK));
	while (v.left > 0)
	{
		uint32_t	count = take_run(&v, run);

		bytes += tnfr_packed_bytes(run, count);
	}
	e->end[task] = bytes;
}

/* The last of the kinds that were seen. */
static int
last_kind(unsigned kinds)
{
	return kinds > 0 ? 31 - __builtin_clz(kinds) : 0;
}

/* How ids and weights are kept, and so which blocks there will be. */
static TnfrStatus
choose_kinds(TnfrEnv *env, Survey *s)
{
	TnfrEncoding *e = s->e;
	uint64_t	tasks;
	TnfrStatus	status;

	s->id_tasks = tnfr_blocks_of(tnfr_id_steps(e->graph->n));
	tasks = s->id_tasks;
	if (e->graph->weight != NULL)
		tasks += tnfr_blocks_of(e->graph->entries);
	status = tnfr_parallel(env, tasks, survey_task, s);
	e->header.ids = last_kind(atomic_load(&s->ids));
	e->header.weights = last_kind(atomic_load(&s->weights));
	e->layout = tnfr_layout(&e->header);
	return status;
}

/* Every block's end, and the size of all. */
static TnfrStatus
find_ends(TnfrEnv *env, Survey *s)
{
	TnfrEncoding *e = s->e;
	const uint64_t blocks = all_blocks(&e->layout);
	uint64_t	end = e->layout.blocks;
	TnfrStatus	status = tnfr_parallel(env, blocks, size_task, s);

	if (status != TNFR_OK)
		return status;
	for (uint64_t b = 0; b < blocks; b++)
		e->end[b] = end += e->end[b];
	end += e->layout.plain_bytes + e->layout.weight_bytes;
	e->header.loops = atomic_load(&s->loops);
	if (end <= SIZE_MAX)
	{
		e->size = (size_t) end;
		return TNFR_OK;
	}
	env->error.bytes = SIZE_MAX;
	return TNFR_NO_MEMORY;
}

TnfrStatus
tnfr_encode_begin(TnfrEnv *env, TnfrEncoding *e, const TnfrGraph *graph,
				  const int64_t *id)
{
	Survey		s = {.e = e};
	TnfrStatus	status;

	memset(e, 0, sizeof(*e));
	e->graph = graph;
	e->id = id;
	e->header.directed = graph->directed;
	e->header.n = graph->n;
	e->header.entries = graph->entries;
	e->header.first_id = graph->n > 0 ? id[0] : 0;
	if (graph->entries > TNFR_FORMAT_ENTRIES)
	{
		env->error.bytes = SIZE_MAX;
		return TNFR_NO_MEMORY;
	}
	status = choose_kinds(env, &s);
	if (status != TNFR_OK)
		return status;
	e->end = tnfr_alloc(env, all_blocks(&e->layout), sizeof(uint64_t));
	if (e->end == NULL)
		return TNFR_NO_MEMORY;
	status = find_ends(env, &s);
	if (status != TNFR_OK)
		tnfr_encode_end(env, e);
	return status;
}

static void
write_block(const TnfrEncoding *e, uint64_t block, uint8_t *to)
{
	Values		v = values_of(e, block);
	uint32_t	run[TNFR_PACK_RUN];
	uint64_t	begin = block > 0 ? e->end[block - 1] : e->layout.blocks;
	TnfrPacker	p = tnfr_pack_begin(to + begin, to + e->end[block],
									(uint32_t) v.left);

	while (v.left > 0)
	{
		uint32_t	count = take_run(&v, run);

		tnfr_pack(&p, run, count);
	}
}

static void
write_ids(const TnfrEncoding *e, uint64_t block, uint8_t *to)
{
	uint64_t	at = block * TNFR_CODEC_BLOCK;
	uint32_t	count = tnfr_block_values(tnfr_id_steps(e->graph->n), block);

	to += e->size - e->layout.weight_bytes - e->layout.plain_bytes + 8 * at;
	for (uint32_t k = 0; k < count; k++)
		tnfr_store64(to + 8 * k, (uint64_t) e->id[at + k + 1]);
}

static void
write_weights(const TnfrEncoding *e, uint64_t block, uint8_t *to)
{
	uint64_t	at = block * TNFR_CODEC_BLOCK;
	uint32_t	count = tnfr_block_values(e->graph->entries, block);
	const double *weight = e->graph->weight + at;

	to += e->size - e->layout.weight_bytes;
	if (e->header.weights == TNFR_WEIGHTS_UINT8)
		for (uint32_t k = 0; k < count; k++)
			to[at + k] = (uint8_t) weight[k];
	else if (e->header.weights == TNFR_WEIGHTS_FLOAT)
		for (uint32_t k = 0; k < count; k++)
		{
			float		w = (float) weight[k];
			uint32_t	bits;

			memcpy(&bits, &w, sizeof(bits));
			tnfr_store32(to + 4 * (at + k), bits);
		}
	else
		for (uint32_t k = 0; k < count; k++)
		{
			uint64_t	bits;

			memcpy(&bits, &weight[k], sizeof(bits));
			tnfr_store64(to + 8 * (at + k), bits);
		}
}

static void
write_task(void *arg, uint64_t task, int worker)
{
	const Write *w = arg;

	(void) worker;
	if (task < w->blocks)
		write_block(w->e, task, w->to);
	else if (task < w->blocks + w->plain_blocks)
		write_ids(w->e, task - w->blocks, w->to);
	else
		write_weights(w->e, task - w->blocks - w->plain_blocks, w->to);
}

static void
write_header(const TnfrGraphHeader *h, uint8_t *to)
{
	tnfr_store32(to + TNFR_AT_MAGIC, TNFR_FORMAT_MAGIC);
	to[TNFR_AT_VERSION] = TNFR_FORMAT_VERSION;
	to[TNFR_AT_DIRECTED] = h->directed;
	to[TNFR_AT_IDS] = (uint8_t) h->ids;
	to[TNFR_AT_WEIGHTS] = (uint8_t) h->weights;
	tnfr_store64(to + TNFR_AT_N, h->n);
	tnfr_store64(to + TNFR_AT_ENTRIES, h->entries);
	tnfr_store64(to + TNFR_AT_LOOPS, h->loops);
	tnfr_store64(to + TNFR_AT_FIRST_ID, (uint64_t) h->first_id);
	tnfr_store64(to + TNFR_AT_ZERO, 0);
}

static uint64_t
at_most(uint64_t x, uint64_t limit)
{
	return x < limit ? x : limit;
}

static void
write_tables(const TnfrEncoding *e, uint8_t *to)
{
	const TnfrGraphLayout *l = &e->layout;
	const TnfrGraph *g = e->graph;
	uint8_t    *value = to + l->value;

	for (uint64_t b = 1; b <= l->id_blocks; b++, value += 8)
		tnfr_store64(value, (uint64_t)
					 e->id[at_most(b * TNFR_CODEC_BLOCK, g->n - 1)]);
	for (uint64_t b = 1; b <= l->row_blocks; b++, value += 8)
		tnfr_store64(value, g->offset[at_most(b * TNFR_CODEC_BLOCK, g->n)]);
	for (uint64_t b = 0; b < all_blocks(l); b++)
		tnfr_store64(to + l->end + 8 * b, e->end[b]);
}

TnfrStatus
tnfr_encode_write(TnfrEnv *env, const TnfrEncoding *e, uint8_t *to)
{
	Write		w = {.e = e,.blocks = all_blocks(&e->layout),.to = to};
	uint64_t	tasks;
	uint64_t	fingerprint;
	TnfrStatus	status;

	write_header(&e->header, to);
	write_tables(e, to);
	if (e->header.ids == TNFR_IDS_PLAIN)
		w.plain_blocks = tnfr_blocks_of(tnfr_id_steps(e->graph->n));
	tasks = w.blocks + w.plain_blocks;
	if (e->header.weights != TNFR_WEIGHTS_ONE)
		tasks += tnfr_blocks_of(e->graph->entries);
	status = tnfr_parallel(env, tasks, write_task, &w);
	if (status == TNFR_OK)
		status = tnfr_fingerprint(env, to, e->size, &fingerprint);
	if (status == TNFR_OK)
		tnfr_store64(to + TNFR_AT_FINGERPRINT, fingerprint);
	return status;
}

void
tnfr_encode_end(TnfrEnv *env, TnfrEncoding *e)
{
	tnfr_release(env, e->end, all_blocks(&e->layout), sizeof(uint64_t));
	memset(e, 0, sizeof(*e));
}
