/*
 * base.h
 *	  What every part of the core shares: status codes, the environment that
 *	  the caller lends (memory, interrupts, threads), and growable blocks.
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
	TNFR_OUT_OF_RANGE			/* a result is not finite: error.id */
} TnfrStatus;

typedef struct TnfrError
{
	int64_t		id;
	int64_t		src;
	int64_t		dst;
	uint64_t	count;
	size_t		bytes;
} TnfrError;

/*
 * What the caller lends.  Only the calling thread uses alloc, release, poll
 * and serve.  poll is called between short pieces of work, possibly while
 * other threads compute: it may only look at a flag.  When it says true, the
 * threads come home and serve is called with none of them at work; serve may
 * leave by a non-local exit (then the caller frees what alloc gave), return
 * true to stop, or false to go on.
 */
typedef struct TnfrEnv
{
	void	   *(*alloc) (void *arg, size_t size);	/* NULL: refused */
	void		(*release) (void *arg, void *p, size_t size);
	bool		(*poll) (void *arg);
	bool		(*serve) (void *arg);
	void	   *arg;
	int			threads;		/* 1: serial; more: at most so many by OpenMP */
	TnfrError	error;
} TnfrEnv;

/* Memory for count items of the given size, or NULL with env->error.bytes. */
extern void *tnfr_alloc(TnfrEnv *env, uint64_t count, size_t size);

/* Gives back what tnfr_alloc gave for the same count and size; NULL is fine. */
extern void tnfr_release(TnfrEnv *env, void *p, uint64_t count, size_t size);

/* True when the caller wants to stop.  For serial loops: every ~10 ms. */
static inline bool
tnfr_check(TnfrEnv *env)
{
	return env->poll(env->arg) && env->serve(env->arg);
}

/*
 * A list of blocks of equal items that grows without copying.  Block sizes
 * double from TNFR_BLOCK_MIN to TNFR_BLOCK_MAX items, so that a small network
 * needs little and the list of a large one stays short.
 */
#define TNFR_BLOCK_MIN	UINT32_C(1024)
#define TNFR_BLOCK_MAX	UINT32_C(65536)

typedef struct TnfrBlock
{
	char	   *data;
	uint32_t	capacity;		/* items there is room for */
	uint32_t	used;			/* items in it */
	uint64_t	first;			/* number of its first item */
} TnfrBlock;

typedef struct TnfrBlocks
{
	TnfrBlock  *block;
	uint64_t	nblocks;
	uint64_t	room;			/* length of the array block */
	uint64_t	count;			/* items in all blocks */
	size_t		item;			/* bytes an item */
} TnfrBlocks;

/* The last block, with room for at least one more item; NULL: no memory. */
extern TnfrBlock *tnfr_blocks_tail(TnfrEnv *env, TnfrBlocks *b);

/* Where item i lies. */
extern void *tnfr_blocks_at(const TnfrBlocks *b, uint64_t i);

extern void tnfr_blocks_release(TnfrEnv *env, TnfrBlocks *b);

#endif							/* TNFR_BASE_H */
