/*
 * device_jobs.h
 *	  Jobs one after the other, each of somebody else: wherever one stops, the
 *	  next sees nothing of it, and is right.
 */
#ifndef TNFR_UNIT_DEVICE_JOBS_H
#define TNFR_UNIT_DEVICE_JOBS_H

#include "device.h"

/* Where a job stops, in the order that it comes there. */
typedef enum Stop
{
	OPENED, HALF_OFFSETS, BAD_OFFSETS, OFFSETS, HALF_ENTRIES, ENTRIES,
	HALF_STATE, STATE, NO_SUCH_PASS, PASS, HALF_STREAMED, HALF_FETCHED, FETCHED,
	HALF_STRENGTH, STRENGTH, TOPO, STOPS
} Stop;

static const char *const stop_name[STOPS] = {
	"open", "half of the offsets", "offsets that are none", "offsets",
	"half of the entries", "entries", "half of the state", "state",
	"a pass that is none", "a pass", "half of a pass's entries",
	"half of the sums", "sums", "half of other strengths", "other strengths",
	"a second pass"
};

/* A job as far as there, with its own strengths at last. */
static inline bool
job_until(Device *d, const Case *c, uint32_t graph, bool streams, Stop stop)
{
	const uint64_t n = c->graph.n;
	const uint64_t entries = c->graph.entries;
	const TnfrCommand none = {.kind = TNFR_COMMAND_RUN,.graph = graph,.pass = 64};

	if (stop == OPENED)
		return true;
	if (stop == BAD_OFFSETS)	/* which begin with what is no offset */
		return !load_column(d, graph, TNFR_DEVICE_OFFSET, c->strength, NULL, n);
	if (!load_column(d, graph, TNFR_DEVICE_OFFSET, c->graph.offset, NULL,
					 stop == HALF_OFFSETS ? n / 2 : n + 1))
		return false;
	if (stop <= OFFSETS)
		return true;
	if (!streams && !load_column(d, graph, TNFR_DEVICE_ENTRIES,
								 c->graph.neighbour, c->graph.weight,
								 stop == HALF_ENTRIES ? entries / 2 : entries))
		return false;
	if (stop <= ENTRIES)
		return true;
	if (!load_column(d, graph, TNFR_DEVICE_STATE, c->nodes.state, NULL,
					 stop == HALF_STATE ? n / 2 : n))
		return false;
	if (stop <= STATE)
		return true;
	if (stop == NO_SUCH_PASS)
		return refused(d, none);
	if (!run_pass(d, graph, c, false, TNFR_DEVICE_PASS_SUMS | TNFR_DEVICE_PASS_STRENGTH))
		return false;
	if (stop == PASS)
		return true;
	if (streams && !load_column(d, graph, TNFR_DEVICE_ENTRIES,
								c->graph.neighbour, c->graph.weight,
								stop == HALF_STREAMED ? entries / 2 : entries))
		return false;
	if (stop == HALF_STREAMED)
		return true;
	if (!fetch_same(d, graph, TNFR_DEVICE_SUMS, c->sums,
					stop == HALF_FETCHED ? n / 2 : n))
		return false;
	if (stop <= FETCHED)
		return true;
	if (!load_column(d, graph, TNFR_DEVICE_STRENGTH, c->topo, NULL,
					 stop == HALF_STRENGTH ? n / 2 : n))
		return false;
	return stop <= STRENGTH ||
		(run_pass(d, graph, c, false, TNFR_DEVICE_PASS_TOPO) &&
		 (!streams || load_entries(d, graph, c)));
}

/*
 * Opens the graph of a job that has stopped.  Nothing can be had of it, but
 * strengths that it has summed; and these are the ones of the graph.
 */
