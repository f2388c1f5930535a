/*
 * sums.h
 *	  The neighbour sums on the device, by the tree of core/kernel.h.
 *
 * A warp sums up to 128 consecutive entries at a time, as 16 leaves of the
 * tree.  First it brings neighbours and weights into shared memory, 16 bytes a
 * lane, whatever the row begins with; then two lanes take a leaf, one its e
 * and f, the other y and x, so that each half of a state comes by one load of
 * 16 bytes and the pair reads a whole sector; then leaves are added by the
 * tree, through shuffles.
 *
 * Rows of at most 128 entries are taken as many at a time as have 16 leaves
 * together, out of the 32 that a warp is given.  Longer rows are cut in chunks
 * of 1024 entries, whole subtrees, which are dealt out one by one: a hub costs
 * no more than its entries.  The sums of chunks are added by the same tree.
 *
 * A missing right child is left out: a sum begins at +0.0 and so is never
 * -0.0, which makes that the same as adding +0.0.
 *
 * Columns may hold a window of the entries only.  Then those rows and chunks
 * are summed that end within from .. to: when a window begins with the last
 * TNFR_CHUNK entries before from, each is whole in just one of them.
 *
 * This is the C that CUDA and a C compiler share, so that the tests run it on
 * an emulated warp (test/unit/warp.h).  The functions are called by whole warps.
 */
#ifndef TNFR_CUDA_SUMS_H
#define TNFR_CUDA_SUMS_H

#include "core/kernel.h"
#include "tnfr_device.h"

#include <assert.h>

#define TNFR_SLOTS		16		/* leaves at a time, two lanes each */
#define TNFR_SHORT		(TNFR_SLOTS * TNFR_LEAF)
#define TNFR_CHUNK		1024	/* TNFR_LEAF * 2^7 */
#define TNFR_STEPS		(TNFR_CHUNK / TNFR_SHORT)

/* A pair of lanes holds a bit of the number of steps of a row. */
#define TNFR_MOST_STEPS	((UINT64_C(1) << TNFR_SLOTS) - 1)

static_assert(TNFR_DEVICE_ROW_MAX <= TNFR_MOST_STEPS * TNFR_SLOTS * TNFR_CHUNK,
			  "a row has more chunks than a warp can add");

#define TNFR_WARP		32
#define TNFR_ALL_LANES	0xffffffffu

/* Entries behind the last of a window that may be read: whole 16 bytes. */
#define TNFR_WINDOW_PAD	4

#define DEVICE static __device__ __forceinline__
#ifdef __CUDACC__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL
#endif

/* What is read and written by 16 bytes at once. */
#define TNFR_ALIGNED	__attribute__((aligned(16)))

/* A chunk of a long row. */
typedef struct TNFR_ALIGNED TnfrChunk
{
	uint32_t	row;
	uint32_t	number;			/* in its row */
	uint32_t	part;			/* where its sums go; TNFR_NO_PART: to the row */
	uint32_t	unused;
} TnfrChunk;

#define TNFR_NO_PART	UINT32_MAX

/* A row of several chunks. */
typedef struct TNFR_ALIGNED TnfrHub
{
	uint32_t	row;
	uint32_t	first_part;
	uint32_t	parts;
	uint32_t	unused;
} TnfrHub;

typedef struct TnfrCounts
{
	uint32_t	chunks;
	uint32_t	hubs;
	uint32_t	parts;
	uint32_t	unused;
} TnfrCounts;

/* There are at most so many: a chunk has more than TNFR_SHORT entries, or is
 * the last of a row that has them; a hub has more than TNFR_CHUNK. */
#define TNFR_MOST_CHUNKS(entries)	((entries) / (TNFR_SHORT + 1))
#define TNFR_MOST_HUBS(entries)		((entries) / (TNFR_CHUNK + 1))
#define TNFR_MOST_PARTS(entries)	((entries) / TNFR_CHUNK + TNFR_MOST_HUBS(entries))

