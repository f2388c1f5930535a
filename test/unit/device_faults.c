/*
 * device_faults.c
 *	  Whatever goes wrong with tnfr_pg_device or its device is known in time
 *	  and leaves nothing behind; and what is not right is refused.
 */
#include "device.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define SOON	30.0			/* seconds, for a machine that is busy */

/* A job with that fault; true if it came to its end. */
static bool
job_with(Device *d, Case *c, const char *options)
{
	return start(d, options) && attach_segment(d, 1 << 20) &&
		job_agrees(d, c, 1, 0);
}

/* Faults that are told, and after which the program goes on, or not. */
static void
check_error(Case *c, const char *options, TnfrDeviceErrorKind kind)
{
	Device		d;
	char		title[80];
	bool		good = !job_with(&d, c, options) && d.talk == TNFR_TALK_OK &&
		d.answer.status == TNFR_ANSWER_ERROR && d.answer.error.kind == kind &&
		strcmp(d.answer.error.text, "injected fault") == 0;
	int			status;

	snprintf(title, sizeof(title), "%s: the error is told", options);
	ok(good, title);
	if (kind == TNFR_DEVICE_STICKY || kind == TNFR_DEVICE_LOST)
	{
		status = end_of(&d.client, SOON);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == TNFR_DEVICE_EXIT_STICKY,
		   "and the program ends");
		stop(&d);
	}
	else if (strstr(options, "@open") != NULL || strstr(options, "@info") != NULL)
	{
		status = stop(&d);
		ok(WIFEXITED(status) && WEXITSTATUS(status) == TNFR_DEVICE_EXIT_ABSENT,
		   "and the program ends");
	}
	else
	{
		for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
			close_graph(&d, i, true);
		ok(job_agrees(&d, c, 1, 0), "and the next job succeeds");
		ok(stopped_well(&d), "end");
	}
}

/* Faults that end the program. */
static void
check_death(Case *c, const char *options, int signal)
{
	Device		d;
	const double begin = seconds_now();
	char		title[80];
	bool		good = !job_with(&d, c, options) && d.talk == TNFR_TALK_GONE;
	int			status = stop(&d);

	snprintf(title, sizeof(title), "%s is noticed", options);
	ok(good && seconds_now() - begin < SOON &&
	   (signal ? WIFSIGNALED(status) && WTERMSIG(status) == signal :
		WIFEXITED(status)), title);
}

/* The client has no more time, and kills. */
static void
check_deadline(Case *c, const char *options)
{
	Device		d;
	TnfrCommand command = {
		.kind = TNFR_COMMAND_FETCH,.column = TNFR_DEVICE_SUMS,.count = c->graph.n
	};
	const double begin = seconds_now();
	char		title[80];
	bool		good = start(&d, options) && attach_segment(&d, 1 << 20) &&
		open_graph(&d, c, 0, 0) &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c->graph.offset, NULL, c->graph.n + 1) &&
		load_entries(&d, 0, c) && load_state(&d, 0, c) &&
		run_pass(&d, 0, c, false, TNFR_DEVICE_PASS_SUMS) &&
		tnfr_device_send(&d.client, &command, -1) == TNFR_TALK_OK;
	int			status;

	good = good && tnfr_device_wait(&d.client, &d.answer, 100) == TNFR_TALK_LATER;
	tnfr_device_kill(&d.client);
	status = end_of(&d.client, SOON);
	snprintf(title, sizeof(title), "%s: given up and killed", options);
	ok(good && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	   seconds_now() - begin < SOON, title);
	stop(&d);
}

/* The client hangs up while a pass is under way. */
static void
check_hang_up(Case *c)
{
	Device		d;
	TnfrCommand command = {
		.kind = TNFR_COMMAND_FETCH,.column = TNFR_DEVICE_SUMS,.count = c->graph.n
	};
	const double begin = seconds_now();
	bool		good = start(&d, "slow=60000") && attach_segment(&d, 1 << 20) &&
		open_graph(&d, c, 0, 0) &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c->graph.offset, NULL, c->graph.n + 1) &&
		load_entries(&d, 0, c) && load_state(&d, 0, c) &&
		run_pass(&d, 0, c, false, TNFR_DEVICE_PASS_SUMS) &&
		tnfr_device_send(&d.client, &command, -1) == TNFR_TALK_OK;

	usleep(50000);
	ok(good && stopped_well(&d) && seconds_now() - begin < SOON,
	   "the program goes when its client has gone, in the middle of a pass");
}

