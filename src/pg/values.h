/*
 * values.h
 *	  Keys and numbers of the rows that are read, and what is wrong with them.
 */
#ifndef TNFR_PG_VALUES_H
#define TNFR_PG_VALUES_H

#include "postgres.h"

#include "catalog/pg_type.h"
#include "pg/compat.h"
#include "pg/relation.h"

static inline int64
tnfr_key_value(Datum d, Oid type)
{
	if (type == INT8OID)
		return DatumGetInt64(d);
	if (type == INT4OID)
		return DatumGetInt32(d);
	return DatumGetInt16(d);
}

/* A number of one of the rarer types; scratch is reset. */
extern double tnfr_convert_number(Datum d, Oid type, MemoryContext scratch);

static inline double
tnfr_number_value(Datum d, Oid type, MemoryContext scratch)
{
	return type == FLOAT8OID ? DatumGetFloat8(d) :
		tnfr_convert_number(d, type, scratch);
}

/* Errors about a value; row names where it stands, like "node 7". */
pg_noreturn extern void tnfr_null_value(const TnfrRelation *relation,
										int column, const char *row);
pg_noreturn extern void tnfr_bad_value(const TnfrRelation *relation, int column,
									   double x, const char *row);

#endif							/* TNFR_PG_VALUES_H */
