/*
 * cpu_device.c
 *	  A device library that computes on the processor and can go wrong in any
 *	  way, for tests.
 *
 * Options, separated by commas:
 *
 *		stage=BYTES		size of a stage
 *		memory=BYTES	of the device
 *		hidden=BYTES	of it that seem free and are not to be had
 *		slow=MS			a pass takes so long
 *		FAULT@CALL		at the first call of that function
 *		FAULT@CALL:K	at the k-th
 *
 * FAULT is fail, memory, sticky, lost, absent, hang, segv, kill or exit; CALL
 * is open, info, create, stage, load, run, poll or fetch.  In the environment,
 * TNFR_TEST_DEVICE=version makes the library one of another version.
 */
#include "../../cuda/tnfr_device.h"
#include "core/sums.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STAGE_BYTES		(UINT64_C(1) << 20)
#define MEMORY_BYTES	(UINT64_C(4) << 30)
#define WINDOW_MORE		2048
#define ENTRIES_MOST	(UINT64_C(1) << 26)

typedef enum Call
{
	OPEN, INFO, CREATE, STAGE, LOAD, RUN, POLL, FETCH, CALLS
} Call;

static const char *const call_name[CALLS] = {
	"open", "info", "create", "stage", "load", "run", "poll", "fetch"
};

struct TnfrDevice
{
	uint64_t	stage_bytes;
	uint64_t	memory;
	uint64_t	hidden;
	uint64_t	taken;
	uint64_t	slow;			/* milliseconds */
	char	   *stage;
	char	   *fetched;
	char		fault[16];
	Call		fault_call;
	uint64_t	fault_at;		/* calls to go; 0: none */
	bool		dead;			/* of something sticky */
};

struct TnfrDeviceGraph
{
	TnfrDevice *device;
	TnfrDeviceShape shape;
	uint32_t	pass;
	uint64_t	done_at;		/* when the pass is, in milliseconds */
	char	   *column[TNFR_DEVICE_COLUMNS];
	double	   *weight;
};

static TnfrDevice the_device;

static uint64_t
milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static TnfrDeviceResult
report(TnfrDeviceError *error, uint32_t kind, const char *text)
{
	error->kind = kind;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return TNFR_DEVICE_ERROR;
}

static void
die(const char *fault)
{
	if (strcmp(fault, "hang") == 0)
		for (;;)
			pause();
	if (strcmp(fault, "segv") == 0)
	{
		signal(SIGSEGV, SIG_DFL);	/* past a sanitizer */
		kill(getpid(), SIGSEGV);
	}
	if (strcmp(fault, "kill") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(fault, "exit") == 0)
		_exit(0);
}

/* Goes wrong if it is time to. */
static TnfrDeviceResult
fault(Call call, TnfrDeviceError *error)
{
	static const struct
	{
		const char *name;
		uint32_t	kind;
	}			kinds[] = {
		{"fail", TNFR_DEVICE_FAILED}, {"memory", TNFR_DEVICE_NO_MEMORY},
		{"sticky", TNFR_DEVICE_STICKY}, {"lost", TNFR_DEVICE_LOST},
		{"absent", TNFR_DEVICE_ABSENT}
	};
	TnfrDevice *device = &the_device;

	if (device->dead)
		return report(error, TNFR_DEVICE_STICKY, "the device is dead");
	if (device->fault_at == 0 || device->fault_call != call ||
		--device->fault_at > 0)
		return TNFR_DEVICE_OK;
	die(device->fault);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(device->fault, kinds[i].name) == 0)
		{
			device->dead = kinds[i].kind >= TNFR_DEVICE_STICKY;
			return report(error, kinds[i].kind, "injected fault");
		}
	return TNFR_DEVICE_OK;
}

static uint64_t
option(const char *options, const char *name, uint64_t otherwise)
{
	const char *at = options != NULL ? strstr(options, name) : NULL;

	return at != NULL ? strtoull(at + strlen(name), NULL, 10) : otherwise;
}

static void
choose_fault(TnfrDevice *device, const char *options)
{
	const char *at = options != NULL ? strchr(options, '@') : NULL;
	const char *begin = at;
	const char *k = at != NULL ? strchr(at, ':') : NULL;

	if (at == NULL)
		return;
	while (begin > options && begin[-1] != ',')
		begin--;
	snprintf(device->fault, sizeof(device->fault), "%.*s", (int) (at - begin),
			 begin);
	for (int i = 0; i < CALLS; i++)
		if (strncmp(at + 1, call_name[i], strlen(call_name[i])) == 0)
			device->fault_call = (Call) i;
	device->fault_at = k != NULL ? strtoull(k + 1, NULL, 10) : 1;
}

