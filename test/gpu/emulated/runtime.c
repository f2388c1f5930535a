/*
 * runtime.c
 *	  As much of the CUDA runtime as the device library calls, on the processor:
 *	  for machines that have nvcc and no GPU.
 *
 * A stream is a list of copies and kernels.  Nothing is done when it is
 * enqueued; each query of an event does one thing, so that memory which is
 * written to or freed before its copy has been done shows.  Kernels are loaded
 * lazily, if nobody says otherwise, and take device memory then.
 *
 * In the environment, TNFR_EMULATED_FAULT=CALL:K makes the k-th call fail, or
 * the k-th work after which nothing succeeds; it counts anew when devices are
 * counted.  CALL is one of the table below.
 */
#include "emulated.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY		((size_t) 1 << 30)
#define KERNELS		64
#define KERNEL_BYTES 65536

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
static size_t objects;
static struct
{
	const void *stub;
	const char *name;
	bool		loaded;
}			kernel[KERNELS];
static int	kernels;

/* Calls that can fail, and how. */
typedef enum Call
{
	COUNT, CONTEXT, IMAGE, STREAM, EVENT, HOST, MALLOC, COPY_CALL, FILL_CALL,
	LAUNCH, WORK, ECC, CALLS
} Call;

static const struct
{
	const char *name;
	cudaError_t code;
}			faults[CALLS] = {
	{"count", cudaErrorNoDevice},
	{"context", cudaErrorMemoryAllocation},
	{"image", cudaErrorUnsupportedPtxVersion},
	{"stream", cudaErrorMemoryAllocation},
	{"event", cudaErrorMemoryAllocation},
	{"host", cudaErrorMemoryAllocation},
	{"malloc", cudaErrorMemoryAllocation},
	{"copy", cudaErrorInvalidValue},
	{"fill", cudaErrorInvalidValue},
	{"launch", cudaErrorLaunchOutOfResources},
	{"work", cudaErrorIllegalAddress},
	{"ecc", cudaErrorECCUncorrectable}
};

static Call fault_call = CALLS;
static uint64_t fault_at;
static cudaError_t dead;		/* of what: no call succeeds any more */
static cudaError_t last;		/* that was not asked for yet */

size_t
emulated_objects(void)
{
	return objects;
}

static void
choose_fault(void)
{
	const char *word = getenv("TNFR_EMULATED_FAULT");

	fault_call = CALLS;
	for (int i = 0; i < CALLS && word != NULL; i++)
		if (strncmp(word, faults[i].name, strlen(faults[i].name)) == 0)
			fault_call = (Call) i;
	fault_at = word != NULL ? strtoull(strchr(word, ':') + 1, NULL, 10) : 0;
}

/* What the call comes to, if it goes wrong. */
static cudaError_t
fault(Call call)
{
	cudaError_t code = dead;

	if (code == cudaSuccess && call == fault_call && --fault_at == 0)
	{
		code = faults[call].code;
		fault_call = CALLS;
	}
	if (code != cudaSuccess)
		last = code;
	return code;
}

#define MAY_FAIL(call) \
	do { \
		cudaError_t code_ = fault(call); \
		if (code_ != cudaSuccess) \
			return code_; \
	} while (0)

static void
load_kernel(int i)
{
	taken += kernel[i].loaded ? 0 : KERNEL_BYTES;
	kernel[i].loaded = true;
}

/* With its context, a program that wants them gets all its kernels. */
static void
make_context(void)
{
	const char *loading = getenv("CUDA_MODULE_LOADING");

	for (int i = 0; i < kernels && loading != NULL; i++)
		if (strcmp(loading, "EAGER") == 0)
			load_kernel(i);
}

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

	if (w == NULL || dead != cudaSuccess)
		return;
	dead = fault_call == ECC ? fault(ECC) : fault(WORK);
	if (dead != cudaSuccess)
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
	choose_fault();
	MAY_FAIL(COUNT);
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
	if (dead != cudaSuccess)
		return dead;
	*free_bytes = MEMORY - taken;
	*total = MEMORY;
	return cudaSuccess;
}

