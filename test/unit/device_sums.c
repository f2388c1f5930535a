/*
 * device_sums.c
 *	  Sums by way of tnfr_pg_device: the same bits as the core's, for networks
 *	  of every shape, resident and streamed, in pieces of every size; graphs
 *	  that stay on the device; and jobs of several clients in turn.
 */
#include "device_jobs.h"

#include <inttypes.h>

#define SMALL_STAGE "stage=1024"

/* A budget that a graph's nodes fit, and half of its entries. */
static uint64_t
tight_budget(const Case *c)
{
	return c->graph.n * 88 +
		c->graph.entries * (c->graph.weight != NULL ? 6 : 2);
}

static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, bool directed,
	  uint64_t piece)
{
	for (int weighted = 0; weighted < 2; weighted++)
		for (int tight = 0; tight < 2; tight++)
		{
			Case		c;
			Device		d;
			char		title[120];
			bool		good;
			uint64_t	window;

			begin_case(&c, n, m, shape, directed, weighted, m);
			good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 16);
			d.piece = piece;
			good = good && open_graph(&d, &c, 0, tight ? tight_budget(&c) : 0);
			window = d.answer.window;
			good = good && close_graph(&d, d.answer.graph, false) &&
				job_agrees(&d, &c, 0, tight ? tight_budget(&c) : 0);
			snprintf(title, sizeof(title), "%s, %s, %s", name,
					 weighted ? "weighted" : "unweighted",
					 window < c.graph.entries ? "streamed" : "resident");
			ok(good, title);
			ok(stopped_well(&d), "the program ends when it is not needed");
			end_case(&c);
			if (window == c.graph.entries && tight == 0 && m < 5000)
				break;			/* too small to stream */
		}
}

/* The same graph again, with other state. */
static void
check_reuse(void)
{
	Case		c;
	Case		other;
	Device		d;
	bool		good;

	begin_case(&c, 500, 20000, SKEWED, false, true, 5);
	begin_case(&other, 500, 20000, SKEWED, false, true, 6);
	good = start(&d, "memory=700000") && attach_segment(&d, 1 << 20) &&
		job_agrees(&d, &c, 7, 0);
	ok(good, "a graph comes");
	for (uint64_t k = 1; k < 4 && good; k++)
	{
		change_case(&c, k);
		good = open_graph(&d, &c, 7, 0) && d.answer.resident &&
			d.answer.strengths && close_graph(&d, d.answer.graph, true) &&
			job_agrees(&d, &c, 7, 0);
	}
	ok(good, "it is still there, for other state");

	good = open_graph(&d, &c, 7, 0);
	ok(good && refused(&d, (TnfrCommand) {.kind = TNFR_COMMAND_RUN,.pass = TNFR_DEVICE_PASS_SUMS,
										  .graph = d.answer.graph}),
	   "state of the job before is not used");
	ok(refused(&d, (TnfrCommand) {.kind = TNFR_COMMAND_GRAPH,.key = {7, 7},.n = c.graph.n,
								  .entries = c.graph.entries,.weighted = 1}),
	   "an open graph is not opened again");
	ok(close_graph(&d, 0, true), "closed");

	ok(job_agrees(&d, &other, 8, 0), "another graph needs the memory");
	ok(open_graph(&d, &c, 7, 0) && !d.answer.resident &&
	   close_graph(&d, d.answer.graph, true), "so the first one has gone");
	ok(ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_INFO}, -1) &&
	   d.answer.info.total_bytes == 700000 && d.answer.graphs == 0,
	   "a graph without entries does not stay");
	ok(stopped_well(&d), "end");
	end_case(&c);
	end_case(&other);
}

/* How many graphs are on the device. */
static uint32_t
graphs_of(Device *d)
{
	return ask(d, (TnfrCommand) {.kind = TNFR_COMMAND_INFO}, -1) ?
		d->answer.graphs : UINT32_MAX;
}

/* A graph that finds no room takes none from others. */
static void
check_impossible(Case *c)
{
	const TnfrCommand impossible = {
		.kind = TNFR_COMMAND_GRAPH,.n = 100000,.entries = 100000
	};
	Device		d;
	bool		good = start(&d, "memory=600000") && attach_segment(&d, 1 << 20) &&
		job_agrees(&d, c, 7, 0);

	ok(good && !ask(&d, impossible, -1) &&
	   d.answer.error.kind == TNFR_DEVICE_NO_MEMORY, "a graph that fits nowhere");
	ok(graphs_of(&d) == 1 && open_graph(&d, c, 7, 0) && d.answer.resident &&
	   close_graph(&d, d.answer.graph, true), "leaves the others where they are");
	ok(!open_graph(&d, c, 8, 1000) && d.answer.error.kind == TNFR_DEVICE_NO_MEMORY &&
	   graphs_of(&d) == 0, "a budget that became smaller holds for those that are there, too");
	ok(stopped_well(&d), "end");
}