typedef struct TnfrDeviceRun
{
	uint64_t	n;
	const uint64_t *offset;		/* [n + 1] */
	uint64_t	base;			/* entry that neighbour and weight begin with */
	uint64_t	from;			/* what ends at from .. to is summed */
	uint64_t	to;
	const uint32_t *neighbour;
	const double *weight;
	const TnfrNodeState *state;
	const double *strength;
	TnfrChunk  *chunk;			/* in any order */
	TnfrHub    *hub;			/* in any order */
	TnfrCounts *counts;
	TnfrNodeState *sums;		/* [n] */
	double	   *scalar;			/* [n] S or T; may be NULL beside sums */
	TnfrNodeState *part_sums;
	double	   *part_scalar;
} TnfrDeviceRun;

/*
 * The entries of a graph that the device holds at a time, room of them, from
 * base on; rows and chunks that end before from are summed already.
 */
typedef struct TnfrSpan
{
	uint64_t	room;
	uint64_t	base;
	uint64_t	from;
} TnfrSpan;

/* Room for a piece, and for the last entries at both of their places. */
#define TNFR_SPAN_MIN(piece)	(2 * TNFR_CHUNK + (piece))

/* Do count entries more, from first on, find room? */
static inline bool
tnfr_span_has_room(const TnfrSpan *span, uint64_t first, uint64_t count)
{
	return first + count - span->base <= span->room;
}

/*
 * When there is no room, all that is there up to the end has been summed, but
 * rows and chunks go on: the last TNFR_CHUNK entries are to be moved to the
 * begin.  Returns from where, counted from the begin.
 */
static inline uint64_t
tnfr_span_move(TnfrSpan *span, uint64_t end)
{
	const uint64_t skip = end - TNFR_CHUNK - span->base;

	span->base += skip;
	return skip;
}

/* What is summed. */
typedef enum TnfrMode
{
	TNFR_MODE_STATE,			/* E, F, Y, X, and S on the way */
	TNFR_MODE_STRENGTH,			/* S */
	TNFR_MODE_TOPO				/* T */
} TnfrMode;

/* Half of the sums of a subtree: what one lane of two has. */
typedef struct TnfrHalf
{
	double		a;				/* e or y */
	double		b;				/* f or x */
	double		s;				/* S or T, in both */
} TnfrHalf;

/* Entries that a warp has brought in.  Leaves begin in different banks. */
typedef struct TnfrEntriesShared
{
	double		weight[TNFR_SHORT + TNFR_SLOTS];
	uint32_t	neighbour[TNFR_SHORT + TNFR_SLOTS];
} TnfrEntriesShared;

DEVICE uint32_t
tnfr_bank(uint32_t entry)
{
	return entry + entry / TNFR_LEAF;
}

DEVICE uint32_t
tnfr_leaves(uint64_t entries)
{
	return entries > TNFR_LEAF ?
		(uint32_t) ((entries + TNFR_LEAF - 1) / TNFR_LEAF) : 1;
}

DEVICE bool
tnfr_in_window(const TnfrDeviceRun *run, uint64_t end)
{
	return end >= run->from && end <= run->to;
}

/* Lists the chunks of a row, if it is long. */
DEVICE void
tnfr_list_chunks(const TnfrDeviceRun *run, uint64_t row)
{
	const uint64_t length = run->offset[row + 1] - run->offset[row];
	const uint32_t chunks = (uint32_t) ((length + TNFR_CHUNK - 1) / TNFR_CHUNK);
	uint32_t	at;
	uint32_t	part = TNFR_NO_PART;

	if (length <= TNFR_SHORT)
		return;
	at = atomicAdd(&run->counts->chunks, chunks);
	if (chunks > 1)
	{
		const uint32_t number = atomicAdd(&run->counts->hubs, 1);
		TnfrHub		hub = {(uint32_t) row, 0, chunks, 0};

		part = hub.first_part = atomicAdd(&run->counts->parts, chunks);
		run->hub[number] = hub;
	}
	for (uint32_t k = 0; k < chunks; k++)
	{
		TnfrChunk	chunk = {
			(uint32_t) row, k, chunks > 1 ? part + k : TNFR_NO_PART, 0
		};

		run->chunk[at + k] = chunk;
	}
}

