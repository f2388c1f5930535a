/*
 * summer.c
 *	  Whoever gives the sums in columns, and in whatever pieces, the values have
 *	  the bits of our own threads; and so they have when he gave up before.
 */
#include "core/layout.h"
#include "core/parallel.h"
#include "core/summer.h"
#include "network.h"

static const TnfrFormWeights all_weights = {0.2, 0.3, 0.3, 0.4, 0.1};

/* Someone who has the sums in columns, as a device does. */
typedef struct Elsewhere
{
	double		(*sums)[4];
	double	   *strength;
	double	   *topo;
	uint64_t	piece;			/* rows handed on together */
	uint64_t	enough;			/* pieces, and then he gives up with status */
	TnfrStatus	status;
	bool		garbage;		/* what he gave is nonsense, too */
	uint64_t	asked;
} Elsewhere;

static void
take_sums(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Elsewhere  *e = arg;

	for (uint32_t k = 0; k < count; k++)
	{
		memcpy(e->sums[first + k], &sums[k], sizeof(e->sums[0]));
		e->strength[first + k] = sums[k].strength;
	}
}

static void
take_topo(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	for (uint32_t k = 0; k < count; k++)
		((Elsewhere *) arg)->topo[first + k] = sums[k].topo;
}

/* The columns, by the core; only those that a device would have. */
static TnfrStatus
fill_columns(Elsewhere *e, TnfrEnv *env, const TnfrGraph *rows,
			 const TnfrNodeState *state, bool topo, TnfrSumColumns *columns)
{
	TnfrStatus	status = tnfr_sums(env, rows, state, NULL, take_sums, e);

	*columns = (TnfrSumColumns)
	{
		.sums = (const double (*)[4]) e->sums
	};
	if (rows->weight != NULL)
		columns->strength = e->strength;
	if (!topo || status != TNFR_OK)
		return status;
	columns->topo = e->topo;
	return tnfr_sums(env, rows, NULL, e->strength, take_topo, e);
}

static TnfrStatus
sum_elsewhere(void *arg, TnfrEnv *env, const TnfrGraph *rows,
			  const TnfrNodeState *state, bool topo, TnfrSumsSink sink,
			  void *sink_arg)
{
	Elsewhere  *e = arg;
	TnfrSumColumns all;
	TnfrStatus	status = fill_columns(e, env, rows, state, topo, &all);
	uint64_t	pieces = 0;

	e->asked++;
	for (uint64_t i = 0; i < rows->n && e->garbage; i++)
		e->sums[i][i % 4] = i % 2 == 0 ? NAN : -INFINITY;
	for (uint64_t first = 0; first < rows->n && status == TNFR_OK;)
	{
		uint64_t	left = rows->n - first;
		uint64_t	count = left < e->piece ? left : e->piece;
		TnfrSumColumns some = {
			.sums = all.sums + first,
			.strength = all.strength != NULL ? all.strength + first : NULL,
			.topo = all.topo != NULL ? all.topo + first : NULL
		};

		if (pieces++ == e->enough)
			return e->status;
		status = tnfr_hand_on(env, rows, first, count, &some, sink, sink_arg);
		first += count;
	}
	return status;
}

/* Everything that is needed to compute. */
typedef struct Case
{
	UnitHost	host;
	TnfrEnv		env;
	TnfrNodes	nodes;
	TnfrGraph	graph;
	TnfrLayout	layout;
	Elsewhere	elsewhere;
	TnfrSummer	summer;
	double	   *value[2][4];	/* [n] by our threads, and from elsewhere */
} Case;

static void
begin_case(Case *c, uint64_t n, uint64_t m, Shape shape, bool weighted,
		   bool layout)
{
	Network		w = make_network(n, m, shape, false, weighted, 3, m);

	memset(c, 0, sizeof(*c));
	c->env = unit_env(&c->host, 2);
	if (build_nodes(&c->env, &w, &c->nodes) != TNFR_OK ||
		build_graph(&c->env, &w, c->nodes.id, 0, m, &c->graph) != TNFR_OK)
		abort();
	if (layout && tnfr_layout_build(&c->env, &c->graph, &c->layout) != TNFR_OK)
		abort();
	free_network(&w);
	c->graph.layout = layout ? &c->layout : NULL;
	c->elsewhere = (Elsewhere)
	{
		.sums = malloc((n + 1) * 32),.strength = malloc((n + 1) * 8),
			.topo = malloc((n + 1) * 8),.piece = 1000,.enough = UINT64_MAX
	};
	c->summer = (TnfrSummer)
	{
		sum_elsewhere, &c->elsewhere
	};
	for (int k = 0; k < 8; k++)
		c->value[k / 4][k % 4] = malloc((n + 1) * sizeof(double));
}

