/*
 * tree.c
 *	  The kernel's sums, bit for bit, against the tree as SPEC 9 words it:
 *	  recursively, one sum at a time.
 */
#include "core/sums.h"
#include "network.h"

typedef double (*Term) (const TnfrGraph *g, const TnfrNodes *nodes,
						const double *strength, uint64_t entry);

static double
weight_of(const TnfrGraph *g, uint64_t entry)
{
	return g->weight != NULL ? g->weight[entry] : 1.0;
}

#define STATE_TERM(field) \
	static double \
	term_##field(const TnfrGraph *g, const TnfrNodes *nodes, \
				 const double *strength, uint64_t entry) \
	{ \
		(void) strength; \
		return weight_of(g, entry) * nodes->state[g->neighbour[entry]].field; \
	}
STATE_TERM(e)
STATE_TERM(f)
STATE_TERM(y)
STATE_TERM(x)

static double
term_strength(const TnfrGraph *g, const TnfrNodes *nodes,
			  const double *strength, uint64_t entry)
{
	(void) nodes;
	(void) strength;
	return weight_of(g, entry);
}

static double
term_topo(const TnfrGraph *g, const TnfrNodes *nodes, const double *strength,
		  uint64_t entry)
{
	(void) nodes;
	return weight_of(g, entry) * strength[g->neighbour[entry]];
}

static double
tree(Term term, const TnfrGraph *g, const TnfrNodes *nodes,
	 const double *strength, uint64_t begin, uint64_t length)
{
	uint64_t	half = 8;
	double		sum = 0.0;

	if (length > 8)
	{
		while (half * 2 < length)
			half *= 2;
		return tree(term, g, nodes, strength, begin, half) +
			tree(term, g, nodes, strength, begin + half, length - half);
	}
	for (uint64_t i = 0; i < length; i++)
		sum += term(g, nodes, strength, begin + i);
	return sum;
}

typedef struct Check
{
	const TnfrGraph *graph;
	const TnfrNodes *nodes;
	const double *strength;
	uint64_t	different;
	uint64_t	rows;
} Check;

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
check_rows(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Check	   *c = arg;

	for (uint32_t k = 0; k < count; k++)
	{
		uint64_t	begin = c->graph->offset[first + k];
		uint64_t	length = c->graph->offset[first + k + 1] - begin;

#define SUM(term) tree(term, c->graph, c->nodes, c->strength, begin, length)
		c->different += !same_bits(sums[k].e, SUM(term_e));
		c->different += !same_bits(sums[k].f, SUM(term_f));
		c->different += !same_bits(sums[k].y, SUM(term_y));
		c->different += !same_bits(sums[k].x, SUM(term_x));
		c->different += !same_bits(sums[k].strength, SUM(term_strength));
		c->different += !same_bits(sums[k].topo, SUM(term_topo));
#undef SUM
		c->rows++;
	}
}

/* One thread, since check_rows counts. */
static void
check(const char *name, uint64_t n, uint64_t m, Shape shape)
{
	for (int weighted = 0; weighted < 2; weighted++)
	{
		Network		w = make_network(n, m, shape, false, weighted, 3, m);
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		TnfrNodes	nodes;
		TnfrGraph	graph;
		double	   *strength = malloc(n * sizeof(double));
		char		title[100];
		Check		c = {.graph = &graph,.nodes = &nodes,.strength = strength};
		bool		good;

		for (uint64_t i = 0; i < n; i++)
			strength[i] = sqrt((double) i);
		good = build_nodes(&env, &w, &nodes) == TNFR_OK &&
			build_graph(&env, &w, nodes.id, 0, m, &graph) == TNFR_OK &&
			tnfr_sums(&env, &graph, nodes.state, strength, check_rows,
					  &c) == TNFR_OK;
		snprintf(title, sizeof(title), "%s, %s", name,
				 weighted ? "weighted" : "unweighted");
		ok(good && c.different == 0 && c.rows == n, title);
		tnfr_graph_release(&env, &graph);
		tnfr_nodes_release(&env, &nodes);
		free(strength);
		free_network(&w);
	}
}

int
main(void)
{
	for (uint64_t m = 1; m < 70; m++)	/* rows of every short length */
		check("short rows", 4, m, UNIFORM);
	check("sparse", 3000, 2000, UNIFORM);
	check("skewed", 2000, 100000, SKEWED);
	check("a hub of several parts", 50, TNFR_HUB * 5 + 123, STAR);
	check("a hub of whole parts", 1, TNFR_HUB * 4, STAR);
	check("a hub one above a part", 1, TNFR_HUB + 1, STAR);
	return done_testing();
}
