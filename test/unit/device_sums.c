/*
 * device_sums.c
 *	  Sums by way of tnfr_pg_device: the same bits as the core's, for networks
 *	  of every shape, resident and streamed, in pieces of every size; and
 *	  graphs that stay on the device.
 */
#include "device.h"

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
	check_pipeline();
	ok(descriptors() == before, "no descriptor is left");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no process is left");
	return done_testing();
}
