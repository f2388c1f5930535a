/*
 * runtime.c
 *	  As much of the CUDA runtime as the device library calls, on the processor:
 *	  for machines that have nvcc and no GPU.
 *
 * A stream is a list of copies and kernels.  Nothing is done when it is
 * enqueued; each query of an event does one thing, so that memory which is
 * written to or freed before its copy has been done shows.
 */
#include "emulated.h"

#include <cuda_runtime_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY		((size_t) 1 << 30)
#define KERNELS		64

typedef struct Work
{
	enum
	{
		COPY, FILL, KERNEL
	}			kind;
	void	   *to;
	const void *from;
	size_t		bytes;
	int			value;
	const char *kernel;
	char		argument[EMULATED_ARGUMENT];
	struct Work *next;
} Work;

struct CUevent_st
{
	uint64_t	at;				/* works enqueued before it */
};

static Work *first_work;
static Work **last_work = &first_work;
static uint64_t enqueued;
static uint64_t done;
static size_t taken;
static struct
{
	const void *stub;
	const char *name;
}			kernel[KERNELS];
static int	kernels;

static void
enqueue(Work work)
{
	Work	   *w = malloc(sizeof(Work));

	*w = work;
	w->next = NULL;
	*last_work = w;
	last_work = &w->next;
	enqueued++;
}

static void
do_one(void)
{
	Work	   *w = first_work;

	if (w == NULL)
		return;
	if (w->kind == COPY)
		memcpy(w->to, w->from, w->bytes);
	else if (w->kind == FILL)
		memset(w->to, w->value, w->bytes);
	else
		emulate_kernel(w->kernel, w->argument);
	first_work = w->next;
	if (first_work == NULL)
		last_work = &first_work;
	free(w);
	done++;
}

cudaError_t
cudaGetDeviceCount(int *count)
{
	*count = 1;
	return cudaSuccess;
}

cudaError_t
cudaSetDevice(int device)
{
	return device == 0 ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t
cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
	(void) device;
	*value = attribute == cudaDevAttrComputeCapabilityMajor ? 9 : 2;
	return cudaSuccess;
}

cudaError_t
cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
	(void) device;
	memset(properties, 0, sizeof(*properties));
	strcpy(properties->name, "emulated");
	properties->major = 9;
	return cudaSuccess;
}

cudaError_t
cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
	*free_bytes = MEMORY - taken;
	*total = MEMORY;
	return cudaSuccess;
}

/* The size stands before the memory. */
cudaError_t
cudaMalloc(void **memory, size_t bytes)
{
	char	   *p;

	if (bytes > MEMORY - taken)
		return cudaErrorMemoryAllocation;
	p = aligned_alloc(256, (bytes + 511) & ~(size_t) 255);
	memset(p, 0xa5, bytes + 256);
	memcpy(p, &bytes, sizeof(bytes));
	taken += bytes;
	*memory = p + 256;
	return cudaSuccess;
}

cudaError_t
cudaFree(void *memory)
{
	if (memory != NULL)
	{
		char	   *p = (char *) memory - 256;
		size_t		bytes;

		while (first_work != NULL)
			do_one();			/* it waits for the device */
		memcpy(&bytes, p, sizeof(bytes));
		taken -= bytes;
		free(p);
	}
	return cudaSuccess;
}

cudaError_t
cudaHostAlloc(void **memory, size_t bytes, unsigned int flags)
{
	(void) flags;
	*memory = aligned_alloc(64, (bytes + 63) & ~(size_t) 63);
	return cudaSuccess;
}

cudaError_t
cudaMallocHost(void **memory, size_t bytes)
{
	return cudaHostAlloc(memory, bytes, 0);
}

cudaError_t
cudaFreeHost(void *memory)
{
	free(memory);
	return cudaSuccess;
}

cudaError_t
cudaMemcpyAsync(void *to, const void *from, size_t bytes,
				enum cudaMemcpyKind kind, cudaStream_t stream)
{
	(void) kind;
	(void) stream;
	enqueue((Work) {.kind = COPY,.to = to,.from = from,.bytes = bytes});
	return cudaSuccess;
}