static TnfrDeviceResult
cpu_open(int32_t number, const char *options, TnfrDevice **device,
		 TnfrDeviceError *error)
{
	TnfrDevice *d = &the_device;

	if (number != 0)
		return report(error, TNFR_DEVICE_ABSENT, "there is only device 0");
	d->stage_bytes = option(options, "stage=", STAGE_BYTES);
	d->memory = option(options, "memory=", MEMORY_BYTES);
	d->hidden = option(options, "hidden=", 0);
	d->slow = option(options, "slow=", 0);
	choose_fault(d, options);
	if (fault(OPEN, error) != TNFR_DEVICE_OK)
		return TNFR_DEVICE_ERROR;
	d->stage = aligned_alloc(64, (d->stage_bytes + 63) & ~UINT64_C(63));
	d->fetched = aligned_alloc(64, (d->stage_bytes + 63) & ~UINT64_C(63));
	if (d->stage == NULL || d->fetched == NULL)
		return report(error, TNFR_DEVICE_NO_MEMORY, "no memory");
	*device = d;
	return TNFR_DEVICE_OK;
}

static void
cpu_close(TnfrDevice *device)
{
	free(device->stage);
	free(device->fetched);
}

static TnfrDeviceResult
cpu_info(TnfrDevice *device, TnfrDeviceInfo *info, TnfrDeviceError *error)
{
	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "test device");
	info->total_bytes = device->memory;
	info->free_bytes = device->memory - device->taken;
	return fault(INFO, error);
}

static uint64_t
cpu_window_min(const TnfrDevice *device)
{
	return WINDOW_MORE + device->stage_bytes / sizeof(uint32_t);
}

static uint64_t
cpu_bytes(const TnfrDeviceShape *shape)
{
	if (shape->n > TNFR_MAX_NODES || shape->entries > ENTRIES_MOST)
		return UINT64_MAX;
	return shape->n * 88 + shape->window * (shape->weighted ? 12 : 4);
}

/* The window is only a number here: all entries are kept. */
static uint64_t
column_bytes(const TnfrDeviceShape *shape, uint32_t column)
{
	if (column == TNFR_DEVICE_OFFSET)
		return (shape->n + 1) * sizeof(uint64_t);
	if (column == TNFR_DEVICE_ENTRIES)
		return (shape->entries + TNFR_GRAPH_PAD) * sizeof(uint32_t);
	return shape->n * tnfr_device_item(column, 0);
}

static void
cpu_destroy(TnfrDeviceGraph *graph)
{
	graph->device->taken -= cpu_bytes(&graph->shape);
	for (int i = 0; i < TNFR_DEVICE_COLUMNS; i++)
		free(graph->column[i]);
	free(graph->weight);
	free(graph);
}

