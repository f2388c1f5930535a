/*
 * faults.c
 *	  What the CUDA library does when CUDA's calls fail, on the emulated
 *	  runtime: it says what kind of an error it is, and leaves nothing behind.
 *
 *	faults PROGRAM LIBRARY
 */
static const char *device_program;
static const char *device_library;

#define DEVICE_PROGRAM	device_program
#define DEVICE_LIBRARY	device_library
#include "device.h"

#include <dlfcn.h>

#define SMALL_STAGE "stage=4096"

static void
choose_fault(const char *call, int k)
{
	char		word[40];

	snprintf(word, sizeof(word), "%s:%d", call, k);
	setenv("TNFR_EMULATED_FAULT", word, 1);
}

static void
no_fault(void)
{
	unsetenv("TNFR_EMULATED_FAULT");
}

/* What is not opened or created leaves nothing, and is the next time. */
static void
check_calls(void)
{
	static const struct
	{
		const char *call;
		int			opening;	/* calls of open, before create comes */
		int			creating;
		uint32_t	kind;
	}			calls[] = {
		{"count", 1, 0, TNFR_DEVICE_ABSENT},
		{"image", 1, 0, TNFR_DEVICE_ABSENT},
		{"context", 1, 0, TNFR_DEVICE_NO_MEMORY},
		{"stream", 1, 0, TNFR_DEVICE_NO_MEMORY},
		{"host", 3, 0, TNFR_DEVICE_NO_MEMORY},
		{"event", 3, 2, TNFR_DEVICE_NO_MEMORY},
		{"malloc", 0, 1, TNFR_DEVICE_NO_MEMORY},
		{"fill", 0, 1, TNFR_DEVICE_FAILED}
	};
	const TnfrDeviceShape shape = {.n = 1000,.entries = 5000,.window = 5000};
	void	   *handle = dlopen(device_library, RTLD_NOW | RTLD_LOCAL);
	TnfrDeviceEntry entry = (TnfrDeviceEntry) dlsym(handle, TNFR_DEVICE_ENTRY);
	size_t		(*objects) (void) = (size_t (*) (void)) dlsym(handle, "emulated_objects");
	const TnfrDeviceLibrary *library = entry(TNFR_DEVICE_ABI);

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (int k = 1; k <= calls[i].opening + calls[i].creating; k++)
		{
			const bool	opens = k > calls[i].opening;
			TnfrDevice *device = NULL;
			TnfrDeviceGraph *graph = NULL;
			TnfrDeviceError error = {0};
			bool		good;
			char		title[80];

			choose_fault(calls[i].call, k);
			good = (library->open(0, NULL, &device, &error) == TNFR_DEVICE_OK) == opens;
			if (good && opens)
			{
				const size_t before = objects();

				good = library->create(device, &shape, &graph, &error) == TNFR_DEVICE_ERROR &&
					objects() == before;
			}
			good = good && error.kind == calls[i].kind && error.text[0] != '\0';
			if (device == NULL)
				good = good && objects() == 0 &&
					library->open(0, NULL, &device, &error) == TNFR_DEVICE_ERROR;
			no_fault();
			if (device == NULL)
				good = good && objects() == 0 &&
					library->open(0, NULL, &device, &error) == TNFR_DEVICE_OK;
			good = good &&
				library->create(device, &shape, &graph, &error) == TNFR_DEVICE_OK;
			if (good)
			{
				library->destroy(graph);
				library->close(device);
			}
			snprintf(title, sizeof(title), "%s fails, at the %d. call", calls[i].call, k);
			ok(good && objects() == 0, title);
		}
	dlclose(handle);
}

/* The free memory of a device whose graphs are all closed. */
static uint64_t
free_bytes(Device *d)
{
	return ask(d, (TnfrCommand) {.kind = TNFR_COMMAND_INFO}, -1) ?
		d->answer.info.free_bytes : UINT64_MAX;
}

