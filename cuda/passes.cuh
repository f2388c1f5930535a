/*
 * passes.cuh
 *	  A pass: its kernels are enqueued, window by window.
 *
 * A graph that streams keeps the last TNFR_CHUNK entries when its window is
 * full and goes on behind them: what ends in the next window begins there, or
 * among those.
 */
#ifndef TNFR_CUDA_PASSES_H
#define TNFR_CUDA_PASSES_H

#include "graph.cuh"
#include "kernels.cuh"

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

#endif							/* TNFR_CUDA_PASSES_H */
