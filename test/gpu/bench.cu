/*
 * bench.cu
 *	  The kernel's time, by device events, beside cuSPARSE SpMM and beside the
 *	  bandwidth of a copy.
 *
 *	bench LIBRARY [REPETITIONS]
 *
 * Both get the same CSR and the same n x 4 table, and write an n x 4 table.
 * The kernel's is compared with the core's, bit by bit, before a time counts.
 *
 * Two counts of bytes.  "least" is what has to move if a cache held all of the
 * state: neighbour and weight of every entry, offsets, state and sums once.
 * "gather" takes a state of 32 bytes per entry in place of that: what has to
 * move, from memory or from the second-level cache, if no state is used twice.
 *
 * Exits with 77 when there is no device.
 */
#include "networks.h"
#include "../../cuda/tnfr_device.h"

#include <cuda_runtime.h>
#include <cusparse.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define NO_DEVICE	77
#define COPY_BYTES	(size_t(2) << 30)

static const TnfrDeviceLibrary *library;
static TnfrDevice *device;
static TnfrDeviceError failure;
static int	repetitions = 20;

static void
must(bool good, const char *what)
{
	if (!good)
	{
		fprintf(stderr, "bench: %s failed: %s%s\n", what, failure.text,
				cudaGetErrorString(cudaGetLastError()));
		exit(1);
	}
}

#define MUST(call) must((call) == 0, #call)

/* A call of the library, until it does not say busy. */
template<typename Call>
static void
finish(const char *what, Call call)
{
	TnfrDeviceResult result;

	while ((result = call()) == TNFR_DEVICE_BUSY)
		;
	must(result == TNFR_DEVICE_OK, what);
}

static double
median(std::vector<double> &v)
{
	std::sort(v.begin(), v.end());
	return v[v.size() / 2];
}

/* Seconds of what a call enqueues on the legacy stream. */
template<typename Call>
static double
time_of(Call call)
{
	std::vector<double> seconds;
	cudaEvent_t begin;
	cudaEvent_t end;

	MUST(cudaEventCreate(&begin));
	MUST(cudaEventCreate(&end));
	for (int k = -2; k < repetitions; k++)
	{
		float		ms;

		MUST(cudaEventRecord(begin));
		call();
		MUST(cudaEventRecord(end));
		MUST(cudaEventSynchronize(end));
		MUST(cudaEventElapsedTime(&ms, begin, end));
		if (k >= 0)
			seconds.push_back(ms * 1e-3);
	}
	MUST(cudaEventDestroy(begin));
	MUST(cudaEventDestroy(end));
	return median(seconds);
}

/* Bytes a second that a copy reads and writes. */
static double
copy_bandwidth()
{
	void	   *from;
	void	   *to;
	double		seconds;

	MUST(cudaMalloc(&from, COPY_BYTES));
	MUST(cudaMalloc(&to, COPY_BYTES));
	MUST(cudaMemset(from, 1, COPY_BYTES));
	seconds = time_of([&] {
		MUST(cudaMemcpyAsync(to, from, COPY_BYTES, cudaMemcpyDeviceToDevice));
	});
	MUST(cudaFree(from));
	MUST(cudaFree(to));
	return 2.0 * (double) COPY_BYTES / seconds;
}

static void
load(TnfrDeviceGraph *graph, uint32_t column, const void *from,
	 const double *weight, uint64_t items)
{
	const uint64_t item = tnfr_device_item(column, 0);

	for (uint64_t first = 0, count; first < items; first += count)
	{
		void	   *stage;
		uint64_t	bytes;

		finish("stage", [&] { return library->stage(device, &stage, &bytes, &failure); });
		count = std::min(items - first,
						 tnfr_device_fit(column, weight != nullptr, bytes));
		memcpy(stage, (const char *) from + first * item, count * item);
		if (weight != nullptr)
			memcpy((char *) stage + tnfr_device_weights(count), weight + first,
				   count * sizeof(double));
		finish("load", [&] { return library->load(graph, column, first, count, &failure); });
	}
}