static TnfrDeviceResult
cpu_create(TnfrDevice *device, const TnfrDeviceShape *shape,
		   TnfrDeviceGraph **result, TnfrDeviceError *error)
{
	TnfrDeviceGraph *graph;

	if (fault(CREATE, error) != TNFR_DEVICE_OK)
		return TNFR_DEVICE_ERROR;
	if (device->taken + device->hidden > device->memory ||
		cpu_bytes(shape) > device->memory - device->hidden - device->taken)
		return report(error, TNFR_DEVICE_NO_MEMORY, "out of device memory");
	graph = calloc(1, sizeof(*graph));
	graph->device = device;
	graph->shape = *shape;
	device->taken += cpu_bytes(shape);
	for (uint32_t i = 0; i < TNFR_DEVICE_COLUMNS; i++)
		graph->column[i] = aligned_alloc(64, (column_bytes(shape, i) + 64) & ~UINT64_C(63));
	if (shape->weighted)
		graph->weight = malloc((shape->entries + 1) * sizeof(double));
	*result = graph;
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
cpu_stage(TnfrDevice *device, void **memory, uint64_t *bytes,
		  TnfrDeviceError *error)
{
	*memory = device->stage;
	*bytes = device->stage_bytes;
	return fault(STAGE, error);
}

/* The sums of a row longer than TNFR_HUB: of its subtrees, added. */
static void
sum_hub(const TnfrKernelInput *in, uint64_t begin, uint64_t length,
		TnfrSums *sums)
{
	const uint64_t parts = (length + TNFR_HUB - 1) / TNFR_HUB;
	TnfrSums   *part = malloc(parts * sizeof(TnfrSums));

	for (uint64_t k = 0; k < parts; k++)
	{
		uint64_t	left = length - k * TNFR_HUB;

		tnfr_kernel_entries(in, begin + k * TNFR_HUB,
							left < TNFR_HUB ? left : TNFR_HUB, &part[k]);
	}
	TNFR_ADD_PARTS(TnfrSums, tnfr_sums_add, sums, part, parts);
	free(part);
}

static void
sum_all(TnfrDeviceGraph *graph)
{
	const uint64_t *offset = (const uint64_t *) graph->column[TNFR_DEVICE_OFFSET];
	const bool	topo = graph->pass & TNFR_DEVICE_PASS_TOPO;
	const bool	state = graph->pass & TNFR_DEVICE_PASS_SUMS;
	const TnfrKernelInput in = {
		.offset = offset,
		.neighbour = (const uint32_t *) graph->column[TNFR_DEVICE_ENTRIES],
		.weight = graph->weight,
		.state = state ? (const TnfrNodeState *) graph->column[TNFR_DEVICE_STATE] : NULL,
		.strength = topo ? (const double *) graph->column[TNFR_DEVICE_STRENGTH] : NULL
	};

	memset((uint32_t *) graph->column[TNFR_DEVICE_ENTRIES] + graph->shape.entries,
		   0, TNFR_GRAPH_PAD * sizeof(uint32_t));
	for (uint64_t i = 0; i < graph->shape.n; i++)
	{
		const uint64_t length = offset[i + 1] - offset[i];
		TnfrSums	sums;

		if (length > TNFR_HUB)
			sum_hub(&in, offset[i], length, &sums);
		else
			tnfr_kernel_rows(&in, i, i + 1, &sums);
		if (state)
			memcpy(graph->column[TNFR_DEVICE_SUMS] + i * 32, &sums, 32);
		if (graph->pass & TNFR_DEVICE_PASS_STRENGTH)
			memcpy(graph->column[TNFR_DEVICE_STRENGTH] + i * 8, &sums.strength, 8);
		if (topo)
			memcpy(graph->column[TNFR_DEVICE_TOPO] + i * 8, &sums.topo, 8);
	}
	graph->done_at = milliseconds() + graph->device->slow;
}

static TnfrDeviceResult
cpu_load(TnfrDeviceGraph *graph, uint32_t column, uint64_t first,
		 uint64_t count, TnfrDeviceError *error)
{
	const TnfrDeviceShape *shape = &graph->shape;
	const char *stage = graph->device->stage;
	const uint64_t item = tnfr_device_item(column, 0);

	if (fault(LOAD, error) != TNFR_DEVICE_OK)
		return TNFR_DEVICE_ERROR;
	memcpy(graph->column[column] + first * item, stage, count * item);
	if (column == TNFR_DEVICE_ENTRIES && shape->weighted)
		memcpy(graph->weight + first, stage + tnfr_device_weights(count),
			   count * sizeof(double));
	if (column == TNFR_DEVICE_ENTRIES && shape->window < shape->entries &&
		first + count == shape->entries)
		sum_all(graph);
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
cpu_run(TnfrDeviceGraph *graph, uint32_t pass, TnfrDeviceError *error)
{
	if (fault(RUN, error) != TNFR_DEVICE_OK)
		return TNFR_DEVICE_ERROR;
	graph->pass = pass;
	if (graph->shape.window == graph->shape.entries)
		sum_all(graph);
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
cpu_poll(TnfrDeviceGraph *graph, uint64_t *nanoseconds,
		 TnfrDeviceError *error)
{
	*nanoseconds = graph->device->slow * 1000000 + 1;
	if (fault(POLL, error) != TNFR_DEVICE_OK)
		return TNFR_DEVICE_ERROR;
	return milliseconds() < graph->done_at ? TNFR_DEVICE_BUSY : TNFR_DEVICE_OK;
}

static TnfrDeviceResult
cpu_fetch(TnfrDeviceGraph *graph, uint32_t column, uint64_t first,
		  uint64_t count, const void **memory, TnfrDeviceError *error)
{
	const uint64_t item = tnfr_device_item(column, 0);

	memcpy(graph->device->fetched, graph->column[column] + first * item,
		   count * item);
	*memory = graph->device->fetched;
	return fault(FETCH, error);
}

const TnfrDeviceLibrary *
tnfr_device_library(uint32_t abi)
{
	static TnfrDeviceLibrary library = {
		TNFR_DEVICE_ABI, sizeof(TnfrDeviceLibrary), "cpu",
		cpu_open, cpu_close, cpu_info, cpu_window_min, cpu_bytes, cpu_create,
		cpu_destroy, cpu_stage, cpu_load, cpu_run, cpu_poll, cpu_fetch
	};
	const char *word = getenv("TNFR_TEST_DEVICE");

	if (word != NULL && strcmp(word, "version") == 0)
		library.abi = TNFR_DEVICE_ABI + 1;
	return abi == TNFR_DEVICE_ABI ? &library : NULL;
}
