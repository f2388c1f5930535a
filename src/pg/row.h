/*
 * row.h
 *	  A row of results as it is filled, column by column.
 */
#ifndef TNFR_PG_ROW_H
#define TNFR_PG_ROW_H

#include "postgres.h"

#include "access/tupdesc.h"

#define TNFR_ROW_COLUMNS	32	/* the most there are */

typedef struct TnfrRow
{
	TupleDesc	desc;
	int			count;			/* columns that have been put */
	Datum		values[TNFR_ROW_COLUMNS];
	bool		nulls[TNFR_ROW_COLUMNS];
} TnfrRow;

static inline void
tnfr_put(TnfrRow *row, Datum value)
{
	row->values[row->count] = value;
	row->nulls[row->count++] = false;
}

static inline void
tnfr_put_null(TnfrRow *row)
{
	row->values[row->count] = (Datum) 0;
	row->nulls[row->count++] = true;
}

static inline void
tnfr_put_count(TnfrRow *row, uint64 count)
{
	tnfr_put(row, Int64GetDatum((int64) count));
}

#endif							/* TNFR_PG_ROW_H */