/* The size stands before the memory. */
cudaError_t
cudaMalloc(void **memory, size_t bytes)
{
	char	   *p;

	MAY_FAIL(MALLOC);
	if (bytes > MEMORY - taken)
		return cudaErrorMemoryAllocation;
	p = aligned_alloc(256, (bytes + 511) & ~(size_t) 255);
	memset(p, 0xa5, bytes + 256);
	memcpy(p, &bytes, sizeof(bytes));
	taken += bytes;
	objects++;
	*memory = p + 256;
	return cudaSuccess;
}

cudaError_t
cudaFree(void *memory)
{
	if (memory == NULL)
	{
		MAY_FAIL(CONTEXT);
		make_context();
	}
	else
	{
		char	   *p = (char *) memory - 256;
		size_t		bytes;

		if (first_work != NULL)
			abort();			/* it need not wait for the device */
		memcpy(&bytes, p, sizeof(bytes));
		taken -= bytes;
		objects--;
		free(p);
	}
	return cudaSuccess;
}

cudaError_t
cudaHostAlloc(void **memory, size_t bytes, unsigned int flags)
{
	(void) flags;
	MAY_FAIL(HOST);
	objects++;
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
	objects -= memory != NULL;
	free(memory);
	return cudaSuccess;
}

cudaError_t
cudaMemcpyAsync(void *to, const void *from, size_t bytes,
				enum cudaMemcpyKind kind, cudaStream_t stream)
{
	(void) kind;
	(void) stream;
	MAY_FAIL(COPY_CALL);
	enqueue((Work) {.kind = COPY,.to = to,.from = from,.bytes = bytes});
	return cudaSuccess;
}

cudaError_t
cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t stream)
{
	(void) stream;
	MAY_FAIL(FILL_CALL);
	enqueue((Work) {.kind = FILL,.to = to,.value = value,.bytes = bytes});
	return cudaSuccess;
}

cudaError_t
cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
	(void) flags;
	MAY_FAIL(STREAM);
	objects++;
	*stream = (cudaStream_t) malloc(1);
	return cudaSuccess;
}

cudaError_t
cudaStreamDestroy(cudaStream_t stream)
{
	objects--;
	free(stream);
	return cudaSuccess;
}

cudaError_t
cudaStreamSynchronize(cudaStream_t stream)
{
	(void) stream;
	while (first_work != NULL && dead == cudaSuccess)
		do_one();
	return dead;
}

cudaError_t
cudaStreamQuery(cudaStream_t stream)
{
	(void) stream;
	if (dead != cudaSuccess)
		return dead;
	return first_work != NULL ? cudaErrorNotReady : cudaSuccess;
}

cudaError_t
cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
	(void) flags;
	MAY_FAIL(EVENT);
	objects++;
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
	objects--;
	free(event);
	return cudaSuccess;
}

cudaError_t
cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
	(void) stream;
	event->at = enqueued;
	return dead;
}

cudaError_t
cudaEventQuery(cudaEvent_t event)
{
	if (dead == cudaSuccess && event->at <= done)
		return cudaSuccess;
	do_one();
	return dead != cudaSuccess ? dead : cudaErrorNotReady;
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
	const cudaError_t code = last;

	last = dead;
	return code;
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
			load_kernel(i);
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
	MAY_FAIL(IMAGE);
	return __cudaGetKernel(&handle, stub);
}

cudaError_t
__cudaLaunchKernel(cudaKernel_t handle, dim3 grid, dim3 block, void **arguments,
				   size_t shared, cudaStream_t stream)
{
	Work		work = {.kind = KERNEL,.kernel = (const char *) handle};

	(void) shared;
	(void) stream;
	MAY_FAIL(LAUNCH);
	if (grid.x == 0 || block.x == 0)
		return cudaErrorInvalidConfiguration;
	memcpy(work.argument, arguments[0], emulated_argument);
	enqueue(work);
	return cudaSuccess;
}