/* Brings count <= TNFR_SHORT entries in, first counted from the window's. */
DEVICE void
tnfr_bring_entries(const TnfrDeviceRun *run, uint64_t first, uint32_t count,
				   TnfrMode mode, bool weighted, uint32_t lane,
				   TnfrEntriesShared *shared)
{
	if (mode != TNFR_MODE_STRENGTH)
	{
		const uint4 *from = (const uint4 *) (run->neighbour + (first & ~UINT64_C(3)));
		const uint32_t skip = (uint32_t) (first & 3);

		for (uint32_t q = lane; 4 * q < skip + count; q += TNFR_WARP)
		{
			const uint4 v = from[q];
			const uint32_t four[4] = {v.x, v.y, v.z, v.w};

			for (uint32_t k = 0; k < 4; k++)
				if (4 * q + k >= skip && 4 * q + k < skip + count)
					shared->neighbour[tnfr_bank(4 * q + k - skip)] = four[k];
		}
	}
	if (weighted)
	{
		const double2 *from = (const double2 *) (run->weight + (first & ~UINT64_C(1)));
		const uint32_t skip = (uint32_t) (first & 1);

		for (uint32_t q = lane; 2 * q < skip + count; q += TNFR_WARP)
		{
			const double2 v = from[q];

			if (2 * q >= skip)
				shared->weight[tnfr_bank(2 * q - skip)] = v.x;
			if (2 * q + 1 < skip + count)
				shared->weight[tnfr_bank(2 * q + 1 - skip)] = v.y;
		}
	}
	__syncwarp();
}

/* Half of a leaf: count <= TNFR_LEAF of the entries that were brought in. */
DEVICE TnfrHalf
tnfr_leaf_half(const TnfrDeviceRun *run, const TnfrEntriesShared *shared,
			   uint32_t first, uint32_t count, TnfrMode mode, bool weighted,
			   uint32_t half)
{
	const double2 *state = (const double2 *) run->state;
	double2		v[TNFR_LEAF];
	TnfrHalf	sum = {0.0, 0.0, 0.0};

	/* all loads from far away before the first addition */
	UNROLL for (uint32_t i = 0; i < TNFR_LEAF; i++)
		if (i < count && mode != TNFR_MODE_STRENGTH)
		{
			const uint32_t j = shared->neighbour[tnfr_bank(first + i)];

			if (mode == TNFR_MODE_STATE)
				v[i] = state[2 * (uint64_t) j + half];
			else
				v[i].x = run->strength[j];
		}
	UNROLL for (uint32_t i = 0; i < TNFR_LEAF; i++)
		if (i < count)
		{
			const double w = weighted ? shared->weight[tnfr_bank(first + i)] : 1.0;

			if (mode == TNFR_MODE_STATE)
			{
				sum.a += weighted ? w * v[i].x : v[i].x;
				sum.b += weighted ? w * v[i].y : v[i].y;
			}
			if (mode == TNFR_MODE_TOPO)
				sum.s += weighted ? w * v[i].x : v[i].x;
			else if (weighted)
				sum.s += w;
		}
	return sum;
}

DEVICE void
tnfr_half_add(TnfrHalf *sum, TnfrHalf right, TnfrMode mode, bool weighted)
{
	if (mode == TNFR_MODE_STATE)
	{
		sum->a += right.a;
		sum->b += right.b;
	}
	if (weighted || mode == TNFR_MODE_TOPO)
		sum->s += right.s;
}