/* Memory that nobody gets, and memory that is not where it seems to be. */
static void
check_spare(Case *c)
{
	Device		d;
	char		options[80];
	uint64_t	bytes;
	bool		good = start(&d, NULL) && open_graph(&d, c, 0, 0);

	bytes = d.answer.bytes;
	ok(good && stopped_well(&d), "so large is a graph");

	snprintf(options, sizeof(options), "stage=1024,memory=%" PRIu64, bytes);
	good = start(&d, options) && attach_segment(&d, 1 << 20) && open_graph(&d, c, 0, 0);
	ok(good && d.answer.window < c->graph.entries && d.answer.bytes <= bytes - bytes / 16,
	   "a graph leaves some memory free");
	ok(close_graph(&d, 0, false) && job_agrees(&d, c, 0, 0) && stopped_well(&d),
	   "and is summed in windows");

	snprintf(options, sizeof(options), "stage=1024,memory=%" PRIu64 ",hidden=%" PRIu64,
			 3 * bytes, 3 * bytes - bytes / 4 * 3);
	good = start(&d, options) && attach_segment(&d, 1 << 20) && open_graph(&d, c, 0, 0);
	ok(good && d.answer.window < c->graph.entries,
	   "memory that is not to be had: a smaller window");
	ok(close_graph(&d, 0, false) && job_agrees(&d, c, 0, 0) && stopped_well(&d),
	   "which succeeds");

	snprintf(options, sizeof(options), "stage=1024,memory=%" PRIu64 ",hidden=%" PRIu64,
			 5 * bytes / 2, bytes);
	good = start(&d, options) && attach_segment(&d, 1 << 20) && job_agrees(&d, c, 7, 0);
	ok(good && open_graph(&d, c, 8, 0) && d.answer.window == c->graph.entries &&
	   graphs_of(&d) == 1, "or the memory of a graph that nobody uses");
	ok(stopped_well(&d), "end");

	snprintf(options, sizeof(options), "stage=1024,memory=%" PRIu64 ",hidden=%" PRIu64,
			 3 * bytes, 3 * bytes - 1000);
	good = start(&d, options) && !open_graph(&d, c, 0, 0);
	ok(good && d.answer.error.kind == TNFR_DEVICE_NO_MEMORY &&
	   strcmp(d.answer.error.text, "out of device memory") == 0 && stopped_well(&d),
	   "when there is none at all, the device's reason");
}

/* As many graphs as there are places. */
static void
check_places(void)
{
	Device		d;
	Case		c;
	bool		good = start(&d, NULL) && attach_segment(&d, 1 << 16);
	const TnfrCommand huge = {
		.kind = TNFR_COMMAND_GRAPH,.n = TNFR_MAX_NODES,.entries = 1
	};

	begin_case(&c, 10, 20, UNIFORM, false, false, 1);
	for (uint64_t key = 1; key <= TNFR_DEVICE_GRAPHS && good; key++)
		good = job_agrees(&d, &c, key, 0);
	ok(good && graphs_of(&d) == TNFR_DEVICE_GRAPHS, "graphs at all places");
	ok(!ask(&d, huge, -1) && graphs_of(&d) == TNFR_DEVICE_GRAPHS,
	   "one that fits nowhere takes no place");
	good = job_agrees(&d, &c, 1, 0) && job_agrees(&d, &c, 99, 0) &&
		graphs_of(&d) == TNFR_DEVICE_GRAPHS && open_graph(&d, &c, 1, 0) &&
		d.answer.resident && open_graph(&d, &c, 2, 0) && !d.answer.resident;
	ok(good, "another takes that of the one closed longest ago");
	for (uint64_t key = 101; key < 99 + TNFR_DEVICE_GRAPHS && good; key++)
		good = open_graph(&d, &c, key, 0);
	ok(good && !open_graph(&d, &c, 200, 0) && d.answer.status == TNFR_ANSWER_REFUSED,
	   "no more than that are open");
	ok(close_graph(&d, 5, false) && job_agrees(&d, &c, 200, 0), "and one less helps");
	ok(stopped_well(&d), "end");
	end_case(&c);
}

