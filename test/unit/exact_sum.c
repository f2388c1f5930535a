/*
 * exact_sum.c
 *	  Order-independent sums against an oracle: an integer of 2300 bits that
 *	  holds every double exactly, rounded by strtod.
 */
#include "core/exact_sum.h"
#include "unit.h"

#include <float.h>

#define LIMBS		72			/* of 32 bits, from 2^-1074 */
#define MAX_VALUES	1000

/* --- the oracle --- */

typedef struct Big
{
	int64_t		limb[LIMBS];	/* carried only at the end */
} Big;

static void
big_add(Big *b, double x)
{
	int			exponent;
	int64_t		mantissa = (int64_t) ldexp(frexp(x, &exponent), 53);
	int			position = exponent - 53 + 1074;
	uint64_t	m;
	int			sign = mantissa < 0 ? -1 : 1;

	if (mantissa == 0)
		return;
	m = (uint64_t) (mantissa * sign);
	for (; position < 0; position++)	/* subnormal: zeros */
		m >>= 1;
	for (int i = 0; i < 53; i++)	/* bit by bit */
		if (m >> i & 1)
			b->limb[(position + i) / 32] += sign *
				(INT64_C(1) << ((position + i) % 32));
}

/* By the hexadecimal notation of the whole integer. */
static double
big_value(const Big *b)
{
	char		text[8 * LIMBS + 32];
	char	   *p = text;
	Big			c;
	int			sign = 1;
	double		x;

	for (;;)
	{
		int64_t		carry = 0;

		for (int i = 0; i < LIMBS; i++)
		{
			int64_t		v = sign * b->limb[i] + carry;

			c.limb[i] = v & UINT32_MAX;
			carry = (v - c.limb[i]) / (INT64_C(1) << 32);
		}
		if (carry == 0)
			break;
		sign = -sign;			/* it was negative */
	}
	p += sprintf(p, "0x");
	for (int i = LIMBS - 1; i >= 0; i--)
		p += sprintf(p, "%08x", (unsigned int) c.limb[i]);
	sprintf(p, "p-1074");
	x = strtod(text, NULL);
	return x == 0.0 ? 0.0 : sign * x;
}

/* The lowest bit of the window for these values, above 2^-1074. */
static int
window_of(const double *x, int n)
{
	int			highest = 0;

	for (int i = 0; i < n; i++)
	{
		int			exponent;

		frexp(x[i], &exponent);
		exponent = x[i] == 0.0 || exponent - 53 + 1074 < 0 ? 0 :
			exponent - 53 + 1074;
		highest = exponent > highest ? exponent : highest;
	}
	return (highest / 28 - 2) * 28;
}

/* x without its bits below the window: towards zero. */
static double
cut(double x, int window)
{
	double		unit = ldexp(1.0, window < 0 ? -1074 : window - 1074);

	if (fabs(x) < unit)
		return 0.0;
	if (fabs(x) / unit >= 0x1p53)
		return x;
	return trunc(x / unit) * unit;
}

/* What the sum of these must be, and whether nothing was cut off. */
static double
oracle(const double *x, int n, bool *exact)
{
	Big			all = {{0}};
	Big			kept = {{0}};
	int			window = window_of(x, n);

	*exact = true;
	for (int i = 0; i < n; i++)
	{
		big_add(&all, x[i]);
		big_add(&kept, cut(x[i], window));
		*exact = *exact && cut(x[i], window) == x[i];
	}
	return big_value(&kept);
}

/* --- ways to add --- */

static bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static double
in_order(const double *x, int n)
{
	TnfrExactSum sum = {{0}, 0};

	for (int i = 0; i < n; i++)
		tnfr_exact_add(&sum, x[i]);
	return tnfr_exact_valid(&sum, n) ? tnfr_exact_value(&sum) : NAN;
}

static void
shuffle(double *x, int n, UnitRandom *r)
{
	for (int i = n - 1; i > 0; i--)
	{
		int			j = (int) (unit_random(r) % (uint64_t) (i + 1));
		double		t = x[i];

		x[i] = x[j];
		x[j] = t;
	}
}

