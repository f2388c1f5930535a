/*
 * format.h
 *	  What writing and reading the bytes of a graph (codec.h) share.
 */
#ifndef TNFR_FORMAT_H
#define TNFR_FORMAT_H

#include "core/codec.h"

#include <string.h>

#define TNFR_FORMAT_MAGIC		UINT32_C(0x47464E54)	/* "TNFG" */
#define TNFR_FORMAT_VERSION		1
#define TNFR_FORMAT_ENTRIES		UINT64_C(0xFFFFFFFF)	/* at the most */

/* Where the fields of the header lie. */
enum
{
	TNFR_AT_MAGIC = 0,
	TNFR_AT_VERSION = 4,
	TNFR_AT_DIRECTED = 5,
	TNFR_AT_IDS = 6,
	TNFR_AT_WEIGHTS = 7,
	TNFR_AT_N = 8,
	TNFR_AT_ENTRIES = 16,
	TNFR_AT_LOOPS = 24,
	TNFR_AT_FIRST_ID = 32,
	TNFR_AT_ZERO = 40,
	TNFR_AT_FINGERPRINT = 48
};

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define tnfr_little32(x)	__builtin_bswap32(x)
#define tnfr_little64(x)	__builtin_bswap64(x)
#else
#define tnfr_little32(x)	(x)
#define tnfr_little64(x)	(x)
#endif

static inline uint32_t
tnfr_load32(const uint8_t *p)
{
	uint32_t	x;

	memcpy(&x, p, sizeof(x));
	return tnfr_little32(x);
}

static inline uint64_t
tnfr_load64(const uint8_t *p)
{
	uint64_t	x;

	memcpy(&x, p, sizeof(x));
	return tnfr_little64(x);
}

static inline void
tnfr_store32(uint8_t *p, uint32_t x)
{
	x = tnfr_little32(x);
	memcpy(p, &x, sizeof(x));
}

static inline void
tnfr_store64(uint8_t *p, uint64_t x)
{
	x = tnfr_little64(x);
	memcpy(p, &x, sizeof(x));
}

static inline uint64_t
tnfr_blocks_of(uint64_t values)
{
	return (values + TNFR_CODEC_BLOCK - 1) / TNFR_CODEC_BLOCK;
}

/* Values of the block, of so many in all. */
static inline uint32_t
tnfr_block_values(uint64_t values, uint64_t block)
{
	uint64_t	left = values - block * TNFR_CODEC_BLOCK;

	return (uint32_t) (left < TNFR_CODEC_BLOCK ? left : TNFR_CODEC_BLOCK);
}

/* Ids but the first: the header has that one. */
static inline uint64_t
tnfr_id_steps(uint64_t n)
{
	return n > 0 ? n - 1 : 0;
}

/* n and entries are below 2^32, so that nothing overflows. */
static inline TnfrGraphLayout
tnfr_layout(const TnfrGraphHeader *h)
{
	static const uint64_t weight_size[] = {0, 1, sizeof(float), sizeof(double)};
	TnfrGraphLayout l = {0};
	const uint64_t steps = tnfr_id_steps(h->n);

	if (h->ids == TNFR_IDS_PACKED)
		l.id_blocks = tnfr_blocks_of(steps);
	l.row_blocks = tnfr_blocks_of(h->n);
	l.neighbour_blocks = tnfr_blocks_of(h->entries);
	l.value = TNFR_HEADER_BYTES;
	l.end = l.value + 8 * (l.id_blocks + l.row_blocks);
	l.blocks = l.end + 8 * (l.id_blocks + l.row_blocks + l.neighbour_blocks);
	l.plain_bytes = h->ids == TNFR_IDS_PLAIN ? 8 * steps : 0;
	l.weight_bytes = weight_size[h->weights] * h->entries;
	return l;
}

#endif							/* TNFR_FORMAT_H */
