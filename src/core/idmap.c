/*
 * idmap.c
 *	  Id look-up by subtraction, by rank in a bitmap, or by hash.
 *
 * Look-ups come in batches, so that the memory accesses of many overlap: the
 * hash variant first computes and prefetches all slots of a batch.
 */
#include "core/idmap.h"

#include <string.h>

#define BATCH	256
#define SLICE	UINT64_C(65536)

/* The top bits of a mixed id (the finaliser of SplitMix64). */
static inline uint64_t
slot_of(const TnfrIdMap *map, int64_t id)
{
	uint64_t	h = (uint64_t) id ^ map->seed;

	h = (h ^ h >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	h = (h ^ h >> 27) * UINT64_C(0x94D049BB133111EB);
	return (h ^ h >> 31) >> map->shift;
}

/* Puts every id into its slot, or the next free one. */
static TnfrStatus
fill_hash(TnfrEnv *env, TnfrIdMap *map)
{
	uint64_t	probes = 0;

	for (uint64_t i = 0; i < map->n; i++)
	{
		uint64_t	slot = slot_of(map, map->id[i]);

		for (;; slot = (slot + 1) & (map->size - 1))
		{
			if (++probes % SLICE == 0 && tnfr_check(env))
				return TNFR_STOPPED;
			if (map->table[slot] == TNFR_NO_NODE)
				break;
		}
		map->table[slot] = (uint32_t) i;
	}
	return TNFR_OK;
}

static TnfrStatus
fill_ranks(TnfrEnv *env, TnfrIdMap *map)
{
	uint64_t	before = 0;

	for (uint64_t i = 0; i < map->n; i++)
	{
		const uint64_t at = (uint64_t) map->id[i] - map->min;

		map->rank[at / 64].bits |= UINT64_C(1) << (at % 64);
		if (i % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	for (uint64_t r = 0; r < map->size; r++)
	{
		map->rank[r].before = before;
		before += (uint64_t) __builtin_popcountll(map->rank[r].bits);
		if (r % SLICE == 0 && tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}

static TnfrStatus
build_ranks(TnfrEnv *env, TnfrIdMap *map, uint64_t range)
{
	TnfrStatus	status;

	map->kind = TNFR_IDMAP_RANK;
	map->size = range / 64 + 1;
	map->rank = tnfr_alloc_gathered(env, map->size, sizeof(TnfrIdRank));
	if (map->rank == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_fill(env, map->rank, 0, map->size * sizeof(TnfrIdRank));
	return status == TNFR_OK ? fill_ranks(env, map) : status;
}

static TnfrStatus
build_hash(TnfrEnv *env, TnfrIdMap *map)
{
	const int	bits = 64 - __builtin_clzll(map->n * 2 - 1);
	TnfrStatus	status;

	map->kind = TNFR_IDMAP_HASH;
	map->size = UINT64_C(1) << bits;
	map->shift = 64 - bits;
	map->table = tnfr_alloc_gathered(env, map->size, sizeof(uint32_t));
	if (map->table == NULL)
		return TNFR_NO_MEMORY;
	status = tnfr_fill(env, map->table, 0xff, map->size * sizeof(uint32_t));
	return status == TNFR_OK ? fill_hash(env, map) : status;
}

TnfrStatus
tnfr_idmap_build(TnfrEnv *env, const int64_t *id, uint64_t n, TnfrIdMap *map)
{
	TnfrStatus	status;
	uint64_t	range;

	memset(map, 0, sizeof(*map));
	map->n = n;
	map->id = id;
	if (n == 0)
		return TNFR_OK;
	map->min = (uint64_t) id[0];
	map->seed = env->seed;
	range = (uint64_t) id[n - 1] - map->min;	/* one less than the length */
	if (range == n - 1)
		return TNFR_OK;
	status = range / TNFR_IDMAP_SPREAD < n ? build_ranks(env, map, range) :
		build_hash(env, map);
	if (status != TNFR_OK)
		tnfr_idmap_release(env, map);
	return status;
}

static void
lookup_dense(const TnfrIdMap *map, const int64_t *id, uint32_t *index,
			 uint32_t count)
{
	for (uint32_t k = 0; k < count; k++)
	{
		uint64_t	at = (uint64_t) id[k] - map->min;

		index[k] = at < map->n ? (uint32_t) at : TNFR_NO_NODE;
	}
}

static inline __attribute__((always_inline)) void
lookup_rank(const TnfrIdMap *map, const int64_t *id, uint32_t *index,
			uint32_t count)
{
	for (uint32_t k = 0; k < count; k++)
	{
		const uint64_t at = (uint64_t) id[k] - map->min;
		const TnfrIdRank *r = &map->rank[at / 64 < map->size ? at / 64 : 0];
		const uint64_t bit = UINT64_C(1) << (at % 64);

		index[k] = at / 64 < map->size && (r->bits & bit) != 0 ?
			(uint32_t) (r->before +
						(uint64_t) __builtin_popcountll(r->bits & (bit - 1))) :
			TNFR_NO_NODE;
	}
}

#if defined(__x86_64__)

/* The baseline of x86-64 has no instruction to count bits. */
__attribute__((target("popcnt"))) static void
lookup_rank_popcnt(const TnfrIdMap *map, const int64_t *id, uint32_t *index,
				   uint32_t count)
{
	lookup_rank(map, id, index, count);
}

#define HAVE_POPCNT	(__builtin_cpu_supports("popcnt"))

#else

#define HAVE_POPCNT	false
#define lookup_rank_popcnt(map, id, index, count)	((void) 0)

#endif

/* One batch: slots first, then what they hold, then the comparisons. */
static void
lookup_hash(const TnfrIdMap *map, const int64_t *id, uint32_t *index,
			uint32_t count)
{
	uint64_t	slot[BATCH];

	for (uint32_t k = 0; k < count; k++)
	{
		slot[k] = slot_of(map, id[k]);
		__builtin_prefetch(&map->table[slot[k]]);
	}
	for (uint32_t k = 0; k < count; k++)
	{
		index[k] = map->table[slot[k]];
		if (index[k] != TNFR_NO_NODE)
			__builtin_prefetch(&map->id[index[k]]);
	}
	for (uint32_t k = 0; k < count; k++)
		while (index[k] != TNFR_NO_NODE && map->id[index[k]] != id[k])
		{
			slot[k] = (slot[k] + 1) & (map->size - 1);
			index[k] = map->table[slot[k]];
		}
}

void
tnfr_idmap_lookup(const TnfrIdMap *map, const int64_t *id, uint32_t *index,
				  uint32_t count)
{
	if (map->kind == TNFR_IDMAP_DENSE)
		lookup_dense(map, id, index, count);
	else if (map->kind == TNFR_IDMAP_RANK && HAVE_POPCNT)
		lookup_rank_popcnt(map, id, index, count);
	else if (map->kind == TNFR_IDMAP_RANK)
		lookup_rank(map, id, index, count);
	else
		for (uint32_t k = 0; k < count; k += BATCH)
			lookup_hash(map, id + k, index + k,
						count - k < BATCH ? count - k : BATCH);
}

void
tnfr_idmap_release(TnfrEnv *env, TnfrIdMap *map)
{
	tnfr_release(env, map->rank, map->size, sizeof(TnfrIdRank));
	tnfr_release(env, map->table, map->size, sizeof(uint32_t));
	memset(map, 0, sizeof(*map));
}
