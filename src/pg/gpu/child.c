/*
 * child.c
 *	  The program of a device, seen from the broker: it starts, answers, goes
 *	  and comes again.
 *
 * It can end at any time, by a crash of the driver for instance, and it can
 * hang.  Then the job at hand fails, and the program is started anew when it
 * is wanted: at once the first time, then after 1, 2, 4 ... 60 seconds.
 */
#include "postgres.h"

#include <sys/wait.h>
#include <unistd.h>

#include "miscadmin.h"
#include "pg/gpu/broker.h"
#include "pg/settings.h"
#include "utils/memutils.h"

#define LIBRARY_ROOT	"$libdir/"
#define REAP_EVERY		INT64CONST(2000)	/* microseconds */
#define REAP_FOR		USECS_PER_SEC
#define ABSENT_PAUSE	10		/* seconds, before a device that was not there is looked
							 * for again */

const char *
tnfr_gpu_program(void)
{
	static char path[MAXPGPATH];

	snprintf(path, sizeof(path), "%s/tnfr_pg_device", pkglib_path);
	return path;
}

const char *
tnfr_gpu_library_path(void)
{
	static char path[MAXPGPATH];
	const size_t root = strlen(LIBRARY_ROOT);

	if (strncmp(tnfr_gpu_library, LIBRARY_ROOT, root) == 0)
		snprintf(path, sizeof(path), "%s/%s%s", pkglib_path,
				 tnfr_gpu_library + root, DLSUFFIX);
	else
		strlcpy(path, tnfr_gpu_library, sizeof(path));
	return path;
}

const char *
tnfr_gpu_missing(void)
{
	static char text[TNFR_GPU_TEXT];
	const char *missing = NULL;

	if (tnfr_gpu_library[0] == '\0')
		return "tnfr.gpu_library is empty";
	if (access(tnfr_gpu_library_path(), R_OK) != 0)
		missing = tnfr_gpu_library_path();
	else if (access(tnfr_gpu_program(), X_OK) != 0)
		missing = tnfr_gpu_program();
	if (missing == NULL)
		return NULL;
	snprintf(text, sizeof(text), "could not access \"%.200s\": %m", missing);
	return text;
}

static TimestampTz
answer_until(void)
{
	return GetCurrentTimestamp() + (int64) tnfr_gpu_timeout * 1000;
}

void
tnfr_child_send(TnfrBrokerDevice *d, TnfrCommand *command, int fd,
				uint64 bytes)
{
	TnfrUnderWay *u = &d->under_way[(d->client.sent + 1) % TNFR_BROKER_UNDER_WAY];

	*u = (TnfrUnderWay)
	{
		.kind = command->kind,.bytes = bytes,.sent_at = GetCurrentTimestamp()
	};
	if (d->deadline == TNFR_BROKER_NEVER)
		d->deadline = answer_until();

	/*
	 * So few are under way that there is always room for another.  If the
	 * program has gone, what it said last may still be there to be read.
	 */
	if (tnfr_device_send(&d->client, command, fd) == TNFR_TALK_LATER)
		tnfr_device_kill(&d->client);
}

/* With the lock. */
static void
set_phase(TnfrBrokerDevice *d, TnfrGpuPhase phase)
{
	TnfrGpuDevice *shared = d->shared;

	shared->phase = phase;
	shared->pid = d->running ? d->client.pid : 0;
	if (phase == TNFR_GPU_STARTS)
		shared->starts++;
	if (phase == TNFR_GPU_STARTS || phase == TNFR_GPU_OFF)
		memset(&shared->info, 0, sizeof(shared->info)); /* it may be another */
	if (phase != TNFR_GPU_READY)
	{
		shared->graphs = 0;
		shared->graph_bytes = 0;
	}
}

/* Writes to the server's log what is new about it; "": it works. */
static void
log_change(TnfrBrokerDevice *d, const char *text)
{
	if (strncmp(d->logged, text, sizeof(d->logged) - 1) == 0)
		return;
	strlcpy(d->logged, text, sizeof(d->logged));
	if (text[0] == '\0')
		ereport(LOG, (errmsg("GPU device %d is available again", d->number)));
	else
		ereport(LOG,
				(errmsg("GPU device %d is not available: %s", d->number, text)));
}

