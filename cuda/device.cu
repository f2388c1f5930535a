/*
 * device.cu
 *	  The device library on CUDA: tnfr_device.h, implemented by one stream.
 *
 * Everything is enqueued on the stream and thus happens in order; the host
 * only asks events whether they have passed.  Stages are pinned, two to load
 * in turn and one to fetch.
 */
#include "device.cuh"
#include "graph.cuh"
#include "passes.cuh"

#include <stdlib.h>
#include <string.h>

#define STAGE_BYTES		(UINT64_C(4) << 20)
#define STAGE_LEAST		UINT64_C(256)
#define BLOCKS_PER_SM	8		/* that go through chunks and hubs */

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

/*
 * Makes the context.  All kernels are loaded now and not each when it is first
 * launched, so that from here on nothing but graphs takes device memory; and a
 * device that cannot run them is no device.
 */
static cudaError_t
choose_device(int32_t number, int *processors)
{
	cudaFuncAttributes attributes;
	int			count = 0;
	int			major = 0;
	cudaError_t code;

	setenv("CUDA_MODULE_LOADING", "EAGER", 1);
	code = cudaGetDeviceCount(&count);
	if (code == cudaSuccess && (number < 0 || number >= count))
		code = cudaErrorInvalidDevice;
	if (code == cudaSuccess)
		code = cudaSetDevice(number);
	if (code == cudaSuccess)
		code = cudaFree(NULL);	/* makes it */
	if (code == cudaSuccess)
		code = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor,
									  number);
	if (code == cudaSuccess)
		code = cudaDeviceGetAttribute(processors,
									  cudaDevAttrMultiProcessorCount, number);
	if (code == cudaSuccess && major < 8)
		code = cudaErrorNoKernelImageForDevice;
	if (code == cudaSuccess)
		code = cudaFuncGetAttributes(&attributes, list_chunks);
	return code;
}

static TnfrDeviceResult
device_open(int32_t number, const char *options, TnfrDevice **result,
			TnfrDeviceError *error)
{
	int			processors = 0;
	const cudaError_t code = choose_device(number, &processors);
	TnfrDevice *device;

	if (code == cudaErrorMemoryAllocation)	/* nothing is there to be broken */
		return failed(error, TNFR_DEVICE_NO_MEMORY, "open the device", code);
	if (is_absent(code))
		return failed(error, TNFR_DEVICE_ABSENT, "open the device", code);
	TRY("open the device", code);

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

static TnfrDeviceResult
device_stage(TnfrDevice *device, void **memory, uint64_t *bytes,
			 TnfrDeviceError *error)
{
	*memory = device->stage[device->turn];
	*bytes = device->stage_bytes;
	return passed(device->staged[device->turn], error);
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

	/* whatever came of it, copies may be under way */
	cudaError_t code = cudaEventRecord(device->staged[device->turn], device->stream);

	device->turn = (device->turn + 1) % STAGES;
	if (result == TNFR_DEVICE_OK)
		TRY("start the kernels", code);
	return result;
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
