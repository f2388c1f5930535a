/*
 * decode.c
 *	  Fuzzes the decoder of graphs (libFuzzer), under sanitizers.
 *
 *	decode [libFuzzer's options] CORPUS...
 *	decode -seed DIRECTORY
 *
 * Any bytes may come.  They are decoded and checked as they are, and again with
 * a fingerprint that is right, so that the checks behind it are reached.  What
 * passes must come out of the encoder the same; what is decoded must be a graph
 * that one can compute on.  Memory must stay in proportion, and all come back.
 *
 * It is built with blocks of 32 values, not 16384, so that short inputs have
 * several.  With -seed it writes small graphs of all kinds to the directory
 * instead.
 */
#include "core/codec.h"
#include "network.h"

#define FINGERPRINT_AT	48

extern int	LLVMFuzzerInitialize(int *argc, char ***argv);
extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
extern size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
									  unsigned seed);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
forge_fingerprint(uint8_t *bytes, size_t size)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	uint64_t	fingerprint;

	if (size < TNFR_HEADER_BYTES)
		return;
	must(tnfr_fingerprint(&env, bytes, size, &fingerprint) == TNFR_OK);
	for (int b = 0; b < 8; b++)
		bytes[FINGERPRINT_AT + b] = (uint8_t) (fingerprint >> (8 * b));
}

/* Everything that computing relies on. */
static void
must_be_graph(const TnfrGraph *g, const int64_t *id)
{
	must(g->offset[0] == 0 && g->offset[g->n] == g->entries);
	for (uint64_t i = 0; i < g->n; i++)
		must(g->offset[i] <= g->offset[i + 1] && (i == 0 || id[i - 1] < id[i]));
	for (uint64_t k = 0; k < g->entries; k++)
		must(g->neighbour[k] < g->n &&
			 (g->weight == NULL ||
			  (isfinite(g->weight[k]) && !signbit(g->weight[k]))));
}

/* Encoded again it must be the same bytes, if it is said to be canonical. */
static void
encode_again(TnfrEnv *env, const TnfrGraph *g, const int64_t *id,
			 const uint8_t *bytes, size_t size, bool canonical)
{
	TnfrEncoding e;
	uint8_t    *again;

	must(tnfr_encode_begin(env, &e, g, id) == TNFR_OK);
	again = malloc(e.size);
	must(tnfr_encode_write(env, &e, again) == TNFR_OK);
	if (canonical)
		must(e.size == size && memcmp(bytes, again, size) == 0);
	tnfr_encode_end(env, &e);
	free(again);
}

static void
decode(const uint8_t *bytes, size_t size)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraphHeader header;
	TnfrGraph	graph;
	int64_t    *id;
	TnfrStatus	checked;
	TnfrStatus	status;

	status = tnfr_decode_header(&env, bytes, size, &header);
	must(status == TNFR_OK || (status == TNFR_DAMAGED && env.error.what != NULL));
	checked = tnfr_decode_check(&env, bytes, size);
	must(checked == TNFR_OK || checked == TNFR_DAMAGED);
	status = tnfr_decode(&env, bytes, size, &graph, &id);
	must(status == TNFR_OK || (status == TNFR_DAMAGED && checked == TNFR_DAMAGED));
	if (status == TNFR_OK)
	{
		must(host.bytes <= 4096 + 32 * size);
		must_be_graph(&graph, id);
		encode_again(&env, &graph, id, bytes, size, checked == TNFR_OK);
		tnfr_release(&env, id, graph.n, sizeof(int64_t));
		tnfr_graph_release(&env, &graph);
	}
	must(host.bytes == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t    *forged = malloc(size > 0 ? size : 1);

	decode(data, size);
	if (size > 0)
		memcpy(forged, data, size);
	forge_fingerprint(forged, size);
	decode(forged, size);
	free(forged);
	return 0;
}

/* Most of what is tried has a fingerprint that is right. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	size = LLVMFuzzerMutate(data, size, max);
	if (seed % 8 != 0)
		forge_fingerprint(data, size);
	return size;
}

static void
write_seed(const char *directory, const char *name, const Network *w)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraph	graph;
	TnfrEncoding e;
	char		path[4096];
	uint8_t    *bytes;
	FILE	   *file;

	must(build_graph(&env, w, w->id, 0, w->m, &graph) == TNFR_OK);
	must(tnfr_encode_begin(&env, &e, &graph, w->id) == TNFR_OK);
	bytes = malloc(e.size);
	must(tnfr_encode_write(&env, &e, bytes) == TNFR_OK);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "wb");
	must(file != NULL && fwrite(bytes, 1, e.size, file) == e.size &&
		 fclose(file) == 0);
	tnfr_encode_end(&env, &e);
	tnfr_graph_release(&env, &graph);
	free(bytes);
}

/* Every way of keeping ids and weights, directed and not, of several shapes. */
static void
write_seeds(const char *directory)
{
	static const struct
	{
		const char *name;
		uint64_t	n;
		uint64_t	m;
		Shape		shape;
		uint64_t	gap;
		double		unit;		/* weights are its multiples; 0: none */
	}			seeds[] = {
		{"empty", 0, 0, UNIFORM, 1, 0},
		{"one_node", 1, 2, UNIFORM, 1, 0},
		{"consecutive", 12, 20, UNIFORM, 1, 0},
		{"packed", 12, 20, UNIFORM, 400, 1},
		{"plain", 8, 12, UNIFORM, UINT64_C(1) << 50, 0.25},
		{"doubles", 8, 12, SKEWED, 3, 0.1},
		{"star", 40, 60, STAR, 70000, 0},
		{"parallel", 9, 30, PARALLEL, 1, 0.5}
	};

	for (size_t i = 0; i < 2 * sizeof(seeds) / sizeof(seeds[0]); i++)
	{
		const bool	directed = i % 2;
		const double unit = seeds[i / 2].unit;
		char		name[64];
		Network		w = make_network(seeds[i / 2].n, seeds[i / 2].m,
									 seeds[i / 2].shape, directed, unit > 0,
									 seeds[i / 2].gap, i + 1);

		for (uint64_t k = 0; k < w.m && unit > 0; k++)
			w.weight[k] = unit * (double) (k % 5);
		snprintf(name, sizeof(name), "%s_%s", directed ? "directed" :
				 "undirected", seeds[i / 2].name);
		write_seed(directory, name, &w);
		free_network(&w);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (*argc == 3 && strcmp((*argv)[1], "-seed") == 0)
	{
		write_seeds((*argv)[2]);
		exit(0);
	}
	return 0;
}