static bool
sent(Device *d, TnfrCommand command)
{
	return tnfr_device_send(&d->client, &command, -1) == TNFR_TALK_OK;
}

/* The status of the answer that comes next. */
static bool
next_says(Device *d, uint32_t status)
{
	d->talk = tnfr_device_wait(&d->client, &d->answer, PATIENCE);
	return d->talk == TNFR_TALK_OK && d->answer.status == status;
}

/*
 * A command goes wrong when the next is on its way: that one is refused, and
 * the graph can be closed.  Offsets and state are there.
 */
static void
check_two_deep(Case *c, const char *options, TnfrCommand first, TnfrCommand second,
			   uint32_t status, const char *title)
{
	Device		d;
	bool		good = start(&d, options) && attach_segment(&d, 1 << 20) &&
		open_graph(&d, c, 7, 0) &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c->graph.offset, NULL, c->graph.n + 1) &&
		load_entries(&d, 0, c) && load_state(&d, 0, c);

	good = good && sent(&d, first) && sent(&d, second) &&
		sent(&d, (TnfrCommand) {.kind = TNFR_COMMAND_CLOSE,.keep = 1}) &&
		next_says(&d, status) && next_says(&d, TNFR_ANSWER_REFUSED) &&
		next_says(&d, TNFR_ANSWER_DONE) && !d.answer.resident &&
		job_agrees(&d, c, 7, 0);
	ok(good, title);
	ok(stopped_well(&d), "end");
}

static void
check_pipelines(Case *c)
{
	const uint64_t n = c->graph.n;
	const TnfrCommand state = {
		.kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_STATE,.count = n
	};
	const TnfrCommand half = {
		.kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_STATE,.count = n / 2
	};
	const TnfrCommand rest = {
		.kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_STATE,.first = n / 2,
		.count = n - n / 2
	};
	const TnfrCommand outside = {
		.kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_STATE,.count = n,
		.position = 1 << 20
	};
	const TnfrCommand pass = {.kind = TNFR_COMMAND_RUN,.pass = TNFR_DEVICE_PASS_SUMS};
	const TnfrCommand fetch = {
		.kind = TNFR_COMMAND_FETCH,.column = TNFR_DEVICE_SUMS,.count = n
	};

	/* the fourth: behind offsets, entries and state */
	check_two_deep(c, "fail@load:4", half, rest, TNFR_ANSWER_ERROR,
				   "a load behind one that has failed");
	check_two_deep(c, "fail@stage:4", state, pass, TNFR_ANSWER_ERROR,
				   "a pass behind a load that has failed");
	check_two_deep(c, NULL, outside, pass, TNFR_ANSWER_REFUSED,
				   "a pass behind a load that was refused");
	check_two_deep(c, "fail@run", pass, fetch, TNFR_ANSWER_ERROR,
				   "a fetch behind a pass that has failed");
}

/* The client goes with commands on their way, and answers it has not read. */
static void
check_gone(Case *c, TnfrCommand command, const char *title)
{
	Device		d;
	bool		good = start(&d, "slow=20") && attach_segment(&d, 1 << 20) &&
		open_graph(&d, c, 0, 0) &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c->graph.offset, NULL, c->graph.n + 1) &&
		load_entries(&d, 0, c) && load_state(&d, 0, c) &&
		run_pass(&d, 0, c, false, TNFR_DEVICE_PASS_SUMS);

	good = good && sent(&d, (TnfrCommand) {.kind = TNFR_COMMAND_INFO});
	for (int k = 0; k < 4 && good; k++)
		good = sent(&d, command);
	usleep(10000);				/* answers have come by now */
	ok(good && stopped_well(&d), title);
}

