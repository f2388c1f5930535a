/*
 * environment.h
 *		The environment of the core for programs without a server, as the
 *		extension provides it: mapped memory that grows by moving pages, with
 *		huge pages for what is gathered from, and for everything once there is
 *		much (pg/call.c); and nobody who interrupts.
 */
#ifndef TNFR_BENCH_ENVIRONMENT_H
#define TNFR_BENCH_ENVIRONMENT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/base.h"

#define BENCH_HUGE_PAGE	((size_t) 2 << 20)
#define BENCH_HUGE_FROM	((size_t) 512 << 20)

/* A map aligned to a huge page, by cutting a longer one. */
static inline char *
bench_map(size_t size, bool huge)
{
	size_t		length = (size + 4095) & ~(size_t) 4095;
	char	   *p = mmap(NULL, length + BENCH_HUGE_PAGE, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t		before;

	if (p == MAP_FAILED)
		return NULL;
	before = -(uintptr_t) p & (BENCH_HUGE_PAGE - 1);
	if (before > 0)
		munmap(p, before);
	munmap(p + before + length, BENCH_HUGE_PAGE - before);
	if (huge)
		madvise(p + before, length, MADV_HUGEPAGE);
	return p + before;
}

/* arg: bytes lent now */
static inline void *
bench_lend(void *arg, size_t size, bool gathered)
{
	size_t	   *used = arg;
	void	   *p = bench_map(size, gathered || *used > BENCH_HUGE_FROM);

	if (p != NULL)
		*used += size;
	return p;
}

static inline void *
bench_lend_more(void *arg, void *p, size_t from, size_t to, bool gathered)
{
	size_t	   *used = arg;
	void	   *place = bench_map(to, false);

	if (place == NULL)
		return NULL;
	p = mremap(p, from, to, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	if (p == MAP_FAILED)
		return NULL;
	if (gathered || *used > BENCH_HUGE_FROM)
		madvise(p, to, MADV_HUGEPAGE);
	*used += to - from;
	return p;
}

static inline void
bench_take_back(void *arg, void *p, size_t size)
{
	*(size_t *) arg -= size;
	munmap(p, size);
}

static inline bool
bench_never(void *arg)
{
	(void) arg;
	return false;
}

static inline TnfrEnv
bench_environment(size_t *used)
{
	*used = 0;
	return (TnfrEnv)
	{
		.alloc = bench_lend,.resize = bench_lend_more,
			.release = bench_take_back,.poll = bench_never,
			.serve = bench_never,.arg = used,.threads = 1
	};
}

static inline void
bench_must(TnfrStatus status, const char *what)
{
	if (status != TNFR_OK)
	{
		fprintf(stderr, "%s failed with status %d\n", what, (int) status);
		exit(1);
	}
}

#define MUST(call) bench_must(call, #call)

#endif							/* TNFR_BENCH_ENVIRONMENT_H */
