/*
 * session.c
 *	  Segments, and what all commands share.
 */
#include "session.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BREATH			50000	/* nanoseconds, at first */
#define LONGEST_BREATH	1000000

uint32_t
refuse(TnfrAnswer *answer, const char *text)
{
	answer->error.kind = TNFR_DEVICE_FAILED;
	snprintf(answer->error.text, sizeof(answer->error.text), "%s", text);
	return TNFR_ANSWER_REFUSED;
}

/*
 * Waits a moment for the device, a longer one when the command has taken long.
 * If the parent goes meanwhile, so do we.
 */
void
breathe(Session *s)
{
	struct pollfd at = {.fd = s->socket};
	const long	breath = BREATH * (1 + s->breaths++ / 16);
	const struct timespec moment = {
		.tv_nsec = breath < LONGEST_BREATH ? breath : LONGEST_BREATH
	};

	if (ppoll(&at, 1, &moment, NULL) > 0)
		_exit(TNFR_DEVICE_EXIT_EOF);
}

uint32_t
info(Session *s, TnfrAnswer *answer)
{
	if (s->library->info(s->device, &answer->info, &answer->error) != TNFR_DEVICE_OK)
		return TNFR_ANSWER_ERROR;
	answer->bytes = graph_bytes(s, &answer->graphs);
	return TNFR_ANSWER_DONE;
}

/* Keeps the descriptor if it succeeds. */
uint32_t
attach(Session *s, const TnfrCommand *c, int fd, TnfrAnswer *answer)
{
	struct stat file;
	int			flags;

	if (c->segment >= TNFR_DEVICE_SEGMENTS || s->segment[c->segment].attached)
		return refuse(answer, "no such segment, or it is attached");
	if (fd < 0 || fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
		return refuse(answer, "the segment is not a file");
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || (flags & O_APPEND))
		return refuse(answer, "the segment is a file that grows");
	s->segment[c->segment] = (Segment)
	{
		.attached = true,.fd = fd,.bytes = (uint64_t) file.st_size
	};
	return TNFR_ANSWER_DONE;
}

uint32_t
detach(Session *s, const TnfrCommand *c, TnfrAnswer *answer)
{
	if (c->segment >= TNFR_DEVICE_SEGMENTS || !s->segment[c->segment].attached)
		return refuse(answer, "the segment is not attached");
	close(s->segment[c->segment].fd);
	s->segment[c->segment].attached = false;
	return TNFR_ANSWER_DONE;
}
