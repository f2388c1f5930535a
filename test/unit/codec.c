/*
 * codec.c
 *	  Graphs to bytes and back: everything comes back, and equal graphs give
 *	  equal bytes.
 */
#include "codec.h"
#include "core/xxh64.h"

static bool
same_graph(const TnfrGraph *a, const TnfrGraph *b)
{
	if (a->n != b->n || a->entries != b->entries ||
		a->directed != b->directed ||
		memcmp(a->offset, b->offset, (a->n + 1) * sizeof(uint64_t)) != 0)
		return false;
	for (uint64_t k = 0; k < a->entries; k++)
		if (a->neighbour[k] != b->neighbour[k] ||
			(a->weight != NULL ? a->weight[k] : 1.0) !=
			(b->weight != NULL ? b->weight[k] : 1.0))
			return false;
	for (int k = 0; k < TNFR_GRAPH_PAD && a->entries > 0; k++)
		if (b->neighbour[b->entries + k] != 0)
			return false;
	return true;
}

/* Decodes what the network gave, and compares with its graph. */
static bool
comes_back(const Network *w, Bytes bytes, Weights weights, int threads)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, threads);
	TnfrGraphHeader h;
	TnfrGraph	graph;
	TnfrGraph	back;
	int64_t    *id;
	bool		good;

	if (build_graph(&env, w, w->id, 0, w->m, &graph) != TNFR_OK ||
		tnfr_decode_header(&env, bytes.p, TNFR_HEADER_BYTES, &h) != TNFR_OK ||
		tnfr_decode(&env, bytes.p, bytes.size, &back, &id) != TNFR_OK)
		return false;
	good = same_graph(&graph, &back) &&
		memcmp(id, w->id, w->n * sizeof(int64_t)) == 0 && h.n == w->n &&
		h.edges == w->m && h.entries == graph.entries &&
		h.directed == w->directed &&
		(w->m == 0 || h.weights == (TnfrWeightKind) (weights > 0 ? weights - 1 : 0)) &&
		(back.weight != NULL) == (h.weights != TNFR_WEIGHTS_ONE) &&
		tnfr_decode_check(&env, bytes.p, bytes.size) == TNFR_OK;
	tnfr_graph_release(&env, &graph);
	tnfr_graph_release(&env, &back);
	tnfr_release(&env, id, w->n, sizeof(int64_t));
	return good && host.bytes == 0;
}

/* All variants: the same bytes for another order and more threads, and back. */
static void
check_round_trips(const char *name, uint64_t n, uint64_t m, Shape shape,
				  uint64_t gap)
{
	for (int variant = 0; variant < 10; variant++)
	{
		Weights		weights = variant / 2;
		Network		w = make_weighted(n, m, shape, variant & 1, weights, gap);
		Bytes		bytes = encode_network(&w, 0, 1);
		Bytes		again = encode_network(&w, m / 3, 2 + variant % 3);
		bool		good = equal(bytes, again) &&
			comes_back(&w, bytes, weights, 1 + variant % 4);
		char		title[200];

		snprintf(title, sizeof(title), "%s, %s, weights %d", name,
				 variant & 1 ? "directed" : "undirected", variant / 2);
		ok(good, title);
		free(bytes.p);
		free(again.p);
		free_network(&w);
	}
}

