/*
 * sums.c
 *	  The real device library, through tnfr_pg_device: the same bits as the
 *	  core's on random networks, resident and streamed, again and again, and
 *	  behind jobs that have stopped anywhere.
 *
 *	sums PROGRAM LIBRARY [DIVISOR]
 *
 * The divisor makes networks smaller, for compute-sanitizer and for devices
 * that are emulated.  Exits with 77 when there is no device.
 */
static const char *device_program;
static const char *device_library;

#define DEVICE_PROGRAM	device_program
#define DEVICE_LIBRARY	device_library
#include "device_jobs.h"

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
		good = close_graph(&d, d.answer.graph, true) &&
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
	const uint64_t divisor = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;

	if (argc < 3 || divisor == 0)
	{
		fprintf(stderr, "usage: sums PROGRAM LIBRARY [DIVISOR]\n");
		return 2;
	}
	device_program = argv[1];
	device_library = argv[2];
	show_device();
	for (int k = 0; k < 4; k++)
	{
		const bool	directed = k & 1;
		const bool	weighted = k & 2;

#define CHECK(name, n, m, shape) \
		check(name, (n) / divisor + 1, (m) / divisor, shape, directed, weighted)
		CHECK("one node", 0, 0, UNIFORM);
		CHECK("no edges", 20000, 0, UNIFORM);
		CHECK("sparse", 60000, 40000, UNIFORM);
		CHECK("uniform", 100000, 400000, UNIFORM);
		CHECK("dense", 2000, 200000, UNIFORM);
		CHECK("skewed", 20000, 600000, SKEWED);
		CHECK("parallel edges", 20000, 400000, PARALLEL);
		CHECK("the same edge", 20000, 400000, SAME);
		CHECK("a star", 100000, 600000, STAR);
#undef CHECK
		for (uint64_t m = 1; m < 3000 / divisor; m = m * 3 / 2 + 1)
			check("rows of every length", 5, m, UNIFORM, directed, weighted);
	}
	check_jobs(SMALL_STAGE, true);
	check_fetched(SMALL_STAGE);
	return done_testing();
}
