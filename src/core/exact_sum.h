/*
 * exact_sum.h
 *	  Sums of doubles that do not depend on the order of the addends.
 *
 * The number line is cut into bins of 28 bits at fixed places: bin b holds
 * multiples of 2^(28 b - 1074).  An addend is cut at the same places, into
 * three chunks at the most, and a bin adds up, in an integer, the chunks that
 * fall into it.  A sum keeps a window of five bins, which hangs on the largest
 * addend so far: two bins lie below the lowest that this one touches.  When a
 * larger addend comes, the window moves up and what leaves it below is
 * dropped.
 *
 * So each bin of the final window holds the chunks of every addend there,
 * whatever the order they came in and however the addends were distributed
 * over sums that were merged: integer addition is exact.  What is dropped is,
 * for each addend, less than 2^-108 of the largest; addends within a range of
 * 2^56 lose nothing, and their sum is the exact one, rounded once.
 *
 * The idea of bins at fixed places is that of the reproducible sums of
 * Demmel, Ahrens and Nguyen (ReproBLAS); here the bins are integers.
 */
#ifndef TNFR_EXACT_SUM_H
#define TNFR_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TNFR_EXACT_BINS		5
#define TNFR_EXACT_SPARE	2	/* bins below the largest addend's lowest */
#define TNFR_EXACT_WIDTH	28
#define TNFR_EXACT_MASK		((UINT64_C(1) << TNFR_EXACT_WIDTH) - 1)
#define TNFR_EXACT_LAST		(2045 / TNFR_EXACT_WIDTH)	/* place of DBL_MAX */

/* More could overflow a bin.  Who adds has to count. */
#define TNFR_EXACT_MAX_ADDENDS	(INT64_C(1) << (63 - TNFR_EXACT_WIDTH))

/*
 * All bits zero is the empty sum.  Adding and merging are safe whatever bits it
 * holds: they never leave the struct, and bins wrap around.
 */
typedef struct TnfrExactSum
{
	int64_t		bin[TNFR_EXACT_BINS];	/* from the lowest */
	uint64_t	place;			/* lowest bin that the largest addend touches */
} TnfrExactSum;

/* A sum from which addends can be taken away again. */
typedef struct TnfrMovingSum
{
	TnfrExactSum sum;
	uint64_t	largest;		/* addends there are at sum.place */
} TnfrMovingSum;

/* A finite addend that is not zero: its chunks, from the lowest. */
typedef struct TnfrExactAddend
{
	uint64_t	place;			/* bin of the first chunk */
	int64_t		chunk[3];
} TnfrExactAddend;

/* Cuts x; false when it is zero. */
static inline bool
tnfr_exact_cut(double x, TnfrExactAddend *a)
{
	uint64_t	bits;
	uint64_t	mantissa;
	uint64_t	position;		/* of the mantissa's last bit, above 2^-1074 */
	uint64_t	shift;
	int64_t		sign;

	memcpy(&bits, &x, sizeof(bits));
	mantissa = bits & ((UINT64_C(1) << 52) - 1);
	position = (bits >> 52) & 0x7ff;
	if (__builtin_expect(position > 0, true))
	{
		mantissa |= UINT64_C(1) << 52;
		position--;
	}
	else if (mantissa == 0)
		return false;
	a->place = position / TNFR_EXACT_WIDTH;
	shift = position % TNFR_EXACT_WIDTH;
	sign = -(int64_t) (bits >> 63);
	a->chunk[0] = (int64_t) ((mantissa << shift) & TNFR_EXACT_MASK);
	a->chunk[1] = (int64_t) ((mantissa >> (TNFR_EXACT_WIDTH - shift)) &
							 TNFR_EXACT_MASK);
	a->chunk[2] = (int64_t) (mantissa >> (2 * TNFR_EXACT_WIDTH - shift));
	for (int i = 0; i < 3; i++)
		a->chunk[i] = (a->chunk[i] ^ sign) - sign;
	return true;
}

/* Adds to a bin; bits that no sum can hold wrap around. */
static inline void
tnfr_exact_into(int64_t *bin, int64_t chunk)
{
	*bin = (int64_t) ((uint64_t) *bin + (uint64_t) chunk);
}

/* Moves the window up to hang on the given place, which is above its own. */
extern void tnfr_exact_raise(TnfrExactSum *sum, uint64_t place);

/* Adds what has been cut. */
static inline void
tnfr_exact_add_cut(TnfrExactSum *sum, const TnfrExactAddend *a)
{
	uint64_t	below;

	if (__builtin_expect(a->place > sum->place, false))
		tnfr_exact_raise(sum, a->place);
	below = sum->place - a->place;
	if (__builtin_expect(below <= TNFR_EXACT_SPARE, true))
	{
		int64_t    *bin = &sum->bin[TNFR_EXACT_SPARE - below];

		for (int i = 0; i < 3; i++)
			tnfr_exact_into(&bin[i], a->chunk[i]);
	}
	else						/* the lower chunks are below the window */
		for (uint64_t i = below - TNFR_EXACT_SPARE; i < 3; i++)
			tnfr_exact_into(&sum->bin[i + TNFR_EXACT_SPARE - below],
							a->chunk[i]);
}

/* Adds a finite x. */
static inline void
tnfr_exact_add(TnfrExactSum *sum, double x)
{
	TnfrExactAddend a;

	if (tnfr_exact_cut(x, &a))
		tnfr_exact_add_cut(sum, &a);
}

/* The same for a sum that moves. */
static inline void
tnfr_moving_add(TnfrMovingSum *moving, double x)
{
	TnfrExactAddend a;

	if (!tnfr_exact_cut(x, &a))
		return;
	if (a.place > moving->sum.place)
		moving->largest = 0;
	tnfr_exact_add_cut(&moving->sum, &a);
	moving->largest += a.place == moving->sum.place;
}

/*
 * Takes away an x that was added before.  The result is, bit for bit, the sum
 * of the other addends.  False, and no change, when x is the last that the
 * window hangs on: where it would hang without it is not known.
 */
extern bool tnfr_moving_remove(TnfrMovingSum *moving, double x);

/* Adds all addends of another sum. */
extern void tnfr_exact_merge(TnfrExactSum *sum, const TnfrExactSum *other);
extern void tnfr_moving_merge(TnfrMovingSum *moving,
							  const TnfrMovingSum *other);

/*
 * The sum, rounded to the nearest double, ties to even: +0.0 for an empty one,
 * never -0.0, and an infinity beyond the range of double.
 */
extern double tnfr_exact_value(const TnfrExactSum *sum);

/* Can so many addends have left this?  For bytes that came from elsewhere. */
extern bool tnfr_exact_valid(const TnfrExactSum *sum, int64_t addends);
extern bool tnfr_moving_valid(const TnfrMovingSum *moving, int64_t addends);

#endif							/* TNFR_EXACT_SUM_H */