static void
end_case(Case *c)
{
	for (int k = 0; k < 8; k++)
		free(c->value[k / 4][k % 4]);
	free(c->elsewhere.sums);
	free(c->elsewhere.strength);
	free(c->elsewhere.topo);
	if (c->graph.layout != NULL)
		tnfr_layout_release(&c->env, &c->layout);
	tnfr_graph_release(&c->env, &c->graph);
	tnfr_nodes_release(&c->env, &c->nodes);
}

/* Values into value[to]. */
static TnfrStatus
values(Case *c, int to, TnfrForm form, const TnfrSummer *summer)
{
	double	  **v = c->value[to];
	TnfrNodeValues out = {v[0], v[1], v[2], v[3]};

	return tnfr_node_values(&c->env, &c->graph, &c->nodes, form, &all_weights,
							&out, summer);
}

static bool
same_values(const Case *c)
{
	bool		same = true;

	for (int k = 0; k < 4; k++)
		same = same && memcmp(c->value[0][k], c->value[1][k],
							  c->graph.n * sizeof(double)) == 0;
	return same;
}

static void
check_bits(const char *name, uint64_t n, uint64_t m, Shape shape)
{
	static const uint64_t piece[] = {1, 63, 64, 65, 4096, 4097, UINT64_MAX};

	for (int variant = 0; variant < 4; variant++)
	{
		Case		c;
		bool		good = true;
		char		title[200];

		begin_case(&c, n, m, shape, variant & 1, variant & 2);
		for (int k = 0; k < 7; k++)
		{
			TnfrForm	form = k % 2 == 0 ? TNFR_FORM_CANONICAL : TNFR_FORM_GRADIENT;

			c.elsewhere.piece = piece[k];
			c.env.threads = 1 + k % 3;
			good = good && values(&c, 0, form, NULL) == TNFR_OK &&
				values(&c, 1, form, &c.summer) == TNFR_OK && same_values(&c);
		}
		snprintf(title, sizeof(title), "%s, %s%s", name,
				 variant & 1 ? "weighted" : "unweighted",
				 variant & 2 ? ", in a layout" : "");
		end_case(&c);
		ok(good && c.elsewhere.asked == 7 && c.host.bytes == 0, title);
	}
}

/* He gives up at every piece, and after nonsense; then our threads sum. */
static void
check_giving_up(bool layout)
{
	Case		c;
	uint64_t	held;
	uint64_t	k = 0;
	bool		good;
	TnfrStatus	status = TNFR_NOT_SUMMED;

	begin_case(&c, 5000, 40000, SKEWED, true, layout);
	held = c.host.bytes;
	c.elsewhere.status = TNFR_NOT_SUMMED;
	c.elsewhere.garbage = true;
	good = values(&c, 0, TNFR_FORM_CANONICAL, NULL) == TNFR_OK;
	for (; status == TNFR_NOT_SUMMED && good; k++)
	{
		c.elsewhere.enough = k;
		status = values(&c, 1, TNFR_FORM_CANONICAL, &c.summer);
		good = c.host.bytes == held &&
			values(&c, 1, TNFR_FORM_CANONICAL, NULL) == TNFR_OK &&
			same_values(&c) && c.host.bytes == held;
	}
	ok(good && k == 6 && status == TNFR_OUT_OF_RANGE &&
	   c.env.error.id == c.nodes.id[0],
	   layout ? "gives up at any time, in a layout" : "gives up at any time");

	c.elsewhere.enough = 2;
	for (status = TNFR_NO_MEMORY; status <= TNFR_STOPPED; status++)
	{
		c.elsewhere.status = status;
		good = good && values(&c, 1, TNFR_FORM_CANONICAL, &c.summer) == status &&
			c.host.bytes == held;
	}
	ok(good, "other failures are handed on");
	end_case(&c);
}