static inline bool
nothing_is_left(Device *d, const Case *c, uint64_t key, uint64_t budget)
{
	uint32_t	graph;
	bool		strengths;

	if (!open_graph(d, c, key, budget))
		return false;
	graph = d->answer.graph;
	strengths = d->answer.strengths;
	for (uint32_t column = 0; column < TNFR_DEVICE_COLUMNS; column++)
		if ((column != TNFR_DEVICE_STRENGTH || !strengths) &&
			!refused(d, (TnfrCommand) {.kind = TNFR_COMMAND_FETCH,.graph = graph,
									   .column = column,.count = 1}))
			return false;
	return (!strengths ||
			fetch_same(d, graph, TNFR_DEVICE_STRENGTH, c->strength, c->graph.n)) &&
		refused(d, (TnfrCommand) {.kind = TNFR_COMMAND_RUN,.graph = graph,
								  .pass = TNFR_DEVICE_PASS_SUMS}) &&
		close_graph(d, graph, true) && !d->answer.resident;
}

/* A job that stops, its graph closed, and others after it. */
static inline bool
next_is_right(Device *d, const Case *before, const Case *after, uint64_t budget,
			  Stop stop, bool keep)
{
	const uint64_t key = 2 * (uint64_t) stop + keep + 1;
	uint32_t	graph;

	if (!open_graph(d, before, key, budget))
		return false;
	graph = d->answer.graph;
	return job_until(d, before, graph, d->answer.window < before->graph.entries, stop) &&
		close_graph(d, graph, keep) && (keep || !d->answer.resident) &&
		nothing_is_left(d, before, key, budget) &&
		job_agrees(d, after, 0, budget) && job_agrees(d, before, key, budget);
}

static inline void
check_jobs(const char *options, bool weighted)
{
	Case		before;
	Case		after;
	Device		d;

	begin_case(&before, 300, 4000, SKEWED, false, weighted, 5);
	begin_case(&after, 300, 4000, UNIFORM, false, weighted, 6);
	for (int streams = 0; streams < 2; streams++)
	{
		char		title[100];
		uint64_t	budget = 0;
		int			good = start(&d, options) && attach_segment(&d, 1 << 20);

		if (good && streams)
		{
			good = open_graph(&d, &before, 0, 0);
			budget = d.answer.bytes - before.graph.entries * (weighted ? 6 : 2);
			good = good && close_graph(&d, d.answer.graph, false);
		}
		for (int stop = 0; stop < STOPS; stop++)
		{
			good = good && next_is_right(&d, &before, &after, budget, (Stop) stop, false) &&
				next_is_right(&d, &before, &after, budget, (Stop) stop, true);
			snprintf(title, sizeof(title), "a job that stops behind %s, %s, %s",
					 stop_name[stop], weighted ? "weighted" : "unweighted",
					 streams ? "streamed" : "resident");
			ok(good, title);
		}
		ok(stopped_well(&d), "end");
	}
	end_case(&before);
	end_case(&after);
}

/* A fetch writes what it was asked for and nothing else. */
static inline void
check_fetched(const char *options)
{
	const uint64_t at = 4096;
	const uint64_t count = 100;
	Case		c;
	Device		d;
	bool		good;

	begin_case(&c, 300, 9000, SKEWED, false, true, 5);
	good = start(&d, options) && attach_segment(&d, 1 << 16) &&
		open_graph(&d, &c, 0, 0) && job_until(&d, &c, 0, false, PASS);
	memset(d.memory, 0x5a, d.bytes);
	good = good && ask(&d, (TnfrCommand)
					   {
						   .kind = TNFR_COMMAND_FETCH,.column = TNFR_DEVICE_SUMS,
						   .first = 150,.count = count,.position = at
					   }, -1) &&
		memcmp(d.memory + at, c.sums + 150, count * sizeof(*c.sums)) == 0;
	for (uint64_t i = 0; i < d.bytes && good; i++)
		good = (i >= at && i < at + count * sizeof(*c.sums)) || d.memory[i] == 0x5a;
	ok(good, "what was not fetched is not written to");
	ok(stopped_well(&d), "end");
	end_case(&c);
}

#endif							/* TNFR_UNIT_DEVICE_JOBS_H */
