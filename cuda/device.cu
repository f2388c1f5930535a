/*
 * device.cu
 *	  The device library on CUDA: tnfr_device.h, implemented by one stream.
 *
 * Everything is enqueued on the stream and thus happens in order; the host
 * only asks events whether they have passed.  Stages are pinned, two to load
 * in turn and one to fetch.  A graph is one allocation that all its columns
 * lie in.
 *
 * A graph that streams keeps the last TNFR_CHUNK entries when its window is
 * full and goes on behind them: what ends in the next window begins there, or
 * among those.
 */
#include "tnfr_device.h"
#include "kernels.cuh"

#include <cuda_runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAGE_BYTES		(UINT64_C(4) << 20)
#define STAGE_LEAST		UINT64_C(256)
#define STAGES			2		/* to load from */
#define ALIGNMENT		UINT64_C(256)
#define ENTRIES_MOST	(UINT64_C(1) << 38) /* chunks have 32-bit numbers */
#define BLOCKS_PER_SM	8		/* that go through chunks and hubs */

struct TnfrDevice
{
	int			number;
	uint32_t	blocks;
	uint64_t	stage_bytes;
	cudaStream_t stream;
	char	   *stage[STAGES];
	cudaEvent_t staged[STAGES]; /* the stage has been read */
	int			turn;			/* the stage that is lent, or next */
	char	   *fetched;
	cudaEvent_t there;			/* fetched has been written */
	bool		fetching;
};

/* Parts of a graph's memory. */
enum
{
	OFFSET, STATE, STRENGTH, SUMS, TOPO, NEIGHBOUR, WEIGHT, CHUNK, HUB, COUNTS,
	PART_SUMS, PART_SCALAR, PARTS
};

struct TnfrDeviceGraph
{
	TnfrDevice *device;
	TnfrDeviceShape shape;
	char	   *memory;
	char	   *part[PARTS];
	uint32_t	pass;
	TnfrSpan	span;			/* of entries on the device */
	cudaEvent_t began;
	cudaEvent_t ended;
	bool		running;		/* a pass was begun, and not seen to end */
	bool		complete;		/* all of it is on the stream */
	uint64_t	nanoseconds;	/* of the last pass */
};

static bool
is_absent(cudaError_t code)
{
	switch (code)
	{
		case cudaErrorNoDevice:
		case cudaErrorInvalidDevice:
		case cudaErrorInsufficientDriver:
		case cudaErrorSystemDriverMismatch:
		case cudaErrorCompatNotSupportedOnDevice:
		case cudaErrorSystemNotReady:
		case cudaErrorDevicesUnavailable:
		case cudaErrorNoKernelImageForDevice:
		case cudaErrorInitializationError:
			return true;
		default:
			return false;
	}
}

static uint32_t
kind_of(cudaError_t code)
{
	cudaError_t now;

	cudaGetLastError();			/* forgets what can be forgotten */
	if (code == cudaErrorECCUncorrectable ||
		code == cudaErrorNvlinkUncorrectable)
		return TNFR_DEVICE_LOST;
	now = cudaStreamQuery(cudaStreamLegacy);
	cudaGetLastError();
	if (now != cudaSuccess && now != cudaErrorNotReady)
		return TNFR_DEVICE_STICKY;	/* it cannot */
	return code == cudaErrorMemoryAllocation ? TNFR_DEVICE_NO_MEMORY :
		TNFR_DEVICE_FAILED;
}

static TnfrDeviceResult
failed(TnfrDeviceError *error, uint32_t kind, const char *what,
	   cudaError_t code)
{
	error->kind = kind;
	snprintf(error->text, sizeof(error->text), "could not %s: %s", what,
			 cudaGetErrorString(code));
	return TNFR_DEVICE_ERROR;
}

/* Leaves the calling function when a call does not succeed. */
#define TRY(what, call) \
	do { \
		cudaError_t code_ = (call); \
		if (code_ != cudaSuccess) \
			return failed(error, kind_of(code_), what, code_); \
	} while (0)

static TnfrDeviceResult
passed(cudaEvent_t event, TnfrDeviceError *error)
{
	cudaError_t code = cudaEventQuery(event);

	if (code == cudaErrorNotReady)
		return TNFR_DEVICE_BUSY;
	TRY("compute on the device", code);
	return TNFR_DEVICE_OK;
}

