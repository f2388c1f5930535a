/*
 * cpu.h
 *	  Code compiled twice, for any processor and for newer ones.
 *
 * A function that gains is written once, TNFR_INLINE; one caller with
 * TNFR_TARGET_AVX2 and one without instantiate it, and TNFR_HAVE_AVX2 chooses.
 * The same source and no fused operations, so the same bits.
 */
#ifndef TNFR_CPU_H
#define TNFR_CPU_H

#if defined(__x86_64__)
#define TNFR_TARGET_AVX2	__attribute__((target("avx2")))
#define TNFR_HAVE_AVX2		(__builtin_cpu_supports("avx2"))
#else
#define TNFR_TARGET_AVX2
#define TNFR_HAVE_AVX2		0
#endif

#endif							/* TNFR_CPU_H */
