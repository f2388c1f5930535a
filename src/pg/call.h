/*
 * call.h
 *	  One call of a function: its memory, its threads, its clock.
 *
 * A call owns a memory context.  Small pieces are palloc'd in it.  Large ones
 * are mapped from the system: malloc would return them to the system only by
 * luck (its mmap threshold rises to 32 MB as blocks are freed), mapped memory
 * grows without copying, and what is gathered from can ask for huge pages.  When
 * the context goes, by tnfr_call_end, an error or a cancel, so do the maps and
 * the threads.
 */
#ifndef TNFR_PG_CALL_H
#define TNFR_PG_CALL_H

#include "postgres.h"

#include "core/base.h"
#include "portability/instr_time.h"

typedef enum TnfrPhase
{
	TNFR_READING,				/* rows of the relations */
	TNFR_MAPPING,				/* ids to indexes */
	TNFR_ORDERING,				/* the graph in canonical order */
	TNFR_ARRANGING,				/* its rows in a layout */
	TNFR_COMPUTING,
	TNFR_RETURNING,				/* rows into the tuplestore */
	TNFR_PHASES
} TnfrPhase;

typedef struct TnfrCall
{
	const char *function;		/* SQL name, for messages */
	TnfrEnv		env;
	MemoryContext context;
	MemoryContextCallback cleanup;
	struct maps_hash *maps;		/* what is mapped now */
	size_t		used;			/* bytes lent to the core, or charged */
	size_t		peak;
	size_t		limit;
	int			max_threads;
	int			threads_used;	/* the most at a time */
	int			workers_used;	/* parallel workers that read with us */
	bool		threads_tried;	/* the system lets us have so many */
	int			device;			/* that summed; -1: none */
	uint64		needed;			/* what the limit refused; 0: nothing yet */
	TnfrPhase	phase;
	instr_time	phase_start;
	double		milliseconds[TNFR_PHASES];
} TnfrCall;

/* The most threads that a call may have. */
extern int	tnfr_thread_limit(void);

/* Begins a call in a child of the current memory context. */
extern TnfrCall *tnfr_call_begin(const char *function);

/* Ends it: reports the trace, gives back all memory, ends the threads. */
extern void tnfr_call_end(TnfrCall *call);

/* Ends it without the report. */
extern void tnfr_call_drop(TnfrCall *call);

/* Switches the clock to another phase; returns the one before. */
extern TnfrPhase tnfr_call_phase(TnfrCall *call, TnfrPhase phase);

/* Sets the number of threads for work of so many items (entries, nodes). */
extern void tnfr_call_threads(TnfrCall *call, uint64 items);

/* Error 53200 when so many more bytes would pass the limit. */
extern void tnfr_call_require(TnfrCall *call, uint64 bytes);

/* The same, and counts them: memory that somebody else takes for the call. */
extern void tnfr_call_charge(TnfrCall *call, uint64 bytes);

/* Turns a failure of the core that names no relation into an error. */
extern void tnfr_call_check(TnfrCall *call, TnfrStatus status);

#endif							/* TNFR_PG_CALL_H */
