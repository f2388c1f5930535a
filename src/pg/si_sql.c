/*
 * si_sql.c
 *	  SQL functions tnfr_si and tnfr_graph_si: the sense index of every node.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "pg/measure.h"
#include "pg/srf.h"

PG_FUNCTION_INFO_V1(tnfr_si_tables);
PG_FUNCTION_INFO_V1(tnfr_si_stored);

/* A scale that the caller gives; 0 for NULL. */
static double
scale_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	double		x;

	if (PG_ARGISNULL(n))
		return 0.0;
	x = PG_GETARG_FLOAT8(n);
	if (!isfinite(x) || x <= 0.0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is out of range: %g", name, x),
				 errhint("It must be finite and above zero, or NULL for the largest value in the network.")));
	return x;
}

static void
return_si(TnfrCall *call, ReturnSetInfo *rsinfo, const TnfrNetwork *network,
		  const TnfrMeasureParams *params)
{
	TnfrMeasured measured = {0};

	tnfr_measure(call, network, params, &measured);
	tnfr_return_column(call, rsinfo, &network->nodes, measured.si);
}

static Datum
node_si(FunctionCallInfo fcinfo, TnfrSource source, const char *function)
{
	const int	own = tnfr_weights_number(source) + 1;
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrMeasureParams params;

	tnfr_require_arguments(fcinfo, source);
	params = tnfr_measure_params(fcinfo, source);
	params.vf_max = scale_argument(fcinfo, own, "vf_max");
	params.dnfr_max = scale_argument(fcinfo, own + 1, "dnfr_max");

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_begin(fcinfo, source, function, false, &network);
	return_si(call, (ReturnSetInfo *) fcinfo->resultinfo, &network, &params);
	tnfr_call_end(call);
	return (Datum) 0;
}

Datum
tnfr_si_tables(PG_FUNCTION_ARGS)
{
	return node_si(fcinfo, TNFR_TABLES, "tnfr_si");
}

Datum
tnfr_si_stored(PG_FUNCTION_ARGS)
{
	return node_si(fcinfo, TNFR_STORED, "tnfr_graph_si");
}