/* Ids at the ends of their range, and every way of keeping them. */
static void
check_ids(void)
{
	static const struct
	{
		const char *name;
		int64_t		id[4];
		TnfrIdKind	kind;
	}			cases[] = {
		{"consecutive ids", {-2, -1, 0, 1}, TNFR_IDS_CONSECUTIVE},
		{"the last ids", {INT64_MAX - 3, INT64_MAX - 2, INT64_MAX - 1, INT64_MAX}, TNFR_IDS_CONSECUTIVE},
		{"the first ids", {INT64_MIN, INT64_MIN + 1, INT64_MIN + 2, INT64_MIN + 3}, TNFR_IDS_CONSECUTIVE},
		{"gaps", {INT64_MIN, INT64_MIN + 2, 200 + INT64_MIN, INT64_MIN + 70000}, TNFR_IDS_PACKED},
		{"the largest gap to pack", {0, 1, 2, 2 + (INT64_C(1) << 32)}, TNFR_IDS_PACKED},
		{"a gap too large to pack", {0, 1, 2, 3 + (INT64_C(1) << 32)}, TNFR_IDS_PLAIN},
		{"first and last id", {INT64_MIN, -1, 0, INT64_MAX}, TNFR_IDS_PLAIN}
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		int64_t		id[4];
		Network		w = {.n = 4,.m = 4,.id = id,.src = id,.dst = (int64_t[4]) {0}};
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrGraphHeader h;
		Bytes		bytes;

		memcpy(id, cases[i].id, sizeof(id));
		for (int k = 0; k < 4; k++)
			w.dst[k] = id[(k + 1) % 4];
		bytes = encode_network(&w, 0, 1);
		ok(tnfr_decode_header(&env, bytes.p, bytes.size, &h) == TNFR_OK &&
		   h.ids == cases[i].kind && h.first_id == id[0] &&
		   comes_back(&w, bytes, NONE, 1), cases[i].name);
		free(bytes.p);
	}
}

/* Millions of rows without entries between two: no long way for a task. */
static void
check_empty_rows(void)
{
	const uint64_t n = 3000000;
	Network		w = make_network(n, 100000, STAR, true, false, 1, 7);
	Bytes		bytes;

	for (uint64_t k = 0; k < w.m; k++)
		w.src[k] = w.id[k % 3 * (n / 2 - 1)];
	bytes = encode_network(&w, 0, 2);
	ok(comes_back(&w, bytes, NONE, 2), "long runs of rows without entries");
	free(bytes.p);
	free_network(&w);
}

static void
check_size(void)
{
	Network		w = make_network(100000, 1600000, SKEWED, true, false, 3, 5);
	Bytes		bytes = encode_network(&w, 0, 2);

	ok(bytes.size < 3 * w.m, "less than three bytes an edge, ids and all");
	free(bytes.p);
	free_network(&w);
}

/* Part by part, in any order, as a stream of edges would. */
static void
check_parts(void)
{
	Network		w = make_weighted(500, 60000, SKEWED, false, SINGLE, 9);
	Bytes		bytes = encode_network(&w, 0, 1);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraphBytes g;
	TnfrGraph	graph;
	uint64_t	offset[501];
	uint32_t   *neighbour = malloc(TNFR_CODEC_BLOCK * sizeof(uint32_t));
	double		weight[10];
	bool		good;

	if (build_graph(&env, &w, w.id, 0, w.m, &graph) != TNFR_OK)
		abort();
	good = tnfr_decode_begin(&env, &g, bytes.p, bytes.size) == TNFR_OK &&
		tnfr_decode_offsets(&env, &g, offset) == TNFR_OK &&
		memcmp(offset, graph.offset, sizeof(offset)) == 0;
	for (uint64_t b = g.layout.neighbour_blocks; good && b-- > 0;)
	{
		uint64_t	at = b * TNFR_CODEC_BLOCK;
		uint64_t	count = graph.entries - at < TNFR_CODEC_BLOCK ?
			graph.entries - at : TNFR_CODEC_BLOCK;

		good = tnfr_decode_block(&g, offset, b, neighbour) == NULL &&
			memcmp(neighbour, graph.neighbour + at,
				   count * sizeof(uint32_t)) == 0;
	}
	good = good && tnfr_decode_weights(&g, 12345, 10, weight) == NULL &&
		memcmp(weight, graph.weight + 12345, sizeof(weight)) == 0;
	ok(good, "part by part");
	tnfr_graph_release(&env, &graph);
	free(neighbour);
	free(bytes.p);
	free_network(&w);
}

