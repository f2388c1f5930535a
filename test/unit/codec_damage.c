/*
 * codec_damage.c
 *	  Bytes that are damaged in any way, or were never a graph, are told and do
 *	  no harm.
 */
#include "codec.h"

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

int
main(void)
{
	check_damage();
	check_promises();
	check_wrong_graphs();
	check_equal_ids();
	check_bad_weights();
	check_disorder();
	return done_testing();
}