/* The parent is killed: the program goes with it. */
static void
check_orphan(const char *options)
{
	int			pipes[2];
	pid_t		parent;
	pid_t		program = 0;
	const double begin = seconds_now();
	char		title[80];

	prctl(PR_SET_CHILD_SUBREAPER, 1);	/* so that it becomes ours */
	if (pipe(pipes) != 0)
		abort();
	parent = fork();
	if (parent == 0)
	{
		TnfrDeviceClient client;

		if (!tnfr_device_start(&client, DEVICE_PROGRAM, DEVICE_LIBRARY, 0, options) ||
			write(pipes[1], &client.pid, sizeof(client.pid)) != sizeof(client.pid))
			_exit(1);
		for (;;)
			pause();
	}
	if (read(pipes[0], &program, sizeof(program)) != sizeof(program))
		abort();
	usleep(200000);
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
	while (waitpid(program, NULL, WNOHANG) == 0 && seconds_now() - begin < SOON)
		usleep(1000);
	snprintf(title, sizeof(title), "the program dies with its parent, %s",
			 options != NULL ? options : "idle");
	ok(kill(program, 0) != 0 && errno == ESRCH, title);
	close(pipes[0]);
	close(pipes[1]);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void
check_absent(void)
{
	Device		d;
	int			status;

	ok(!start_library(&d, "/nonexistent.so", NULL) && d.talk == TNFR_TALK_OK &&
	   d.answer.error.kind == TNFR_DEVICE_ABSENT &&
	   strstr(d.answer.error.text, "nonexistent") != NULL, "no library");
	status = stop(&d);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == TNFR_DEVICE_EXIT_ABSENT,
	   "and the program ends");
	ok(!start_library(&d, DEVICE_PROGRAM, NULL) && d.talk == TNFR_TALK_OK &&
	   d.answer.error.kind == TNFR_DEVICE_ABSENT, "not a device library");
	stop(&d);

	setenv("TNFR_TEST_DEVICE", "version", 1);
	ok(!start(&d, NULL) && d.talk == TNFR_TALK_OK &&
	   d.answer.error.kind == TNFR_DEVICE_ABSENT &&
	   strstr(d.answer.error.text, "version") != NULL, "another version");
	stop(&d);
	unsetenv("TNFR_TEST_DEVICE");

	d = (Device) {.fd = -1};
	ok(tnfr_device_start(&d.client, "/nonexistent", DEVICE_LIBRARY, 0, NULL) &&
	   tnfr_device_wait(&d.client, &d.answer, PATIENCE) == TNFR_TALK_GONE, "no program");
	status = stop(&d);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 127, "which its status tells");
}

/* Bytes that are no command. */
static void
check_garbage(void)
{
	UnitRandom	r = {99};
	char		bytes[2 * sizeof(TnfrCommand)];
	bool		good = true;

	for (size_t k = 0; k < sizeof(bytes); k++)
		bytes[k] = (char) unit_random(&r);
	for (size_t length = 1; length <= sizeof(bytes); length = length * 3 + 1)
	{
		Device		d;
		int			status;

		good = good && start(&d, NULL) &&
			send(d.client.fd, bytes, length, 0) == (ssize_t) length &&
			tnfr_device_wait(&d.client, &d.answer, PATIENCE) == TNFR_TALK_GONE;
		status = stop(&d);
		good = good && WIFEXITED(status) && WEXITSTATUS(status) == TNFR_DEVICE_EXIT_SOCKET;
	}
	ok(good, "what is no command ends the program");
}

/* Commands made of random and of extreme numbers: all get an answer. */
static void
check_random_commands(Case *c)
{
	static const uint64_t extreme[] = {
		0, 1, 2, 3, 63, 64, 500, UINT32_MAX, UINT64_MAX, UINT64_MAX / 32,
		UINT64_C(1) << 63, UINT64_MAX - 7
	};
	UnitRandom	r = {5};
	Device		d;
	bool		good = start(&d, "stage=1024,memory=100000000") &&
		attach_segment(&d, 1 << 16);

#define ANY		extreme[unit_random(&r) % (sizeof(extreme) / sizeof(extreme[0]))]
	for (int k = 0; k < 20000 && good; k++)
	{
		TnfrCommand command = {
			.kind = 2 + (uint32_t) (unit_random(&r) % 8),
			.segment = unit_random(&r) % 2 ? 0 : (uint32_t) ANY,
			.graph = unit_random(&r) % 2 ? 0 : (uint32_t) ANY,
			.key = {unit_random(&r) % 3, 0},.n = ANY,.entries = ANY,
			.budget = ANY,.weighted = unit_random(&r) % 2,
			.column = (uint32_t) (unit_random(&r) % 7),
			.pass = (uint32_t) (unit_random(&r) % 9),.keep = unit_random(&r) % 2,
			.first = ANY,.count = ANY,.position = ANY,.weights = ANY
		};

		for (int i = 0; i < 64; i++)
			d.memory[unit_random(&r) % d.bytes] = (char) unit_random(&r);
		if (command.kind == TNFR_COMMAND_DETACH && unit_random(&r) % 8)
			continue;
		ask(&d, command, -1);
		good = d.talk == TNFR_TALK_OK;
		if (command.kind == TNFR_COMMAND_DETACH && answered(&d))
			good = ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH}, d.fd);
	}
