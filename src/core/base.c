/*
 * base.c
 *	  Memory by the caller's allocator, and growable lists of blocks.
 */
#include "core/base.h"

#include <string.h>

void *
tnfr_alloc(TnfrEnv *env, uint64_t count, size_t size)
{
	size_t		bytes;
	void	   *p = NULL;

	if (__builtin_mul_overflow(count, size, &bytes))
		bytes = SIZE_MAX;
	else
		p = env->alloc(env->arg, bytes > 0 ? bytes : 1);
	if (p == NULL)
		env->error.bytes = bytes;
	return p;
}

void
tnfr_release(TnfrEnv *env, void *p, uint64_t count, size_t size)
{
	if (p != NULL)
		env->release(env->arg, p, count * size > 0 ? count * size : 1);
}

/* Makes the array of blocks longer; the blocks themselves stay in place. */
static bool
grow_directory(TnfrEnv *env, TnfrBlocks *b)
{
	uint64_t	room = b->room > 0 ? b->room * 2 : 16;
	TnfrBlock  *block = tnfr_alloc(env, room, sizeof(TnfrBlock));

	if (block == NULL)
		return false;
	if (b->nblocks > 0)
		memcpy(block, b->block, b->nblocks * sizeof(TnfrBlock));
	tnfr_release(env, b->block, b->room, sizeof(TnfrBlock));
	b->block = block;
	b->room = room;
	return true;
}

TnfrBlock *
tnfr_blocks_tail(TnfrEnv *env, TnfrBlocks *b)
{
	TnfrBlock  *tail = b->nblocks > 0 ? &b->block[b->nblocks - 1] : NULL;
	uint32_t	capacity;

	if (tail != NULL && tail->used < tail->capacity)
		return tail;
	if (b->nblocks == b->room && !grow_directory(env, b))
		return NULL;

	capacity = b->nblocks < 6 ? TNFR_BLOCK_MIN << b->nblocks : TNFR_BLOCK_MAX;
	tail = &b->block[b->nblocks];
	tail->data = tnfr_alloc(env, capacity, b->item);
	if (tail->data == NULL)
		return NULL;
	tail->capacity = capacity;
	tail->used = 0;
	tail->first = b->count;
	b->nblocks++;
	return tail;
}

/*
 * Blocks 0 to 5 hold 1, 2, 4 ... 32 times TNFR_BLOCK_MIN items, so block k
 * begins at (2^k - 1) times that; the blocks behind them are of equal size.
 */
void *
tnfr_blocks_at(const TnfrBlocks *b, uint64_t i)
{
	const uint64_t small = TNFR_BLOCK_MAX - TNFR_BLOCK_MIN;
	const TnfrBlock *k;

	if (i < small)
		k = &b->block[63 - __builtin_clzll(i / TNFR_BLOCK_MIN + 1)];
	else
		k = &b->block[6 + (i - small) / TNFR_BLOCK_MAX];
	return k->data + (i - k->first) * b->item;
}

void
tnfr_blocks_release(TnfrEnv *env, TnfrBlocks *b)
{
	for (uint64_t k = 0; k < b->nblocks; k++)
		tnfr_release(env, b->block[k].data, b->block[k].capacity, b->item);
	tnfr_release(env, b->block, b->room, sizeof(TnfrBlock));
	b->block = NULL;
	b->nblocks = b->room = b->count = 0;
}
