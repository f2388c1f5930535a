/*
 * client.h
 *	  Starts tnfr_pg_device and talks with it.  Plain C: no server.
 *
 * Nothing here waits, except tnfr_device_wait for as long as it is told.  The
 * descriptor can be waited for together with others: readable when there is an
 * answer or the program has gone.
 *
 * One thread at a time per client.  The process may fork at any time: it never
 * opens a device itself.
 */
#ifndef TNFR_DEVICE_CLIENT_H
#define TNFR_DEVICE_CLIENT_H

#include "device/protocol.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct TnfrDeviceClient
{
	pid_t		pid;			/* 0: there is no process to wait for */
	int			fd;				/* -1: none */
	uint64_t	sent;			/* number of the last command */
	uint64_t	received;		/* of the last answer */
	bool		greeted;		/* answer 0 has come */
} TnfrDeviceClient;

typedef enum TnfrDeviceTalk
{
	TNFR_TALK_OK,
	TNFR_TALK_LATER,			/* would have to wait */
	TNFR_TALK_GONE				/* the program has gone, or talks nonsense */
} TnfrDeviceTalk;

/*
 * Starts the program for a library and a device.  False, with errno, if there
 * is no process or descriptor to have; that the program cannot be executed
 * shows as TNFR_TALK_GONE and status 127.
 */
extern bool tnfr_device_start(TnfrDeviceClient *client, const char *program,
							  const char *library, int number,
							  const char *options);

/* Sends a command, and gives it a number; fd: the segment of ATTACH, or -1. */
extern TnfrDeviceTalk tnfr_device_send(TnfrDeviceClient *client,
									   TnfrCommand *command, int fd);

/* The next answer, if it is there. */
extern TnfrDeviceTalk tnfr_device_receive(TnfrDeviceClient *client,
										  TnfrAnswer *answer);

/* The same, waiting up to so many milliseconds. */
extern TnfrDeviceTalk tnfr_device_wait(TnfrDeviceClient *client,
									   TnfrAnswer *answer, int milliseconds);

/* Closes the socket: the program ends when it is done with what it does. */
extern void tnfr_device_hang_up(TnfrDeviceClient *client);

/* Kills the program and hangs up. */
extern void tnfr_device_kill(TnfrDeviceClient *client);

/*
 * True when the process has ended, with its wait status, or there is none.
 * To be called until it says so, lest a zombie stay.  When somebody else has
 * waited for it, the status is one that no process ends with: neither exited
 * nor by a signal.
 */
#define TNFR_DEVICE_STATUS_TAKEN	(-1)

extern bool tnfr_device_ended(TnfrDeviceClient *client, int *status);

#endif							/* TNFR_DEVICE_CLIENT_H */