#undef ANY
	ok(good, "commands of any numbers");
	for (uint32_t i = 0; i < TNFR_DEVICE_GRAPHS; i++)
		close_graph(&d, i, false);
	ok(job_agrees(&d, c, 77, 0), "and it still computes");
	ok(stopped_well(&d), "end");
}

/* Values that are not those of a graph, and a segment that is cut. */
static void
check_values(Case *c)
{
	Device		d;
	const uint64_t n = c->graph.n;
	uint64_t   *offset = malloc((n + 1) * sizeof(uint64_t));
	uint32_t   *neighbour = malloc(c->graph.entries * sizeof(uint32_t));
	Case		bad = *c;
	bool		good = start(&d, NULL) && attach_segment(&d, 1 << 20);

	for (int k = 0; k < 4 && good; k++)
	{
		memcpy(offset, c->graph.offset, (n + 1) * sizeof(uint64_t));
		offset[k == 0 ? 0 : k == 3 ? n : n / 2] =
			k == 0 ? 1 : k == 1 ? UINT64_MAX : k == 2 ? 0 : c->graph.entries - 1;
		good = open_graph(&d, c, 0, 0) &&
			!load_column(&d, 0, TNFR_DEVICE_OFFSET, offset, NULL, n + 1) &&
			d.answer.status == TNFR_ANSWER_REFUSED &&
			refused(&d, (TnfrCommand) {.kind = TNFR_COMMAND_RUN,.pass = 1}) &&
			close_graph(&d, 0, true) && !d.answer.resident;
	}
	ok(good, "offsets are checked");

	memcpy(neighbour, c->graph.neighbour, c->graph.entries * sizeof(uint32_t));
	neighbour[c->graph.entries / 3] = (uint32_t) n;
	bad.graph.neighbour = neighbour;
	good = open_graph(&d, c, 0, 0) &&
		load_column(&d, 0, TNFR_DEVICE_OFFSET, c->graph.offset, NULL, n + 1) &&
		!load_entries(&d, 0, &bad) && d.answer.status == TNFR_ANSWER_REFUSED &&
		close_graph(&d, 0, true) && !d.answer.resident;
	ok(good, "neighbours are checked");

	good = open_graph(&d, c, 0, 0) && ftruncate(d.fd, 100) == 0 &&
		refused(&d, (TnfrCommand) {.kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_OFFSET,
								   .count = n + 1}) &&
		close_graph(&d, 0, true);
	ok(good, "a segment that is cut is noticed");
	ok(stopped_well(&d), "end");
	free(offset);
	free(neighbour);
}

/* A signal handler of the parent's, say, was faster. */
static void
check_other_waits(void)
{
	Device		d;
	int			status = 0;
	bool		good = start(&d, NULL);

	tnfr_device_hang_up(&d.client);
	good = good && waitpid(d.client.pid, &status, 0) == d.client.pid &&
		tnfr_device_ended(&d.client, &status);
	ok(good && status == TNFR_DEVICE_STATUS_TAKEN && !WIFEXITED(status) &&
	   !WIFSIGNALED(status), "somebody else has waited for the program");
	ok(tnfr_device_ended(&d.client, &status), "so it has ended");
}