/* The stage size that the options ask for. */
static uint64_t
stage_bytes(const char *options)
{
	const char *word = options != NULL ? strstr(options, "stage=") : NULL;
	uint64_t	bytes = word != NULL ? strtoull(word + 6, NULL, 10) : STAGE_BYTES;

	return bytes > STAGE_LEAST ? bytes & ~UINT64_C(63) : STAGE_LEAST;
}

static void
device_close(TnfrDevice *device)
{
	for (int i = 0; i < STAGES; i++)
	{
		if (device->staged[i] != NULL)
			cudaEventDestroy(device->staged[i]);
		cudaFreeHost(device->stage[i]);
	}
	if (device->there != NULL)
		cudaEventDestroy(device->there);
	cudaFreeHost(device->fetched);
	if (device->stream != NULL)
		cudaStreamDestroy(device->stream);
	free(device);
}

static TnfrDeviceResult
make_stages(TnfrDevice *device, TnfrDeviceError *error)
{
	TRY("prepare the device",
		cudaStreamCreateWithFlags(&device->stream, cudaStreamNonBlocking));
	for (int i = 0; i < STAGES; i++)
	{
		TRY("allocate host memory",
			cudaMallocHost(&device->stage[i], device->stage_bytes));
		TRY("prepare the device",
			cudaEventCreateWithFlags(&device->staged[i],
									 cudaEventDisableTiming));
	}
	TRY("allocate host memory",
		cudaMallocHost(&device->fetched, device->stage_bytes));
	TRY("prepare the device",
		cudaEventCreateWithFlags(&device->there, cudaEventDisableTiming));
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_open(int32_t number, const char *options, TnfrDevice **result,
			TnfrDeviceError *error)
{
	int			count = 0;
	int			major = 0;
	int			processors = 0;
	cudaError_t code = cudaGetDeviceCount(&count);
	TnfrDevice *device;

	if (code == cudaSuccess && (number < 0 || number >= count))
		code = cudaErrorInvalidDevice;
	if (code == cudaSuccess)
		code = cudaSetDevice(number);
	if (code == cudaSuccess)
		code = cudaFree(NULL);	/* makes the context */
	if (code == cudaSuccess)
		code = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor,
									  number);
	if (code == cudaSuccess)
		code = cudaDeviceGetAttribute(&processors,
									  cudaDevAttrMultiProcessorCount, number);
	if (code == cudaSuccess && major < 8)
		code = cudaErrorNoKernelImageForDevice;
	if (code != cudaSuccess)
	{
		const uint32_t kind = kind_of(code);

		return failed(error, is_absent(code) ? (uint32_t) TNFR_DEVICE_ABSENT : kind,
					  "open the device", code);
	}

	device = (TnfrDevice *) calloc(1, sizeof(*device));
	if (device == NULL)
		return failed(error, TNFR_DEVICE_NO_MEMORY, "open the device",
					  cudaErrorMemoryAllocation);
	device->number = number;
	device->blocks = (uint32_t) processors * BLOCKS_PER_SM;
	device->stage_bytes = stage_bytes(options);
	if (make_stages(device, error) != TNFR_DEVICE_OK)
	{
		device_close(device);
		return TNFR_DEVICE_ERROR;
	}
	*result = device;
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_info(TnfrDevice *device, TnfrDeviceInfo *info, TnfrDeviceError *error)
{
	cudaDeviceProp prop;
	size_t		free_bytes;
	size_t		total_bytes;

	TRY("ask the device", cudaGetDeviceProperties(&prop, device->number));
	TRY("ask the device", cudaMemGetInfo(&free_bytes, &total_bytes));
	memset(info, 0, sizeof(*info));
	snprintf(info->name, sizeof(info->name), "%.127s", prop.name);
	info->major = (uint32_t) prop.major;
	info->minor = (uint32_t) prop.minor;
	info->total_bytes = total_bytes;
	info->free_bytes = free_bytes;
	return TNFR_DEVICE_OK;
}

static uint64_t
device_window_min(const TnfrDevice *device)
{
	return TNFR_SPAN_MIN(tnfr_device_fit(TNFR_DEVICE_ENTRIES, 0,
										 device->stage_bytes));
}

/* Where the parts of a graph lie; its size, or UINT64_MAX. */
static uint64_t
lay_out(const TnfrDeviceShape *s, uint64_t *at)
{
	const uint64_t room = s->window + TNFR_WINDOW_PAD;
	const uint64_t parts = TNFR_MOST_PARTS(s->entries);
	uint64_t	size[PARTS];
	uint64_t	sum = 0;

	if (s->n > TNFR_MAX_NODES || s->entries > ENTRIES_MOST ||
		s->window > s->entries)
		return UINT64_MAX;
	size[OFFSET] = (s->n + 1) * sizeof(uint64_t);
	size[STATE] = size[SUMS] = s->n * sizeof(TnfrNodeState);
	size[STRENGTH] = size[TOPO] = s->n * sizeof(double);
	size[NEIGHBOUR] = room * sizeof(uint32_t);
	size[WEIGHT] = s->weighted ? room * sizeof(double) : 0;
	size[CHUNK] = TNFR_MOST_CHUNKS(s->entries) * sizeof(TnfrChunk);
	size[HUB] = TNFR_MOST_HUBS(s->entries) * sizeof(TnfrHub);
	size[COUNTS] = sizeof(TnfrCounts);
	size[PART_SUMS] = parts * sizeof(TnfrNodeState);
	size[PART_SCALAR] = parts * sizeof(double);
	for (int i = 0; i < PARTS; i++)
	{
		at[i] = sum;
		sum += (size[i] + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	}
	return sum;
}

static uint64_t
device_bytes(const TnfrDeviceShape *shape)
{
	uint64_t	at[PARTS];

	return lay_out(shape, at);
}

/* Also waits for what the stream still does with it. */
static void
device_destroy(TnfrDeviceGraph *graph)
{
	graph->device->fetching = false;	/* what was fetched is of no use */
	cudaFree(graph->memory);
	if (graph->began != NULL)
		cudaEventDestroy(graph->began);
	if (graph->ended != NULL)
		cudaEventDestroy(graph->ended);
	free(graph);
}

static TnfrDeviceResult
make_graph(TnfrDeviceGraph *graph, TnfrDeviceError *error)
{
	uint64_t	at[PARTS];

	TRY("allocate device memory",
		cudaMalloc(&graph->memory, lay_out(&graph->shape, at)));
	for (int i = 0; i < PARTS; i++)
		graph->part[i] = graph->memory + at[i];
	TRY("prepare the device", cudaEventCreate(&graph->began));
	TRY("prepare the device", cudaEventCreate(&graph->ended));
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_create(TnfrDevice *device, const TnfrDeviceShape *shape,
			  TnfrDeviceGraph **result, TnfrDeviceError *error)
{
	TnfrDeviceGraph *graph = (TnfrDeviceGraph *) calloc(1, sizeof(*graph));

	if (graph == NULL || device_bytes(shape) == UINT64_MAX)
	{
		free(graph);
		return failed(error, TNFR_DEVICE_NO_MEMORY, "allocate the graph",
					  cudaErrorMemoryAllocation);
	}
	graph->device = device;
	graph->shape = *shape;
	graph->span.room = shape->window;
	if (make_graph(graph, error) != TNFR_DEVICE_OK)
	{
		device_destroy(graph);
		return TNFR_DEVICE_ERROR;
	}
	*result = graph;
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_stage(TnfrDevice *device, void **memory, uint64_t *bytes,
			 TnfrDeviceError *error)
{
	*memory = device->stage[device->turn];
	*bytes = device->stage_bytes;
	return passed(device->staged[device->turn], error);
}

/* What the kernels get to know, for a window that ends at that entry. */
static TnfrDeviceRun
run_of(const TnfrDeviceGraph *graph, uint64_t to)
{
	char *const *part = graph->part;
	TnfrDeviceRun run = {};

	run.n = graph->shape.n;
	run.offset = (const uint64_t *) part[OFFSET];
	run.base = graph->span.base;
	run.from = graph->span.from;
	run.to = to;
	run.neighbour = (const uint32_t *) part[NEIGHBOUR];
	run.weight = (const double *) part[WEIGHT];
	run.state = (const TnfrNodeState *) part[STATE];
	run.strength = (const double *) part[STRENGTH];
	run.chunk = (TnfrChunk *) part[CHUNK];
	run.hub = (TnfrHub *) part[HUB];
	run.counts = (TnfrCounts *) part[COUNTS];
	run.sums = (TnfrNodeState *) part[SUMS];
	run.part_sums = (TnfrNodeState *) part[PART_SUMS];
	run.part_scalar = (double *) part[PART_SCALAR];
	if (graph->pass & TNFR_DEVICE_PASS_STRENGTH)
		run.scalar = (double *) part[STRENGTH];
	if (graph->pass & TNFR_DEVICE_PASS_TOPO)
		run.scalar = (double *) part[TOPO];
	return run;
}

/* last: the window is the last one, so that hubs have all their parts. */
template<TnfrMode MODE, bool WEIGHTED>
static void
launch(const TnfrDeviceGraph *graph, uint64_t to, bool last)
{
	const TnfrDeviceRun run = run_of(graph, to);
	const TnfrDevice *device = graph->device;
	const uint64_t entries = graph->shape.entries;

	if (TNFR_MOST_CHUNKS(entries) > 0)
		sum_chunks<MODE, WEIGHTED>
			<<<device->blocks, THREADS, 0, device->stream>>>(run);
	if (run.n > 0)
		sum_short_rows<MODE, WEIGHTED>
			<<<(uint32_t) ((run.n + THREADS - 1) / THREADS), THREADS, 0,
			device->stream>>>(run);
	if (last && TNFR_MOST_HUBS(entries) > 0)
		sum_hubs<MODE, WEIGHTED>
			<<<device->blocks, THREADS, 0, device->stream>>>(run);
}

template<bool WEIGHTED>
static void
launch_pass(const TnfrDeviceGraph *graph, uint64_t to, bool last)
{
	if (graph->pass & TNFR_DEVICE_PASS_SUMS)
		launch<TNFR_MODE_STATE, WEIGHTED>(graph, to, last);
	else if (graph->pass & TNFR_DEVICE_PASS_TOPO)
		launch<TNFR_MODE_TOPO, WEIGHTED>(graph, to, last);
	else
		launch<TNFR_MODE_STRENGTH, WEIGHTED>(graph, to, last);
}

/* Sums what ends in the window. */
static TnfrDeviceResult
sum_window(TnfrDeviceGraph *graph, uint64_t to, TnfrDeviceError *error)
{
	const bool	last = to == graph->shape.entries;

	if (graph->shape.weighted)
		launch_pass<true>(graph, to, last);
	else
		launch_pass<false>(graph, to, last);
	TRY("start the kernels", cudaGetLastError());
	graph->span.from = to + 1;
	if (last)
		TRY("start the kernels",
			cudaEventRecord(graph->ended, graph->device->stream));
	graph->complete = last;
	return TNFR_DEVICE_OK;
}

/* Moves the last entries, which end at that one, to the window's begin. */
static TnfrDeviceResult
move_window(TnfrDeviceGraph *graph, uint64_t end, TnfrDeviceError *error)
{
	const uint64_t skip = tnfr_span_move(&graph->span, end);
	char	   *neighbour = graph->part[NEIGHBOUR];
	char	   *weight = graph->part[WEIGHT];
	cudaStream_t stream = graph->device->stream;

	TRY("copy to the device",
		cudaMemcpyAsync(neighbour, neighbour + skip * sizeof(uint32_t),
						TNFR_CHUNK * sizeof(uint32_t),
						cudaMemcpyDeviceToDevice, stream));
	if (graph->shape.weighted)
		TRY("copy to the device",
			cudaMemcpyAsync(weight, weight + skip * sizeof(double),
							TNFR_CHUNK * sizeof(double),
							cudaMemcpyDeviceToDevice, stream));
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
load_entries(TnfrDeviceGraph *graph, const char *stage, uint64_t first,
			 uint64_t count, TnfrDeviceError *error)
{
	const TnfrDeviceShape *shape = &graph->shape;
	const bool	streams = shape->window < shape->entries;
	cudaStream_t stream = graph->device->stream;
	uint64_t	at;

	if (!tnfr_span_has_room(&graph->span, first, count) &&
		(sum_window(graph, first, error) != TNFR_DEVICE_OK ||
		 move_window(graph, first, error) != TNFR_DEVICE_OK))
		return TNFR_DEVICE_ERROR;
	at = first - graph->span.base;
	TRY("copy to the device",
		cudaMemcpyAsync(graph->part[NEIGHBOUR] + at * sizeof(uint32_t), stage,
						count * sizeof(uint32_t), cudaMemcpyHostToDevice,
						stream));
	if (shape->weighted)
		TRY("copy to the device",
			cudaMemcpyAsync(graph->part[WEIGHT] + at * sizeof(double),
							stage + tnfr_device_weights(count),
							count * sizeof(double), cudaMemcpyHostToDevice,
							stream));
	if (streams && first + count == shape->entries)
		return sum_window(graph, shape->entries, error);
	return TNFR_DEVICE_OK;
}

static char *
column_of(const TnfrDeviceGraph *graph, uint32_t column)
{
	static const int part[TNFR_DEVICE_COLUMNS] = {
		OFFSET, NEIGHBOUR, STATE, STRENGTH, SUMS, TOPO
	};

	return graph->part[part[column]];
}

static TnfrDeviceResult
load_column(TnfrDeviceGraph *graph, const char *stage, uint32_t column,
			uint64_t first, uint64_t count, TnfrDeviceError *error)
{
	const uint64_t item = tnfr_device_item(column, 0);
	cudaStream_t stream = graph->device->stream;

	TRY("copy to the device",
		cudaMemcpyAsync(column_of(graph, column) + first * item, stage,
						count * item, cudaMemcpyHostToDevice, stream));
	if (column == TNFR_DEVICE_OFFSET && first + count == graph->shape.n + 1)
	{
		const uint64_t blocks = (graph->shape.n + THREADS - 1) / THREADS;

		TRY("copy to the device",
			cudaMemsetAsync(graph->part[COUNTS], 0, sizeof(TnfrCounts),
							stream));
		if (blocks > 0)
			list_chunks<<<(uint32_t) blocks, THREADS, 0, stream>>>(run_of(graph, 0));
		TRY("start the kernels", cudaGetLastError());
	}
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_load(TnfrDeviceGraph *graph, uint32_t column, uint64_t first,
			uint64_t count, TnfrDeviceError *error)
{
	TnfrDevice *device = graph->device;
	const char *stage = device->stage[device->turn];
	TnfrDeviceResult result = column == TNFR_DEVICE_ENTRIES ?
		load_entries(graph, stage, first, count, error) :
		load_column(graph, stage, column, first, count, error);

	if (result != TNFR_DEVICE_OK)
		return result;
	TRY("start the kernels",
		cudaEventRecord(device->staged[device->turn], device->stream));
	device->turn = (device->turn + 1) % STAGES;
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_run(TnfrDeviceGraph *graph, uint32_t pass, TnfrDeviceError *error)
{
	graph->pass = pass;
	graph->running = true;
	graph->complete = false;
	graph->span.base = graph->span.from = 0;
	TRY("start the kernels",
		cudaEventRecord(graph->began, graph->device->stream));
	if (graph->shape.window == graph->shape.entries)
		return sum_window(graph, graph->shape.entries, error);
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_poll(TnfrDeviceGraph *graph, uint64_t *nanoseconds,
			TnfrDeviceError *error)
{
	TnfrDeviceResult result;
	float		milliseconds;

	if (graph->running)
	{
		result = graph->complete ? passed(graph->ended, error) : TNFR_DEVICE_BUSY;
		if (result != TNFR_DEVICE_OK)
			return result;
		TRY("compute on the device",
			cudaEventElapsedTime(&milliseconds, graph->began, graph->ended));
		graph->nanoseconds = (uint64_t) (milliseconds * 1e6f);
		graph->running = false;
	}
	*nanoseconds = graph->nanoseconds;
	return TNFR_DEVICE_OK;
}

static TnfrDeviceResult
device_fetch(TnfrDeviceGraph *graph, uint32_t column, uint64_t first,
			 uint64_t count, const void **memory, TnfrDeviceError *error)
{
	TnfrDevice *device = graph->device;
	const uint64_t item = tnfr_device_item(column, 0);
	TnfrDeviceResult result;

	if (!device->fetching)
	{
		TRY("copy from the device",
			cudaMemcpyAsync(device->fetched, column_of(graph,
							column) + first * item, count * item,
							cudaMemcpyDeviceToHost, device->stream));
		TRY("start the kernels",
			cudaEventRecord(device->there, device->stream));
		device->fetching = true;
	}
	result = passed(device->there, error);
	device->fetching = result == TNFR_DEVICE_BUSY;
	*memory = device->fetched;
	return result;
}

extern "C" __attribute__((visibility("default"))) const TnfrDeviceLibrary *
tnfr_device_library(uint32_t abi)
{
	static const TnfrDeviceLibrary library = {
		TNFR_DEVICE_ABI, sizeof(TnfrDeviceLibrary), "cuda",
		device_open, device_close, device_info, device_window_min,
		device_bytes, device_create, device_destroy, device_stage, device_load,
		device_run, device_poll, device_fetch
	};

	return abi == TNFR_DEVICE_ABI ? &library : NULL;
}