DEVICE TnfrHalf
tnfr_half_from(TnfrHalf sum, uint32_t lane, TnfrMode mode, bool weighted)
{
	TnfrHalf	there = {0.0, 0.0, 0.0};

	if (mode == TNFR_MODE_STATE)
	{
		there.a = __shfl_sync(TNFR_ALL_LANES, sum.a, (int) lane);
		there.b = __shfl_sync(TNFR_ALL_LANES, sum.b, (int) lane);
	}
	if (weighted || mode == TNFR_MODE_TOPO)
		there.s = __shfl_sync(TNFR_ALL_LANES, sum.s, (int) lane);
	return there;
}

/*
 * Adds the leaves in the slots of the warp by the tree.  A lane's leaf is that
 * number of so many of its row, whose leaves are in consecutive slots; the sum
 * of a row is where its leaf 0 was.  Leaves that are not at the left end of a
 * subtree add, too, what nobody will read.
 */
DEVICE TnfrHalf
tnfr_add_slots(TnfrHalf sum, uint32_t leaf, uint32_t leaves, uint32_t lane,
			   TnfrMode mode, bool weighted)
{
	UNROLL for (uint32_t d = 1; d < TNFR_SLOTS; d *= 2)
	{
		TnfrHalf	right = tnfr_half_from(sum, (lane + 2 * d) % TNFR_WARP,
										   mode, weighted);

		if (leaf + d < leaves)
			tnfr_half_add(&sum, right, mode, weighted);
	}
	return sum;
}

/*
 * The tree above the slots.  Sums of TNFR_SLOTS leaves come one after the
 * other, and wait as the digits of a binary counter do: those of 2^k are kept
 * by the k-th pair of lanes.  There are 16 pairs: up to TNFR_DEVICE_ROW_MAX
 * entries in a row.
 */
DEVICE void
tnfr_counter_add(TnfrHalf *waiting, uint32_t count, TnfrHalf sum,
				 uint32_t lane, TnfrMode mode, bool weighted)
{
	uint32_t	k = 0;

	sum = tnfr_half_from(sum, lane % 2, mode, weighted);
	for (; (count >> k) & 1; k++)
	{
		TnfrHalf	left = tnfr_half_from(*waiting, 2 * k + lane % 2, mode,
										  weighted);

		tnfr_half_add(&left, sum, mode, weighted);
		sum = left;
	}
	if (lane / 2 == k)
		*waiting = sum;
}

DEVICE TnfrHalf
tnfr_counter_end(TnfrHalf waiting, uint32_t count, uint32_t lane,
				 TnfrMode mode, bool weighted)
{
	uint32_t	k = 0;
	TnfrHalf	sum;

	while (((count >> k) & 1) == 0)
		k++;
	sum = tnfr_half_from(waiting, 2 * k + lane % 2, mode, weighted);
	while (count >> ++k != 0)
		if ((count >> k) & 1)
		{
			TnfrHalf	left = tnfr_half_from(waiting, 2 * k + lane % 2, mode,
											  weighted);

			tnfr_half_add(&left, sum, mode, weighted);
			sum = left;
		}
	return sum;
}

/* Each lane of a pair writes its half. */
DEVICE void
tnfr_put(TnfrNodeState *sums, double *scalar, uint64_t at, TnfrHalf sum,
		 uint32_t half, TnfrMode mode)
{
	if (mode == TNFR_MODE_STATE)
	{
		double2		ab = {sum.a, sum.b};

		((double2 *) sums)[2 * at + half] = ab;
	}
	if (scalar != NULL && half == 0)
		scalar[at] = sum.s;
}

DEVICE void
tnfr_put_row(const TnfrDeviceRun *run, uint64_t row, uint64_t length,
			 TnfrHalf sum, uint32_t half, TnfrMode mode, bool weighted)
{
	if (!weighted && mode != TNFR_MODE_TOPO)
		sum.s = (double) length;	/* as a sum of ones: exact */
	tnfr_put(run->sums, run->scalar, row, sum, half, mode);
}