/* Memory that a summer's environment refuses, and interrupts while he hands on. */
static void
check_exits(void)
{
	Case		c;
	uint64_t	held;
	uint64_t	stopped = 0;
	uint64_t	refused = 0;
	bool		good = true;
	TnfrStatus	status = TNFR_NO_MEMORY;

	begin_case(&c, 30000, 60000, UNIFORM, false, true);
	held = c.host.bytes;
	for (; status == TNFR_NO_MEMORY; refused++)
	{
		c.host.refuse_at = c.host.allocations + refused + 1;
		status = values(&c, 1, TNFR_FORM_PHASE, &c.summer);
		good = good && c.host.bytes == held;
	}
	c.host.refuse_at = 0;
	c.host.stop = true;
	c.env.threads = 1;
	ok(good && status == TNFR_OK && refused > 1, "refused allocations");
	for (status = TNFR_STOPPED; status == TNFR_STOPPED; stopped++)
	{
		c.host.interrupt_at = c.host.polls + stopped + 1;
		status = values(&c, 1, TNFR_FORM_PHASE, &c.summer);
		good = good && c.host.bytes == held;
	}
	ok(good && status == TNFR_OK && stopped > 30, "interrupts");
	c.host.interrupt_at = 0;
	end_case(&c);
}

/* A sink that counts rows, and what is wrong with them. */
typedef struct Seen
{
	const TnfrSumColumns *columns;
	const TnfrGraph *graph;
	uint64_t	first;
	_Atomic uint64_t wrong;
	_Atomic uint8_t *times;		/* [n] */
} Seen;

static void
see(void *arg, uint64_t first, uint32_t count, const TnfrSums *sums)
{
	Seen	   *s = arg;

	for (uint64_t i = first; i < first + count; i++, sums++)
	{
		const TnfrSumColumns *c = s->columns;
		const double *v = c->sums[i - s->first];
		double		strength = c->strength != NULL ? c->strength[i - s->first] :
			(double) (s->graph->offset[i + 1] - s->graph->offset[i]);
		double		topo = c->topo != NULL ? c->topo[i - s->first] : 0.0;

		s->times[i]++;
		s->wrong += sums->e != v[0] || sums->f != v[1] || sums->y != v[2] ||
			sums->x != v[3] || sums->strength != strength || sums->topo != topo;
	}
}

/* Columns of exactly that many rows: nothing outside of them is touched. */
static bool
hand_on(Case *c, uint64_t first, uint64_t count, int columns)
{
	const uint64_t n = c->graph.n;
	double		(*sums)[4] = malloc(count * 32);
	double	   *strength = malloc(count * 8);
	double	   *topo = malloc(count * 8);
	TnfrSumColumns in = {
		(const double (*)[4]) sums, columns & 1 ? strength : NULL,
		columns & 2 ? topo : NULL
	};
	Seen		seen = {&in, &c->graph, first, 0, calloc(n, 1)};
	bool		good;

	for (uint64_t k = 0; k < count; k++)
	{
		for (int j = 0; j < 4; j++)
			sums[k][j] = (double) (k * 4 + (uint64_t) j);
		strength[k] = -(double) k - 0.5;
		topo[k] = (double) k + 0.25;
	}
	good = tnfr_hand_on(&c->env, &c->graph, first, count, &in, see, &seen) == TNFR_OK &&
		seen.wrong == 0;
	for (uint64_t i = 0; i < n; i++)
		good = good && seen.times[i] == (i >= first && i - first < count);
	free((void *) seen.times);
	free(sums);
	free(strength);
	free(topo);
	return good;
}

static void
check_hand_on(void)
{
	static const uint64_t count[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 8192,
	9001};
	Case		c;
	bool		good = true;

	begin_case(&c, 10000, 30000, UNIFORM, false, false);
	for (int k = 0; k < 40; k++)
	{
		c.env.threads = 1 + k % 3;
		good = good && hand_on(&c, 0, count[k / 4], k % 4) &&
			hand_on(&c, 10000 - count[k / 4], count[k / 4], k % 4);
	}
	end_case(&c);
	ok(good, "every row once");
}

static void
check_empty(void)
{
	Case		c;

	begin_case(&c, 0, 0, UNIFORM, false, false);
	ok(values(&c, 1, TNFR_FORM_CANONICAL, &c.summer) == TNFR_OK &&
	   c.elsewhere.asked == 0, "nobody is asked for nothing");
	end_case(&c);
}

int
main(void)
{
	check_bits("one node", 1, 10, UNIFORM);
	check_bits("sparse", 9000, 3000, UNIFORM);
	check_bits("skewed", 9000, 60000, SKEWED);
	check_bits("a hub of several parts", 9000, 70000, STAR);
	check_giving_up(false);
	check_giving_up(true);
	check_exits();
	check_hand_on();
	check_empty();
	tnfr_parallel_end();
	return done_testing();
}