static bool
sums_agree(TnfrDeviceGraph *graph, const GpuNetwork *w)
{
	const uint64_t most = 4096;

	for (uint64_t first = 0; first < w->n; first += most)
	{
		const uint64_t count = std::min(most, w->n - first);
		const void *memory;

		finish("fetch", [&] {
			return library->fetch(graph, TNFR_DEVICE_SUMS, first, count,
								  &memory, &failure);
		});
		if (memcmp(memory, w->sums + 4 * first, count * 32) != 0)
			return false;
	}
	return true;
}

/* Seconds of a pass over the resident graph. */
static double
kernel_time(const GpuNetwork *w, bool *agrees)
{
	const TnfrDeviceShape shape = {w->n, w->entries, w->entries, 1, 0};
	std::vector<double> seconds;
	TnfrDeviceGraph *graph;

	finish("create", [&] { return library->create(device, &shape, &graph, &failure); });
	load(graph, TNFR_DEVICE_OFFSET, w->offset, nullptr, w->n + 1);
	load(graph, TNFR_DEVICE_ENTRIES, w->neighbour, w->weight, w->entries);
	load(graph, TNFR_DEVICE_STATE, w->state, nullptr, w->n);
	for (int k = -2; k < repetitions; k++)
	{
		uint64_t	nanoseconds;

		finish("run", [&] { return library->run(graph, TNFR_DEVICE_PASS_SUMS, &failure); });
		finish("poll", [&] { return library->poll(graph, &nanoseconds, &failure); });
		if (k >= 0)
			seconds.push_back((double) nanoseconds * 1e-9);
	}
	*agrees = sums_agree(graph, w);
	library->destroy(graph);
	return median(seconds);
}

/* Seconds of one SpMM, by the faster of the algorithms that take such tables. */
static double
cusparse_time(const GpuNetwork *w)
{
	const cusparseSpMMAlg_t algorithms[] = {
		CUSPARSE_SPMM_CSR_ALG1, CUSPARSE_SPMM_CSR_ALG2, CUSPARSE_SPMM_CSR_ALG3
	};
	const size_t table = w->n * 4 * sizeof(double);
	const double one = 1.0;
	const double zero = 0.0;
	cusparseHandle_t handle;
	cusparseSpMatDescr_t a;
	cusparseDnMatDescr_t b;
	cusparseDnMatDescr_t c;
	double		best = 1e9;
	void	   *offset;
	void	   *neighbour;
	void	   *weight;
	void	   *state;
	void	   *sums;
	std::vector<int32_t> narrow(w->offset, w->offset + w->n + 1);

	MUST(cudaMalloc(&offset, (w->n + 1) * 4));
	MUST(cudaMalloc(&neighbour, w->entries * 4));
	MUST(cudaMalloc(&weight, w->entries * 8));
	MUST(cudaMalloc(&state, table));
	MUST(cudaMalloc(&sums, table));
	MUST(cudaMemcpy(offset, narrow.data(), (w->n + 1) * 4, cudaMemcpyHostToDevice));
	MUST(cudaMemcpy(neighbour, w->neighbour, w->entries * 4, cudaMemcpyHostToDevice));
	MUST(cudaMemcpy(weight, w->weight, w->entries * 8, cudaMemcpyHostToDevice));
	MUST(cudaMemcpy(state, w->state, table, cudaMemcpyHostToDevice));
	MUST(cusparseCreate(&handle));
	MUST(cusparseCreateCsr(&a, w->n, w->n, w->entries, offset, neighbour, weight,
						   CUSPARSE_INDEX_32I, CUSPARSE_INDEX_32I,
						   CUSPARSE_INDEX_BASE_ZERO, CUDA_R_64F));
	MUST(cusparseCreateDnMat(&b, w->n, 4, 4, state, CUDA_R_64F, CUSPARSE_ORDER_ROW));
	MUST(cusparseCreateDnMat(&c, w->n, 4, 4, sums, CUDA_R_64F, CUSPARSE_ORDER_ROW));
	for (cusparseSpMMAlg_t algorithm : algorithms)
	{
		const cusparseOperation_t plain = CUSPARSE_OPERATION_NON_TRANSPOSE;
		size_t		bytes = 0;
		void	   *buffer = nullptr;

		if (cusparseSpMM_bufferSize(handle, plain, plain, &one, a, b, &zero, c,
									CUDA_R_64F, algorithm, &bytes) != CUSPARSE_STATUS_SUCCESS)
			continue;
		MUST(cudaMalloc(&buffer, bytes + 1));
		if (cusparseSpMM_preprocess(handle, plain, plain, &one, a, b, &zero, c,
									CUDA_R_64F, algorithm, buffer) == CUSPARSE_STATUS_SUCCESS &&
			cusparseSpMM(handle, plain, plain, &one, a, b, &zero, c, CUDA_R_64F,
						 algorithm, buffer) == CUSPARSE_STATUS_SUCCESS)
			best = std::min(best, time_of([&] {
				MUST(cusparseSpMM(handle, plain, plain, &one, a, b, &zero, c,
								  CUDA_R_64F, algorithm, buffer));
			}));
		MUST(cudaFree(buffer));
	}
	MUST(cusparseDestroySpMat(a));
	MUST(cusparseDestroyDnMat(b));
	MUST(cusparseDestroyDnMat(c));
	MUST(cusparseDestroy(handle));
	for (void *p : {offset, neighbour, weight, state, sums})
		MUST(cudaFree(p));
	return best;
}

