/*
 * exact_sum.c
 *	  Windows that move, sums that merge, and the way back to a double.
 */
#include "core/exact_sum.h"

#include <math.h>

/* Digits of a value: its bins after carrying, and the last carry as two. */
#define DIGITS	(TNFR_EXACT_BINS + 2)

void
tnfr_exact_raise(TnfrExactSum *sum, uint64_t place)
{
	uint64_t	up = place - sum->place;

	for (uint64_t i = 0; i < TNFR_EXACT_BINS; i++)
		sum->bin[i] = up < TNFR_EXACT_BINS - i ? sum->bin[i + up] : 0;
	sum->place = place;
}

bool
tnfr_moving_remove(TnfrMovingSum *moving, double x)
{
	TnfrExactAddend a;

	if (!tnfr_exact_cut(-x, &a))
		return true;
	if (a.place > moving->sum.place)
		return false;			/* never was added */
	if (a.place == moving->sum.place)
	{
		if (moving->largest <= 1)
			return false;
		moving->largest--;
	}
	tnfr_exact_add_cut(&moving->sum, &a);
	return true;
}

void
tnfr_exact_merge(TnfrExactSum *sum, const TnfrExactSum *other)
{
	uint64_t	below;

	if (other->place > sum->place)
		tnfr_exact_raise(sum, other->place);
	below = sum->place - other->place;
	for (uint64_t i = below; i < TNFR_EXACT_BINS; i++)
		tnfr_exact_into(&sum->bin[i - below], other->bin[i]);
}

void
tnfr_moving_merge(TnfrMovingSum *moving, const TnfrMovingSum *other)
{
	if (other->sum.place > moving->sum.place)
		moving->largest = other->largest;
	else if (other->sum.place == moving->sum.place)
		moving->largest += other->largest;
	tnfr_exact_merge(&moving->sum, &other->sum);
}

/*
 * The absolute value of sign times the sum as digits of 28 bits, from the
 * lowest; false when that is negative.
 */
static bool
digits_of(const TnfrExactSum *sum, int sign, uint64_t *digit)
{
	__int128	carry = 0;

	for (int i = 0; i < TNFR_EXACT_BINS; i++)
	{
		carry += (__int128) sum->bin[i] * sign;
		digit[i] = (uint64_t) carry & TNFR_EXACT_MASK;
		carry >>= TNFR_EXACT_WIDTH;
	}
	if (carry < 0)
		return false;
	digit[DIGITS - 2] = (uint64_t) carry & TNFR_EXACT_MASK;
	digit[DIGITS - 1] = (uint64_t) (carry >> TNFR_EXACT_WIDTH);
	return true;
}

static int
bits_of(unsigned __int128 value)
{
	uint64_t	high = (uint64_t) (value >> 64);
	uint64_t	low = (uint64_t) value;

	if (high != 0)
		return 128 - __builtin_clzll(high);
	return low != 0 ? 64 - __builtin_clzll(low) : 0;
}

/*
 * Rounds value * 2^position * 2^-1074, a multiple of 2^-1074: so what is
 * subnormal has no bits to lose, and ldexp never rounds.
 */
static double
rounded(unsigned __int128 value, int position)
{
	int			drop = bits_of(value) - 53;

	if (drop > 0)
	{
		unsigned __int128 half = (unsigned __int128) 1 << (drop - 1);
		unsigned __int128 rest = value & (2 * half - 1);

		value >>= drop;
		value += rest > half || (rest == half && (value & 1) != 0);
		position += drop;
	}
	return ldexp((double) (uint64_t) value, position - 1074);
}

double
tnfr_exact_value(const TnfrExactSum *sum)
{
	uint64_t	digit[DIGITS];
	bool		negative = !digits_of(sum, 1, digit);
	unsigned __int128 value = 0;
	int			lowest;
	int			top = DIGITS - 1;
	double		result;

	if (negative)
		digits_of(sum, -1, digit);
	while (top > 0 && digit[top] == 0)
		top--;

	/* three digits have 57 bits or more; of the others one bit tells enough */
	lowest = top > 2 ? top - 2 : 0;
	for (int i = top; i >= lowest; i--)
		value = value << TNFR_EXACT_WIDTH | digit[i];
	for (int i = 0; i < lowest; i++)
		value |= digit[i] != 0;
	result = rounded(value, TNFR_EXACT_WIDTH *
					 ((int) sum->place - TNFR_EXACT_SPARE + lowest));
	return negative ? -result : result;
}

bool
tnfr_exact_valid(const TnfrExactSum *sum, int64_t addends)
{
	int64_t		most;

	if (addends < 0 || addends > TNFR_EXACT_MAX_ADDENDS ||
		sum->place > TNFR_EXACT_LAST)
		return false;
	most = addends * (int64_t) TNFR_EXACT_MASK;
	for (uint64_t i = 0; i < TNFR_EXACT_BINS; i++)
	{
		/* nothing is below 2^-1074 */
		if (sum->place + i < TNFR_EXACT_SPARE && sum->bin[i] != 0)
			return false;
		if (sum->bin[i] > most || sum->bin[i] < -most)
			return false;
	}
	return true;
}

bool
tnfr_moving_valid(const TnfrMovingSum *moving, int64_t addends)
{
	static const TnfrExactSum empty;

	if (moving->largest == 0)
		return memcmp(&moving->sum, &empty, sizeof(empty)) == 0;
	return addends >= 0 && moving->largest <= (uint64_t) addends &&
		tnfr_exact_valid(&moving->sum, addends);
}