/* Refuses each allocation, interrupts at each poll: no leak, no hang. */
static void
check_exits(void)
{
	Network		w = make_weighted(3000, 70000, SKEWED, false, DOUBLE, 9);
	Bytes		bytes = encode_network(&w, 0, 1);
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraph	graph;
	uint64_t	before;
	bool		good = true;
	uint64_t	exits = 0;

	if (build_graph(&env, &w, w.id, 0, w.m, &graph) != TNFR_OK)
		abort();
	before = host.bytes;
	for (int how = 0; how < 6; how++)
		for (uint64_t at = 1; good; at++)
		{
			TnfrStatus	expect = how % 2 == 0 ? TNFR_NO_MEMORY : TNFR_STOPPED;
			TnfrStatus	status;

			host.allocations = host.polls = 0;
			host.refuse_at = how % 2 == 0 ? at : 0;
			host.interrupt_at = how % 2 == 1 ? at : 0;
			host.stop = true;
			if (how / 2 == 0)
			{
				Bytes		b;

				status = encode(&env, &graph, w.id, &b);
				if (status == TNFR_OK)
					free(b.p);
			}
			else if (how / 2 == 1)
				status = tnfr_decode_check(&env, bytes.p, bytes.size);
			else
			{
				TnfrGraph	back;
				int64_t    *id;

				status = tnfr_decode(&env, bytes.p, bytes.size, &back, &id);
				if (status == TNFR_OK)
				{
					tnfr_release(&env, id, back.n, sizeof(int64_t));
					tnfr_graph_release(&env, &back);
				}
			}
			good = host.bytes == before && (status == TNFR_OK || status == expect);
			if (status == TNFR_OK)
				break;
			exits++;
		}
	ok(good && exits > 20, "refused memory and interrupts at every point");
	host.refuse_at = host.interrupt_at = 0;
	tnfr_graph_release(&env, &graph);
	free(bytes.p);
	free_network(&w);
}

/* More entries than the format has numbers for. */
static void
check_too_many(void)
{
	uint64_t	offset[] = {0, UINT64_C(1) << 32};
	int64_t		id[] = {1};
	TnfrGraph	g = {.n = 1,.entries = UINT64_C(1) << 32,.offset = offset};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrEncoding e;

	ok(tnfr_encode_begin(&env, &e, &g, id) == TNFR_NO_MEMORY &&
	   host.bytes == 0, "2^32 entries are refused");
}

/* The test vectors of the specification: the sequence, and all of its cases. */
static void
check_hash(void)
{
	uint8_t		data[222];
	uint64_t	byte = 2654435761u;

	for (int i = 0; i < 222; i++, byte *= UINT64_C(11400714785074694797))
		data[i] = (uint8_t) (byte >> 56);
	ok(tnfr_xxh64(data, 0, 0) == UINT64_C(0xEF46DB3751D8E999) &&
	   tnfr_xxh64((const uint8_t *) "abc", 3, 0) == UINT64_C(0x44BC2CF5AD770999) &&
	   tnfr_xxh64(data, 1, 0) == UINT64_C(0xE934A84ADB052768) &&
	   tnfr_xxh64(data, 4, 0) == UINT64_C(0x9136A0DCA57457EE) &&
	   tnfr_xxh64(data, 14, 0) == UINT64_C(0x8282DCC4994E35C8) &&
	   tnfr_xxh64(data, 222, 0) == UINT64_C(0xB641AE8CB691C174) &&
	   tnfr_xxh64(data, 222, 2654435761u) == UINT64_C(0x20CB8AB7AE10C14A),
	   "XXH64");
}

int
main(void)
{
	check_hash();
	check_round_trips("one node", 1, 100, UNIFORM, 1);
	check_round_trips("two nodes", 2, 1000, UNIFORM, 1);
	check_round_trips("no nodes", 0, 0, UNIFORM, 1);
	check_round_trips("no edges", 100, 0, UNIFORM, 2);
	check_round_trips("small", 500, 3000, UNIFORM, 5);
	check_round_trips("a block of each", 16384, 16384, UNIFORM, 3);
	check_round_trips("one more", 16385, 16385, UNIFORM, 3);
	check_round_trips("one more step", 16386, 8193, UNIFORM, 3);
	check_round_trips("many rows", 100000, 50000, UNIFORM, 100);
	check_round_trips("distant ids", 40000, 50000, UNIFORM, UINT64_C(1) << 40);
	check_round_trips("skewed", 3000, 60000, SKEWED, 7);
	check_round_trips("star", 1000, 70000, STAR, 1);
	check_round_trips("parallel edges", 1000, 50000, PARALLEL, 1000);
	check_round_trips("one edge many times", 100, 40000, SAME, 1);
	check_ids();
	check_empty_rows();
	check_size();
	check_parts();
	check_exits();
	check_too_many();
	return done_testing();
}
