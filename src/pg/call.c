/*
 * call.c
 *	  Lends the core memory, interrupts and threads, and takes them back.
 */
#include "postgres.h"

#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "access/parallel.h"
#include "core/parallel.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "pg/call.h"
#include "pg/graph_value.h"
#include "pg/settings.h"
#include "utils/memdebug.h"
#include "utils/memutils.h"

#define MAP_MIN			((size_t) 1 << 20)	/* smaller pieces are palloc'd */
#define HUGE_PAGE		((size_t) 2 << 20)
#define HUGE_FROM		((size_t) 512 << 20)	/* a call that has more takes huge
												 * pages: freed much faster */
#define UNMAP_SLICE		((size_t) 64 << 20)
#define ALIGNMENT		64		/* what the core may rely on: a cache line */
#define ITEMS_PER_THREAD	65536	/* less is not worth a thread */

/* Address and length of what is mapped, so that an error can unmap it. */
typedef struct Map
{
	char	   *address;
	size_t		length;
	char		status;			/* simplehash's */
} Map;

#define SH_PREFIX		maps
#define SH_ELEMENT_TYPE	Map
#define SH_KEY_TYPE		char *
#define SH_KEY			address
#define SH_HASH_KEY(tb, key)	murmurhash32((uint32) ((uintptr_t) (key) >> 12))
#define SH_EQUAL(tb, a, b)		((a) == (b))
#define SH_SCOPE		static inline
#define SH_DEFINE
#define SH_DECLARE
#include "common/hashfn.h"
#include "lib/simplehash.h"

static void
use_huge_pages(char *p, size_t length)
{
#ifdef MADV_HUGEPAGE
	madvise(p, length, MADV_HUGEPAGE);
#endif
}

/*
 * Maps a piece.  One that holds a huge page is aligned to it, by cutting a
 * longer map: then the system moves it by whole page tables when it grows,
 * and can put it on huge pages, if that is asked for and there are any.
 */
