/*
 * warp.h
 *	  A warp on the processor: 32 lanes as coroutines, and what CUDA calls it by.
 *
 * A lane runs until it meets the others: in a shuffle, a vote or a barrier.
 * There all 32 have to come, or none any more.  Lanes run one after the other,
 * now in ascending, now in descending order, so that one that reads what
 * another has yet to write is found out.
 */
#ifndef TNFR_UNIT_WARP_H
#define TNFR_UNIT_WARP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define WARP_LANES	32
#define WARP_STACK	(128 * 1024)

typedef struct Warp
{
	ucontext_t	main;
	ucontext_t	lane[WARP_LANES];
	char	   *stack;
	bool		ended[WARP_LANES];
	uint32_t	now;			/* the lane that runs */
	uint32_t	round;
	uint64_t	value[2][WARP_LANES];	/* brought to this meeting and the last */
	void		(*work) (uint32_t lane);
} Warp;

static Warp warp;

static inline void
warp_lane(void)
{
	warp.work(warp.now);
	warp.ended[warp.now] = true;
	swapcontext(&warp.lane[warp.now], &warp.main);
}

static inline void
warp_begin_lane(uint32_t lane)
{
	ucontext_t *context = &warp.lane[lane];

	warp.ended[lane] = false;
	getcontext(context);
	context->uc_stack.ss_sp = warp.stack + (size_t) lane * WARP_STACK;
	context->uc_stack.ss_size = WARP_STACK;
	context->uc_link = NULL;
	makecontext(context, warp_lane, 0);
}

/* Runs the work by all lanes. */
static inline void
warp_run(void (*work) (uint32_t lane))
{
	uint32_t	ended = 0;

	if (warp.stack == NULL)
		warp.stack = malloc((size_t) WARP_LANES * WARP_STACK);
	warp.work = work;
	for (uint32_t i = 0; i < WARP_LANES; i++)
		warp_begin_lane(i);
	while (ended == 0)
	{
		warp.round++;
		for (uint32_t i = 0; i < WARP_LANES; i++)
		{
			warp.now = warp.round & 2 ? i : WARP_LANES - 1 - i;
			swapcontext(&warp.main, &warp.lane[warp.now]);
			ended += warp.ended[warp.now];
		}
		if (ended != 0 && ended != WARP_LANES)
		{
			printf("Bail out! lanes went different ways\n");
			exit(1);
		}
	}
}

/* Meets the others; what each has brought. */
static inline const uint64_t *
warp_meet(uint64_t value)
{
	const uint32_t lane = warp.now;
	uint64_t   *all = warp.value[warp.round & 1];

	all[lane] = value;
	swapcontext(&warp.lane[lane], &warp.main);
	return all;
}

static inline double
warp_shuffle_double(double value, int lane)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof(bits));
	bits = warp_meet(bits)[lane];
	memcpy(&value, &bits, sizeof(bits));
	return value;
}

static inline uint64_t
warp_shuffle_64(uint64_t value, int lane)
{
	return warp_meet(value)[lane];
}

static inline uint32_t
warp_shuffle_32(uint32_t value, int lane)
{
	return (uint32_t) warp_meet(value)[lane];
}

static inline uint32_t
warp_ballot(bool vote)
{
	const uint64_t *all = warp_meet(vote);
	uint32_t	votes = 0;

	for (uint32_t i = 0; i < WARP_LANES; i++)
		votes |= (uint32_t) all[i] << i;
	return votes;
}

static inline uint32_t
warp_or(uint32_t value)
{
	const uint64_t *all = warp_meet(value);
	uint32_t	sum = 0;

	for (uint32_t i = 0; i < WARP_LANES; i++)
		sum |= (uint32_t) all[i];
	return sum;
}

static inline uint32_t
warp_sum(uint32_t value)
{
	const uint64_t *all = warp_meet(value);
	uint32_t	sum = 0;

	for (uint32_t i = 0; i < WARP_LANES; i++)
		sum += (uint32_t) all[i];
	return sum;
}

static inline uint32_t
warp_atomic_add(uint32_t *at, uint32_t value)
{
	const uint32_t old = *at;

	*at += value;
	return old;
}

/* CUDA's names. */
#define __device__
#define __forceinline__		inline
#define __syncwarp()		((void) warp_meet(0))
#define __shfl_sync(mask, value, lane) \
	_Generic((value), double: warp_shuffle_double, \
			 uint64_t: warp_shuffle_64, uint32_t: warp_shuffle_32)(value, lane)
#define __ballot_sync(mask, vote)		warp_ballot(vote)
#define __reduce_or_sync(mask, value)	warp_or(value)
#define __reduce_add_sync(mask, value)	warp_sum(value)
#define __ffs(value)		__builtin_ffs(value)
#define __popc(value)		__builtin_popcount(value)
#define atomicAdd(at, value)	warp_atomic_add(at, value)

typedef struct uint4
{
	uint32_t	x,
				y,
				z,
				w;
} __attribute__((aligned(16))) uint4;

typedef struct double2
{
	double		x,
				y;
} __attribute__((aligned(16))) double2;

#endif							/* TNFR_UNIT_WARP_H */
