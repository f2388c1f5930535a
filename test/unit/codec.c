/*
 * codec.c
 *	  Graphs to bytes and back: everything comes back, equal graphs give equal
 *	  bytes, and bytes that are damaged in any way are told and do no harm.
 */
#include "core/codec.h"
#include "core/format.h"
#include "core/xxh64.h"
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

static Network
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

static TnfrStatus
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
static Bytes
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

static bool
equal(Bytes a, Bytes b)
{
	return a.size == b.size && memcmp(a.p, b.p, a.size) == 0;
}

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

/* Decodes, releases; whether nothing is left behind. */
static TnfrStatus
decode_and_drop(const uint8_t *p, size_t size, bool *clean)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraph	graph;
	int64_t    *id;
	TnfrStatus	status = tnfr_decode(&env, p, size, &graph, &id);

	if (status == TNFR_OK)
	{
		tnfr_release(&env, id, graph.n, sizeof(int64_t));
		tnfr_graph_release(&env, &graph);
	}
	*clean = host.bytes == 0 && (status == TNFR_OK || env.error.what != NULL);
	return status;
}

static TnfrStatus
check_status(const uint8_t *p, size_t size, bool *clean)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrStatus	status = tnfr_decode_check(&env, p, size);

	*clean = host.bytes == 0 && (status == TNFR_OK || env.error.what != NULL);
	return status;
}

/* Every length but the right one is told. */
static bool
truncations_told(Bytes bytes)
{
	bool		good = true;

	for (size_t size = 0; size < bytes.size && good; size++)
	{
		uint8_t    *p = malloc(size + 1);
		bool		clean;

		memcpy(p + 1, bytes.p, size);	/* ends where the memory ends */
		good = decode_and_drop(p + 1, size, &clean) == TNFR_DAMAGED && clean;
		free(p);
	}
	return good;
}

/* Every flipped bit is told by the check and harmless to the decoder. */
static bool
flips_told(Bytes bytes)
{
	bool		good = true;

	for (size_t i = 0; i < 8 * bytes.size && good; i++)
	{
		bool		clean;
		bool		clean_too;

		bytes.p[i / 8] ^= (uint8_t) (1 << i % 8);
		decode_and_drop(bytes.p, bytes.size, &clean);
		good = check_status(bytes.p, bytes.size, &clean_too) == TNFR_DAMAGED &&
			clean && clean_too;
		bytes.p[i / 8] ^= (uint8_t) (1 << i % 8);
	}
	return good;
}

/* The same with a fingerprint that is right again: only the rest can tell. */
static bool
forgeries_told(Bytes bytes)
{
	bool		good = true;

	for (size_t i = 0; i < 8 * bytes.size && good; i++)
	{
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		uint8_t    *p = malloc(bytes.size);
		uint64_t	fingerprint;
		bool		clean;

		memcpy(p, bytes.p, bytes.size);
		p[i / 8] ^= (uint8_t) (1 << i % 8);
		tnfr_fingerprint(&env, p, bytes.size, &fingerprint);
		tnfr_store64(p + TNFR_AT_FINGERPRINT, fingerprint);
		if (check_status(p, bytes.size, &clean) == TNFR_OK)
		{
			TnfrGraph	graph;
			int64_t    *id;
			Bytes		again;

			/* another graph, then: all the same it is what it would write */
			good = tnfr_decode(&env, p, bytes.size, &graph, &id) == TNFR_OK &&
				encode(&env, &graph, id, &again) == TNFR_OK &&
				equal(again, (Bytes) {p, bytes.size});
			free(again.p);
			tnfr_release(&env, id, graph.n, sizeof(int64_t));
			tnfr_graph_release(&env, &graph);
		}
		good = good && clean && host.bytes == 0;
		free(p);
	}
	return good;
}

static void
check_damage(void)
{
	for (int variant = 0; variant < 20; variant++)
	{
		static const uint64_t gap[] = {1, 300, UINT64_C(1) << 40};
		Network		w = make_weighted(20, 30, UNIFORM, variant & 1,
									  variant / 2 % 5, gap[variant % 3]);
		Bytes		bytes = encode_network(&w, 0, 1);
		char		title[100];

		snprintf(title, sizeof(title), "damage, variant %d", variant);
		ok(truncations_told(bytes) && flips_told(bytes) &&
		   forgeries_told(bytes), title);
		free(bytes.p);
		free_network(&w);
	}
}

/* Headers that promise far more than there is: refused before any memory. */
static void
check_promises(void)
{
	static const uint64_t huge[] = {
		1000, UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32,
		UINT64_C(1) << 61, UINT64_MAX / 8, UINT64_MAX - 1, UINT64_MAX
	};
	Network		w = make_weighted(20, 30, UNIFORM, true, DOUBLE, 9);
	Bytes		bytes = encode_network(&w, 0, 1);
	bool		good = true;

	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++)
		for (int at = TNFR_AT_N; at <= TNFR_AT_LOOPS; at += 8)
		{
			UnitHost	host;
			TnfrEnv		env = unit_env(&host, 1);
			TnfrGraph	graph;
			int64_t    *id;
			uint64_t	before = tnfr_load64(bytes.p + at);

			tnfr_store64(bytes.p + at, huge[i]);
			good = good && tnfr_decode(&env, bytes.p, bytes.size, &graph,
									   &id) == TNFR_DAMAGED;
			good = good && host.allocations == 0;
			tnfr_store64(bytes.p + at, before);
		}
	ok(good, "what the bytes cannot hold is refused before memory is taken");
	free(bytes.p);
	free_network(&w);
}

