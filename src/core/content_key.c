/*
 * content_key.c
 *	  Polynomial hashes of blocks, and one of these.
 *
 * Horner's rule needs a multiplication and a reduction a word, each waiting for
 * the one before it.  With a table of powers the words of a group are
 * multiplied independently, their products added up in 128 bits and reduced
 * once; Horner's rule goes from group to group.
 */
#include "core/content_key.h"
#include "core/format.h"
#include "core/parallel.h"

#define WORD		7			/* bytes: the largest below 2^61 */
#define GROUP		UINT64_C(256)	/* words reduced together */
#define GROUPS		UINT64_C(64)	/* in a block */
#define BLOCK		(GROUPS * GROUP * WORD) /* bytes */
#define PRIME		((UINT64_C(1) << 61) - 1)
#define WORD_MASK	((UINT64_C(1) << 56) - 1)
#define POLL		65536		/* blocks combined between two looks */

typedef unsigned __int128 Wide;

/* The two hashes of a block, or of all. */
typedef struct Pair
{
	uint64_t	h[2];
} Pair;

typedef struct Piece
{
	const uint8_t *bytes;
	uint64_t	size;
	uint64_t	blocks;
} Piece;

typedef struct Hashing
{
	Piece		piece[2];
	Pair		power[GROUP + 1];	/* of both points r, ascending */
	Pair	   *block;			/* hashes of the blocks of both pieces */
} Hashing;

/* x mod 2^61 - 1, for x below 2^127. */
static inline uint64_t
reduce(Wide x)
{
	uint64_t	y = (uint64_t) (x & PRIME);
	Wide		high = x >> 61; /* below 2^66 */

	high += y;
	y = (uint64_t) (high & PRIME) + (uint64_t) (high >> 61);
	return y >= PRIME ? y - PRIME : y;
}

static inline uint64_t
multiply(uint64_t a, uint64_t b)
{
	return reduce((Wide) a * b);
}

/*
 * Goes on with a group.  A product is below 2^(56 + 61), so 256 of them are
 * below 2^125; with one more, of two numbers below 2^61, below 2^126.
 */
static inline void
hash_group(const Pair *power, const uint8_t *p, Pair *hash)
{
	Wide		sum[2] = {0, 0};

	for (uint64_t k = 0; k < GROUP; k++)
	{
		const uint64_t word = tnfr_load64(p + WORD * k) & WORD_MASK;
		const Pair *by = &power[GROUP - 1 - k];

		sum[0] += (Wide) word * by->h[0];
		sum[1] += (Wide) word * by->h[1];
	}
	for (int i = 0; i < 2; i++)
		hash->h[i] = reduce((Wide) hash->h[i] * power[GROUP].h[i] + sum[i]);
}

/* The last group, filled up with zeros. */
static void
hash_rest(const Pair *power, const uint8_t *p, uint64_t size, Pair *hash)
{
	uint8_t		group[GROUP * WORD + 1] = {0};

	memcpy(group, p, size);
	hash_group(power, group, hash);
}

/* A load takes a byte more than a word: there must be one behind a group. */
static Pair
hash_block(const Pair *power, const uint8_t *p, uint64_t size)
{
	Pair		hash = {{0, 0}};

	for (; size > GROUP * WORD; p += GROUP * WORD, size -= GROUP * WORD)
		hash_group(power, p, &hash);
	hash_rest(power, p, size, &hash);
	return hash;
}

static void
block_task(void *arg, uint64_t task, int worker)
{
	Hashing    *h = arg;
	const bool	second = task >= h->piece[0].blocks;
	const Piece *piece = &h->piece[second];
	const uint64_t at = (second ? task - h->piece[0].blocks : task) * BLOCK;
	const uint64_t left = piece->size - at;

	(void) worker;
	h->block[task] = hash_block(h->power, piece->bytes + at,
								left < BLOCK ? left : BLOCK);
}

static Piece
piece_of(const void *bytes, size_t size)
{
	return (Piece)
	{
		bytes, size, size / BLOCK + (size % BLOCK > 0)
	};
}

/* The polynomial of blocks and sizes at the points s. */
static TnfrStatus
combine(TnfrEnv *env, const Hashing *h, const uint64_t s[2], uint64_t key[2])
{
	const uint64_t blocks = h->piece[0].blocks + h->piece[1].blocks;
	Pair		all = {{0, 0}};

	for (uint64_t b = 0; b < blocks; b++)
	{
		if (b % POLL == 0 && tnfr_check(env))
			return TNFR_STOPPED;
		for (int i = 0; i < 2; i++)
			all.h[i] = reduce((Wide) all.h[i] * s[i] + h->block[b].h[i]);
	}
	for (int i = 0; i < 2; i++)
	{
		all.h[i] = reduce((Wide) all.h[i] * s[i] + h->piece[0].size);
		key[i] = reduce((Wide) all.h[i] * s[i] + h->piece[1].size);
	}
	key[0] |= UINT64_C(1) << 63;	/* a bit that no hash has: never 0, 0 */
	return TNFR_OK;
}

TnfrStatus
tnfr_content_key(TnfrEnv *env, const uint64_t secret[4], const void *bytes,
				 size_t size, const void *more, size_t more_size,
				 uint64_t key[2])
{
	const uint64_t s[2] = {secret[1] % PRIME, secret[3] % PRIME};
	Hashing		h = {.piece = {piece_of(bytes, size), piece_of(more, more_size)}};
	const uint64_t blocks = h.piece[0].blocks + h.piece[1].blocks;
	TnfrStatus	status;

	h.block = tnfr_alloc(env, blocks, sizeof(Pair));
	if (h.block == NULL)
		return TNFR_NO_MEMORY;
	for (int i = 0; i < 2; i++)
	{
		h.power[0].h[i] = 1;
		for (uint64_t k = 1; k <= GROUP; k++)
			h.power[k].h[i] = multiply(h.power[k - 1].h[i],
									   secret[2 * i] % PRIME);
	}
	status = tnfr_parallel(env, blocks, block_task, &h);
	if (status == TNFR_OK)
		status = combine(env, &h, s, key);
	tnfr_release(env, h.block, blocks, sizeof(Pair));
	return status;
}
