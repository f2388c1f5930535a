/*
 * rows.c
 *	  Walks along stretches of every size: each row and each entry comes once,
 *	  in order.
 */
#include "core/rows.h"
#include "unit.h"

#define MOST	60				/* rows */

/* The parts of one stretch, from item on; the row and entry to come. */
static bool
walk(const uint64_t *offset, uint64_t n, uint64_t item, uint64_t count,
	 uint64_t *row, uint64_t *entry)
{
	TnfrWalk	w = tnfr_walk(offset, n, item, count);
	uint64_t	items = 0;

	while (tnfr_walk_next(&w))
	{
		if (w.head)
			(*row)++;
		if (w.row + 1 != *row || w.begin != *entry || w.end < w.begin ||
			w.begin < offset[w.row] || w.end > offset[w.row + 1] ||
			(w.head && w.begin != offset[w.row]) ||
			(w.begin == w.end && !w.head))
			return false;
		*entry = w.end;
		items += w.head + w.end - w.begin;
	}
	return items == (count < tnfr_items(offset, n) - item ? count :
					 tnfr_items(offset, n) - item);
}

static bool
walk_all(uint64_t seed)
{
	UnitRandom	r = {seed * 2 + 1};
	uint64_t	offset[MOST + 1] = {0};
	uint64_t	n = unit_random(&r) % (MOST + 1);
	bool		good = true;

	for (uint64_t i = 0; i < n; i++)
		offset[i + 1] = offset[i] + (unit_random(&r) % 3 > 0 ? 0 :
									 unit_random(&r) % 20);
	for (uint64_t count = 1; count < 30 && good; count++)
	{
		uint64_t	row = 0;
		uint64_t	entry = 0;

		for (uint64_t item = 0; item < tnfr_items(offset, n) && good;
			 item += count)
			good = walk(offset, n, item, count, &row, &entry);
		good = good && row == n && entry == offset[n];
	}
	return good;
}

int
main(void)
{
	bool		good = true;

	for (uint64_t seed = 0; seed < 500 && good; seed++)
		good = walk_all(seed);
	ok(good, "walks along stretches");
	return done_testing();
}