/* Graphs that are no graphs: told by the check, safe to decode. */
static void
check_wrong_graph(const char *name, TnfrGraph graph, bool told_by_decode,
				  const char *what)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	int64_t		id[] = {1, 2, 4};
	Bytes		bytes;
	bool		clean;

	if (encode(&env, &graph, id, &bytes) != TNFR_OK)
		abort();
	ok((decode_and_drop(bytes.p, bytes.size, &clean) == TNFR_DAMAGED) ==
	   told_by_decode && clean &&
	   tnfr_decode_check(&env, bytes.p, bytes.size) == TNFR_DAMAGED &&
	   strstr(env.error.what, what) != NULL && host.bytes == 0, name);
	free(bytes.p);
}

static void
check_wrong_graphs(void)
{
	uint64_t	offset[] = {0, 2, 4, 4};
	uint32_t	lost[] = {0, 1, 1, 2};
	uint32_t	both[] = {0, 1, 0, 1};
	uint32_t	twice[] = {1, 1, 0, 0};
	uint32_t	beyond[] = {0, 3, 0, 1};
	double		uneven[] = {1, 2, 3, 1};
	double		downwards[] = {2, 1, 1, 2};
	TnfrGraph	g = {.n = 3,.entries = 4,.offset = offset,.neighbour = lost};

	check_wrong_graph("an edge at one end only", g, false, "both its ends");
	g.neighbour = beyond;
	check_wrong_graph("a neighbour that is not there", g, true, "not there");
	g.neighbour = both;
	g.weight = uneven;
	check_wrong_graph("two weights for one edge", g, false, "both its ends");
	g.neighbour = twice;
	g.weight = downwards;
	check_wrong_graph("weights out of order", g, false, "not in order");
}

/* Ids that do not ascend can be written, as plain ones, but not read. */
static void
check_equal_ids(void)
{
	uint64_t	offset[] = {0, 1, 2};
	uint32_t	neighbour[] = {1, 0};
	int64_t		id[] = {7, 7};
	TnfrGraph	g = {.n = 2,.entries = 2,.offset = offset,.neighbour = neighbour};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	Bytes		bytes;
	bool		clean;

	if (encode(&env, &g, id, &bytes) != TNFR_OK)
		abort();
	ok(decode_and_drop(bytes.p, bytes.size, &clean) == TNFR_DAMAGED && clean,
	   "one id twice");
	free(bytes.p);
}

/* Weights that no edge may have, put in place of the last one. */
static void
check_bad_weights(void)
{
	static const double bad[] = {-0.0, -1.5, INFINITY, -INFINITY, NAN, -NAN};
	bool		good = true;

	for (int variant = 0; variant < 12; variant++)
	{
		const bool	single = variant >= 6;
		Network		w = make_weighted(20, 30, UNIFORM, true,
									  single ? SINGLE : DOUBLE, 1);
		Bytes		bytes = encode_network(&w, 0, 1);
		double		weight = bad[variant % 6];
		float		narrow = (float) weight;
		uint64_t	bits;
		uint32_t	narrow_bits;
		bool		clean;

		memcpy(&bits, &weight, sizeof(bits));
		memcpy(&narrow_bits, &narrow, sizeof(narrow_bits));
		if (single)
			tnfr_store32(bytes.p + bytes.size - 4, narrow_bits);
		else
			tnfr_store64(bytes.p + bytes.size - 8, bits);
		good = good &&
			decode_and_drop(bytes.p, bytes.size, &clean) == TNFR_DAMAGED &&
			clean;
		free(bytes.p);
		free_network(&w);
	}
	ok(good, "weights that are negative or not finite");
}

/* Rows out of order can only hide where a block begins. */
static void
check_disorder(void)
{
	const uint32_t count = TNFR_CODEC_BLOCK + 1;
	uint64_t	offset[] = {0, count, count};
	int64_t		id[] = {1, 2};
	uint32_t   *neighbour = malloc(count * sizeof(uint32_t));
	TnfrGraph	g = {.n = 2,.entries = count,.directed = true,.offset = offset,.neighbour = neighbour};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	Bytes		bytes;
	bool		clean;

	for (uint32_t k = 0; k < count; k++)
		neighbour[k] = k < count - 1;
	if (encode(&env, &g, id, &bytes) != TNFR_OK)
		abort();
	ok(decode_and_drop(bytes.p, bytes.size, &clean) == TNFR_OK && clean &&
	   tnfr_decode_check(&env, bytes.p, bytes.size) == TNFR_DAMAGED &&
	   strstr(env.error.what, "order") != NULL, "a block that goes backwards");
	free(bytes.p);
	free(neighbour);
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
	check_damage();
	check_promises();
	check_wrong_graphs();
	check_equal_ids();
	check_bad_weights();
	check_disorder();
	check_exits();
	check_too_many();
	return done_testing();
}
