/*
 * main.c
 *	  tnfr_pg_device: owns a device on behalf of the process that started it.
 *
 *	tnfr_pg_device LIBRARY DEVICE [OPTIONS]
 *
 * PostgreSQL restarts the whole server when a process with its shared memory
 * crashes.  So drivers run here: a program of its own, with none of that
 * memory, that the server can lose at any time.  It takes commands over a
 * socket (device/protocol.h), one after the other, and ends with its parent:
 * the kernel sends a signal, and the socket says so, too.
 *
 * It always leaves by _exit: what a driver wants to do at exit can hang.
 */
#include "session.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_FDS	8			/* that a message may bring; one is expected */

static Session session;

static void
send_answer(const TnfrAnswer *answer)
{
	ssize_t		sent;

	do
		sent = send(session.socket, answer, sizeof(*answer), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent != (ssize_t) sizeof(*answer))
		_exit(TNFR_DEVICE_EXIT_EOF);
}

/* The first descriptor that came along; all others are closed. */
static int
take_descriptor(struct msghdr *message)
{
	int			first = -1;

	for (struct cmsghdr *m = CMSG_FIRSTHDR(message); m != NULL;
		 m = CMSG_NXTHDR(message, m))
	{
		size_t		count = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++)
		{
			int			fd;

			memcpy(&fd, CMSG_DATA(m) + i * sizeof(int), sizeof(int));
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

/* Waits for a command.  What is none ends the program. */
static void
next_command(TnfrCommand *command, int *fd)
{
	union
	{
		struct cmsghdr header;
		char		space[CMSG_SPACE(MOST_FDS * sizeof(int))];
	}			control;
	struct iovec piece = {command, sizeof(*command)};
	struct msghdr message = {
		.msg_iov = &piece,.msg_iovlen = 1,
		.msg_control = &control,.msg_controllen = sizeof(control)
	};
	ssize_t		got;

	do
		got = recvmsg(session.socket, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got == 0 || (got < 0 && errno == ECONNRESET))
		_exit(TNFR_DEVICE_EXIT_EOF);	/* reset: it has not read all answers */
	*fd = got > 0 ? take_descriptor(&message) : -1;
	if (got != (ssize_t) sizeof(*command) || (message.msg_flags & MSG_TRUNC) ||
		command->protocol != TNFR_DEVICE_PROTOCOL)
		_exit(TNFR_DEVICE_EXIT_SOCKET);
}

static uint32_t
carry_out(const TnfrCommand *c, int fd, TnfrAnswer *answer)
{
	switch (c->kind)
	{
		case TNFR_COMMAND_ATTACH:
			return attach(&session, c, fd, answer);
		case TNFR_COMMAND_DETACH:
			return detach(&session, c, answer);
		case TNFR_COMMAND_INFO:
			return info(&session, answer);
		case TNFR_COMMAND_GRAPH:
			return open_graph(&session, c, answer);
		case TNFR_COMMAND_LOAD:
			return load(&session, c, answer);
		case TNFR_COMMAND_RUN:
			return run(&session, c, answer);
		case TNFR_COMMAND_FETCH:
			return fetch(&session, c, answer);
		case TNFR_COMMAND_CLOSE:
			return close_graph(&session, c, answer);
		default:
			return refuse(answer, "there is no such command");
	}
}

static void
serve(void)
{
	for (;;)
	{
		TnfrCommand command;
		TnfrAnswer	answer = {.protocol = TNFR_DEVICE_PROTOCOL};
		int			fd;

		next_command(&command, &fd);
		session.breaths = 0;
		answer.number = command.number;
		answer.status = carry_out(&command, fd, &answer);
		if (answer.status == TNFR_ANSWER_DONE)
			memset(&answer.error, 0, sizeof(answer.error));
		if (fd >= 0 && (command.kind != TNFR_COMMAND_ATTACH ||
						answer.status != TNFR_ANSWER_DONE))
			close(fd);
		send_answer(&answer);
		if (answer.error.kind >= TNFR_DEVICE_STICKY)
			_exit(TNFR_DEVICE_EXIT_STICKY);
	}
}

/* Opens library and device; false, with the reason. */
static bool
open_device(const char *path, int32_t number, const char *options,
			TnfrDeviceError *error)
{
	void	   *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	TnfrDeviceEntry entry = NULL;
	void	   *symbol = library != NULL ? dlsym(library, TNFR_DEVICE_ENTRY) : NULL;

	error->kind = TNFR_DEVICE_ABSENT;
	if (symbol == NULL)
	{
		snprintf(error->text, sizeof(error->text), "%s", dlerror());
		return false;
	}
	memcpy(&entry, &symbol, sizeof(entry));
	session.library = entry(TNFR_DEVICE_ABI);
	if (session.library == NULL || session.library->abi != TNFR_DEVICE_ABI ||
		session.library->size != sizeof(TnfrDeviceLibrary))
	{
		snprintf(error->text, sizeof(error->text),
				 "library \"%.150s\" is of another version", path);
		return false;
	}
	memset(error, 0, sizeof(*error));
	return session.library->open(number, options, &session.device, error) == TNFR_DEVICE_OK;
}

/*
 * The parent has gone, and by no signal's doing do we: that would be a crash to
 * a postmaster that is process 1, and so parent of all orphans.
 */
static void
leave(int number)
{
	(void) number;
	_exit(TNFR_DEVICE_EXIT_EOF);
}

int
main(int argc, char **argv)
{
	TnfrAnswer	answer = {.protocol = TNFR_DEVICE_PROTOCOL};
	int			type;
	socklen_t	length = sizeof(type);

	signal(SIGTERM, leave);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (argc < 3 || argc > 4 ||
		getsockopt(TNFR_DEVICE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &length) != 0 ||
		type != SOCK_SEQPACKET)
	{
		fprintf(stderr, "tnfr_pg_device is started by the tnfr_pg extension\n");
		_exit(TNFR_DEVICE_EXIT_USAGE);
	}
	session.socket = TNFR_DEVICE_SOCKET;
	breathe(&session);			/* the parent may have gone before prctl */
	if (!open_device(argv[1], (int32_t) strtol(argv[2], NULL, 10),
					 argc == 4 ? argv[3] : NULL, &answer.error))
	{
		answer.status = TNFR_ANSWER_ERROR;
		send_answer(&answer);
		_exit(TNFR_DEVICE_EXIT_ABSENT);
	}
	answer.status = info(&session, &answer);
	send_answer(&answer);
	if (answer.status != TNFR_ANSWER_DONE)
		_exit(TNFR_DEVICE_EXIT_ABSENT);
	serve();
}
