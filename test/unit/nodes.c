/*
 * nodes.c
 *	  Order of nodes, duplicates, and the three kinds of id map.
 */
#include "core/idmap.h"
#include "network.h"

static TnfrStatus
build(TnfrEnv *env, const int64_t *id, uint64_t n, TnfrNodes *nodes)
{
	memset(nodes, 0, sizeof(*nodes));
	for (uint64_t i = 0; i < n; i++)
	{
		if (nodes->n == nodes->room && tnfr_nodes_grow(env, nodes) != TNFR_OK)
			abort();
		tnfr_nodes_add(nodes, id[i], (double) i, 1.0, 0.5);
	}
	return tnfr_nodes_order(env, nodes);
}

static void
check_order(const char *name, uint64_t n, int64_t (*id_of) (uint64_t, UnitRandom *))
{
	UnitRandom	r = {42};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 2);
	TnfrNodes	nodes;
	int64_t    *id = malloc((n + 1) * sizeof(int64_t));
	bool		good;

	for (uint64_t i = 0; i < n; i++)
		id[i] = id_of(i, &r);
	good = build(&env, id, n, &nodes) == TNFR_OK && nodes.n == n;
	for (uint64_t i = 0; i < n && good; i++)
		good = (i == 0 || nodes.id[i - 1] < nodes.id[i]) &&
			nodes.id[i] == id[(uint64_t) nodes.state[i].e] &&
			nodes.state[i].y == sin(0.5) && nodes.state[i].x == cos(0.5) &&
			nodes.state[i].f == 1.0 && nodes.phase[i] == 0.5;
	tnfr_nodes_release(&env, &nodes);
	ok(good && host.bytes == 0, name);
	free(id);
}

static int64_t
ascending(uint64_t i, UnitRandom *r)
{
	(void) r;
	return (int64_t) i - 10;
}

static int64_t
descending(uint64_t i, UnitRandom *r)
{
	(void) r;
	return -(int64_t) i * 1000;
}

static int64_t
anywhere(uint64_t i, UnitRandom *r)
{
	if (i == 5)
		return INT64_MIN;
	if (i == 6)
		return INT64_MAX;
	return (int64_t) unit_random(r);
}

static void
check_duplicate(void)
{
	int64_t		id[] = {5, 3, INT64_MIN, 9, 3, 9, 5, INT64_MAX};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrNodes	nodes;

	ok(build(&env, id, 8, &nodes) == TNFR_DUPLICATE_NODE &&
	   env.error.id == 3 && host.bytes == 0, "the smallest duplicate id");
}

static void
check_map(const char *name, uint64_t n, uint64_t gap, int64_t from,
		  TnfrIdMapKind kind)
{
	UnitRandom	r = {7};
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrIdMap	map;
	int64_t    *id = calloc(n, sizeof(int64_t));
	int64_t    *probe = malloc(2 * n * sizeof(int64_t));
	uint32_t   *index = malloc(2 * n * sizeof(uint32_t));
	bool		good;

	for (uint64_t i = 0; i < n; i++)
	{
		id[i] = from;
		from = (int64_t) ((uint64_t) from + 1 + unit_random(&r) % gap);
	}
	for (uint64_t i = 0; i < n; i++)
	{
		probe[2 * i] = id[i];
		probe[2 * i + 1] = (int64_t) ((uint64_t) id[i] + 1);
	}
	good = tnfr_idmap_build(&env, id, n, &map) == TNFR_OK && map.kind == kind;
	tnfr_idmap_lookup(&map, probe, index, (uint32_t) (2 * n));
	for (uint64_t i = 0; i < n && good; i++)
		good = index[2 * i] == i &&
			index[2 * i + 1] == (i + 1 < n && id[i + 1] == probe[2 * i + 1] ?
								 i + 1 : TNFR_NO_NODE);
	tnfr_idmap_release(&env, &map);
	ok(good && host.bytes == 0, name);
	free(id);
	free(probe);
	free(index);
}

int
main(void)
{
	check_order("no nodes", 0, ascending);
	check_order("one node", 1, ascending);
	check_order("ascending ids", 100000, ascending);
	check_order("descending ids", 100000, descending);
	check_order("ids over all of int8", 100000, anywhere);
	check_duplicate();
	check_map("dense ids", 1000, 1, -5, TNFR_IDMAP_DENSE);
	check_map("dense ids up to the largest", 1000, 1, INT64_MAX - 999,
			  TNFR_IDMAP_DENSE);
	check_map("ids with small gaps", 1000, 5, -2000, TNFR_IDMAP_RANK);
	check_map("ids with gaps from the smallest", 1000, 5, INT64_MIN,
			  TNFR_IDMAP_RANK);
	check_map("sparse ids", 10000, 1000000, -77, TNFR_IDMAP_HASH);
	check_map("ids over all of int8", 1000, UINT64_MAX / 1001, INT64_MIN,
			  TNFR_IDMAP_HASH);
	return done_testing();
}
