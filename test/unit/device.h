/*
 * device.h
 *	  tnfr_pg_device and the test device, as the unit tests use them: started,
 *	  given a memfd to exchange data through, and gone afterwards.
 */
#ifndef TNFR_UNIT_DEVICE_H
#define TNFR_UNIT_DEVICE_H

#include "device/client.h"
#include "columns.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE	60000		/* milliseconds; sanitizers and valgrind are slow */

/* A started program, its segment 0, and the answer that came last. */
typedef struct Device
{
	TnfrDeviceClient client;
	TnfrAnswer	answer;
	TnfrDeviceTalk talk;
	int			fd;				/* of the segment */
	char	   *memory;
	uint64_t	bytes;
	uint64_t	piece;			/* items of a LOAD or FETCH, at most */
} Device;

static inline double
seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static inline int
descriptors(void)
{
	DIR		   *dir = opendir("/proc/self/fd");
	int			count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static inline bool
answered(const Device *d)
{
	return d->talk == TNFR_TALK_OK && d->answer.status == TNFR_ANSWER_DONE;
}

/* One command, and its answer. */
static inline bool
ask(Device *d, TnfrCommand command, int fd)
{
	d->talk = tnfr_device_send(&d->client, &command, fd);
	if (d->talk == TNFR_TALK_OK)
		d->talk = tnfr_device_wait(&d->client, &d->answer, PATIENCE);
	return answered(d);
}

/* Was the command refused, and is the program still there? */
static inline bool
refused(Device *d, TnfrCommand command)
{
	return !ask(d, command, -1) && d->talk == TNFR_TALK_OK &&
		d->answer.status == TNFR_ANSWER_REFUSED &&
		d->answer.error.text[0] != '\0';
}

static inline bool
start_library(Device *d, const char *library, const char *options)
{
	memset(d, 0, sizeof(*d));
	d->fd = -1;
	d->piece = UINT64_MAX;
	if (!tnfr_device_start(&d->client, DEVICE_PROGRAM, library, 0, options))
		abort();
	d->talk = tnfr_device_wait(&d->client, &d->answer, PATIENCE);
	return answered(d);
}

static inline bool
start(Device *d, const char *options)
{
	return start_library(d, DEVICE_LIBRARY, options);
}

/* Segment 0, of so many bytes. */
static inline bool
attach_segment(Device *d, uint64_t bytes)
{
	d->bytes = bytes;
	d->fd = memfd_create("tnfr", MFD_CLOEXEC);
	if (ftruncate(d->fd, (off_t) bytes) != 0)
		abort();
	d->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	return ask(d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH}, d->fd);
}

/* Waits for the end of the program; its wait status, or -1. */
static inline int
end_of(TnfrDeviceClient *client, double patience)
{
	const double end = seconds_now() + patience;
	int			status;

	while (!tnfr_device_ended(client, &status))
	{
		if (seconds_now() > end)
			return -1;
		usleep(1000);
	}
	return status;
}

/* Hangs up and gives everything back; how the program ended. */
static inline int
stop(Device *d)
{
	int			status;

	tnfr_device_hang_up(&d->client);
	status = end_of(&d->client, PATIENCE / 1000);
	if (status == -1)
	{
		tnfr_device_kill(&d->client);
		end_of(&d->client, 5);
	}
	if (d->memory != NULL)
		munmap(d->memory, d->bytes);
	if (d->fd >= 0)
		close(d->fd);
	return status;
}

static inline bool
stopped_well(Device *d)
{
	const int	status = stop(d);

	return WIFEXITED(status) && WEXITSTATUS(status) == TNFR_DEVICE_EXIT_EOF;
}

static inline bool
open_graph(Device *d, const Case *c, uint64_t key, uint64_t budget)
{
	return ask(d, (TnfrCommand)
			   {
				   .kind = TNFR_COMMAND_GRAPH,.key = {key, key},
				   .n = c->graph.n,.entries = c->graph.entries,
				   .weighted = c->graph.weight != NULL,.budget = budget
			   }, -1);
}