cudaError_t
cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
	(void) stream;
	enqueue((Work) {.kind = FILL,.to = to,.value = value,.bytes = bytes});
	return cudaSuccess;
}

cudaError_t
cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
	(void) flags;
	*stream = (cudaStream_t) malloc(1);
	return cudaSuccess;
}

cudaError_t
cudaStreamDestroy(cudaStream_t stream)
{
	free(stream);
	return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize(cudaStream_t stream)
{
	(void) stream;
	while (first_work != NULL)
		do_one();
	return cudaSuccess;
}

cudaError_t
cudaStreamQuery(cudaStream_t stream)
{
	(void) stream;
	return first_work != NULL ? cudaErrorNotReady : cudaSuccess;
}

cudaError_t
cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
	(void) flags;
	*event = calloc(1, sizeof(**event));
	return cudaSuccess;
}

cudaError_t
cudaEventCreate(cudaEvent_t *event)
{
	return cudaEventCreateWithFlags(event, 0);
}

cudaError_t
cudaEventDestroy(cudaEvent_t event)
{
	free(event);
	return cudaSuccess;
}

cudaError_t
cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
	(void) stream;
	event->at = enqueued;
	return cudaSuccess;
}

cudaError_t
cudaEventQuery(cudaEvent_t event)
{
	if (event->at <= done)
		return cudaSuccess;
	do_one();
	return cudaErrorNotReady;
}

cudaError_t
cudaEventElapsedTime(float *ms, cudaEvent_t begin, cudaEvent_t end)
{
	*ms = (float) (end->at - begin->at);
	return cudaSuccess;
}

cudaError_t
cudaGetLastError(void)
{
	return cudaSuccess;
}

const char *
cudaGetErrorString(cudaError_t error)
{
	return error == cudaErrorMemoryAllocation ? "out of memory" : "error";
}

/* What nvcc's launches call. */
static struct
{
	dim3		grid;
	dim3		block;
}			configuration;

unsigned int
__cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
							struct CUstream_st *stream)
{
	(void) shared;
	(void) stream;
	configuration.grid = grid;
	configuration.block = block;
	return 0;
}

cudaError_t
__cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared,
						   void *stream)
{
	*grid = configuration.grid;
	*block = configuration.block;
	*shared = 0;
	*(void **) stream = NULL;
	return cudaSuccess;
}

void	  **
__cudaRegisterFatBinary(void *binary)
{
	static void *handle;

	handle = binary;
	return &handle;
}

void
__cudaRegisterFatBinaryEnd(void **handle)
{
	(void) handle;
}

void
__cudaUnregisterFatBinary(void **handle)
{
	(void) handle;
}

void
__cudaRegisterFunction(void **handle, const char *stub, char *function,
					   const char *name, int limit, uint3 *tid, uint3 *bid,
					   dim3 *block, dim3 *grid, int *size)
{
	(void) handle, (void) function, (void) limit, (void) tid, (void) bid;
	(void) block, (void) grid, (void) size;
	if (kernels == KERNELS)
		abort();
	kernel[kernels].stub = stub;
	kernel[kernels++].name = name;
}

cudaError_t
__cudaGetKernel(cudaKernel_t *handle, const void *stub)
{
	for (int i = 0; i < kernels; i++)
		if (kernel[i].stub == stub)
		{
			*handle = (cudaKernel_t) kernel[i].name;
			return cudaSuccess;
		}
	return cudaErrorInvalidDeviceFunction;
}

cudaError_t
cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *stub)
{
	cudaKernel_t handle;

	memset(attributes, 0, sizeof(*attributes));
	return __cudaGetKernel(&handle, stub);
}

cudaError_t
__cudaLaunchKernel(cudaKernel_t handle, dim3 grid, dim3 block, void **arguments,
				   size_t shared, cudaStream_t stream)
{
	Work		work = {.kind = KERNEL,.kernel = (const char *) handle};

	(void) shared;
	(void) stream;
	if (grid.x == 0 || block.x == 0)
		return cudaErrorInvalidConfiguration;
	memcpy(work.argument, arguments[0], emulated_argument);
	enqueue(work);
	return cudaSuccess;
}
