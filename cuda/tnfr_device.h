/*
 * tnfr_device.h
 *	  What a device library offers: neighbour sums of networks (core/kernel.h),
 *	  where they are finite the same to the last bit as the processor's.
 *
 * A library is opened with dlopen by the program tnfr_pg_device and has one
 * entry, tnfr_device_library.  tnfr_pg_cuda.so is one; tests have another that
 * computes on the processor.
 *
 * A graph on the device has columns: the offsets of its rows, its entries, the
 * state of its nodes and their strengths go in, sums come out.  They are
 * loaded in pieces, in ascending order, each piece first written to a stage:
 * host memory that the library lends.
 *
 * The window says how many entries the device holds at a time.  When it holds
 * all of them the graph is resident: entries are loaded once, and every pass
 * finds them there, with new state if such was loaded.  When it does not, the
 * entries stream: every pass wants all of them loaded again, in order, and
 * sums rows as they come by.
 *
 *		open
 *		create, stage + load offsets
 *		resident: stage + load entries
 *		every pass:	stage + load state (and strength), run
 *					streaming: stage + load entries
 *					poll until it is done, fetch
 *		destroy, close
 *
 * Waiting.  open may take seconds: a driver starts.  All else only enqueues
 * work and comes back; what cannot be done yet says TNFR_DEVICE_BUSY, and is
 * called again with the same arguments.  create and destroy allocate and free
 * memory on the device and may take some milliseconds.
 *
 * Threads.  A device and its graphs belong to the thread that opened it: no
 * two calls at a time, not even on different graphs.  open must not be called
 * in a process that will fork, nor in one that was forked without exec.
 *
 * Lifetime.  A stage is good until it is loaded or the next call of stage;
 * what fetch shows, until the next call with the device; a graph until
 * destroy, which may be called at any time and waits for work under way; a
 * device until close, after all its graphs were destroyed.  Text is copied,
 * never kept.
 *
 * Trust.  The caller has checked what it loads: offsets ascend from 0 to the
 * number of entries, no row has more than TNFR_DEVICE_ROW_MAX, neighbours are
 * less than n, calls come in the order above.  A library relies on that.
 *
 * After TNFR_DEVICE_STICKY or TNFR_DEVICE_LOST nothing works any more, close
 * included: the process has to end.
 */
#ifndef TNFR_DEVICE_H
#define TNFR_DEVICE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

#define TNFR_DEVICE_ABI		1	/* changes with anything in this header */
#define TNFR_DEVICE_ENTRY	"tnfr_device_library"

#define TNFR_DEVICE_ROW_MAX	(UINT64_C(1) << 29)

typedef enum TnfrDeviceResult
{
	TNFR_DEVICE_OK = 0,
	TNFR_DEVICE_BUSY,			/* not yet: call again */
	TNFR_DEVICE_ERROR			/* the error says what */
} TnfrDeviceResult;

typedef enum TnfrDeviceErrorKind
{
	TNFR_DEVICE_NONE = 0,
	TNFR_DEVICE_ABSENT,			/* no driver, no such device, not for us */
	TNFR_DEVICE_NO_MEMORY,		/* on the device, or pinned; the rest works */
	TNFR_DEVICE_FAILED,			/* this call did; the rest works */
	TNFR_DEVICE_STICKY,			/* so will all calls from now on */
	TNFR_DEVICE_LOST			/* the device is gone */
} TnfrDeviceErrorKind;

typedef struct TnfrDeviceError
{
	uint32_t	kind;			/* TnfrDeviceErrorKind */
	char		text[252];		/* lower case, no period, ends with a zero */
} TnfrDeviceError;

typedef struct TnfrDeviceInfo
{
	char		name[128];
	uint32_t	major;			/* compute capability */
	uint32_t	minor;
	uint64_t	total_bytes;	/* of device memory */
	uint64_t	free_bytes;
} TnfrDeviceInfo;

typedef struct TnfrDeviceShape
{
	uint64_t	n;				/* rows, at most TNFR_MAX_NODES */
	uint64_t	entries;
	uint64_t	window;			/* entries held at a time: entries, or at least
								 * TnfrDeviceLibrary.window_min */
	uint32_t	weighted;		/* 0: all weights are 1 */
	uint32_t	unused;			/* 0 */
} TnfrDeviceShape;

/*
 * Columns, and what a stage holds of each.  A column is loaded from its begin
 * to its end; a first of 0 begins it anew.
 */
