/*
 * xxh64.h
 *	  XXH64, the 64-bit hash of the xxHash family.
 */
#ifndef TNFR_XXH64_H
#define TNFR_XXH64_H

#include "core/format.h"

#define TNFR_XXH_P1	UINT64_C(0x9E3779B185EBCA87)
#define TNFR_XXH_P2	UINT64_C(0xC2B2AE3D27D4EB4F)
#define TNFR_XXH_P3	UINT64_C(0x165667B19E3779F9)
#define TNFR_XXH_P4	UINT64_C(0x85EBCA77C2B2AE63)
#define TNFR_XXH_P5	UINT64_C(0x27D4EB2F165667C5)

static inline uint64_t
tnfr_rotl64(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline uint64_t
tnfr_xxh64_round(uint64_t acc, uint64_t input)
{
	return tnfr_rotl64(acc + input * TNFR_XXH_P2, 31) * TNFR_XXH_P1;
}

/* The last 0 to 31 bytes, and the avalanche. */
static inline uint64_t
tnfr_xxh64_end(uint64_t h, const uint8_t *p, uint64_t left)
{
	for (; left >= 8; p += 8, left -= 8)
		h = tnfr_rotl64(h ^ tnfr_xxh64_round(0, tnfr_load64(p)), 27) *
			TNFR_XXH_P1 + TNFR_XXH_P4;
	if (left >= 4)
	{
		h = tnfr_rotl64(h ^ tnfr_load32(p) * TNFR_XXH_P1, 23) * TNFR_XXH_P2 +
			TNFR_XXH_P3;
		p += 4;
		left -= 4;
	}
	for (; left > 0; p++, left--)
		h = tnfr_rotl64(h ^ *p * TNFR_XXH_P5, 11) * TNFR_XXH_P1;
	h = (h ^ h >> 33) * TNFR_XXH_P2;
	h = (h ^ h >> 29) * TNFR_XXH_P3;
	return h ^ h >> 32;
}

static inline uint64_t
tnfr_xxh64(const uint8_t *p, uint64_t size, uint64_t seed)
{
	uint64_t	acc[4] = {
		seed + TNFR_XXH_P1 + TNFR_XXH_P2, seed + TNFR_XXH_P2, seed,
		seed - TNFR_XXH_P1
	};
	uint64_t	left = size;
	uint64_t	h;

	if (size < 32)
		return tnfr_xxh64_end(seed + TNFR_XXH_P5 + size, p, size);
	for (; left >= 32; p += 32, left -= 32)
		for (int i = 0; i < 4; i++)
			acc[i] = tnfr_xxh64_round(acc[i], tnfr_load64(p + 8 * i));
	h = tnfr_rotl64(acc[0], 1) + tnfr_rotl64(acc[1], 7) +
		tnfr_rotl64(acc[2], 12) + tnfr_rotl64(acc[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ tnfr_xxh64_round(0, acc[i])) * TNFR_XXH_P1 + TNFR_XXH_P4;
	return tnfr_xxh64_end(h + size, p, left);
}

#endif							/* TNFR_XXH64_H */