/*
 * The device does not work; when to try again.  At once: then those who wait
 * for their turn go on waiting.
 */
static void
set_down(TnfrBrokerDevice *d, TnfrGpuReason reason, const char *text)
{
	TnfrGpuState *state = tnfr_gpu_state();
	int64		pause = 0;

	if (d->failures++ > 0)
		pause = Min(TNFR_GPU_PAUSE, 1 << Min(d->failures - 2, 10));
	if (reason == TNFR_GPU_NO_DEVICE || reason == TNFR_GPU_NO_LIBRARY)
		pause = Max(pause, ABSENT_PAUSE);
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	set_phase(d, TNFR_GPU_DOWN);
	d->shared->reason = reason;
	d->shared->wanted = false;
	tnfr_gpu_copy_text(d->shared->text, text);
	d->shared->retry_at = pause == 0 ? 0 :
		GetCurrentTimestamp() + pause * USECS_PER_SEC;
	LWLockRelease(&state->lock);
	log_change(d, text);
}

/* The next attempt may well fail likewise, so those who wait are told. */
static void
set_down_for_a_while(TnfrBrokerDevice *d, TnfrGpuReason reason,
					 const char *text)
{
	d->failures = Max(d->failures, 1);
	set_down(d, reason, text);
}

/* Remembers what it is started with; the old values may be freed. */
static void
keep_settings(TnfrBrokerDevice *d)
{
	if (d->library != NULL)
		pfree(d->library);
	if (d->options != NULL)
		pfree(d->options);
	d->library = MemoryContextStrdup(TopMemoryContext, tnfr_gpu_library_path());
	d->options = MemoryContextStrdup(TopMemoryContext, tnfr_gpu_options);
}

void
tnfr_child_start(TnfrBrokerDevice *d, TimestampTz now)
{
	TnfrGpuState *state = tnfr_gpu_state();
	int			status;

	if (d->running || d->reaping || tnfr_gpu_is_down(d->shared, now))
		return;
	if (!tnfr_device_ended(&d->client, &status))
	{
		set_down_for_a_while(d, TNFR_GPU_HUNG,
							 "the device program that was killed does not end");
		return;
	}
	keep_settings(d);
	if (tnfr_gpu_missing() != NULL)
	{
		set_down(d, TNFR_GPU_NO_LIBRARY, tnfr_gpu_missing());
		return;
	}
	if (!tnfr_device_start(&d->client, tnfr_gpu_program(), d->library,
						   d->number,
						   d->options[0] != '\0' ? d->options : NULL))
	{
		char		text[TNFR_GPU_TEXT];

		snprintf(text, sizeof(text), "could not start \"%.100s\": %m",
				 tnfr_gpu_program());
		set_down_for_a_while(d, TNFR_GPU_LOST, text);
		return;
	}
	d->running = true;
	d->deadline = answer_until();
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	set_phase(d, TNFR_GPU_STARTS);
	LWLockRelease(&state->lock);
}

/* Makes sure that it goes.  What became of it is known in a moment. */
static void
lose(TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();

	tnfr_device_kill(&d->client);
	d->running = false;
	d->reaping = true;
	d->give_up_at = GetCurrentTimestamp() + REAP_FOR;
	d->deadline = TNFR_BROKER_NEVER;
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	d->shared->pid = 0;
	LWLockRelease(&state->lock);
}

