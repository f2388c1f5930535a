/*
 * shards.c
 *	  Groups rows by partition, and finds halos.
 *
 * Rows are grouped by a stable counting sort.  A halo is collected with a
 * bitmap of the nodes that are in it already, and sorted by a radix sort;
 * then only its own bits are cleared, so that the cost of all halos together
 * is a constant an entry, however many partitions there are.
 */
#include "core/shards.h"
#include "core/rows.h"

#include <string.h>

#define SLICE		UINT64_C(65536) /* rows between two looks at interrupts */
#define SMALL		64			/* up to so many: insertion sort */
#define DIGITS		4			/* of a node: bytes */
#define RADIX		256

/* first[p + 1] becomes the place behind partition p's rows. */
static TnfrStatus
count_rows(TnfrEnv *env, TnfrShards *s)
{
	TnfrStatus	status = tnfr_fill(env, s->first, 0, sizeof(uint64_t) *
								   (s->partitions + UINT64_C(1)));

	for (uint64_t i = 0; i < s->graph->n && status == TNFR_OK; i++)
	{
		s->first[s->partition[i] + UINT64_C(1)]++;
		if (i % SLICE == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	for (uint64_t p = 0; p < s->partitions && status == TNFR_OK; p++)
	{
		s->first[p + 1] += s->first[p];
		if (p % SLICE == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	return status;
}

/* Every row goes to its place; first[p] moves on to that of p + 1. */
static TnfrStatus
place_rows(TnfrEnv *env, TnfrShards *s)
{
	for (uint64_t i = 0; i < s->graph->n; i++)
	{
		s->row[s->first[s->partition[i]]++] = (uint32_t) i;
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	for (uint64_t p = s->partitions; p > 0; p--)
	{
		s->first[p] = s->first[p - 1];
		if (p % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	s->first[0] = 0;
	return TNFR_OK;
}

static TnfrStatus
count_entries(TnfrEnv *env, TnfrShards *s)
{
	const uint64_t *offset = s->graph->offset;

	s->before[0] = 0;
	for (uint64_t k = 0; k < s->graph->n; k++)
	{
		uint64_t	i = s->row[k];

		s->before[k + 1] = s->before[k] + offset[i + 1] - offset[i];
		if (k % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

TnfrStatus
tnfr_shards_build(TnfrEnv *env, const TnfrGraph *graph,
				  const uint32_t *partition, uint32_t partitions,
				  TnfrShards *shards)
{
	TnfrStatus	status = TNFR_NO_MEMORY;

	*shards = (TnfrShards)
	{
		.graph = graph,.partition = partition,.partitions = partitions
	};
	shards->first = tnfr_alloc(env, partitions + UINT64_C(1), sizeof(uint64_t));
	if (shards->first != NULL)
		shards->row = tnfr_alloc(env, graph->n + TNFR_GRAPH_PAD,
								 sizeof(uint32_t));
	if (shards->row != NULL)
		shards->before = tnfr_alloc(env, graph->n + 1, sizeof(uint64_t));
	if (shards->before != NULL)
	{
		memset(shards->row + graph->n, 0, TNFR_GRAPH_PAD * sizeof(uint32_t));
		status = count_rows(env, shards);
	}
	if (status == TNFR_OK)
		status = place_rows(env, shards);
	if (status == TNFR_OK)
		status = count_entries(env, shards);
	if (status != TNFR_OK)
		tnfr_shards_release(env, shards);
	return status;
}

void
tnfr_shards_release(TnfrEnv *env, TnfrShards *shards)
{
	if (shards->first != NULL)
		tnfr_release(env, shards->first, shards->partitions + UINT64_C(1),
					 sizeof(uint64_t));
	if (shards->row != NULL)
		tnfr_release(env, shards->row, shards->graph->n + TNFR_GRAPH_PAD,
					 sizeof(uint32_t));
	if (shards->before != NULL)
		tnfr_release(env, shards->before, shards->graph->n + 1,
					 sizeof(uint64_t));
	memset(shards, 0, sizeof(*shards));
}

TnfrStatus
tnfr_halo_begin(TnfrEnv *env, const TnfrShards *shards, TnfrHalo *halo)
{
	const uint64_t n = shards->graph->n;
	const uint64_t words = n / 64 + 1;
	TnfrStatus	status = TNFR_NO_MEMORY;
	uint64_t	room = 0;

	*halo = (TnfrHalo) {.shards = shards};
	for (uint32_t p = 0; p < shards->partitions; p++)
	{
		uint64_t	entries = tnfr_shard_entries(shards, p);

		room = entries > room ? entries : room;
		if (p % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	halo->room = room < n ? room : n;
	halo->node = tnfr_alloc(env, halo->room, sizeof(uint32_t));
	if (halo->node != NULL)
		halo->spare = tnfr_alloc(env, halo->room, sizeof(uint32_t));
	if (halo->spare != NULL)
		halo->seen = tnfr_alloc_gathered(env, words, sizeof(uint64_t));
	if (halo->seen != NULL)
		status = tnfr_fill(env, halo->seen, 0, words * sizeof(uint64_t));
	if (status != TNFR_OK)
		tnfr_halo_end(env, halo);
	return status;
}

void
tnfr_halo_end(TnfrEnv *env, TnfrHalo *halo)
{
	tnfr_release(env, halo->node, halo->room, sizeof(uint32_t));
	tnfr_release(env, halo->spare, halo->room, sizeof(uint32_t));
	tnfr_release(env, halo->seen, halo->shards->graph->n / 64 + 1,
				 sizeof(uint64_t));
	halo->node = halo->spare = NULL;
	halo->seen = NULL;
}

/* Adds those of count neighbours that are not in the partition. */
static void
collect(TnfrHalo *halo, uint32_t partition, const uint32_t *neighbour,
		uint64_t count)
{
	const uint32_t *partition_of = halo->shards->partition;

	for (uint64_t k = 0; k < count; k++)
	{
		uint32_t	j = neighbour[k];
		uint64_t	bit = UINT64_C(1) << (j % 64);

		if (partition_of[j] == partition)
			continue;
		halo->cut++;
		if ((halo->seen[j / 64] & bit) != 0)
			continue;
		halo->seen[j / 64] |= bit;
		halo->node[halo->count++] = j;
	}
}

static TnfrStatus
collect_all(TnfrEnv *env, TnfrHalo *halo, uint32_t partition)
{
	const TnfrShards *s = halo->shards;
	const TnfrGraph *g = s->graph;
	const uint64_t begin = s->first[partition];
	const uint64_t end = s->first[partition + UINT64_C(1)];
	const uint64_t items = end - begin + tnfr_shard_entries(s, partition);

	for (uint64_t done = 0; done < items; done += TNFR_ROWS_TASK)
	{
		uint64_t	left = items - done;
		TnfrWalk	w = tnfr_walk(s->before, g->n,
								  begin + s->before[begin] + done,
								  left < TNFR_ROWS_TASK ? left : TNFR_ROWS_TASK);

		while (tnfr_walk_next(&w))
			if (w.begin < w.end)
				collect(halo, partition, g->neighbour +
						g->offset[s->row[w.row]] + w.begin - s->before[w.row],
						w.end - w.begin);
		if (tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

static void
insertion_sort(uint32_t *x, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
	{
		uint32_t	value = x[i];
		uint64_t	j = i;

		for (; j > 0 && x[j - 1] > value; j--)
			x[j] = x[j - 1];
		x[j] = value;
	}
}

/* One stable pass by a digit, from node to spare, which change places. */
static TnfrStatus
radix_pass(TnfrEnv *env, TnfrHalo *halo, int shift, const uint64_t *count)
{
	uint64_t	place[RADIX];
	uint64_t	sum = 0;
	uint32_t   *swap = halo->spare;

	for (int v = 0; v < RADIX; v++)
	{
		place[v] = sum;
		sum += count[v];
	}
	for (uint64_t k = 0; k < halo->count; k++)
	{
		uint32_t	node = halo->node[k];

		halo->spare[place[node >> shift & (RADIX - 1)]++] = node;
		if (k % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	halo->spare = halo->node;
	halo->node = swap;
	return TNFR_OK;
}

static TnfrStatus
sort_nodes(TnfrEnv *env, TnfrHalo *halo)
{
	uint64_t	count[DIGITS][RADIX] = {{0}};
	TnfrStatus	status = TNFR_OK;

	if (halo->count <= SMALL)
	{
		insertion_sort(halo->node, halo->count);
		return TNFR_OK;
	}
	for (uint64_t k = 0; k < halo->count; k++)
	{
		for (int d = 0; d < DIGITS; d++)
			count[d][halo->node[k] >> 8 * d & (RADIX - 1)]++;
		if (k % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	for (int d = 0; d < DIGITS && status == TNFR_OK; d++)
		if (count[d][halo->node[0] >> 8 * d & (RADIX - 1)] < halo->count)
			status = radix_pass(env, halo, 8 * d, count[d]);
	return status;
}

TnfrStatus
tnfr_halo_find(TnfrEnv *env, TnfrHalo *halo, uint32_t partition)
{
	TnfrStatus	status;

	halo->count = 0;
	halo->cut = 0;
	status = collect_all(env, halo, partition);
	for (uint64_t k = 0; k < halo->count; k++)
	{
		halo->seen[halo->node[k] / 64] = 0;
		if (k % SLICE == SLICE - 1 && status == TNFR_OK && tnfr_check(env))
			status = TNFR_STOPPED;
	}
	return status == TNFR_OK ? sort_nodes(env, halo) : status;
}
