/*
 * graph.cuh
 *	  A graph on the device: one allocation that all its columns lie in.
 */
#ifndef TNFR_CUDA_GRAPH_H
#define TNFR_CUDA_GRAPH_H

#include "device.cuh"
#include "sums.h"

#include <stdlib.h>

#define ALIGNMENT		UINT64_C(256)
#define ENTRIES_MOST	(UINT64_C(1) << 38) /* chunks have 32-bit numbers */

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

static void
device_destroy(TnfrDeviceGraph *graph)
{
	cudaStreamSynchronize(graph->device->stream);	/* which may still use it */
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

	/* whole 16 bytes are read, also where the last entry ends before */
	TRY("prepare the device",
		cudaMemsetAsync(graph->part[NEIGHBOUR], 0, at[CHUNK] - at[NEIGHBOUR],
						graph->device->stream));
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

static char *
column_of(const TnfrDeviceGraph *graph, uint32_t column)
{
	static const int part[TNFR_DEVICE_COLUMNS] = {
		OFFSET, NEIGHBOUR, STATE, STRENGTH, SUMS, TOPO
	};

	return graph->part[part[column]];
}

#endif							/* TNFR_CUDA_GRAPH_H */
