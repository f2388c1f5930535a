/*
 * codec.h
 *	  Networks as bytes, for the tests of the codec.
 */
#ifndef TNFR_UNIT_CODEC_H
#define TNFR_UNIT_CODEC_H

#include "core/codec.h"
#include "core/format.h"
#include "network.h"

typedef struct Bytes
{
	uint8_t    *p;				/* exactly size bytes, for the sanitizer */
	size_t		size;
} Bytes;

/* What weights of a network are made of. */
typedef enum Weights
{
	NONE, ONES, SMALL, SINGLE, DOUBLE
} Weights;

static inline Network
make_weighted(uint64_t n, uint64_t m, Shape shape, bool directed,
			  Weights weights, uint64_t gap)
{
	Network		w = make_network(n, m, shape, directed, weights != NONE, gap,
								 n + m + weights);

	for (uint64_t k = 0; k < m && weights != NONE; k++)
	{
		if (weights == ONES)
			w.weight[k] = 1.0;
		else if (weights == SMALL)
			w.weight[k] = (double) (k * 7 % 256);
		else if (weights == SINGLE)
			w.weight[k] = (double) (float) w.weight[k];
	}
	return w;
}

static inline TnfrStatus
encode(TnfrEnv *env, const TnfrGraph *graph, const int64_t *id, Bytes *to)
{
	TnfrEncoding e;
	TnfrStatus	status = tnfr_encode_begin(env, &e, graph, id);

	if (status != TNFR_OK)
		return status;
	to->size = e.size;
	to->p = malloc(e.size);
	status = tnfr_encode_write(env, &e, to->p);
	tnfr_encode_end(env, &e);
	if (status != TNFR_OK)
		free(to->p);
	return status;
}

/* The bytes of a network, its edges added from the given one on. */
static inline Bytes
encode_network(const Network *w, uint64_t first, int threads)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, threads);
	TnfrGraph	graph;
	Bytes		bytes = {0};

	if (build_graph(&env, w, w->id, first, w->m, &graph) != TNFR_OK)
		abort();
	if (encode(&env, &graph, w->id, &bytes) != TNFR_OK)
		abort();
	tnfr_graph_release(&env, &graph);
	if (host.bytes != 0)
		abort();
	return bytes;
}

static inline bool
equal(Bytes a, Bytes b)
{
	return a.size == b.size && memcmp(a.p, b.p, a.size) == 0;
}

#endif							/* TNFR_UNIT_CODEC_H */