/* Parts of random sizes, merged in a random order; some parts are empty. */
static double
by_parts(const double *x, int n, UnitRandom *r)
{
	TnfrMovingSum part[16];
	int			parts = 1 + (int) (unit_random(r) % 16);

	memset(part, 0, sizeof(part));
	for (int i = 0; i < n; i++)
		tnfr_moving_add(&part[unit_random(r) % (uint64_t) parts], x[i]);
	for (; parts > 1; parts--)
	{
		uint64_t	into = unit_random(r) % (uint64_t) (parts - 1);

		tnfr_moving_merge(&part[into], &part[parts - 1]);
	}
	return tnfr_moving_valid(&part[0], n) ? tnfr_exact_value(&part[0].sum) : NAN;
}

/* --- what is added --- */

typedef double (*Maker) (UnitRandom *r, int i);

static double
any_double(UnitRandom *r, int i)
{
	double		x;

	(void) i;
	do
	{
		uint64_t	bits = unit_random(r);

		memcpy(&x, &bits, sizeof(x));
	} while (!isfinite(x) || fabs(x) > 1e305);
	return x;
}

static double
scaled(UnitRandom *r, int range)
{
	return ldexp(unit_uniform(r) - 0.5,
				 (int) (unit_random(r) % (uint64_t) range) - range / 2);
}

static double
of_one_size(UnitRandom *r, int i)
{
	(void) i;
	return scaled(r, 1);
}

static double
of_range_50(UnitRandom *r, int i)
{
	(void) i;
	return scaled(r, 50);
}

static double
of_range_200(UnitRandom *r, int i)
{
	(void) i;
	return scaled(r, 200);
}

static double
subnormal(UnitRandom *r, int i)
{
	(void) i;
	return scaled(r, 2) * 0x1p-1060;
}

static double
about_normal_min(UnitRandom *r, int i)
{
	(void) i;
	return scaled(r, 120) * 0x1p-1000;
}

static double
near_maximum(UnitRandom *r, int i)
{
	(void) i;
	return scaled(r, 40) * 0x1p990;
}

static double
small_integer(UnitRandom *r, int i)
{
	(void) i;
	return (double) (unit_random(r) % 2001) - 1000.0;
}

/* Pairs that cancel, but for small ones in between. */
static double
cancelling(UnitRandom *r, int i)
{
	static double last;

	if (i % 5 == 4)
		return scaled(r, 40) * 0x1p-60;
	last = i % 2 == 0 ? scaled(r, 30) : -last;
	return last;
}

static double
zero(UnitRandom *r, int i)
{
	(void) r;
	return i % 2 == 0 ? 0.0 : -0.0;
}

static void
check_random(const char *name, Maker make, int rounds)
{
	UnitRandom	r = {.state = 88172645463325252};
	double		x[MAX_VALUES];
	int			wrong_order = 0;
	int			wrong_parts = 0;
	int			inexact = 0;
	char		title[100];

	for (int round = 0; round < rounds; round++)
	{
		int			n = round < 20 ? round :
			(int) (unit_random(&r) % (MAX_VALUES - 1)) + 1;
		bool		exact;
		double		expected;

		for (int i = 0; i < n; i++)
			x[i] = make(&r, i);
		expected = oracle(x, n, &exact);
		inexact += !exact;
		wrong_order += !same_bits(in_order(x, n), expected);
		shuffle(x, n, &r);
		wrong_order += !same_bits(in_order(x, n), expected);
		wrong_parts += !same_bits(by_parts(x, n, &r), expected);
	}
	snprintf(title, sizeof(title), "%s: any order (%d of %d sums exact)", name,
			 rounds - inexact, rounds);
	ok(wrong_order == 0, title);
	snprintf(title, sizeof(title), "%s: any parts", name);
	ok(wrong_parts == 0, title);
}

/* What the window drops is below 2^-108 of the largest addend, for each. */
static void
check_bound(void)
{
	UnitRandom	r = {.state = 42};
	int			beyond = 0;

	for (int round = 0; round < 2000; round++)
	{
		double		large = (unit_uniform(&r) + 0.5) * 0x1p100;
		double		small = scaled(&r, 200);
		double		x[] = {large, small, -large};
		double		lost = fabs(in_order(x, 3) - small);

		beyond += lost >= large * 0x1p-107 && lost > fabs(small) * 0x1p-52;
	}
	ok(beyond == 0, "what is dropped is below 2^-108 of the largest");
}