static pg_noinline char *
map_memory(size_t length, bool huge)
{
	size_t		slack = length >= HUGE_PAGE ? HUGE_PAGE : 0;
	char	   *p = mmap(NULL, length + slack, PROT_READ | PROT_WRITE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char	   *aligned;

	if (p == MAP_FAILED)
		return NULL;
	if (slack == 0)
		return p;
	aligned = (char *) TYPEALIGN(HUGE_PAGE, p);
	if (aligned > p)
		munmap(p, aligned - p);
	munmap(aligned + length, p + slack - aligned);
	if (huge)
		use_huge_pages(aligned, length);
	return aligned;
}

/*
 * Unmaps in slices, since a large map takes its time.  The record is kept
 * right all the while: an interrupt may end the call between two of them.
 */
static void
shorten_map(Map *map, size_t length)
{
	while (map->length > length)
	{
		size_t		slice = Min(map->length - length, UNMAP_SLICE);

		map->length -= slice;
		munmap(map->address + map->length, slice);
		CHECK_FOR_INTERRUPTS();
	}
}

static size_t
map_length(size_t size)
{
	return TYPEALIGN(sysconf(_SC_PAGESIZE), size);
}

static void
unmap_entry(TnfrCall *call, char *p)
{
	shorten_map(maps_lookup(call->maps, p), 0);
	maps_delete(call->maps, p);
}

static void *
alloc_mapped(TnfrCall *call, size_t size, bool huge)
{
	size_t		length = map_length(size);
	char	   *p = map_memory(length, huge);
	Map		   *map;
	bool		found;

	if (p == NULL)
		return NULL;
	PG_TRY();
	{
		map = maps_insert(call->maps, p, &found);
		map->length = length;
	}
	PG_CATCH();
	{
		munmap(p, length);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return p;
}

/* The pointer that palloc gave lies just before the aligned piece. */
static void *
alloc_small(TnfrCall *call, size_t size)
{
	char	   *p = MemoryContextAllocExtended(call->context,
											   size + ALIGNMENT + sizeof(char *),
											   MCXT_ALLOC_NO_OOM);
	char	   *aligned;

	if (p == NULL)
		return NULL;
	aligned = (char *) TYPEALIGN(ALIGNMENT, p + sizeof(char *));
	((char **) aligned)[-1] = p;
	return aligned;
}

/* Is this more than tnfr.memory_limit leaves?  Notes it for the message. */
static bool
exceeds_limit(TnfrCall *call, size_t more)
{
	if (more <= call->limit - call->used)
		return false;
	call->needed = (uint64) call->used + more;
	return true;
}

static void *
call_alloc(void *arg, size_t size, bool gathered)
{
	TnfrCall   *call = arg;
	void	   *p;

	if (exceeds_limit(call, size))
		return NULL;
	p = size < MAP_MIN ? alloc_small(call, size) :
		alloc_mapped(call, size, gathered || call->used > HUGE_FROM);
	if (p == NULL)
		return NULL;
	call->used += size;
	call->peak = Max(call->peak, call->used);
	return p;
}

static void
call_release(void *arg, void *p, size_t size)
{
	TnfrCall   *call = arg;

	call->used -= size;
	if (size < MAP_MIN)
		pfree(((char **) p)[-1]);
	else
		unmap_entry(call, p);
}

/* Records that a map has another length, and perhaps another place. */
static void
record_map(TnfrCall *call, char *from, char *to, size_t length)
{
	bool		found;
	Map		   *map;

	if (from != to)
		maps_delete(call->maps, from);	/* so the insertion needs no memory */
	map = maps_insert(call->maps, to, &found);
	map->length = length;
}

/*
 * Makes a map longer: where it is, or by moving its pages to a place that is
 * free.  It must stay one mapping, since older kernels extend nothing else.
 * NULL: the system refused.
 */
static char *
extend_map(TnfrCall *call, char *p, size_t from, size_t to, bool huge)
{
	char	   *moved = mremap(p, from, to, 0);

	if (moved == MAP_FAILED)
	{
		char	   *place = map_memory(to, false);

		if (place == NULL)
			return NULL;
		moved = mremap(p, from, to, MREMAP_MAYMOVE | MREMAP_FIXED, place);
		if (moved == MAP_FAILED)
		{
			munmap(place, to);
			return NULL;
		}
	}
	if (huge)
		use_huge_pages(moved, to);
	VALGRIND_MAKE_MEM_DEFINED(moved, to);	/* memcheck loses track of mremap */
	record_map(call, p, moved, to);
	return moved;
}

static void *
resize_mapped(TnfrCall *call, char *p, size_t from, size_t to, bool huge)
{
	size_t		old_length = map_length(from);
	size_t		length = map_length(to);

	if (length > old_length)
		return extend_map(call, p, old_length, length, huge);
	if (length < old_length)
		shorten_map(maps_lookup(call->maps, p), length);
	return p;
}

static void *
call_resize(void *arg, void *p, size_t from, size_t to, bool gathered)
{
	TnfrCall   *call = arg;
	void	   *moved;

	if (from < MAP_MIN || to < MAP_MIN)
	{
		moved = call_alloc(call, to, gathered);
		if (moved != NULL)
		{
			memcpy(moved, p, Min(from, to));
			call_release(call, p, from);
		}
		return moved;
	}
	if (to > from && exceeds_limit(call, to - from))
		return NULL;
	moved = resize_mapped(call, p, from, to, gathered || call->used > HUGE_FROM);
	if (moved != NULL)
	{
		call->used = call->used - from + to;
		call->peak = Max(call->peak, call->used);
	}
	return moved;
}

/* Runs when the context is deleted, by whomever. */
static void
call_cleanup(void *arg)
{
	TnfrCall   *call = arg;
	maps_iterator i;
	Map		   *map;

	tnfr_parallel_end();
	maps_start_iterate(call->maps, &i);
	while ((map = maps_iterate(call->maps, &i)) != NULL)
		if (map->length > 0)
			munmap(map->address, map->length);
}

static bool
call_poll(void *arg pg_attribute_unused())
{
	return InterruptPending;
}

static bool
call_serve(void *arg pg_attribute_unused())
{
	CHECK_FOR_INTERRUPTS();
	return false;
}

/* The cores that this process may run on. */
static int
usable_cores(void)
{
#ifdef CPU_COUNT
	cpu_set_t	set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
#endif
	return Max(1, (int) sysconf(_SC_NPROCESSORS_ONLN));
}

int
tnfr_thread_limit(void)
{
	int			limit = Min(max_parallel_workers_per_gather + 1,
							usable_cores());

	if (IsParallelWorker())
		return 1;
	return tnfr_max_threads > 0 ? Min(limit, tnfr_max_threads) : limit;
}

/* Random, so that nobody can prepare collisions; costly, so taken once. */
static uint64
process_seed(void)
{
	static uint64 seed = 0;

	if (seed == 0 && !pg_strong_random(&seed, sizeof(seed)))
		elog(ERROR, "could not generate a random seed");
	return seed;
}

TnfrCall *
tnfr_call_begin(const char *function)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "tnfr call",
												  ALLOCSET_DEFAULT_SIZES);
	TnfrCall   *call = MemoryContextAllocZero(context, sizeof(TnfrCall));

	call->function = function;
	call->context = context;
	call->limit = (size_t) tnfr_memory_limit * 1024;
	call->max_threads = tnfr_backend == TNFR_BACKEND_SERIAL ? 1 :
		tnfr_thread_limit();
	call->device = -1;
	call->maps = maps_create(context, 64, NULL);
	call->env = (TnfrEnv)
	{
		.alloc = call_alloc,.resize = call_resize,.release = call_release,
			.poll = call_poll,.serve = call_serve,.arg = call,.threads = 1
	};
	call->env.seed = process_seed();
	call->cleanup.func = call_cleanup;
	call->cleanup.arg = call;
	MemoryContextRegisterResetCallback(context, &call->cleanup);
	call->phase = TNFR_READING;
	INSTR_TIME_SET_CURRENT(call->phase_start);
	return call;
}

