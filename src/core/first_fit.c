/*
 * first_fit.c
 *	  First fit, largest first.
 *
 * A tournament tree over the partitions keeps the largest room below each
 * node, so the first partition with enough room is found in O(log n).
 */
#include "core/first_fit.h"

#define POLL_EVERY	65536

typedef struct Pack
{
	uint32_t	cap;
	uint64_t	leaves;			/* a power of two, at least the communities */
	uint32_t   *room;			/* [2 * leaves] the root at 1 */
	uint32_t   *order;			/* [communities] by falling size, then number */
	uint64_t   *first;			/* [cap + 2] */
} Pack;

/* Counting sort: sizes are 1 .. cap. */
static TnfrStatus
order_by_size(TnfrEnv *env, Pack *p, const uint32_t *size, uint32_t communities)
{
	TnfrStatus	status = tnfr_fill(env, p->first, 0, (p->cap + UINT64_C(2)) * sizeof(uint64_t));

	for (uint64_t i = 0; i < communities && status == TNFR_OK; i++)
	{
		if (i % POLL_EVERY == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
		p->first[p->cap - size[i] + 1]++;
	}
	for (uint64_t s = 0; s < p->cap && status == TNFR_OK; s++)
	{
		if (s % POLL_EVERY == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
		p->first[s + 1] += p->first[s];
	}
	for (uint64_t i = 0; i < communities && status == TNFR_OK; i++)
	{
		if (i % POLL_EVERY == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
		p->order[p->first[p->cap - size[i]]++] = (uint32_t) i;
	}
	return status;
}

/* Puts something of the size into the first partition that has room. */
static uint32_t
put(Pack *p, uint32_t size)
{
	uint64_t	i = 1;
	uint64_t	leaf;

	while (i < p->leaves)
		i = 2 * i + (p->room[2 * i] < size);
	leaf = i - p->leaves;
	p->room[i] -= size;
	while ((i /= 2) > 0)
		p->room[i] = p->room[2 * i] > p->room[2 * i + 1] ?
			p->room[2 * i] : p->room[2 * i + 1];
	return (uint32_t) leaf;
}

static TnfrStatus
put_all(TnfrEnv *env, Pack *p, const uint32_t *size, uint32_t communities,
		uint32_t *bin, uint32_t *bins)
{
	for (uint64_t i = 0; i < 2 * p->leaves; i++)
	{
		if (i % POLL_EVERY == 0 && tnfr_check(env))
			return TNFR_STOPPED;
		p->room[i] = p->cap;
	}
	for (uint64_t i = 0; i < communities; i++)
	{
		uint32_t	c = p->order[i];

		if (i % POLL_EVERY == 0 && tnfr_check(env))
			return TNFR_STOPPED;
		bin[c] = put(p, size[c]);
		if (bin[c] >= *bins)
			*bins = bin[c] + 1;
	}
	return TNFR_OK;
}

TnfrStatus
tnfr_first_fit(TnfrEnv *env, const uint32_t *size, uint32_t communities,
			   uint32_t cap, uint32_t *bin, uint32_t *bins)
{
	Pack		p = {.cap = cap,.leaves = 1};
	TnfrStatus	status = TNFR_NO_MEMORY;

	*bins = 0;
	while (p.leaves < communities)
		p.leaves *= 2;
	p.room = tnfr_alloc(env, 2 * p.leaves, sizeof(uint32_t));
	p.order = tnfr_alloc(env, communities, sizeof(uint32_t));
	p.first = tnfr_alloc(env, cap + UINT64_C(2), sizeof(uint64_t));
	if (p.room != NULL && p.order != NULL && p.first != NULL &&
		(status = order_by_size(env, &p, size, communities)) == TNFR_OK)
		status = put_all(env, &p, size, communities, bin, bins);
	tnfr_release(env, p.first, cap + UINT64_C(2), sizeof(uint64_t));
	tnfr_release(env, p.order, communities, sizeof(uint32_t));
	tnfr_release(env, p.room, 2 * p.leaves, sizeof(uint32_t));
	return status;
}