static void
check_values(void)
{
	static const struct
	{
		double		x[4];
		int			n;
		double		sum;
		const char *name;
	}			c[] = {
		{{0}, 0, 0.0, "nothing"},
		{{-0.0}, 1, 0.0, "-0 alone"},
		{{1.5, -1.5}, 2, 0.0, "no -0 from what cancels"},
		{{-1.5, 1.5}, 2, 0.0, "no -0 from what cancels, turned"},
		{{-DBL_TRUE_MIN, DBL_TRUE_MIN}, 2, 0.0, "no -0 from subnormals"},
		{{1e308, 1e-308, -1e308}, 3, 0.0, "1e308 hides 1e-308"},
		{{1e16, 1.0, -1e16}, 3, 1.0, "1e16 does not hide 1"},
		{{0x1p53, 1.0}, 2, 0x1p53, "tie to even, down"},
		{{0x1p53, 1.0, 2.0}, 3, 0x1p53 + 4, "tie to even, up"},
		{{0x1p53, 1.0, 0x1p-50}, 3, 0x1p53 + 2, "just above a tie"},
		{{0x1p53, 1.0, -0x1p-50}, 3, 0x1p53, "just below a tie"},
		{{-0x1p53, -1.0, -0x1p-50}, 3, -0x1p53 - 2, "the same, negative"},
		{{DBL_TRUE_MIN, DBL_TRUE_MIN}, 2, 2 * DBL_TRUE_MIN, "smallest"},
		{{DBL_MIN, -DBL_TRUE_MIN}, 2, DBL_MIN - DBL_TRUE_MIN, "below normal"},
		{{DBL_MAX}, 1, DBL_MAX, "largest"},
		{{-DBL_MAX, 0x1p900, -0x1p900}, 3, -DBL_MAX, "largest negative"},
		{{DBL_MAX, DBL_MAX, -DBL_MAX}, 3, DBL_MAX, "overflow on the way"},
		{{DBL_MAX, DBL_MAX}, 2, INFINITY, "overflow"},
		{{-DBL_MAX, -DBL_MAX}, 2, -INFINITY, "negative overflow"},
		{{DBL_MAX, 0x1p970}, 2, INFINITY, "overflow by rounding"},
		{{DBL_MAX, 0x1p969}, 2, DBL_MAX, "no overflow by rounding"},
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
		ok(same_bits(in_order(c[i].x, c[i].n), c[i].sum), c[i].name);
}

/* Merging a sum with itself doubles it: up to the most addends there may be. */
static void
check_most(double x, const char *name)
{
	TnfrExactSum sum = {{0}, 0};
	int64_t		addends = 1;

	tnfr_exact_add(&sum, x);
	for (; addends < TNFR_EXACT_MAX_ADDENDS; addends *= 2)
	{
		TnfrExactSum other = sum;

		tnfr_exact_merge(&sum, &other);
	}
	ok(tnfr_exact_valid(&sum, addends) &&
	   !tnfr_exact_valid(&sum, addends + 1) &&
	   same_bits(tnfr_exact_value(&sum), x * (double) addends), name);
}

/* A sum too large for the addends it is said to have. */
static void
check_count(void)
{
	TnfrExactSum sum = {{0}, 0};

	for (int i = 0; i < 3; i++)
		tnfr_exact_add(&sum, -0x1.fffffffffffffp0);
	ok(tnfr_exact_valid(&sum, 3) && !tnfr_exact_valid(&sum, 2) &&
	   !tnfr_exact_valid(&sum, -3), "more than so many addends can give");
}

/* A frame that moves over data: after each step the bits of a fresh sum. */
static void
check_moving(const char *name, Maker make, int width, bool always)
{
	UnitRandom	r = {.state = 7};
	double		x[MAX_VALUES];
	TnfrMovingSum moving = {{{0}, 0}, 0};
	int			start = 0;
	int			different = 0;
	int			restarts = 0;

	for (int i = 0; i < MAX_VALUES; i++)
		x[i] = make(&r, i);
	for (int end = 1; end <= MAX_VALUES; end++)
	{
		TnfrMovingSum fresh = {{{0}, 0}, 0};
		bool		known = end - start <= width ||
			tnfr_moving_remove(&moving, x[start++]);

		if (!known)				/* as the server does: begin anew */
		{
			memset(&moving, 0, sizeof(moving));
			for (int i = start; i < end - 1; i++)
				tnfr_moving_add(&moving, x[i]);
			restarts++;
		}
		tnfr_moving_add(&moving, x[end - 1]);
		for (int i = start; i < end; i++)
			tnfr_moving_add(&fresh, x[i]);
		different += memcmp(&moving, &fresh, sizeof(fresh)) != 0;
		different += !tnfr_moving_valid(&moving, end - start);
	}
	ok(different == 0 && (restarts == 0 || !always), name);
}

/* A sum knows when it cannot go back. */
static void
check_refusal(void)
{
	TnfrMovingSum m = {{{0}, 0}, 0};
	TnfrMovingSum before;

	tnfr_moving_add(&m, 1.0);
	tnfr_moving_add(&m, 1e-30);
	before = m;
	ok(!tnfr_moving_remove(&m, 1.0) && memcmp(&m, &before, sizeof(m)) == 0,
	   "the last of the largest is not taken away");
	tnfr_moving_add(&m, 0.75);
	ok(tnfr_moving_remove(&m, 1.0) && tnfr_moving_remove(&m, 0.0) &&
	   same_bits(tnfr_exact_value(&m.sum), 0.75), "the last but one is");
	ok(!tnfr_moving_remove(&m, 1e10), "what never was added is not");
}

/* Any bytes: operations stay inside, valid ones have a value. */
static void
check_hostile(void)
{
	UnitRandom	r = {.state = 99};
	uint64_t	accepted = 0;
	uint64_t	finite = 0;

	for (int round = 0; round < 200000; round++)
	{
		TnfrMovingSum a;
		TnfrMovingSum b;
		unsigned char *byte = (unsigned char *) &a;

		memset(&a, 0, sizeof(a));
		memset(&b, 0, sizeof(b));
		if (round % 2 == 0)
			for (size_t i = 0; i < sizeof(a); i++)
				byte[i] = (unsigned char) unit_random(&r);
		else
		{
			tnfr_moving_add(&a, any_double(&r, 0));
			for (uint64_t flips = unit_random(&r) % 4; flips > 0; flips--)
				byte[unit_random(&r) % sizeof(a)] ^=
					(unsigned char) (1 << unit_random(&r) % 8);
		}
		if (tnfr_moving_valid(&a, 2))
		{
			accepted++;
			finite += isfinite(tnfr_exact_value(&a.sum));
		}
		tnfr_moving_add(&b, any_double(&r, 0));
		tnfr_moving_merge(&b, &a);
		tnfr_moving_merge(&a, &b);
		tnfr_moving_add(&a, any_double(&r, 0));
		tnfr_moving_remove(&a, any_double(&r, 0));
	}
	ok(accepted > 1000 && accepted < 150000 && finite > 1000,
	   "hostile bytes do no harm");
}

int
main(void)
{
	check_values();
	check_random("any doubles", any_double, 300);
	check_random("one size", of_one_size, 300);
	check_random("a range of 2^50", of_range_50, 300);
	check_random("a range of 2^200", of_range_200, 300);
	check_random("subnormals", subnormal, 300);
	check_random("about the smallest normal", about_normal_min, 300);
	check_random("near the largest", near_maximum, 300);
	check_random("integers", small_integer, 300);
	check_random("cancellation", cancelling, 300);
	check_random("zeros", zero, 30);
	check_bound();
	check_most(0x1.fffffffffffffp0, "as many addends as there may be");
	check_most(-0x1.fffffffffffffp0, "the same, negative");
	check_most(-DBL_TRUE_MIN, "the same, smallest");
	check_count();
	check_moving("a moving frame, one size", of_one_size, 50, true);
	check_moving("a moving frame of one", of_range_50, 1, false);
	check_moving("a moving frame, a range of 2^200", of_range_200, 20, false);
	check_moving("a moving frame, any doubles", any_double, 20, false);
	check_moving("a moving frame, integers", small_integer, 100, true);
	check_moving("a moving frame, subnormals", subnormal, 10, true);
	check_moving("a moving frame, zeros", zero, 3, true);
	check_refusal();
	check_hostile();
	return done_testing();
}
