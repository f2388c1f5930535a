/*
 * content_key.h
 *	  A key of 128 bits that stands for contents.
 *
 * Two different contents share their key only with negligible probability,
 * whoever made them, as long as the secret is random, and nobody who makes
 * contents knows it or sees a key.  So equal keys may be taken for equal
 * contents.  No key is 0, 0.
 *
 * The key is a pair of polynomial hashes modulo the prime p = 2^61 - 1, each
 * with two secret points r and s, independent of those of the other:
 *
 *		a piece is cut into blocks of 16384 words of 7 bytes, the last of which is
 *		filled up with zeros to a multiple of 256; a block's hash is the polynomial
 *		with its words as coefficients, taken at r;
 *		the hash of all is the polynomial with the hashes of all blocks, of the
 *		second piece after the first, and the two sizes as coefficients, at s.
 *
 * Words and sizes are below p, so contents that differ have blocks or sizes
 * that differ as polynomials, of a degree below 16384, or of less than the
 * number of blocks + 2, which then have the same value at no more points than
 * their degree.  For one hash the probability is below
 * (16384 + blocks + 2) / 2^61 (and a little: 2^64 is no multiple of p), for the
 * key its square: below 2^-92 up to a gigabyte, 2^-82 up to a hundred.
 */
#ifndef TNFR_CONTENT_KEY_H
#define TNFR_CONTENT_KEY_H

#include "core/base.h"

/*
 * The key of two pieces, in parallel; more may be NULL, with more_size 0.  It
 * depends on what is in which piece, and not on the number of threads.
 * secret: r and s of one hash, then of the other.
 */
extern TnfrStatus tnfr_content_key(TnfrEnv *env, const uint64_t secret[4],
								   const void *bytes, size_t size,
								   const void *more, size_t more_size,
								   uint64_t key[2]);

#endif							/* TNFR_CONTENT_KEY_H */
