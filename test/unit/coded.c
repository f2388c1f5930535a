/*
 * coded.c
 *	  Delta-NFR of a coded graph has the bits of the graph in columns, for rows
 *	  of every length, any number of threads, and more nodes than its own.
 */
#include "network.h"
#include "core/coded.h"

static const TnfrFormWeights weights = {
	.epi = 0.3,.vf = 0.2,.sin = 0.1,.phase = 0.4,.topo = 0.5
};

typedef struct Bytes
{
	uint8_t    *bytes;
	size_t		size;
} Bytes;

/* The graph of the first `known` nodes of a network, as bytes. */
static Bytes
encode(const Network *w, uint64_t known)
{
	Network		part = *w;
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	TnfrGraph	graph;
	TnfrEncoding e;
	Bytes		b = {0};

	part.n = known;
	if (build_graph(&env, &part, w->id, 0, w->m, &graph) != TNFR_OK ||
		tnfr_encode_begin(&env, &e, &graph, w->id) != TNFR_OK)
		abort();
	b.size = e.size;
	b.bytes = malloc(b.size);
	if (tnfr_encode_write(&env, &e, b.bytes) != TNFR_OK)
		abort();
	tnfr_encode_end(&env, &e);
	tnfr_graph_release(&env, &graph);
	return b;
}

static TnfrStatus
compute_coded(TnfrEnv *env, const Network *w, Bytes b, TnfrForm form,
			  double *dnfr)
{
	TnfrCodedGraph coded;
	TnfrGraph	graph;
	TnfrNodes	nodes;
	TnfrStatus	status = build_nodes(env, w, &nodes);

	if (status != TNFR_OK)
		return status;
	status = tnfr_coded_open(env, &coded, b.bytes, b.size, nodes.id, nodes.n,
							 &graph);
	if (status == TNFR_OK)
	{
		status = dnfr_of_graph(env, &graph, &nodes, form, &weights, dnfr);
		tnfr_graph_release(env, &graph);
		tnfr_coded_release(env, &coded);
	}
	tnfr_nodes_release(env, &nodes);
	return status;
}

static void
free_edges(Network *w)
{
	free(w->src);
	free(w->dst);
	free(w->weight);
}

/* more: nodes behind the last that edges name. */
static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, uint64_t more)
{
	for (int variant = 0; variant < 4; variant++)
	{
		Network		w = make_network(n + more, 0, UNIFORM, variant & 1,
									 variant & 2, 3, n);
		Network		edges = make_network(n, m, shape, variant & 1, variant & 2, 3,
										 n);
		double	   *expected = malloc((n + more) * sizeof(double));
		double	   *dnfr = malloc((n + more) * sizeof(double));
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, variant + 1);
		char		title[200];
		bool		good = true;
		Bytes		b;

		/* the same random numbers, so the same first ids */
		free_edges(&w);
		w.m = m;
		w.src = edges.src;
		w.dst = edges.dst;
		w.weight = edges.weight;
		b = encode(&w, n);
		for (TnfrForm form = TNFR_FORM_GRADIENT; form <= TNFR_FORM_CANONICAL; form++)
			good = good && compute(&env, &w, form, &weights, 0, expected) == TNFR_OK &&
				compute_coded(&env, &w, b, form, dnfr) == TNFR_OK &&
				memcmp(expected, dnfr, (n + more) * sizeof(double)) == 0;
		snprintf(title, sizeof(title), "%s, %s, %s", name,
				 variant & 1 ? "directed" : "undirected",
				 variant & 2 ? "weighted" : "unweighted");
		ok(good && host.bytes == 0, title);
		free(b.bytes);
		free(expected);
		free(dnfr);
		free_network(&edges);
		free(w.id);
	}
}

/* Every refused allocation, every interrupt, and damage end clean. */
static void
check_exits(void)
{
	Network		w = make_network(2000, 40000, SKEWED, false, true, 3, 7);
	Bytes		b = encode(&w, w.n);
	double	   *dnfr = malloc(w.n * sizeof(double));
	UnitHost	host;
	TnfrEnv		env;
	TnfrStatus	status = TNFR_NO_MEMORY;
	bool		clean = true;
	uint64_t	k = 0;

	while (status == TNFR_NO_MEMORY)
	{
		env = unit_env(&host, 1);
		host.refuse_at = ++k;
		status = compute_coded(&env, &w, b, TNFR_FORM_GRADIENT, dnfr);
		clean = clean && host.bytes == 0;
	}
	ok(clean && status == TNFR_OK && k > 10, "refused allocations");
	for (k = 1, status = TNFR_STOPPED; status == TNFR_STOPPED; k++)
	{
		env = unit_env(&host, 1);
		host.interrupt_at = k;
		host.stop = true;
		status = compute_coded(&env, &w, b, TNFR_FORM_GRADIENT, dnfr);
		clean = clean && host.bytes == 0;
	}
	ok(clean && status == TNFR_OK && k > 5, "interrupts");

	/* the last weight, which no look at the header can find */
	b.bytes[b.size - 1] = 0xff;
	env = unit_env(&host, 2);
	ok(compute_coded(&env, &w, b, TNFR_FORM_GRADIENT, dnfr) == TNFR_DAMAGED &&
	   env.error.what != NULL && host.bytes == 0, "damage");
	free(b.bytes);
	free(dnfr);
	free_network(&w);
}

int
main(void)
{
	check("one node", 1, 10, UNIFORM, 0);
	check("small", 300, 900, UNIFORM, 0);
	check("no edges of most nodes", 300, 900, UNIFORM, 100000);
	check("rows across blocks", 2000, 150000, UNIFORM, 17);
	check("hubs", 3000, 400000, SKEWED, 100);
	check("one hub", 1000, 300000, STAR, 0);
	check("parallel edges", 1000, 200000, PARALLEL, 1);
	check_exits();
	return done_testing();
}