TnfrPhase
tnfr_call_phase(TnfrCall *call, TnfrPhase phase)
{
	TnfrPhase	before = call->phase;
	instr_time	now;
	instr_time	spent;

	INSTR_TIME_SET_CURRENT(now);
	spent = now;
	INSTR_TIME_SUBTRACT(spent, call->phase_start);
	call->milliseconds[before] += INSTR_TIME_GET_MILLISEC(spent);
	call->phase = phase;
	call->phase_start = now;
	return before;
}

void
tnfr_call_threads(TnfrCall *call, uint64 items)
{
	uint64		useful = items / ITEMS_PER_THREAD + 1;

	if (tnfr_backend == TNFR_BACKEND_OPENMP)
		useful = call->max_threads;
	if (useful > 1 && !call->threads_tried)
	{
		call->max_threads = tnfr_parallel_threads(call->max_threads);
		call->threads_tried = true;
	}
	call->env.threads = (int) Min(useful, (uint64) call->max_threads);
	call->threads_used = Max(call->threads_used, call->env.threads);
}

static void
refuse(TnfrCall *call)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("%s would need more memory than tnfr.memory_limit allows",
					call->function),
			 errdetail("It needs at least " UINT64_FORMAT " kB; tnfr.memory_limit is %zu kB.",
					   call->needed / 1024 + 1, call->limit / 1024),
			 errhint("Raise tnfr.memory_limit, or compute on a part of the network through views.")));
}

void
tnfr_call_require(TnfrCall *call, uint64 bytes)
{
	if (exceeds_limit(call, bytes))
		refuse(call);
}

void
tnfr_call_charge(TnfrCall *call, uint64 bytes)
{
	tnfr_call_require(call, bytes);
	call->used += bytes;
	call->peak = Max(call->peak, call->used);
}

void
tnfr_call_check(TnfrCall *call, TnfrStatus status)
{
	if (status == TNFR_OK)
		return;
	CHECK_FOR_INTERRUPTS();		/* a cancel has the say over its traces */
	if (status == TNFR_DAMAGED)
		tnfr_damaged_graph(call->env.error.what);
	if (status == TNFR_TOO_MANY_NODES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many nodes"),
				 errdetail("There are " UINT64_FORMAT "; the limit is " UINT64_FORMAT ".",
						   call->env.error.count, (uint64) TNFR_MAX_NODES)));
	if (status == TNFR_NO_MEMORY && call->needed > 0)
		refuse(call);
	if (status == TNFR_NO_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("%s asked for another " UINT64_FORMAT " bytes and has " UINT64_FORMAT ".",
						   call->function, (uint64) call->env.error.bytes,
						   (uint64) call->used)));
	elog(ERROR, "unexpected status %d in %s", status, call->function);
}

static void
report_trace(const TnfrCall *call)
{
	const double *ms = call->milliseconds;
	const char *device = call->device < 0 ? "" :
		psprintf(", device %d", call->device);

	ereport(INFO,
			(errmsg_internal("%s: reading %.1f ms, mapping %.1f ms, ordering %.1f ms, "
							 "arranging %.1f ms, computing %.1f ms, returning %.1f ms; %d thread%s, %d worker%s%s, peak %zu bytes",
							 call->function, ms[TNFR_READING], ms[TNFR_MAPPING],
							 ms[TNFR_ORDERING], ms[TNFR_ARRANGING],
							 ms[TNFR_COMPUTING], ms[TNFR_RETURNING],
							 call->threads_used,
							 call->threads_used == 1 ? "" : "s",
							 call->workers_used,
							 call->workers_used == 1 ? "" : "s", device,
							 call->peak)));
}

void
tnfr_call_drop(TnfrCall *call)
{
	maps_iterator i;
	Map		   *map;

	maps_start_iterate(call->maps, &i);
	while ((map = maps_iterate(call->maps, &i)) != NULL)
		shorten_map(map, 0);
	MemoryContextDelete(call->context);
}

void
tnfr_call_end(TnfrCall *call)
{
	tnfr_call_phase(call, call->phase);
	if (tnfr_trace_phases)
		report_trace(call);
	tnfr_call_drop(call);
}