static bool
bench(const char *name, bool rmat, int scale, int degree, double copy)
{
	GpuNetwork	w = gpu_network(rmat, scale, degree, 1);
	const double entries = (double) w.entries;
	const double nodes = (double) w.n;
	const double least = entries * 12 + nodes * (8 + 32 + 32);
	const double gather = entries * (12 + 32) + nodes * (8 + 32);
	bool		agrees = false;
	const double kernel = kernel_time(&w, &agrees);
	const double spmm = cusparse_time(&w);

	printf("%-8s 2^%-2d %9.1f %9.3f %9.3f %7.2f %9.0f %5.0f%% %9.0f %5.0f%% %9.1f  %s\n",
		   name, scale, entries * 1e-6, kernel * 1e3, spmm * 1e3, spmm / kernel,
		   least / kernel * 1e-9, 100 * least / kernel / copy,
		   gather / kernel * 1e-9, 100 * gather / kernel / copy,
		   w.seconds * 1e3, agrees ? "same" : "DIFFERENT");
	fflush(stdout);
	gpu_network_free(&w);
	return agrees;
}

static const TnfrDeviceLibrary *
open_library(const char *path)
{
	void	   *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void	   *entry = opened != nullptr ? dlsym(opened, TNFR_DEVICE_ENTRY) : nullptr;

	if (entry == nullptr)
	{
		fprintf(stderr, "bench: %s\n", dlerror());
		exit(1);
	}
	return ((TnfrDeviceEntry) entry) (TNFR_DEVICE_ABI);
}

int
main(int argc, char **argv)
{
	TnfrDeviceInfo info;
	double		copy;
	bool		good = true;

	if (argc < 2)
	{
		fprintf(stderr, "usage: bench LIBRARY [REPETITIONS]\n");
		return 2;
	}
	library = open_library(argv[1]);
	if (argc > 2)
		repetitions = std::max(1, atoi(argv[2]));
	must(library != nullptr, "version");
	if (library->open(0, nullptr, &device, &failure) != TNFR_DEVICE_OK)
	{
		printf("no device: %s\n", failure.text);
		return failure.kind == TNFR_DEVICE_ABSENT ? NO_DEVICE : 1;
	}
	finish("info", [&] { return library->info(device, &info, &failure); });
	copy = copy_bandwidth();
	printf("%s, compute capability %u.%u; a copy moves %.0f GB/s; medians of %d\n\n",
		   info.name, info.major, info.minor, copy * 1e-9, repetitions);
	printf("%-8s %-4s %9s %9s %9s %7s %9s %6s %9s %6s %9s  %s\n", "network",
		   "n", "M entries", "kernel ms", "SpMM ms", "faster", "least", "copy",
		   "gather", "copy", "CPU ms", "bits");
	good = bench("rmat", true, 20, 64, copy) && good;
	good = bench("rmat", true, 22, 16, copy) && good;
	good = bench("rmat", true, 23, 16, copy) && good;
	good = bench("uniform", false, 20, 64, copy) && good;
	good = bench("uniform", false, 22, 16, copy) && good;
	good = bench("uniform", false, 24, 4, copy) && good;
	library->close(device);
	return good ? 0 : 1;
}
