/*
 * settings.c
 *	  Definitions of the settings, and the module's entry point.
 *
 * All of them are execution choices; none changes a result.
 */
#include "postgres.h"

#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include "core/layout.h"
#include "miscadmin.h"
#include "pg/compat.h"
#include "pg/gpu/broker.h"
#include "pg/settings.h"
#include "utils/guc.h"

#define MAX_THREADS			1024
#define MIN_MEMORY_LIMIT	64	/* kB */

TNFR_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

int			tnfr_backend = TNFR_BACKEND_AUTO;
int			tnfr_layout = TNFR_LAYOUT_AUTO;
int			tnfr_max_threads = 0;
int			tnfr_memory_limit;
bool		tnfr_direct_scan = true;
bool		tnfr_trace_phases = false;
int			tnfr_gpu_device = 0;
int			tnfr_gpu_min_entries = 4 * 1024 * 1024;
int			tnfr_gpu_queue_timeout = 1000;
int			tnfr_gpu_timeout = 60000;
int			tnfr_gpu_idle_timeout = 300;
int			tnfr_gpu_memory_limit = 0;
char	   *tnfr_gpu_library = NULL;
char	   *tnfr_gpu_options = NULL;

static const struct config_enum_entry backend_options[] = {
	{"auto", TNFR_BACKEND_AUTO, false},
	{"serial", TNFR_BACKEND_SERIAL, false},
	{"openmp", TNFR_BACKEND_OPENMP, false},
	{"cuda", TNFR_BACKEND_CUDA, false},
	{NULL, 0, false}
};

static const struct config_enum_entry layout_options[] = {
	{"auto", TNFR_LAYOUT_AUTO, false},
	{"id", TNFR_LAYOUT_ID, false},
	{"partition", TNFR_LAYOUT_PARTITION, false},
	{NULL, 0, false}
};

/* Half of the machine's memory, in kB. */
static int
default_memory_limit(void)
{
	long		pages = sysconf(_SC_PHYS_PAGES);
	long		size = sysconf(_SC_PAGESIZE);
	int64		kilobytes;

	if (pages <= 0 || size <= 0)
		return 1024 * 1024;
	kilobytes = (int64) pages * (size / 1024) / 2;
	if (kilobytes < MIN_MEMORY_LIMIT)
		return MIN_MEMORY_LIMIT;
	return kilobytes < MAX_KILOBYTES ? (int) kilobytes : MAX_KILOBYTES;
}

static void
define_settings(void)
{
	DefineCustomEnumVariable("tnfr.backend",
							 "Selects what computes: auto, serial, openmp or cuda.",
							 "auto chooses by the size of the network. "
							 "The result is the same to the last bit.",
							 &tnfr_backend, TNFR_BACKEND_AUTO, backend_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomEnumVariable("tnfr.layout",
							 "Selects the order in which rows are summed: auto, id or partition.",
							 "partition keeps communities together in cache; "
							 "auto does where a call repeats enough for it. "
							 "The result is the same to the last bit.",
							 &tnfr_layout, TNFR_LAYOUT_AUTO, layout_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.max_threads",
							"Sets the maximum number of threads of a call.",
							"0 means max_parallel_workers_per_gather + 1, "
							"which with the number of cores is a limit in any case.",
							&tnfr_max_threads, 0, 0, MAX_THREADS,
							PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.memory_limit",
							"Sets the maximum memory that a call may use.",
							"The default is half of the machine's memory.",
							&tnfr_memory_limit, default_memory_limit(),
							MIN_MEMORY_LIMIT, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);

	DefineCustomBoolVariable("tnfr.direct_scan",
							 "Reads ordinary tables page by page, without the executor.",
							 "Turn it off where an extension must see every query.",
							 &tnfr_direct_scan, true,
							 PGC_SUSET, 0, NULL, NULL, NULL);

	DefineCustomBoolVariable("tnfr.trace_phases",
							 "Reports the time that each phase of a call took.",
							 NULL, &tnfr_trace_phases, false,
							 PGC_USERSET, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
}

/* Who uses a device, and when. */
static void
define_gpu_use(void)
{
	DefineCustomIntVariable("tnfr.gpu_device",
							"Sets the number of the device that calls use.",
							NULL, &tnfr_gpu_device, 0, 0, TNFR_GPU_DEVICES - 1,
							PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.gpu_min_entries",
							"Sets the number of entries from which on auto considers a device.",
							"-1 means never.", &tnfr_gpu_min_entries, 4 * 1024 * 1024, -1,
							INT_MAX, PGC_USERSET, 0, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.gpu_queue_timeout",
							"Sets how long auto waits for a device that others use.",
							"cuda waits as long as the statement may take.",
							&tnfr_gpu_queue_timeout, 1000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
}

/* What the broker does with a device: the same for all sessions. */
static void
define_gpu_service(void)
{
	DefineCustomStringVariable("tnfr.gpu_library",
							   "Sets the device library.",
							   "Empty: no device is used.",
							   &tnfr_gpu_library, "$libdir/tnfr_pg_cuda",
							   PGC_SIGHUP, 0, NULL, NULL, NULL);

	DefineCustomStringVariable("tnfr.gpu_options",
							   "Sets words that the device library understands.",
							   "For tests.", &tnfr_gpu_options, "",
							   PGC_SIGHUP, GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.gpu_timeout",
							"Sets how long a device may take for an answer before its program is ended.",
							NULL, &tnfr_gpu_timeout, 60000, 100, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MS, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.gpu_idle_timeout",
							"Sets how long a GPU broker stays that nobody uses.",
							"One that was preloaded stays.",
							&tnfr_gpu_idle_timeout, 300, 1, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_S, NULL, NULL, NULL);

	DefineCustomIntVariable("tnfr.gpu_memory_limit",
							"Sets the maximum memory that is used on a device.",
							"0 means all that is free.",
							&tnfr_gpu_memory_limit, 0, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_MB, NULL, NULL, NULL);
}

/*
 * An OpenMP runtime that finds one of these in the environment has tied this
 * process to a core when it was loaded, just before.  Nobody meant a server:
 * it may run again where its parent may.
 */
static void
undo_binding(void)
{
#ifdef CPU_COUNT
	cpu_set_t	set;

	if ((getenv("OMP_PROC_BIND") != NULL || getenv("OMP_PLACES") != NULL ||
		 getenv("GOMP_CPU_AFFINITY") != NULL ||
		 getenv("KMP_AFFINITY") != NULL) &&
		sched_getaffinity(getppid(), sizeof(set), &set) == 0)
		sched_setaffinity(0, sizeof(set), &set);
#endif
}

void
_PG_init(void)
{
	undo_binding();
	define_settings();
	define_gpu_use();
	define_gpu_service();
	MarkGUCPrefixReserved("tnfr");
	if (process_shared_preload_libraries_in_progress)
	{
		tnfr_gpu_request_memory();
		tnfr_broker_register();
	}
}
