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
#include "pg/compat.h"
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

	MarkGUCPrefixReserved("tnfr");
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
}
