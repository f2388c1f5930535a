/*
 * kernel.c
 *	  The kernel compiled for the processors there are, and the choice.
 *
 * The same source, so the same bits: each lane of a vector holds one of the
 * four sums and sees its additions in the order of the tree.  AVX2 does with
 * one instruction what the baseline does with two.
 */
#include "core/cpu.h"
#include "core/sums.h"

TNFR_INLINE void
rows(const TnfrKernelInput *in, uint64_t begin, uint64_t end, bool weighted,
	 TnfrSums *out)
{
	for (uint64_t i = begin; i < end; i++)
	{
		uint64_t	length = in->offset[i + 1] - in->offset[i];

		if (length <= TNFR_HUB)	/* longer ones are summed in parts */
			tnfr_sum_entries(in, in->offset[i] - in->first, length, weighted,
							 &out[i - begin]);
	}
}

TNFR_INLINE void
rows_any(const TnfrKernelInput *in, uint64_t begin, uint64_t end,
		 TnfrSums *out)
{
	if (in->weight != NULL)
		rows(in, begin, end, true, out);
	else
		rows(in, begin, end, false, out);
}

TNFR_TARGET_AVX2 static void
rows_avx2(const TnfrKernelInput *in, uint64_t begin, uint64_t end,
		  TnfrSums *out)
{
	rows_any(in, begin, end, out);
}

TNFR_TARGET_AVX2 static void
entries_avx2(const TnfrKernelInput *in, uint64_t begin, uint64_t length,
			 TnfrSums *out)
{
	tnfr_sum_entries(in, begin - in->first, length, in->weight != NULL, out);
}

void
tnfr_kernel_rows(const TnfrKernelInput *in, uint64_t begin, uint64_t end,
				 TnfrSums *out)
{
	if (TNFR_HAVE_AVX2)
		rows_avx2(in, begin, end, out);
	else
		rows_any(in, begin, end, out);
}

void
tnfr_kernel_entries(const TnfrKernelInput *in, uint64_t begin,
					uint64_t length, TnfrSums *out)
{
	if (TNFR_HAVE_AVX2)
		entries_avx2(in, begin, length, out);
	else
		tnfr_sum_entries(in, begin - in->first, length, in->weight != NULL, out);
}