static void
describe_end(char *text, size_t room, bool known, int status)
{
	if (known && WIFSIGNALED(status))
		snprintf(text, room, "the device program was terminated by signal %d: %s",
				 WTERMSIG(status), pg_strsignal(WTERMSIG(status)));
	else if (known && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		snprintf(text, room, "the device program could not be executed");
	else if (known && WIFEXITED(status))
		snprintf(text, room, "the device program exited with code %d",
				 WEXITSTATUS(status));
	else
		snprintf(text, room, "the device program ended");
}

/* Waits for it, without waiting. */
static void
reap(TnfrBrokerDevice *d, TimestampTz now)
{
	const TnfrGpuPhase phase = d->shared->phase;
	char		text[TNFR_GPU_TEXT];
	int			status;
	const bool	ended = tnfr_device_ended(&d->client, &status);

	if (!ended && now < d->give_up_at)
		return;
	d->reaping = false;
	describe_end(text, sizeof(text), ended, status);
	tnfr_job_fail(d, TNFR_GPU_LOST, text);
	tnfr_job_reset(d);
	if (phase == TNFR_GPU_READY || phase == TNFR_GPU_STARTS)
		set_down(d, TNFR_GPU_LOST, text);
}

static void
welcome(TnfrBrokerDevice *d, const TnfrAnswer *answer)
{
	TnfrGpuState *state = tnfr_gpu_state();

	if (answer->status != TNFR_ANSWER_DONE)
	{
		set_down(d, tnfr_answer_reason(answer), answer->error.text);
		return;
	}
	log_change(d, "");
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	set_phase(d, TNFR_GPU_READY);
	d->shared->info = answer->info;
	d->shared->wanted = false;
	LWLockRelease(&state->lock);
}

/* The device has told how it is. */
static void
note_info(TnfrBrokerDevice *d, const TnfrAnswer *answer)
{
	TnfrGpuState *state = tnfr_gpu_state();

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	d->shared->wanted = false;
	if (answer->status == TNFR_ANSWER_DONE)
	{
		d->shared->info = answer->info;
		d->shared->graphs = answer->graphs;
		d->shared->graph_bytes = answer->bytes;
	}
	LWLockRelease(&state->lock);
}

static void
take_answer(TnfrBrokerDevice *d, const TnfrAnswer *answer)
{
	TnfrUnderWay u = d->under_way[answer->number % TNFR_BROKER_UNDER_WAY];

	/* it was begun when the one before had been done */
	u.sent_at = Max(u.sent_at, d->answered_at);
	d->answered_at = GetCurrentTimestamp();
	d->deadline = d->client.sent > answer->number ? answer_until() :
		TNFR_BROKER_NEVER;
	if (answer->number == 0)
		welcome(d, answer);
	else if (u.kind == TNFR_COMMAND_INFO)
		note_info(d, answer);
	else
		tnfr_job_answer(d, &u, answer);

	/* Nothing works any more: the program goes, and says so by its end. */
	if (answer->number > 0 && answer->error.kind >= TNFR_DEVICE_STICKY)
		set_down(d, TNFR_GPU_LOST, answer->error.text);
}

/* It should have answered by now. */
static void
give_up_waiting(TnfrBrokerDevice *d)
{
	char		text[TNFR_GPU_TEXT];

	snprintf(text, sizeof(text), "the device did not answer for %d ms",
			 tnfr_gpu_timeout);
	tnfr_job_fail(d, TNFR_GPU_HUNG, text);
	set_down_for_a_while(d, TNFR_GPU_HUNG, text);
	lose(d);
}

void
tnfr_child_look(TnfrBrokerDevice *d, TimestampTz now)
{
	TnfrAnswer	answer;
	TnfrDeviceTalk talk = TNFR_TALK_LATER;
	int			status;

	while (d->running &&
		   (talk = tnfr_device_receive(&d->client, &answer)) == TNFR_TALK_OK)
		take_answer(d, &answer);
	if (d->running && talk == TNFR_TALK_GONE)
		lose(d);
	if (d->running && now >= d->deadline)
		give_up_waiting(d);
	if (d->reaping)
		reap(d, now);
	else if (!d->running && d->client.pid != 0)
		tnfr_device_ended(&d->client, &status); /* one that took its time */
}

TimestampTz
tnfr_child_next_look(const TnfrBrokerDevice *d)
{
	if (d->reaping || (d->running && d->client.fd < 0))
		return GetCurrentTimestamp() + REAP_EVERY;
	return d->running ? d->deadline : TNFR_BROKER_NEVER;
}

/* The reasons of a device that failed under other settings mean nothing. */
void
tnfr_child_reconfigure(TnfrBrokerDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();

	if (d->library == NULL ||
		(strcmp(d->library, tnfr_gpu_library_path()) == 0 &&
		 strcmp(d->options, tnfr_gpu_options) == 0))
		return;
	if (d->running)
	{
		tnfr_job_fail(d, TNFR_GPU_LOST,
					  "the settings of the device were changed");
		lose(d);
	}
	d->failures = 0;
	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	set_phase(d, TNFR_GPU_OFF);
	d->shared->moved = d->shared->summed = (TnfrGpuRate) {0};
	LWLockRelease(&state->lock);
}
