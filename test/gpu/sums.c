/*
 * sums.c
 *	  The real device library, through tnfr_pg_device: the same bits as the
 *	  core's on random networks, resident and streamed, again and again.
 *
 *	sums PROGRAM LIBRARY [small]
 *
 * "small" is for compute-sanitizer.  Exits with 77 when there is no device.
 */
static const char *device_program;
static const char *device_library;

#define DEVICE_PROGRAM	device_program
#define DEVICE_LIBRARY	device_library
#include "device.h"

#define NO_DEVICE	77
#define SMALL_STAGE "stage=4096"

/* What tnfr_device_info says; exits when there is no device. */
static void
show_device(void)
{
	Device		d;

	if (!start(&d, NULL))
	{
		printf("# no device: %s\n", d.talk == TNFR_TALK_OK ?
			   d.answer.error.text : "tnfr_pg_device has gone");
		stop(&d);
		exit(NO_DEVICE);
	}
	printf("# %s, compute capability %u.%u, %.1f of %.1f GB free\n",
		   d.answer.info.name, d.answer.info.major, d.answer.info.minor,
		   (double) d.answer.info.free_bytes / 1e9,
		   (double) d.answer.info.total_bytes / 1e9);
	ok(stopped_well(&d), "a device opens and closes");
}

/*
 * Resident, with other state, and in windows: as many entries as the device
 * holds beside those it has, by a budget between what nodes need and all.
 */
static void
check(const char *name, uint64_t n, uint64_t m, Shape shape, bool directed,
	  bool weighted)
{
	Case		c;
	Device		d;
	char		title[160];
	uint64_t	all = 0;
	uint64_t	streamed = 0;
	bool		good;

	begin_case(&c, n, m, shape, directed, weighted, m + n);
	good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 20) &&
		job_agrees(&d, &c, 1, 0);
	for (uint64_t k = 0; k < 2 && good; k++)
	{
		change_case(&c, k);
		good = open_graph(&d, &c, 1, 0) && d.answer.resident;
		all = d.answer.bytes;
		good = good && close_graph(&d, d.answer.graph, true) &&
			job_agrees(&d, &c, 1, 0);
	}
	for (uint64_t part = 1; part < 8 && good; part += 2)
	{
		const uint64_t entry = weighted ? 12 : 4;
		const uint64_t budget = all - c.graph.entries * entry * part / 8;

		if (!open_graph(&d, &c, 2, budget))
		{
			/* no window is so small */
			good = d.answer.error.kind == TNFR_DEVICE_NO_MEMORY;
			continue;
		}
		streamed += d.answer.window < c.graph.entries;
		good = close_graph(&d, d.answer.graph, false) &&
			job_agrees(&d, &c, 2, budget);
	}
	snprintf(title, sizeof(title), "%s, %s, %s, %llu times streamed", name,
			 directed ? "directed" : "undirected",
			 weighted ? "weighted" : "unweighted", (unsigned long long) streamed);
	ok(good, title);
	if (!good)
		printf("# %s\n", d.answer.error.text);
	ok(stopped_well(&d), "end");
	end_case(&c);
}

int
main(int argc, char **argv)
{
	const bool	small = argc == 4 && strcmp(argv[3], "small") == 0;
	const uint64_t more = small ? 1 : 20;

	if (argc < 3)
	{
		fprintf(stderr, "usage: sums PROGRAM LIBRARY [small]\n");
		return 2;
	}
	device_program = argv[1];
	device_library = argv[2];
	show_device();
	for (int k = 0; k < 4; k++)
	{
		const bool	directed = k & 1;
		const bool	weighted = k & 2;

		check("one node", 1, 0, UNIFORM, directed, weighted);
		check("no edges", 1000, 0, UNIFORM, directed, weighted);
		check("sparse", 3000, 2000, UNIFORM, directed, weighted);
		check("uniform", 5000 * more, 20000 * more, UNIFORM, directed, weighted);
		check("dense", 100 * more, 10000 * more, UNIFORM, directed, weighted);
		check("skewed", 1000 * more, 30000 * more, SKEWED, directed, weighted);
		check("parallel edges", 1000, 20000 * more, PARALLEL, directed, weighted);
		check("the same edge", 1000, 20000, SAME, directed, weighted);
		check("a star", 5000 * more, 30000 * more, STAR, directed, weighted);
		for (uint64_t m = 1; m < 3000 && !small; m = m * 3 / 2 + 1)
			check("rows of every length", 5, m, UNIFORM, directed, weighted);
	}
	return done_testing();
}
