/*
 * client.c
 *	  Starts tnfr_pg_device and talks with it.
 */
#include "device/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FIRST_TO_CLOSE	(TNFR_DEVICE_SOCKET + 1)
#define LAST_TO_CLOSE	65535	/* where limits are a billion, nobody has more */

/* Nothing of the parent's but standard output and error goes along. */
static void
close_others(void)
{
	long		most = sysconf(_SC_OPEN_MAX);

#ifdef SYS_close_range
	if (syscall(SYS_close_range, FIRST_TO_CLOSE, ~0U, 0) == 0)
		return;
#endif
	if (most < 0 || most > LAST_TO_CLOSE)
		most = LAST_TO_CLOSE;
	for (int fd = FIRST_TO_CLOSE; fd <= most; fd++)
		close(fd);
}

/*
 * Becomes the program.  Signals go back to what programs expect; a session of
 * its own keeps those away that are sent to the parent's group.
 */
static void
become_program(int fd, char *const argv[])
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t	none;
	int			null;

	for (int signal = 1; signal < 32; signal++)
		sigaction(signal, &by_default, NULL);
	setsid();
	if (fd != TNFR_DEVICE_SOCKET)
		dup2(fd, TNFR_DEVICE_SOCKET);
	else
		fcntl(fd, F_SETFD, 0);
	null = open("/dev/null", O_RDWR);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	close_others();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(argv[0], argv);
	_exit(127);
}

bool
tnfr_device_start(TnfrDeviceClient *client, const char *program,
				  const char *library, int number, const char *options)
{
	char		decimal[16];
	char	   *argv[] = {
		(char *) program, (char *) library, decimal, (char *) options, NULL
	};
	int			pair[2];
	sigset_t	all;
	sigset_t	before;
	pid_t		pid;
	int			failure = 0;

	*client = (TnfrDeviceClient) {.fd = -1};
	snprintf(decimal, sizeof(decimal), "%d", number);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;

	fcntl(pair[0], F_SETFL, O_NONBLOCK);

	/* no handler of the parent's may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		become_program(pair[1], argv);
	if (pid < 0)
		failure = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pair[1]);
	if (pid < 0)
	{
		close(pair[0]);
		errno = failure;
		return false;
	}
	client->pid = pid;
	client->fd = pair[0];
	return true;
}

/* What errno means to someone who talks. */
static TnfrDeviceTalk
talk_failed(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
		TNFR_TALK_LATER : TNFR_TALK_GONE;
}

TnfrDeviceTalk
tnfr_device_send(TnfrDeviceClient *client, TnfrCommand *command, int fd)
{
	union
	{
		struct cmsghdr header;
		char		space[CMSG_SPACE(sizeof(int))];
	}			control = {0};
	struct iovec piece = {command, sizeof(*command)};
	struct msghdr message = {.msg_iov = &piece,.msg_iovlen = 1};

	if (client->fd < 0)
		return TNFR_TALK_GONE;
	command->protocol = TNFR_DEVICE_PROTOCOL;
	command->number = client->sent + 1;
	if (fd >= 0)
	{
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(client->fd, &message, MSG_NOSIGNAL) != (ssize_t) sizeof(*command))
		return talk_failed();
	client->sent++;
	return TNFR_TALK_OK;
}

/* Is it the answer that comes next? */
static bool
answer_fits(const TnfrDeviceClient *client, const TnfrAnswer *answer)
{
	const uint64_t next = client->greeted ? client->received + 1 : 0;

	return answer->protocol == TNFR_DEVICE_PROTOCOL &&
		answer->number == next && next <= client->sent &&
		answer->status <= TNFR_ANSWER_ERROR &&
		answer->error.kind <= TNFR_DEVICE_LOST;
}

TnfrDeviceTalk
tnfr_device_receive(TnfrDeviceClient *client, TnfrAnswer *answer)
{
	ssize_t		got;

	if (client->fd < 0)
		return TNFR_TALK_GONE;

	/* one that went without reading all commands may have answered some */
	do
		got = recv(client->fd, answer, sizeof(*answer), MSG_TRUNC);
	while (got < 0 && errno == ECONNRESET);
	if (got < 0)
		return talk_failed();
	if (got != (ssize_t) sizeof(*answer) || !answer_fits(client, answer))
		return TNFR_TALK_GONE;
	answer->error.text[sizeof(answer->error.text) - 1] = '\0';
	answer->info.name[sizeof(answer->info.name) - 1] = '\0';
	client->received = answer->number;
	client->greeted = true;
	return TNFR_TALK_OK;
}

static int64_t
milliseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

TnfrDeviceTalk
tnfr_device_wait(TnfrDeviceClient *client, TnfrAnswer *answer,
				 int milliseconds)
{
	const int64_t end = milliseconds_now() + milliseconds;

	for (;;)
	{
		TnfrDeviceTalk talk = tnfr_device_receive(client, answer);
		int64_t		left = end - milliseconds_now();
		struct pollfd at = {.fd = client->fd,.events = POLLIN};

		if (talk != TNFR_TALK_LATER || left <= 0)
			return talk;
		poll(&at, 1, (int) left);
	}
}

void
tnfr_device_hang_up(TnfrDeviceClient *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

void
tnfr_device_kill(TnfrDeviceClient *client)
{
	if (client->pid > 0)
		kill(client->pid, SIGKILL);
	tnfr_device_hang_up(client);
}

bool
tnfr_device_ended(TnfrDeviceClient *client, int *status)
{
	pid_t		pid;

	*status = 0;
	if (client->pid == 0)
		return true;
	do
		pid = waitpid(client->pid, status, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	if (pid < 0)
		*status = TNFR_DEVICE_STATUS_TAKEN;
	client->pid = 0;
	return true;
}