/* What a lane knows of its row among the 32 of a warp. */
typedef struct TnfrRowLane
{
	uint64_t	begin;
	uint32_t	length;
	uint32_t	before;			/* leaves of the rows before it */
	uint32_t	leaves;			/* 0: it is not summed here */
} TnfrRowLane;

DEVICE TnfrRowLane
tnfr_row_lane(const TnfrDeviceRun *run, uint64_t row, uint32_t lane)
{
	TnfrRowLane r = {0, 0, 0, 0};
	uint32_t	sum;

	if (row < run->n)
	{
		const uint64_t end = run->offset[row + 1];

		r.begin = run->offset[row];
		if (end - r.begin <= TNFR_SHORT && tnfr_in_window(run, end))
		{
			r.length = (uint32_t) (end - r.begin);
			r.leaves = tnfr_leaves(r.length);
		}
	}
	sum = r.leaves;
	UNROLL for (uint32_t d = 1; d < TNFR_WARP; d *= 2)
	{
		uint32_t	left = __shfl_sync(TNFR_ALL_LANES, sum,
									   (int) ((lane - d) % TNFR_WARP));

		sum += lane >= d ? left : 0;
	}
	r.before = sum - r.leaves;
	return r;
}

/* The short ones of rows first .. first + 32. */
DEVICE void
tnfr_short_rows(const TnfrDeviceRun *run, uint64_t first, uint32_t lane,
				TnfrEntriesShared *shared, TnfrMode mode, bool weighted)
{
	const TnfrRowLane mine = tnfr_row_lane(run, first + lane, lane);
	const uint32_t slot = lane / 2;
	uint32_t	rest = __ballot_sync(TNFR_ALL_LANES, mine.leaves > 0);

	while (rest != 0)
	{
		/* rows side by side, beginning with r0, as many as have slots */
		const uint32_t r0 = (uint32_t) __ffs((int) rest) - 1;
		const uint32_t before = __shfl_sync(TNFR_ALL_LANES, mine.before, (int) r0);
		const uint64_t begin = __shfl_sync(TNFR_ALL_LANES, mine.begin, (int) r0);
		const bool	fits = mine.leaves > 0 && lane >= r0 &&
			mine.before + mine.leaves - before <= TNFR_SLOTS;
		const uint32_t gap = ~(__ballot_sync(TNFR_ALL_LANES, fits) >> r0);
		const uint32_t rows = gap != 0 ? (uint32_t) __ffs((int) gap) - 1 : TNFR_WARP;
		const bool	taken = lane >= r0 && lane - r0 < rows;
		const uint32_t heads = __reduce_or_sync(TNFR_ALL_LANES,
												taken ? 1u << (mine.before - before) : 0);
		const uint32_t count = __reduce_add_sync(TNFR_ALL_LANES,
												 taken ? mine.length : 0);

		/* the row of this lane's slot, and its leaf */
		const uint32_t r = r0 + (uint32_t) __popc(heads & ((2u << slot) - 1)) - 1;
		const uint64_t row_begin = __shfl_sync(TNFR_ALL_LANES, mine.begin, (int) r);
		const uint32_t length = __shfl_sync(TNFR_ALL_LANES, mine.length, (int) r);
		const uint32_t row_before = __shfl_sync(TNFR_ALL_LANES, mine.before, (int) r);
		const uint32_t leaf = slot - (row_before - before);
		const uint32_t leaves = tnfr_leaves(length);
		const uint32_t done = leaf * TNFR_LEAF;
		const uint32_t left = done < length ? length - done : 0;
		TnfrHalf	sum;

		tnfr_bring_entries(run, begin - run->base, count, mode, weighted, lane,
						   shared);
		sum = tnfr_leaf_half(run, shared, (uint32_t) (row_begin - begin) + done,
							 left < TNFR_LEAF ? left : TNFR_LEAF, mode, weighted,
							 lane % 2);
		sum = tnfr_add_slots(sum, leaf, leaves, lane, mode, weighted);
		if (leaf == 0)
			tnfr_put_row(run, first + r, length, sum, lane % 2, mode, weighted);
		__syncwarp();
		rest &= ~((rows < TNFR_WARP ? (1u << rows) - 1 : TNFR_ALL_LANES) << r0);
	}
}

