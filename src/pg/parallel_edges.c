/*
 * parallel_edges.c
 *	  Reads edges with parallel workers.
 *
 * The leader and its workers share a scan of the table, page by page.  Each
 * worker turns the ids of its edges into indexes, puts the entries into the
 * blocks of their groups, and hands full blocks over through a pool in
 * dynamic shared memory (core/pool.h); between two pages of its own, the
 * leader copies them behind its blocks.  So workers do the costly part, what
 * crosses is as compact as what is kept, and shared memory stays small: some
 * megabytes a worker, and the map of the ids where they have gaps.
 *
 * Waiting: a worker waits when its pool is full, the leader when it has no
 * page left to scan.  Who waits says so in a flag, looks again, and sleeps on
 * its latch; the other side looks at the flag after it has changed something
 * (with a full barrier between the two) and sets the latch.
 *
 * The settings of the planner decide on the number of workers, as they would
 * for a parallel scan of the table in a query.
 */
#include "postgres.h"

#include <sys/statvfs.h>

#include "access/parallel.h"
#include "access/relation.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "pg/edge_reader.h"
#include "pg/scan.h"
#include "pg/settings.h"
#include "storage/bufmgr.h"
#include "storage/dsm_impl.h"
#include "storage/proc.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/wait_event.h"

#define KEY_SHARED		UINT64CONST(1)
#define KEY_SCAN		UINT64CONST(2)
#define KEY_MAP			UINT64CONST(3)
#define KEY_IDS			UINT64CONST(4)
#define KEY_POOLS		UINT64CONST(5)

#define ROW_COST		0.5				/* of reading a row, in cpu_operator_cost */
#define WAKE_BLOCKS		256		/* enough to wake the leader for */
#define POOL_ALIGNMENT	64		/* a cache line */
#define COPY_SLICE		((size_t) 16 << 20)

/* What a worker tells. */
typedef struct WorkerState
{
	pg_atomic_uint32 waiting;	/* for room in its pool */
	pg_atomic_uint32 done;		/* all is handed over and counted */
	PGPROC	   *proc;			/* set before waiting is */
	TnfrEdgeCounts counts;
	BufferUsage buffers;
	WalUsage	wal;
} WorkerState;

/* What the leader tells, and whether it waits. */
typedef struct Shared
{
	Oid			relid;
	bool		directed;
	bool		weighted;
	uint64		expected;
	TnfrIdMap	map;			/* its pointers mean nothing to a worker */
	PGPROC	   *leader;
	pg_atomic_uint32 leader_waiting;
	WorkerState worker[FLEXIBLE_ARRAY_MEMBER];
} Shared;

typedef struct Leader
{
	TnfrEdgeReader *reader;
	ParallelContext *context;
	Shared	   *shared;
	TnfrPool   *pool;			/* [workers] */
	int			workers;		/* launched */
	Size		bytes;			/* of the segment */
	bool		charged;
} Leader;

PGDLLEXPORT void tnfr_edges_worker(dsm_segment *segment, shm_toc *toc);

/*
 * Workers that the planner would give a scan of this table, if they would pay:
 * what they take off the leader must exceed parallel_setup_cost.
 */
static int
planned_workers(const TnfrEdgeReader *r, Relation rel)
{
	RelOptInfo	info = {
		.reloptkind = RELOPT_BASEREL,
		.rel_parallel_workers = RelationGetParallelWorkers(rel, -1)
	};
	int			limit = max_parallel_workers_per_gather;
	int			workers;
	double		rows = Max(r->relation->rows, 0);
	double		saved;

	if (tnfr_backend == TNFR_BACKEND_SERIAL)
		return 0;
	if (tnfr_max_threads > 0)
		limit = Min(limit, tnfr_max_threads - 1);
	workers = compute_parallel_worker(&info, RelationGetNumberOfBlocks(rel),
									  -1, limit);
	saved = rows * ROW_COST * cpu_operator_cost *
		workers / (workers + 1);
	return saved < parallel_setup_cost ? 0 : workers;
}

