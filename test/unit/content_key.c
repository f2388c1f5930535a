/*
 * content_key.c
 *	  Keys are what the header says, by Horner's rule word for word; every byte,
 *	  the place it has and the sizes matter to both halves, threads do not.
 */
#include "core/content_key.h"
#include "core/parallel.h"
#include "unit.h"

#define PRIME		((UINT64_C(1) << 61) - 1)
#define GROUP		((size_t) 256 * 7)
#define BLOCK		((size_t) 16384 * 7)

typedef struct Key
{
	uint64_t	k[2];
} Key;

static const uint64_t secret[4] = {
	UINT64_C(0xfedcba9876543210), UINT64_C(0x9e3779b97f4a7c15),
	UINT64_C(0x2545f4914f6cdd1d), UINT64_C(0xbf58476d1ce4e5b9)
};

static Key
key_of(const void *bytes, size_t size, const void *more, size_t more_size)
{
	UnitHost	host;
	TnfrEnv		env = unit_env(&host, 1);
	Key			key = {{0, 0}};

	if (tnfr_content_key(&env, secret, bytes, size, more, more_size,
						 key.k) != TNFR_OK || host.bytes != 0)
		abort();
	return key;
}

/* Both halves differ: either alone would tell the contents apart. */
static bool
differ(Key a, Key b)
{
	return a.k[0] != b.k[0] && a.k[1] != b.k[1];
}

static uint64_t
horner(uint64_t value, uint64_t point, uint64_t coefficient)
{
	return (uint64_t) (((unsigned __int128) value * point + coefficient) % PRIME);
}

/* Goes on with the hashes of a piece's blocks. */
static uint64_t
add_piece(uint64_t all, const uint8_t *p, size_t size, uint64_t r, uint64_t s)
{
	for (size_t begin = 0; begin < size; begin += BLOCK)
	{
		size_t		left = size - begin < BLOCK ? size - begin : BLOCK;
		size_t		padded = (left + GROUP - 1) / GROUP * GROUP;
		uint64_t	block = 0;

		for (size_t at = 0; at < padded; at += 7)
		{
			uint64_t	word = 0;

			for (size_t b = 0; b < 7 && at + b < left; b++)
				word |= (uint64_t) p[begin + at + b] << (8 * b);
			block = horner(block, r, word);
		}
		all = horner(all, s, block);
	}
	return all;
}

static Key
definition(const void *bytes, size_t size, const void *more, size_t more_size)
{
	Key			key;

	for (int i = 0; i < 2; i++)
	{
		uint64_t	r = secret[2 * i] % PRIME;
		uint64_t	s = secret[2 * i + 1] % PRIME;
		uint64_t	all = add_piece(0, bytes, size, r, s);

		all = add_piece(all, more, more_size, r, s);
		key.k[i] = horner(horner(all, s, size), s, more_size);
	}
	key.k[0] |= UINT64_C(1) << 63;
	return key;
}

/* Random bytes in memory of exactly that size, not aligned to anything. */
typedef struct Content
{
	uint8_t    *memory;
	uint8_t    *bytes;
	size_t		size;
} Content;

static Content
make_content(size_t size, int fill)
{
	Content		c = {malloc(size + 3), NULL, size};
	UnitRandom	r = {size + 1};

	c.bytes = c.memory + 3;
	for (size_t i = 0; i < size; i++)
		c.bytes[i] = (uint8_t) (fill >= 0 ? fill : (int) (unit_random(&r) >> 56));
	return c;
}

static void
check_definition(void)
{
	static const size_t size[] = {0, 1, 6, 7, 8, GROUP - 1, GROUP, GROUP + 1,
	5 * GROUP + 13, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2 * GROUP + 5};
	const int	sizes = sizeof(size) / sizeof(size[0]);
	bool		good = true;

	for (int i = 0; i < sizes; i++)
		for (int fill = -1; fill < 256; fill += 256)
		{
			Content		a = make_content(size[i], fill);
			Content		b = make_content(size[(i * 5 + 3) % sizes], fill);
			Key			key = key_of(a.bytes, a.size, b.bytes, b.size);
			Key			expected = definition(a.bytes, a.size, b.bytes, b.size);

			good = good && key.k[0] == expected.k[0] && key.k[1] == expected.k[1];
			free(a.memory);
			free(b.memory);
		}
	ok(good, "keys are what they are defined as");
}

static void
check_bytes(size_t size, size_t step)
{
	Content		c = make_content(size, -1);
	Key			key = key_of(c.bytes, size, c.bytes, size);
	bool		good = true;
	char		title[100];

	for (size_t i = 0; i < size && good; i += step)
	{
		uint8_t		bit = (uint8_t) (1 << i % 8);

		c.bytes[i] ^= bit;
		good = differ(key_of(c.bytes, size, NULL, 0),
					  key_of(NULL, 0, c.bytes, size)) &&
			differ(key_of(c.bytes, size, c.bytes, size), key);
		c.bytes[i] ^= bit;
	}
	snprintf(title, sizeof(title), "every byte of %zu matters", size);
	ok(good && !differ(key_of(c.bytes, size, c.bytes, size), key), title);
	free(c.memory);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *) a;
	const uint64_t y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

