/*
 * device_kernel.c
 *	  The kernels of the CUDA library on an emulated warp: the same bits as the
 *	  core's, from resident entries and from windows of every size.
 */
#include "warp.h"
#include "../../cuda/sums.h"
#include "columns.h"

static TnfrDeviceRun run;
static TnfrEntriesShared shared;
static TnfrMode mode;
static bool weighted;
static uint64_t piece;			/* that the lanes are at */

static void
short_rows(uint32_t lane)
{
	tnfr_short_rows(&run, piece, lane, &shared, mode, weighted);
}

static void
long_chunk(uint32_t lane)
{
	tnfr_long_chunk(&run, run.chunk[piece], lane, &shared, mode, weighted);
}

static void
hub_row(uint32_t lane)
{
	tnfr_hub_row(&run, run.hub[piece], lane, mode, weighted);
}

/* As device.cu launches a window. */
static void
sum_window(uint64_t to, bool last)
{
	run.to = to;
	for (piece = 0; piece < run.counts->chunks; piece++)
		warp_run(long_chunk);
	for (piece = 0; piece < run.n; piece += TNFR_WARP)
		warp_run(short_rows);
	for (piece = 0; last && piece < run.counts->hubs; piece++)
		warp_run(hub_row);
	run.from = to + 1;
}

/* As device.cu streams: pieces come, and windows are summed when they are full. */
static void
sum_windows(const TnfrGraph *g, uint64_t piece_entries, uint64_t window)
{
	TnfrSpan	span = {.room = window < g->entries ? window : g->entries};
	uint32_t   *neighbour = items(span.room + TNFR_WINDOW_PAD, sizeof(uint32_t));
	double	   *weight = items(span.room + TNFR_WINDOW_PAD, sizeof(double));

	run.neighbour = neighbour;
	run.weight = weight;
	run.base = run.from = 0;
	for (uint64_t first = 0, count; first < g->entries; first += count)
	{
		count = g->entries - first < piece_entries ? g->entries - first : piece_entries;
		if (!tnfr_span_has_room(&span, first, count))
		{
			uint64_t	skip;

			sum_window(first, false);
			skip = tnfr_span_move(&span, first);
			memcpy(neighbour, neighbour + skip, TNFR_CHUNK * sizeof(uint32_t));
			memcpy(weight, weight + skip, TNFR_CHUNK * sizeof(double));
			run.base = span.base;
		}
		memcpy(neighbour + (first - span.base), g->neighbour + first,
			   count * sizeof(uint32_t));
		if (weighted)
			memcpy(weight + (first - span.base), g->weight + first,
				   count * sizeof(double));
	}
	sum_window(g->entries, true);
	free(neighbour);
	free(weight);
}

static bool
same(const void *a, const void *b, uint64_t n, size_t size)
{
	return memcmp(a, b, n * size) == 0;
}

/* All sums of a case, by windows as small as pieces of that size allow. */
static bool
sums_agree(const Case *c, uint64_t entries_a_piece)
{
	const uint64_t window = TNFR_SPAN_MIN(entries_a_piece);
	const uint64_t n = c->graph.n;
	TnfrNodeState *sums = items(n, sizeof(TnfrNodeState));
	double	   *strength = items(n, sizeof(double));
	double	   *topo = items(n, sizeof(double));
	bool		good = true;

	run.sums = sums;
	run.scalar = strength;
	mode = TNFR_MODE_STATE;
	sum_windows(&c->graph, entries_a_piece, window);
	good = same(sums, c->sums, n, sizeof(*sums)) &&
		same(strength, c->strength, n, sizeof(double));

	run.sums = NULL;
	memset(strength, 0, n * sizeof(double));
	mode = TNFR_MODE_STRENGTH;
	sum_windows(&c->graph, entries_a_piece, window);
	good = good && same(strength, c->strength, n, sizeof(double));

	run.strength = strength;
	run.scalar = topo;
	mode = TNFR_MODE_TOPO;
	sum_windows(&c->graph, entries_a_piece, window);
	good = good && same(topo, c->topo, n, sizeof(double));
	free(sums);
	free(strength);
	free(topo);
	return good;
}

static void
list_chunks(const Case *c, TnfrCounts *counts)
{
	const uint64_t entries = c->graph.entries;
	const uint64_t parts = TNFR_MOST_PARTS(entries);

	memset(counts, 0, sizeof(*counts));
	run = (TnfrDeviceRun)
	{
		.n = c->graph.n,.offset = c->graph.offset,.state = c->nodes.state,
			.counts = counts,
			.chunk = items(TNFR_MOST_CHUNKS(entries), sizeof(TnfrChunk)),
			.hub = items(TNFR_MOST_HUBS(entries), sizeof(TnfrHub)),
			.part_sums = items(parts, sizeof(TnfrNodeState)),
			.part_scalar = items(parts, sizeof(double))
	};
	for (uint64_t row = run.n; row-- > 0;)	/* in whatever order */
		tnfr_list_chunks(&run, row);
}

static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, bool directed,
	  uint64_t entries_a_piece)
{
	for (int w = 0; w < 2; w++)
	{
		Case		c;
		TnfrCounts	counts;
		char		title[120];
		bool		good;

		weighted = w;
		begin_case(&c, n, m, shape, directed, weighted, m + n);
		list_chunks(&c, &counts);
		good = counts.chunks <= TNFR_MOST_CHUNKS(c.graph.entries) &&
			counts.hubs <= TNFR_MOST_HUBS(c.graph.entries) &&
			counts.parts <= TNFR_MOST_PARTS(c.graph.entries) &&
			sums_agree(&c, entries_a_piece);
		if (entries_a_piece < c.graph.entries)
			snprintf(title, sizeof(title), "%s, %s, pieces of %llu", name,
					 w ? "weighted" : "unweighted", (unsigned long long) entries_a_piece);
		else
			snprintf(title, sizeof(title), "%s, %s", name,
					 w ? "weighted" : "unweighted");
		ok(good, title);
		free(run.chunk);
		free(run.hub);
		free(run.part_sums);
		free(run.part_scalar);
		end_case(&c);
	}
}

int
main(void)
{
	const uint64_t all = UINT64_C(1) << 40;

	for (uint64_t m = 1; m < 40; m += 3)
		check("short rows", 4, m, UNIFORM, false, all);
	for (uint64_t m = 120; m < 1400; m += 309)
		check("a row of one chunk or two", 3, m, STAR, true, all);
	check("no edges", 70, 0, UNIFORM, false, all);
	check("sparse", 1000, 600, UNIFORM, false, all);
	check("dense", 100, 2000, UNIFORM, true, all);
	check("skewed", 200, 5000, SKEWED, false, all);
	check("parallel edges", 40, 1000, PARALLEL, false, all);
	check("a hub", 40, 3000, STAR, false, all);
	check("a hub of 17 parts and an entry", 1, TNFR_CHUNK * 17 + 1, STAR, true, all);
	for (uint64_t piece = 1; piece < 1400; piece = piece * 6 + 1)
	{
		check("skewed", 200, 2500, SKEWED, false, piece);
		check("a hub", 40, 2500, STAR, false, piece);
	}
	free(warp.stack);
	return done_testing();
}
