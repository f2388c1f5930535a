/*
 * sort.h
 *	  For a few numbers, where a radix sort would only clear its counters.
 */
#ifndef TNFR_SORT_H
#define TNFR_SORT_H

#include <stdint.h>

static inline void
tnfr_insertion_sort(uint64_t *x, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++)
	{
		uint64_t	value = x[i];
		uint64_t	j = i;

		for (; j > 0 && x[j - 1] > value; j--)
			x[j] = x[j - 1];
		x[j] = value;
	}
}

#endif							/* TNFR_SORT_H */