/* One chunk of a long row. */
DEVICE void
tnfr_long_chunk(const TnfrDeviceRun *run, TnfrChunk chunk,
				uint32_t lane, TnfrEntriesShared *shared, TnfrMode mode,
				bool weighted)
{
	const uint64_t row_begin = run->offset[chunk.row];
	const uint64_t row_end = run->offset[chunk.row + 1];
	const uint64_t begin = row_begin + (uint64_t) chunk.number * TNFR_CHUNK;
	const uint32_t length = row_end - begin < TNFR_CHUNK ?
		(uint32_t) (row_end - begin) : TNFR_CHUNK;
	const uint32_t leaf = lane / 2;
	uint32_t	steps = 0;
	TnfrHalf	waiting = {0.0, 0.0, 0.0};
	TnfrHalf	sum;

	if (!tnfr_in_window(run, begin + length))
		return;
	for (uint32_t at = 0; at < length; at += TNFR_SHORT)
	{
		const uint32_t count = length - at < TNFR_SHORT ? length - at : TNFR_SHORT;
		const uint32_t done = leaf * TNFR_LEAF;
		const uint32_t left = done < count ? count - done : 0;

		tnfr_bring_entries(run, begin - run->base + at, count, mode, weighted,
						   lane, shared);
		sum = tnfr_leaf_half(run, shared, done,
							 left < TNFR_LEAF ? left : TNFR_LEAF, mode, weighted,
							 lane % 2);
		sum = tnfr_add_slots(sum, leaf, tnfr_leaves(count), lane, mode, weighted);
		tnfr_counter_add(&waiting, steps++, sum, lane, mode, weighted);
		__syncwarp();
	}
	sum = tnfr_counter_end(waiting, steps, lane, mode, weighted);
	if (lane >= 2)
		return;
	if (chunk.part == TNFR_NO_PART)
		tnfr_put_row(run, chunk.row, row_end - row_begin, sum, lane, mode,
					 weighted);
	else
		tnfr_put(run->part_sums, run->part_scalar, chunk.part, sum, lane, mode);
}

/* A hub: the sums of its chunks take the slots that leaves had. */
DEVICE void
tnfr_hub_row(const TnfrDeviceRun *run, TnfrHub hub, uint32_t lane,
			 TnfrMode mode, bool weighted)
{
	const uint64_t length = run->offset[hub.row + 1] - run->offset[hub.row];
	const double2 *part = (const double2 *) run->part_sums;
	uint32_t	steps = 0;
	TnfrHalf	waiting = {0.0, 0.0, 0.0};
	TnfrHalf	sum;

	for (uint32_t at = 0; at < hub.parts; at += TNFR_SLOTS)
	{
		const uint32_t left = hub.parts - at;
		const uint32_t slot = lane / 2;

		sum.a = sum.b = sum.s = 0.0;
		if (slot < left)
		{
			const uint64_t p = (uint64_t) hub.first_part + at + slot;

			if (mode == TNFR_MODE_STATE)
			{
				sum.a = part[2 * p + lane % 2].x;
				sum.b = part[2 * p + lane % 2].y;
			}
			sum.s = run->part_scalar[p];
		}
		sum = tnfr_add_slots(sum, slot, left, lane, mode, weighted);
		tnfr_counter_add(&waiting, steps++, sum, lane, mode, weighted);
	}
	sum = tnfr_counter_end(waiting, steps, lane, mode, weighted);
	if (lane < 2)
		tnfr_put_row(run, hub.row, length, sum, lane, mode, weighted);
}

#undef DEVICE
#undef UNROLL

#endif							/* TNFR_CUDA_SUMS_H */