static bool
all_distinct(uint64_t *half, size_t count)
{
	bool		distinct = true;

	qsort(half, count, sizeof(*half), compare);
	for (size_t i = 1; i < count; i++)
		distinct = distinct && half[i] != half[i - 1];
	return distinct;
}

/* The same bytes cut in two at every place; and zeros of every size. */
static void
check_sizes(int fill, const char *name)
{
	enum
	{
		SIZE = 4000
	};
	Content		c = make_content(SIZE, fill);
	uint64_t   *half[2];
	size_t		count = 0;

	half[0] = malloc((2 * SIZE + 1) * sizeof(uint64_t));
	half[1] = malloc((2 * SIZE + 1) * sizeof(uint64_t));
	for (size_t i = 0; i <= SIZE; i++)
	{
		Key			cut = key_of(c.bytes, i, c.bytes + i, SIZE - i);

		half[0][count] = cut.k[0];
		half[1][count++] = cut.k[1];
		if (i < SIZE)
		{
			Key			begin = key_of(c.bytes, i, NULL, 0);

			half[0][count] = begin.k[0];
			half[1][count++] = begin.k[1];
		}
	}
	ok(all_distinct(half[0], count) && all_distinct(half[1], count), name);
	free(half[0]);
	free(half[1]);
	free(c.memory);
}

/* Blocks that change places. */
static void
check_places(void)
{
	Content		c = make_content(4 * BLOCK, -1);
	uint8_t    *block = malloc(BLOCK);
	Key			key = key_of(c.bytes, 2 * BLOCK, c.bytes + 2 * BLOCK, 2 * BLOCK);
	bool		good = true;

	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
		{
			for (int twice = 0; twice < 2; twice++)
			{
				Key			moved;

				memcpy(block, c.bytes + i * BLOCK, BLOCK);
				memcpy(c.bytes + i * BLOCK, c.bytes + j * BLOCK, BLOCK);
				memcpy(c.bytes + j * BLOCK, block, BLOCK);
				moved = key_of(c.bytes, 2 * BLOCK, c.bytes + 2 * BLOCK, 2 * BLOCK);
				good = good && differ(key, moved) == (twice == 0);
			}
		}
	ok(good, "places of blocks matter");
	free(block);
	free(c.memory);
}

static void
check_secret(void)
{
	Content		c = make_content(BLOCK + 100, -1);
	Key			key = key_of(c.bytes, c.size, NULL, 0);
	static const uint64_t extreme[] = {0, 1, PRIME, UINT64_MAX};
	bool		good = true;

	for (int i = 0; i < 4; i++)
	{
		UnitHost	host;
		TnfrEnv		env = unit_env(&host, 1);
		uint64_t	other[4];
		Key			changed;

		memcpy(other, secret, sizeof(other));
		other[i]++;
		good = good && tnfr_content_key(&env, other, c.bytes, c.size, NULL, 0,
										changed.k) == TNFR_OK &&
			(changed.k[0] != key.k[0]) == (i < 2) &&
			(changed.k[1] != key.k[1]) == (i >= 2);

		/* not a secret at all, and nothing in it */
		for (int j = 0; j < 4; j++)
			other[j] = extreme[i];
		good = good && tnfr_content_key(&env, other, NULL, 0, NULL, 0,
										changed.k) == TNFR_OK &&
			(changed.k[0] != 0 || changed.k[1] != 0);
	}
	ok(good, "secrets matter, and no key is 0, 0");
	free(c.memory);
}

static void
check_executors(void)
{
	Content		c = make_content(20 * BLOCK + 17, -1);
	Key			expected = definition(c.bytes, c.size, c.bytes, 3 * BLOCK);
	Key			key;
	UnitHost	host;
	TnfrEnv		env;
	uint64_t	stopped = 0;
	bool		good = true;
	TnfrStatus	status = TNFR_STOPPED;

	for (int threads = 1; threads <= 5; threads++)
	{
		env = unit_env(&host, threads);
		host.interrupt_at = 1;
		good = good && tnfr_content_key(&env, secret, c.bytes, c.size, c.bytes,
										3 * BLOCK, key.k) == TNFR_OK &&
			memcmp(&key, &expected, sizeof(key)) == 0 && host.bytes == 0 &&
			host.served > 0;
	}
	ok(good, "the same key from any number of threads");
	env = unit_env(&host, 2);
	host.refuse_at = 1;
	good = tnfr_content_key(&env, secret, c.bytes, c.size, NULL, 0,
							key.k) == TNFR_NO_MEMORY && host.bytes == 0;
	for (; status == TNFR_STOPPED && good; stopped++)
	{
		env = unit_env(&host, 1);
		host.interrupt_at = stopped + 1;
		host.stop = true;
		status = tnfr_content_key(&env, secret, c.bytes, c.size, NULL, 0, key.k);
		good = host.bytes == 0;
	}
	ok(good && status == TNFR_OK && stopped > 20, "refused memory and stops");
	free(c.memory);
}

int
main(void)
{
	check_definition();
	check_bytes(1, 1);
	check_bytes(2 * GROUP + 9, 1);
	check_bytes(BLOCK + 20, 1009);
	check_sizes(-1, "cuts and sizes of random bytes");
	check_sizes(0, "cuts and sizes of zeros");
	check_places();
	check_secret();
	check_executors();
	tnfr_parallel_end();
	return done_testing();
}
