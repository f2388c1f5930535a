/*
 * unit.h
 *	  A small harness for tests of the core without a server.
 *
 * Output is TAP.  The environment counts what is allocated, can refuse the
 * k-th allocation, and can interrupt at the k-th poll, so that every way out
 * of a function can be walked and checked for leaks.
 */
#ifndef TNFR_UNIT_H
#define TNFR_UNIT_H

#include "core/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	unit_tests;
static int	unit_failures;

static inline void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++unit_tests, name);
	unit_failures += !good;
}

/* Ends a test program: the plan, and the exit status. */
static inline int
done_testing(void)
{
	printf("1..%d\n", unit_tests);
	return unit_failures > 0;
}

typedef struct UnitHost
{
	uint64_t	bytes;			/* allocated now */
	uint64_t	allocations;	/* so far */
	uint64_t	refuse_at;		/* this allocation fails; 0: none */
	uint64_t	polls;			/* so far */
	uint64_t	interrupt_at;	/* from this poll on, true; 0: never */
	uint64_t	served;
	bool		stop;			/* what serve answers */
} UnitHost;

static inline void *
unit_alloc(void *arg, size_t size, bool gathered)
{
	UnitHost   *host = arg;

	(void) gathered;
	if (++host->allocations == host->refuse_at)
		return NULL;
	host->bytes += size;
	return aligned_alloc(64, (size + 63) & ~(size_t) 63);
}

static inline void
unit_release(void *arg, void *p, size_t size)
{
	((UnitHost *) arg)->bytes -= size;
	free(p);
}

static inline void *
unit_resize(void *arg, void *p, size_t from, size_t to, bool gathered)
{
	void	   *moved = unit_alloc(arg, to, gathered);

	if (moved == NULL)
		return NULL;
	memcpy(moved, p, from < to ? from : to);
	unit_release(arg, p, from);
	return moved;
}

static inline bool
unit_poll(void *arg)
{
	UnitHost   *host = arg;

	host->polls++;
	return host->interrupt_at > 0 && host->polls >= host->interrupt_at;
}

static inline bool
unit_serve(void *arg)
{
	UnitHost   *host = arg;

	host->served++;
	if (!host->stop)
		host->interrupt_at += 3;	/* served; there will be others */
	return host->stop;
}

static inline TnfrEnv
unit_env(UnitHost *host, int threads)
{
	memset(host, 0, sizeof(*host));
	return (TnfrEnv)
	{
		.alloc = unit_alloc,.resize = unit_resize,.release = unit_release,
			.poll = unit_poll,.serve = unit_serve,.arg = host,.threads = threads
	};
}

/* A generator with a fixed sequence for a seed (xorshift64*). */
typedef struct UnitRandom
{
	uint64_t	state;
} UnitRandom;

static inline uint64_t
unit_random(UnitRandom *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * UINT64_C(2685821657736338717);
}

/* In [0, 1). */
static inline double
unit_uniform(UnitRandom *r)
{
	return (double) (unit_random(r) >> 11) * 0x1p-53;
}

#endif							/* TNFR_UNIT_H */
