/*
 * base.h
 *	  What every part of the core shares: status codes, the environment that
 *	  the caller lends (memory, interrupts, threads).
 *
 * The core is plain C: it knows no server, keeps no global state and never
 * calls upwards except through TnfrEnv.  Failure is a TnfrStatus; what the
 * caller needs to word a message is left in TnfrEnv.error.
 */
#ifndef TNFR_BASE_H
#define TNFR_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TNFR_NO_NODE	UINT32_MAX	/* no index: a node that is not there */
#define TNFR_MAX_NODES	(UINT32_MAX - UINT64_C(1))

typedef enum TnfrStatus
{
	TNFR_OK = 0,
	TNFR_NO_MEMORY,				/* the allocator refused: error.bytes */
	TNFR_STOPPED,				/* serve() asked to stop */
	TNFR_TOO_MANY_NODES,		/* more than TNFR_MAX_NODES: error.count */
	TNFR_DUPLICATE_NODE,		/* error.id */
	TNFR_UNKNOWN_NODE,			/* error.src, .dst; .count such edges in all */
	TNFR_OUT_OF_RANGE,			/* a result is not finite: error.id */
	TNFR_DAMAGED,				/* bytes that are not a graph: error.what */
	TNFR_NOT_SUMMED				/* a TnfrSummer could not: it knows why */
} TnfrStatus;

typedef struct TnfrError
{
	int64_t		id;
	int64_t		src;
	int64_t		dst;
	uint64_t	count;
	size_t		bytes;
	const char *what;			/* static text */
} TnfrError;

/*
 * What the caller lends.  Only the calling thread uses any of the functions.
 *
 * Memory: alloc gives NULL to refuse.  gathered: a large piece will be read at
 * random places again and again, so huge pages pay.  All is aligned to a cache
 * line (64 bytes).  resize keeps the contents and
 * may move them; of a large piece it should move pages, not bytes.
 *
 * Interrupts: poll is called between short pieces of work, possibly while
 * other threads compute: it may only look at a flag.  When it says true, the
 * threads come home and serve is called with none of them at work; serve may
 * leave by a non-local exit (then the caller frees what alloc gave), return
 * true to stop, or false to go on.
 */
typedef struct TnfrEnv
{
	void	   *(*alloc) (void *arg, size_t size, bool gathered);
	void	   *(*resize) (void *arg, void *p, size_t from, size_t to,
						   bool gathered);
	void		(*release) (void *arg, void *p, size_t size);
	bool		(*poll) (void *arg);
	bool		(*serve) (void *arg);
	void	   *arg;
	int			threads;		/* 1: serial; more: at most so many by OpenMP */
	uint64_t	seed;			/* for hashing; no result depends on it */
	TnfrError	error;
} TnfrEnv;

/* Memory for count items of the given size, or NULL with env->error.bytes. */
extern void *tnfr_alloc(TnfrEnv *env, uint64_t count, size_t size);

/* The same for what will be read at random places. */
extern void *tnfr_alloc_gathered(TnfrEnv *env, uint64_t count, size_t size);

/* More or less memory for p; on failure NULL, and p stays as it is. */
extern void *tnfr_resize(TnfrEnv *env, void *p, uint64_t from, uint64_t to,
						 size_t size);

/* Arrays that have the same length. */
typedef struct TnfrArray
{
	void	  **array;
	size_t		item;			/* bytes */
	bool		gathered;		/* as in tnfr_alloc_gathered */
} TnfrArray;

/* tnfr_resize for all of them; on failure false, and all stay as they are. */
extern bool tnfr_resize_arrays(TnfrEnv *env, const TnfrArray *a, int arrays,
							   uint64_t from, uint64_t to);

/* Gives back what tnfr_alloc gave for the same count and size; NULL is fine. */
extern void tnfr_release(TnfrEnv *env, void *p, uint64_t count, size_t size);

/* Sets bytes of memory to a value, looking at interrupts on the way. */
extern TnfrStatus tnfr_fill(TnfrEnv *env, void *p, int value, size_t bytes);

/* True when the caller wants to stop.  For serial loops: every ~10 ms. */
static inline bool
tnfr_check(TnfrEnv *env)
{
	return env->poll(env->arg) && env->serve(env->arg);
}

#endif							/* TNFR_BASE_H */
