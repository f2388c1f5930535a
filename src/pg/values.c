/*
 * values.c
 *	  Conversions and errors of single values.
 */
#include "postgres.h"

#include <math.h>

#include "pg/values.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

double
tnfr_convert_number(Datum d, Oid type, MemoryContext scratch)
{
	MemoryContext before;
	double		x;

	if (type == FLOAT4OID)
		return DatumGetFloat4(d);
	if (type != NUMERICOID)
		return (double) tnfr_key_value(d, type);
	before = MemoryContextSwitchTo(scratch);
	x = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, d));
	MemoryContextSwitchTo(before);
	MemoryContextReset(scratch);
	return x;
}

void
tnfr_null_value(const TnfrRelation *relation, int column, const char *row)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("null value in column \"%s\" of relation \"%s\"",
					relation->column[column].name, relation->name),
			 errdetail("The row is %s.", row),
			 errhint("A view can leave such rows out or give them a value.")));
}

void
tnfr_bad_value(const TnfrRelation *relation, int column, double x,
			   const char *row)
{
	bool		finite = isfinite(x);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s value %g in column \"%s\" of relation \"%s\"",
					finite ? "negative" : "non-finite", x,
					relation->column[column].name, relation->name),
			 errdetail("The row is %s.", row),
			 finite ?
			 errhint("Values of this column must be zero or more.") :
			 errhint("Values of this column must be finite.")));
}
