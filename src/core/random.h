/*
 * random.h
 *	  SplitMix64 (Steele, Lea and Flood 2014): numbers that look random, for
 *	  which nobody keeps a state that threads would share.
 */
#ifndef TNFR_RANDOM_H
#define TNFR_RANDOM_H

#include <stdint.h>

#define TNFR_GOLDEN	UINT64_C(0x9e3779b97f4a7c15)	/* 2^64 over the golden ratio */

/* Every bit of the result depends on every bit of z; a bijection. */
static inline uint64_t
tnfr_mix(uint64_t z)
{
	z += TNFR_GOLDEN;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Number i of the sequence that begins at seed. */
static inline uint64_t
tnfr_random(uint64_t seed, uint64_t i)
{
	return tnfr_mix(seed + i * TNFR_GOLDEN);
}

/* The same below a bound, each as likely as any other within 2^-32. */
static inline uint64_t
tnfr_random_below(uint64_t seed, uint64_t i, uint64_t bound)
{
	return (uint64_t) ((unsigned __int128) tnfr_random(seed, i) * bound >> 64);
}

#endif							/* TNFR_RANDOM_H */