/* Loads a column by pieces, through the segment. */
static inline bool
load_column(Device *d, uint32_t graph, uint32_t column, const void *from,
			const double *weights, uint64_t items)
{
	const uint64_t item = tnfr_device_item(column, 0);
	uint64_t	most = (d->bytes - 64) / (item + (weights != NULL ? 8 : 0));

	most = most < d->piece ? most : d->piece;
	for (uint64_t first = 0; first < items; first += most)
	{
		const uint64_t count = items - first < most ? items - first : most;
		TnfrCommand command = {
			.kind = TNFR_COMMAND_LOAD,.graph = graph,.column = column,
			.first = first,.count = count,.weights = d->bytes - count * 8
		};

		memcpy(d->memory, (const char *) from + first * item, count * item);
		if (weights != NULL)
			memcpy(d->memory + command.weights, weights + first, count * 8);
		if (!ask(d, command, -1))
			return false;
	}
	return true;
}

static inline bool
load_entries(Device *d, uint32_t graph, const Case *c)
{
	return load_column(d, graph, TNFR_DEVICE_ENTRIES, c->graph.neighbour,
					   c->graph.weight, c->graph.entries);
}

static inline bool
load_state(Device *d, uint32_t graph, const Case *c)
{
	return load_column(d, graph, TNFR_DEVICE_STATE, c->nodes.state, NULL,
					   c->graph.n);
}

/* Fetches a column by pieces, and compares it. */
static inline bool
fetch_same(Device *d, uint32_t graph, uint32_t column, const void *expected,
		   uint64_t items)
{
	const uint64_t item = tnfr_device_item(column, 0);
	uint64_t	most = d->bytes / item;

	most = most < d->piece ? most : d->piece;
	for (uint64_t first = 0; first < items; first += most)
	{
		const uint64_t count = items - first < most ? items - first : most;

		if (!ask(d, (TnfrCommand)
				 {
					 .kind = TNFR_COMMAND_FETCH,.graph = graph,.column = column,
					 .first = first,.count = count
				 }, -1) ||
			memcmp(d->memory, (const char *) expected + first * item,
				   count * item) != 0)
			return false;
	}
	return true;
}

/* A pass; the entries of a graph that streams come with it. */
static inline bool
run_pass(Device *d, uint32_t graph, const Case *c, bool streams, uint32_t pass)
{
	return ask(d, (TnfrCommand)
			   {
				   .kind = TNFR_COMMAND_RUN,.graph = graph,.pass = pass
			   }, -1) &&
		(!streams || load_entries(d, graph, c));
}

static inline bool
close_graph(Device *d, uint32_t graph, bool keep)
{
	return ask(d, (TnfrCommand)
			   {
				   .kind = TNFR_COMMAND_CLOSE,.graph = graph,.keep = keep
			   }, -1);
}

/* The whole of a job: all sums of a case, compared bit by bit. */
static inline bool
job_agrees(Device *d, const Case *c, uint64_t key, uint64_t budget)
{
	const uint64_t n = c->graph.n;
	uint32_t	graph;
	bool		streams;
	bool		resident;

	if (!open_graph(d, c, key, budget))
		return false;
	graph = d->answer.graph;
	streams = d->answer.window < c->graph.entries;
	resident = d->answer.resident;
	return (resident ||
			(load_column(d, graph, TNFR_DEVICE_OFFSET, c->graph.offset, NULL,
						 n + 1) &&
			 (streams || load_entries(d, graph, c)))) &&
		load_state(d, graph, c) &&
		run_pass(d, graph, c, streams,
				 TNFR_DEVICE_PASS_SUMS | TNFR_DEVICE_PASS_STRENGTH) &&
		fetch_same(d, graph, TNFR_DEVICE_SUMS, c->sums, n) &&
		fetch_same(d, graph, TNFR_DEVICE_STRENGTH, c->strength, n) &&
		run_pass(d, graph, c, streams, TNFR_DEVICE_PASS_TOPO) &&
		fetch_same(d, graph, TNFR_DEVICE_TOPO, c->topo, n) &&
		close_graph(d, graph, true);
}

#endif							/* TNFR_UNIT_DEVICE_H */
