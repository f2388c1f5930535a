/*
 * session.h
 *	  What tnfr_pg_device has: a device, segments and graphs.
 *
 * The functions that carry a command out return an answer's status; they leave
 * the reason in answer->error.  Everything in a command is checked here before
 * the library sees it.
 */
#ifndef TNFR_DEVICE_SESSION_H
#define TNFR_DEVICE_SESSION_H

#include "device/protocol.h"

#include <stdbool.h>

typedef struct Segment
{
	bool		attached;
	int			fd;
	uint64_t	bytes;			/* that it had when it was attached */
} Segment;

typedef struct Graph
{
	TnfrDeviceGraph *handle;	/* NULL: a free place */
	TnfrDeviceShape shape;
	uint64_t	key[2];
	uint64_t	bytes;
	uint64_t	used;			/* when it was closed, as a number */
	bool		open;
	bool		broken;			/* something failed: it can only be closed */
	uint64_t	loaded[TNFR_DEVICE_COLUMNS];	/* items, of those loaded */
	uint64_t	last_offset;
	bool		streaming;		/* it still wants entries */
	bool		has[TNFR_DEVICE_COLUMNS];	/* can be fetched */
} Graph;

typedef struct Session
{
	int			socket;
	const TnfrDeviceLibrary *library;
	TnfrDevice *device;
	Segment		segment[TNFR_DEVICE_SEGMENTS];
	Graph		graph[TNFR_DEVICE_GRAPHS];
	uint64_t	clock;			/* counts closings */
	uint32_t	breaths;		/* that the command has taken */
} Session;

/* session.c */
extern uint32_t refuse(TnfrAnswer *answer, const char *text);
extern void breathe(Session *s);
extern uint32_t info(Session *s, TnfrAnswer *answer);
extern uint32_t attach(Session *s, const TnfrCommand *c, int fd,
					   TnfrAnswer *answer);
extern uint32_t detach(Session *s, const TnfrCommand *c, TnfrAnswer *answer);

/* graphs.c */
extern uint32_t open_graph(Session *s, const TnfrCommand *c,
						   TnfrAnswer *answer);
extern uint32_t close_graph(Session *s, const TnfrCommand *c,
							TnfrAnswer *answer);
extern Graph *find_graph(Session *s, const TnfrCommand *c, TnfrAnswer *answer);
extern uint64_t graph_bytes(const Session *s, uint32_t *graphs);
extern bool is_resident(const Graph *g);

/* columns.c */
extern uint32_t load(Session *s, const TnfrCommand *c, TnfrAnswer *answer);
extern uint32_t run(Session *s, const TnfrCommand *c, TnfrAnswer *answer);
extern uint32_t fetch(Session *s, const TnfrCommand *c, TnfrAnswer *answer);

#endif							/* TNFR_DEVICE_SESSION_H */