typedef enum TnfrDeviceColumn
{
	TNFR_DEVICE_OFFSET = 0,		/* [n + 1] uint64_t; once */
	TNFR_DEVICE_ENTRIES,		/* [entries] uint32_t neighbours; then, from
								 * tnfr_device_weights(count), doubles */
	TNFR_DEVICE_STATE,			/* [n] four doubles: e, f, y, x (core/nodes.h) */
	TNFR_DEVICE_STRENGTH,		/* [n] double; loaded, or summed by a pass */
	TNFR_DEVICE_SUMS,			/* [n] four doubles: E, F, Y, X; fetched */
	TNFR_DEVICE_TOPO,			/* [n] double: T; fetched */
	TNFR_DEVICE_COLUMNS
} TnfrDeviceColumn;

/* What a pass sums, in bits. */
#define TNFR_DEVICE_PASS_SUMS		1u	/* from STATE */
#define TNFR_DEVICE_PASS_STRENGTH	2u	/* weights: overwrites STRENGTH */
#define TNFR_DEVICE_PASS_TOPO		4u	/* from STRENGTH: not with the above */

typedef struct TnfrDevice TnfrDevice;
typedef struct TnfrDeviceGraph TnfrDeviceGraph;

typedef struct TnfrDeviceLibrary
{
	uint32_t	abi;			/* TNFR_DEVICE_ABI */
	uint32_t	size;			/* of this struct */
	const char *name;

	/*
	 * Opens the device of that number.  options: NULL, or words that the
	 * library knows, for tests; "stage=BYTES" makes stages smaller.
	 */
	TnfrDeviceResult (*open) (int32_t number, const char *options,
							  TnfrDevice **device, TnfrDeviceError *error);
	void		(*close) (TnfrDevice *device);
	TnfrDeviceResult (*info) (TnfrDevice *device, TnfrDeviceInfo *info,
							  TnfrDeviceError *error);

	/* The smallest window of a graph that streams. */
	uint64_t	(*window_min) (const TnfrDevice *device);

	/* What create will take of device memory; UINT64_MAX: too large. */
	uint64_t	(*bytes) (const TnfrDeviceShape *shape);

	TnfrDeviceResult (*create) (TnfrDevice *device,
								const TnfrDeviceShape *shape,
								TnfrDeviceGraph **graph,
								TnfrDeviceError *error);
	void		(*destroy) (TnfrDeviceGraph *graph);

	/*
	 * Lends bytes of host memory, aligned to 64, to write a piece to.  Several
	 * are in turn, so that one is filled while another is on its way.
	 */
	TnfrDeviceResult (*stage) (TnfrDevice *device, void **memory,
							   uint64_t *bytes, TnfrDeviceError *error);

	/* Takes items first .. first + count of a column from the stage. */
	TnfrDeviceResult (*load) (TnfrDeviceGraph *graph, uint32_t column,
							  uint64_t first, uint64_t count,
							  TnfrDeviceError *error);

	/* Begins a pass. */
	TnfrDeviceResult (*run) (TnfrDeviceGraph *graph, uint32_t pass,
							 TnfrDeviceError *error);

	/* OK when the last pass is done; its time on the device. */
	TnfrDeviceResult (*poll) (TnfrDeviceGraph *graph, uint64_t *nanoseconds,
							  TnfrDeviceError *error);

	/*
	 * Brings items first .. first + count of a column into host memory, at
	 * most as much as fits a stage.
	 */
	TnfrDeviceResult (*fetch) (TnfrDeviceGraph *graph, uint32_t column,
							   uint64_t first, uint64_t count,
							   const void **memory, TnfrDeviceError *error);
} TnfrDeviceLibrary;

/* The library for callers with that ABI, or NULL.  Never waits, never fails. */
typedef const TnfrDeviceLibrary *(*TnfrDeviceEntry) (uint32_t abi);

/* Where the weights begin in a stage with that many entries. */
static inline uint64_t
tnfr_device_weights(uint64_t count)
{
	return (count * sizeof(uint32_t) + 15) & ~UINT64_C(15);
}

/* Bytes of an item of a column. */
static inline uint64_t
tnfr_device_item(uint32_t column, uint32_t weighted)
{
	switch (column)
	{
		case TNFR_DEVICE_ENTRIES:
			return weighted ? 12 : 4;
		case TNFR_DEVICE_STATE:
		case TNFR_DEVICE_SUMS:
			return 32;
		default:
			return 8;
	}
}

/* How many items of a column fit a stage of so many bytes. */
static inline uint64_t
tnfr_device_fit(uint32_t column, uint32_t weighted, uint64_t bytes)
{
	return (bytes - 16) / tnfr_device_item(column, weighted);
}

#ifdef __cplusplus
}
#endif

#endif							/* TNFR_DEVICE_H */