/* Two pieces on their way at a time, through two halves of a segment. */
static bool
load_two_deep(Device *d, const Case *c, uint64_t piece)
{
	const uint64_t entries = c->graph.entries;
	uint64_t	waiting = 0;
	bool		good = true;

	for (uint64_t first = 0, side = 0; (first < entries || waiting > 0) && good;)
	{
		const uint64_t count = entries - first < piece ? entries - first : piece;
		TnfrCommand load = {
			.kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_ENTRIES,
			.first = first,.count = count,.position = side * d->bytes / 2
		};

		if (waiting == 2 || count == 0)
		{
			d->talk = tnfr_device_wait(&d->client, &d->answer, PATIENCE);
			good = answered(d);
			waiting--;
			continue;
		}
		load.weights = load.position + d->bytes / 4;
		memcpy(d->memory + load.position, c->graph.neighbour + first, count * 4);
		memcpy(d->memory + load.weights, c->graph.weight + first, count * 8);
		good = tnfr_device_send(&d->client, &load, -1) == TNFR_TALK_OK;
		waiting++;
		first += count;
		side = !side;
	}
	return good;
}

static void
check_two_deep(void)
{
	Case		c;
	Device		d;
	bool		good;

	begin_case(&c, 500, 20000, SKEWED, false, true, 5);
	good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 16) &&
		open_graph(&d, &c, 0, 0) &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c.graph.offset, NULL, 501) &&
		load_two_deep(&d, &c, 1777) && load_state(&d, 0, &c) &&
		run_pass(&d, 0, &c, false, TNFR_DEVICE_PASS_SUMS) &&
		fetch_same(&d, 0, TNFR_DEVICE_SUMS, c.sums, 500);
	ok(good, "pieces two at a time, resident");
	good = close_graph(&d, 0, false) && open_graph(&d, &c, 0, tight_budget(&c)) &&
		d.answer.window < c.graph.entries &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c.graph.offset, NULL, 501) &&
		load_state(&d, 0, &c) &&
		run_pass(&d, 0, &c, false, TNFR_DEVICE_PASS_SUMS) &&
		load_two_deep(&d, &c, 1777) &&
		fetch_same(&d, 0, TNFR_DEVICE_SUMS, c.sums, 500);
	ok(good, "and streamed");
	ok(stopped_well(&d), "end");
	end_case(&c);
}

/* Commands are sent before answers to others have come. */
static void
check_pipeline(void)
{
	Device		d;
	int			answers = 0;
	bool		good = start(&d, NULL);

	for (uint64_t k = 0; k < 20; k++)
	{
		TnfrCommand command = {.kind = TNFR_COMMAND_INFO};

		good = good && tnfr_device_send(&d.client, &command, -1) == TNFR_TALK_OK;
	}
	while (good && answers < 20 &&
		   tnfr_device_wait(&d.client, &d.answer, PATIENCE) == TNFR_TALK_OK)
		answers++;
	ok(good && answers == 20 && d.answer.number == 20, "commands in a row");
	ok(tnfr_device_receive(&d.client, &d.answer) == TNFR_TALK_LATER,
	   "no answer, no wait");
	ok(stopped_well(&d), "end");
}

int
main(void)
{
	const int	before = descriptors();
	Case		c;

	check("one node", 1, 0, UNIFORM, false, UINT64_MAX);
	check("no edges", 70, 0, UNIFORM, false, 13);
	check("uniform", 700, 9000, UNIFORM, false, 1000);
	check("directed", 700, 9000, UNIFORM, true, 777);
	check("skewed", 500, 9000, SKEWED, false, UINT64_MAX);
	check("star, in small pieces", 40, 6000, STAR, false, 61);
	check("parallel edges", 100, 9000, PARALLEL, false, 4001);
	check("the same edge", 100, 9000, SAME, true, UINT64_MAX);
	check("a hub longer than TNFR_HUB", 20, TNFR_HUB * 2 + 99, STAR, true, UINT64_MAX);
	check_reuse();
	begin_case(&c, 500, 9000, SKEWED, false, true, 3);
	check_impossible(&c);
	check_spare(&c);
	end_case(&c);
	check_places();
	check_pipeline();
	check_two_deep();
	check_jobs(SMALL_STAGE, false);
	check_jobs(SMALL_STAGE, true);
	check_jobs(SMALL_STAGE ",slow=2", true);
	check_fetched(SMALL_STAGE);
	ok(descriptors() == before, "no descriptor is left");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no process is left");
	return done_testing();
}