/* May this process start workers that read the table? */
static bool
may_go_parallel(const TnfrEdgeReader *r, Relation rel)
{
	return IsUnderPostmaster && !IsParallelWorker() &&
		!RelationUsesLocalBuffers(rel) &&
		dynamic_shared_memory_type != DSM_IMPL_MMAP &&
		max_parallel_workers_per_gather > 0 &&
		tnfr_can_scan_heap(r->relation);
}

/*
 * Is there so much shared memory?  A segment that does not fit is an error,
 * and reading alone needs none.  (Where all segments are in use, memory of one
 * ordinary allocation takes their place.)
 */
static bool
fits_shared_memory(const TnfrCall *call, Size bytes)
{
	struct statvfs fs;

	if (bytes > call->limit - call->used || bytes > MaxAllocSize)
		return false;
	if (dynamic_shared_memory_type != DSM_IMPL_POSIX ||
		statvfs("/dev/shm", &fs) != 0)
		return true;
	return bytes / fs.f_frsize < fs.f_bavail / 2;
}

/* The table of a map, whichever kind it has. */
static void *
map_table(const TnfrIdMap *map)
{
	return map->kind == TNFR_IDMAP_RANK ? (void *) map->rank : map->table;
}

static Size
map_bytes(const TnfrIdMap *map)
{
	return map->kind == TNFR_IDMAP_DENSE ? 0 :
		mul_size(map->size, map->kind == TNFR_IDMAP_RANK ? sizeof(TnfrIdRank) :
				 sizeof(uint32));
}

static Size
id_bytes(const TnfrIdMap *map)
{
	return map->kind != TNFR_IDMAP_HASH ? 0 : mul_size(map->n, sizeof(int64));
}

/* The segment aligns to less; every process maps it at a page's begin. */
static char *
align_pools(void *memory)
{
	return (char *) TYPEALIGN(POOL_ALIGNMENT, memory);
}

/* Allocates a part of the segment and makes it known; zero bytes: nothing. */
static void *
share(ParallelContext *context, uint64 key, Size bytes)
{
	void	   *p;

	if (bytes == 0)
		return NULL;
	p = shm_toc_allocate(context->toc, bytes);
	shm_toc_insert(context->toc, key, p);
	return p;
}

static void
share_copy(ParallelContext *context, uint64 key, const void *from, Size bytes)
{
	char	   *to = share(context, key, bytes);

	for (Size done = 0; done < bytes; done += COPY_SLICE)
	{
		memcpy(to + done, (const char *) from + done,
			   Min(COPY_SLICE, bytes - done));
		CHECK_FOR_INTERRUPTS();
	}
}

/* Fills the segment, before the workers start. */
static void
fill_segment(Leader *l, Relation rel, uint64 expected, Size scan_bytes,
			 Size pool_bytes)
{
	ParallelContext *context = l->context;
	TnfrEdgeReader *r = l->reader;
	const int	workers = context->nworkers;
	Size		bytes = offsetof(Shared, worker) + workers * sizeof(WorkerState);
	char	   *pools;

	l->shared = share(context, KEY_SHARED, bytes);
	memset(l->shared, 0, bytes);
	l->shared->relid = r->relation->oid;
	l->shared->directed = r->edges->directed;
	l->shared->weighted = r->weighted;
	l->shared->expected = expected;
	l->shared->map = *r->map;
	l->shared->leader = MyProc;
	pg_atomic_init_u32(&l->shared->leader_waiting, 0);

	table_parallelscan_initialize(rel, share(context, KEY_SCAN, scan_bytes),
								  GetActiveSnapshot());
	share_copy(context, KEY_MAP, map_table(r->map), map_bytes(r->map));
	share_copy(context, KEY_IDS, r->map->id, id_bytes(r->map));
	pools = align_pools(share(context, KEY_POOLS, mul_size(workers, pool_bytes) +
							  POOL_ALIGNMENT));
	for (int i = 0; i < workers; i++)
	{
		pg_atomic_init_u32(&l->shared->worker[i].waiting, 0);
		pg_atomic_init_u32(&l->shared->worker[i].done, 0);
		tnfr_pool_attach(&l->pool[i], r->edges, pools + i * pool_bytes, true);
	}
}