/* A call fails in the middle of a job: the next one succeeds. */
static void
check_told(const Case *c, const char *call, int calls)
{
	for (int k = 1; k <= calls; k++)
	{
		Device		d;
		char		title[80];
		uint64_t	before;
		bool		good;

		choose_fault(call, k);
		good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 20);
		no_fault();
		before = good ? free_bytes(&d) : 0;
		good = good && !job_agrees(&d, c, 1, 0) && d.talk == TNFR_TALK_OK &&
			d.answer.status == TNFR_ANSWER_ERROR &&
			d.answer.error.kind == TNFR_DEVICE_FAILED;
		close_graph(&d, 0, true);
		good = good && job_agrees(&d, c, 0, 0) && free_bytes(&d) == before;
		snprintf(title, sizeof(title), "%s fails in a job, at the %d. call", call, k);
		ok(good && stopped_well(&d), title);
	}
}

/* Something breaks on the device, and with it all that follows. */
static void
check_sticky(const Case *c, const char *call, int k, uint32_t kind)
{
	Device		d;
	char		title[80];
	bool		good;
	int			status;

	choose_fault(call, k);
	good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 20) &&
		!job_agrees(&d, c, 1, 0) && d.talk == TNFR_TALK_OK &&
		d.answer.status == TNFR_ANSWER_ERROR && d.answer.error.kind == kind;
	no_fault();
	status = stop(&d);
	snprintf(title, sizeof(title), "%s: the %d. work breaks the device", call, k);
	ok(good && WIFEXITED(status) && WEXITSTATUS(status) == TNFR_DEVICE_EXIT_STICKY, title);
}

/* Memory that is not to be had though it seems free. */
static void
check_memory(const Case *c)
{
	Device		d;
	bool		good;

	choose_fault("malloc", 1);
	good = start(&d, NULL) && attach_segment(&d, 1 << 20) && !job_agrees(&d, c, 1, 0) &&
		d.answer.status == TNFR_ANSWER_ERROR &&
		d.answer.error.kind == TNFR_DEVICE_NO_MEMORY;
	ok(good && job_agrees(&d, c, 1, 0) && stopped_well(&d),
	   "no memory, for a graph that has no smaller window");
	good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 20) && job_agrees(&d, c, 1, 0);
	ok(good && stopped_well(&d), "for one that has");
	choose_fault("malloc", 2);
	good = start(&d, SMALL_STAGE) && attach_segment(&d, 1 << 20) &&
		job_agrees(&d, c, 1, 0) && open_graph(&d, c, 2, 0) &&
		d.answer.window == c->graph.entries && open_graph(&d, c, 1, 0) &&
		!d.answer.resident;
	ok(good && stopped_well(&d), "for the second, which gets that of the first");
	no_fault();
}

/* What is free at the begin is so at the end: nothing is loaded lazily. */
static void
check_free(const Case *c)
{
	Device		d;
	bool		good = start(&d, SMALL_STAGE);
	const uint64_t before = d.answer.info.free_bytes;

	good = good && attach_segment(&d, 1 << 20) && job_agrees(&d, c, 0, 0);
	ok(good && free_bytes(&d) == before && d.answer.graphs == 0,
	   "after a job as much is free as before it");
	ok(stopped_well(&d), "end");
}

int
main(int argc, char **argv)
{
	Case		c;

	if (argc < 3)
	{
		fprintf(stderr, "usage: faults PROGRAM LIBRARY\n");
		return 2;
	}
	device_program = argv[1];
	device_library = argv[2];
	begin_case(&c, 300, 9000, SKEWED, false, true, 5);
	check_calls();
	check_free(&c);
	check_memory(&c);
	check_told(&c, "copy", 9);
	check_told(&c, "fill", 2);
	check_told(&c, "launch", 7);
	for (int k = 1; k < 40; k += 3)
		check_sticky(&c, "work", k, TNFR_DEVICE_STICKY);
	check_sticky(&c, "ecc", 5, TNFR_DEVICE_LOST);
	end_case(&c);
	return done_testing();
}