static void
check_segments(void)
{
	Device		d;
	int			pipes[2];
	int			growing;
	bool		good = start(&d, NULL) && attach_segment(&d, 4096);

	ok(good && !ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH}, d.fd) &&
	   d.answer.status == TNFR_ANSWER_REFUSED, "a segment is attached once");
	ok(refused(&d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH,.segment = 1}),
	   "not without a descriptor");
	if (pipe(pipes) != 0)
		abort();
	ok(!ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH,.segment = 1}, pipes[0]) &&
	   d.answer.status == TNFR_ANSWER_REFUSED, "nor with one that is no file");
	close(pipes[0]);
	close(pipes[1]);
	growing = memfd_create("tnfr", MFD_CLOEXEC);
	ok(fcntl(growing, F_SETFL, O_APPEND) == 0 &&
	   !ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH,.segment = 1}, growing) &&
	   d.answer.status == TNFR_ANSWER_REFUSED,
	   "nor with one that all is written to the end of");
	close(growing);
	ok(refused(&d, (TnfrCommand) {.kind = TNFR_COMMAND_DETACH,.segment = 2}),
	   "nor detached before");
	good = true;
	for (int k = 0; k < 3000 && good; k++)	/* more than descriptors there are */
		good = ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_ATTACH,.segment = 1}, d.fd) &&
			ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_DETACH,.segment = 1}, -1) &&
			ask(&d, (TnfrCommand) {.kind = TNFR_COMMAND_INFO}, d.fd);
	ok(good, "and the program keeps no descriptor");
	ok(stopped_well(&d), "end");
}

static void
check_memory(Case *c)
{
	Device		d;

	ok(!job_with(&d, c, "memory=1000") && d.talk == TNFR_TALK_OK &&
	   d.answer.status == TNFR_ANSWER_ERROR &&
	   d.answer.error.kind == TNFR_DEVICE_NO_MEMORY, "too large for the device");
	ok(!open_graph(&d, c, 0, 999) && d.answer.error.kind == TNFR_DEVICE_NO_MEMORY,
	   "or for the budget");
	ok(stopped_well(&d), "end");
}

int
main(void)
{
	static const char *const calls[] = {"create", "stage", "load", "run", "poll", "fetch"};
	const int	before = descriptors();
	char		options[40];
	Case		c;

	begin_case(&c, 500, 9000, SKEWED, false, true, 3);
	check_absent();
	check_error(&c, "absent@open", TNFR_DEVICE_ABSENT);
	check_error(&c, "fail@open", TNFR_DEVICE_FAILED);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
	{
		snprintf(options, sizeof(options), "fail@%s:1", calls[i]);
		check_error(&c, options, TNFR_DEVICE_FAILED);
		snprintf(options, sizeof(options), "sticky@%s:1", calls[i]);
		check_error(&c, options, TNFR_DEVICE_STICKY);
		snprintf(options, sizeof(options), "lost@%s:1", calls[i]);
		check_error(&c, options, TNFR_DEVICE_LOST);
		snprintf(options, sizeof(options), "segv@%s:1", calls[i]);
		check_death(&c, options, SIGSEGV);
		snprintf(options, sizeof(options), "kill@%s:1", calls[i]);
		check_death(&c, options, SIGKILL);
	}
	check_error(&c, "memory@create", TNFR_DEVICE_NO_MEMORY);
	check_error(&c, "fail@load:2", TNFR_DEVICE_FAILED);
	check_error(&c, "sticky@fetch:3", TNFR_DEVICE_STICKY);
	check_death(&c, "exit@run", 0);
	check_death(&c, "segv@open", SIGSEGV);
	check_deadline(&c, "hang@poll");
	check_deadline(&c, "hang@fetch");
	check_deadline(&c, "slow=60000");
	check_hang_up(&c);
	check_pipelines(&c);
	check_gone(&c, (TnfrCommand)
			   {
				   .kind = TNFR_COMMAND_LOAD,.column = TNFR_DEVICE_STATE,.count = 500
			   }, "gone behind loads");
	check_gone(&c, (TnfrCommand)
			   {
				   .kind = TNFR_COMMAND_FETCH,.column = TNFR_DEVICE_SUMS,.count = 500
			   }, "gone behind a pass that runs");
	check_gone(&c, (TnfrCommand) {.kind = TNFR_COMMAND_INFO}, "gone behind answers");
	check_orphan(NULL);
	check_orphan("hang@open");
	check_memory(&c);
	check_other_waits();
	check_garbage();
	check_segments();
	check_values(&c);
	check_random_commands(&c);
	end_case(&c);
	ok(descriptors() == before, "no descriptor is left");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no process is left");
	return done_testing();
}
