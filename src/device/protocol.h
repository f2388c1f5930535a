/*
 * protocol.h
 *	  What tnfr_pg_device and the process that started it say to each other.
 *
 * They have a socket of type SOCK_SEQPACKET; it is descriptor
 * TNFR_DEVICE_SOCKET of the program.  A message is one struct.  The program
 * begins with an answer of its own, number 0: whether it has a device, and
 * which.  Then every command gets one answer, in order, with its number;
 * several commands may be on their way.  An answer means that the command is
 * done, except that a pass (TNFR_COMMAND_RUN) goes on until a fetch.
 *
 * Data are in segments, files that can be read and written at any place: a
 * memfd, or a file of shared memory.  The descriptor comes with
 * TNFR_COMMAND_ATTACH.  The program copies from it, checks what it has copied,
 * and never maps it: whoever has the segment may write to it, cut it or give
 * it up at any time, and harms nothing but the values that come out.
 *
 *		ATTACH			segment, descriptor
 *		DETACH			segment
 *		INFO			gives info, graphs and their bytes
 *		GRAPH			key, n, entries, weighted, budget: opens a graph, one
 *						that is resident if there is one with that key; gives
 *						graph, window, resident
 *		LOAD			graph, column, first, count, segment, position, and
 *						weights where entries have such
 *		RUN				graph, pass
 *		FETCH			graph, column, first, count, segment, position; waits
 *						for the pass, gives its nanoseconds
 *		CLOSE			graph, keep: it stays resident if it can, for as long
 *						as no other graph needs the memory
 *
 * A graph that is open is open once: the same key is refused meanwhile.  After
 * a LOAD or RUN that was not done, for whatever reason, it takes no command but
 * CLOSE: a command that was on its way already cannot go wrong by that.  CLOSE
 * may come at any time.
 *
 * Columns, passes and windows are those of cuda/tnfr_device.h.
 */
#ifndef TNFR_DEVICE_PROTOCOL_H
#define TNFR_DEVICE_PROTOCOL_H

#include "../../cuda/tnfr_device.h"

#define TNFR_DEVICE_SOCKET		3
#define TNFR_DEVICE_PROTOCOL	0x746e6601u	/* changes with the structs */
#define TNFR_DEVICE_SEGMENTS	64
#define TNFR_DEVICE_GRAPHS		64

/* How the program ends; by a signal if something worse happened. */
#define TNFR_DEVICE_EXIT_EOF	0	/* its parent is gone, or done with it */
#define TNFR_DEVICE_EXIT_USAGE	2
#define TNFR_DEVICE_EXIT_ABSENT 3	/* no library or no device: answer 0 said so */
#define TNFR_DEVICE_EXIT_STICKY 4	/* after an answer with such an error */
#define TNFR_DEVICE_EXIT_SOCKET 5	/* not a command, or the socket failed */

typedef enum TnfrCommandKind
{
	TNFR_COMMAND_ATTACH = 1,
	TNFR_COMMAND_DETACH,
	TNFR_COMMAND_INFO,
	TNFR_COMMAND_GRAPH,
	TNFR_COMMAND_LOAD,
	TNFR_COMMAND_RUN,
	TNFR_COMMAND_FETCH,
	TNFR_COMMAND_CLOSE
} TnfrCommandKind;

typedef struct TnfrCommand
{
	uint32_t	protocol;		/* TNFR_DEVICE_PROTOCOL */
	uint32_t	kind;
	uint64_t	number;
	uint32_t	segment;		/* 0 .. TNFR_DEVICE_SEGMENTS - 1, the client's choice */
	uint32_t	graph;
	uint64_t	key[2];			/* the same for the same entries only; 0, 0: none */
	uint64_t	n;
	uint64_t	entries;
	uint64_t	budget;			/* bytes of all graphs together, those that have
								 * stayed among them; 0: no limit */
	uint32_t	weighted;
	uint32_t	column;
	uint32_t	pass;
	uint32_t	keep;
	uint64_t	first;
	uint64_t	count;
	uint64_t	position;		/* in the segment, in bytes */
	uint64_t	weights;		/* likewise */
} TnfrCommand;

typedef enum TnfrAnswerStatus
{
	TNFR_ANSWER_DONE = 0,
	TNFR_ANSWER_REFUSED,		/* the command was wrong: error.text */
	TNFR_ANSWER_ERROR			/* the device failed: error */
} TnfrAnswerStatus;

typedef struct TnfrAnswer
{
	uint32_t	protocol;
	uint32_t	status;
	uint64_t	number;
	TnfrDeviceError error;
	TnfrDeviceInfo info;		/* of answer 0 and INFO */
	uint32_t	graph;
	uint32_t	resident;		/* the entries are there, and strengths maybe */
	uint64_t	window;			/* entries at a time; all: loaded once */
	uint64_t	bytes;			/* of the graph; INFO: of all graphs */
	uint32_t	graphs;			/* INFO: there are */
	uint32_t	strengths;		/* the graph's strengths are there */
	uint64_t	nanoseconds;
} TnfrAnswer;

#endif							/* TNFR_DEVICE_PROTOCOL_H */