/* Makes the segment and starts workers; false: there are none. */
static bool
launch(Leader *l, Relation rel, uint64 expected, int workers)
{
	TnfrEdgeReader *r = l->reader;
	ParallelContext *context = l->context;
	Size		scan_bytes = table_parallelscan_estimate(rel, GetActiveSnapshot());
	Size		pool_bytes = tnfr_pool_bytes(r->edges);
	const Size	chunk[] = {
		offsetof(Shared, worker) + workers * sizeof(WorkerState), scan_bytes,
		map_bytes(r->map), id_bytes(r->map),
		mul_size(workers, pool_bytes) + POOL_ALIGNMENT
	};

	for (int i = 0; i < (int) lengthof(chunk); i++)
		shm_toc_estimate_chunk(&context->estimator, chunk[i]);
	shm_toc_estimate_keys(&context->estimator, lengthof(chunk));
	l->bytes = shm_toc_estimate(&context->estimator);
	if (!fits_shared_memory(r->call, l->bytes))
		return false;
	tnfr_call_charge(r->call, l->bytes);
	l->charged = true;
	InitializeParallelDSM(context);
	if (context->seg == NULL)	/* all segments are in use */
		return false;
	fill_segment(l, rel, expected, scan_bytes, pool_bytes);
	LaunchParallelWorkers(context);
	l->workers = context->nworkers_launched;
	return l->workers > 0;
}

/* Copies what the workers have handed over. */
static void
take_blocks(Leader *l)
{
	TnfrEdgeReader *r = l->reader;

	for (int i = 0; i < l->workers; i++)
	{
		WorkerState *w = &l->shared->worker[i];

		if (tnfr_pool_blocks(&l->pool[i]) == 0)
			continue;
		tnfr_call_check(r->call, tnfr_pool_take(&r->call->env, &l->pool[i],
												r->edges));
		pg_memory_barrier();
		if (pg_atomic_read_u32(&w->waiting) != 0)
			SetLatch(&w->proc->procLatch);
	}
}

/* Has any worker handed over blocks that are not copied yet? */
static bool
any_blocks(const Leader *l)
{
	for (int i = 0; i < l->workers; i++)
		if (tnfr_pool_blocks(&l->pool[i]) > 0)
			return true;
	return false;
}

/* Is everything read and copied? */
static bool
all_done(Leader *l)
{
	for (int i = 0; i < l->workers; i++)
		if (pg_atomic_read_u32(&l->shared->worker[i].done) == 0)
			return false;
	pg_read_barrier();			/* what was handed over before is seen now */
	take_blocks(l);
	return true;
}

/* Takes what is still to come from the workers. */
static void
await_workers(Leader *l)
{
	while (!all_done(l))
	{
		take_blocks(l);
		CHECK_FOR_INTERRUPTS();
		pg_atomic_write_u32(&l->shared->leader_waiting, 1);
		pg_memory_barrier();
		if (!any_blocks(l) && !all_done(l))
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1,
							 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		pg_atomic_write_u32(&l->shared->leader_waiting, 0);
	}
}

/* The leader's part of the scan, and all of the collecting. */
static void
scan_and_take(Leader *l)
{
	TnfrEdgeReader *r = l->reader;

	if (parallel_leader_participation)
	{
		ParallelTableScanDesc shared = shm_toc_lookup(l->context->toc,
													  KEY_SCAN, false);
		TnfrHeapScan *scan = tnfr_heap_scan_begin(r->relation, shared);

		while (tnfr_heap_scan_page(scan, tnfr_edge_row, r))
			take_blocks(l);
		tnfr_heap_scan_end(scan);
		tnfr_edge_flush(r);
	}
	WaitForParallelWorkersToAttach(l->context);
	await_workers(l);
	WaitForParallelWorkersToFinish(l->context);
	for (int i = 0; i < l->workers; i++)
	{
		WorkerState *w = &l->shared->worker[i];

		tnfr_edges_add_counts(r->edges, &w->counts);
		InstrAccumParallelQuery(&w->buffers, &w->wal);
	}
	r->call->workers_used = Max(r->call->workers_used, l->workers);
}

bool
tnfr_read_edges_parallel(TnfrEdgeReader *reader, uint64 expected)
{
	Relation	rel = relation_open(reader->relation->oid, AccessShareLock);
	Leader		l = {.reader = reader};
	int			workers = may_go_parallel(reader, rel) ?
		planned_workers(reader, rel) : 0;
	bool		launched = false;

	if (workers > 0)
	{
		l.pool = palloc(workers * sizeof(TnfrPool));
		EnterParallelMode();
		l.context = CreateParallelContext("$libdir/tnfr_pg",
										  "tnfr_edges_worker", workers);
		launched = launch(&l, rel, expected, workers);
		if (launched)
			scan_and_take(&l);
		DestroyParallelContext(l.context);
		ExitParallelMode();
		if (l.charged)
			reader->call->used -= l.bytes;
		pfree(l.pool);
	}
	relation_close(rel, NoLock);
	return launched;
}

typedef struct Worker
{
	Shared	   *shared;
	WorkerState *state;
	TnfrEdges	edges;
	TnfrPool	pool;
} Worker;

/* Wakes the leader when it waits for that much. */
static void
wake_leader(const Worker *w, uint64 blocks)
{
	pg_memory_barrier();
	if (pg_atomic_read_u32(&w->shared->leader_waiting) != 0 &&
		tnfr_pool_blocks(&w->pool) >= blocks)
		SetLatch(&w->shared->leader->procLatch);
}

/* Called before each batch: waits until the pool can take it. */
static void
wait_for_room(void *arg)
{
	Worker	   *w = arg;

	wake_leader(w, WAKE_BLOCKS);
	while (!tnfr_pool_ready(&w->edges))
	{
		pg_atomic_write_u32(&w->state->waiting, 1);
		pg_memory_barrier();
		wake_leader(w, 1);
		if (!tnfr_pool_ready(&w->edges))
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1,
							 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		pg_atomic_write_u32(&w->state->waiting, 0);
	}
}

/* The map, as it lies in this process. */
static TnfrIdMap
attach_map(const Shared *shared, shm_toc *toc)
{
	TnfrIdMap	map = shared->map;

	map.rank = shm_toc_lookup(toc, KEY_MAP, true);
	map.table = (uint32_t *) map.rank;	/* one of them is meant */
	map.id = shm_toc_lookup(toc, KEY_IDS, true);
	return map;
}

static void
worker_scan(Worker *w, TnfrEdgeReader *r, ParallelTableScanDesc shared)
{
	TnfrHeapScan *scan = tnfr_heap_scan_begin(r->relation, shared);

	while (tnfr_heap_scan_page(scan, tnfr_edge_row, r))
		;
	tnfr_heap_scan_end(scan);
	tnfr_edge_flush(r);
	tnfr_pool_finish(&w->edges);
	w->state->counts = tnfr_edges_counts(&w->edges);
}

/* Where a worker begins. */
void
tnfr_edges_worker(dsm_segment *segment pg_attribute_unused(), shm_toc *toc)
{
	Shared	   *shared = shm_toc_lookup(toc, KEY_SHARED, false);
	char	   *pools = align_pools(shm_toc_lookup(toc, KEY_POOLS, false));
	TnfrIdMap	map = attach_map(shared, toc);
	Worker		w = {
		.shared = shared,.state = &shared->worker[ParallelWorkerNumber]
	};
	TnfrCall   *call = tnfr_call_begin("tnfr parallel worker");
	TnfrEdgeReader *r = tnfr_edge_reader(call, tnfr_edges_relation(shared->relid),
										 &map, &w.edges);

	InstrStartParallelQuery();
	w.state->proc = MyProc;
	tnfr_call_check(call, tnfr_edges_begin(&call->env, &w.edges, map.n,
										   shared->expected, shared->directed,
										   shared->weighted));
	tnfr_pool_attach(&w.pool, &w.edges,
					 pools + ParallelWorkerNumber * tnfr_pool_bytes(&w.edges),
					 false);
	tnfr_pool_fill(&w.pool, &w.edges);
	r->wait = wait_for_room;
	r->arg = &w;
	worker_scan(&w, r, shm_toc_lookup(toc, KEY_SCAN, false));

	InstrEndParallelQuery(&w.state->buffers, &w.state->wal);
	pg_write_barrier();
	pg_atomic_write_u32(&w.state->done, 1);
	SetLatch(&shared->leader->procLatch);
	MemoryContextDelete(call->context);
}
