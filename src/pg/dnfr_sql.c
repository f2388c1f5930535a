/*
 * dnfr_sql.c
 *	  SQL function tnfr_dnfr: Delta-NFR of a network in tables.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "pg/call.h"
#include "pg/ingest.h"
#include "pg/params.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#define ROWS_PER_CHECK	4096	/* rows returned between two looks at interrupts */

PG_FUNCTION_INFO_V1(tnfr_dnfr_tables);
PG_FUNCTION_INFO_V1(tnfr_dnfr_graph);

static void
require_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

/* Two columns, node and value, in order of the nodes. */
static void
return_values(ReturnSetInfo *rsinfo, const TnfrNodes *nodes,
			  const double *value)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	for (uint64 i = 0; i < nodes->n; i++)
	{
		if (i % ROWS_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(nodes->id[i]);
		values[1] = Float8GetDatum(value[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values,
							 nulls);
	}
}

/* What both functions do once the network is there. */
static void
compute(TnfrCall *call, const TnfrNetwork *network, TnfrForm form,
		const TnfrFormWeights *weights, ReturnSetInfo *rsinfo)
{
	TnfrStatus	status;
	double	   *dnfr;

	tnfr_call_phase(call, TNFR_COMPUTING);
	tnfr_call_threads(call, network->graph.entries);
	dnfr = tnfr_alloc(&call->env, network->nodes.n, sizeof(double));
	status = dnfr == NULL ? TNFR_NO_MEMORY :
		tnfr_dnfr(&call->env, &network->graph, &network->nodes, form, weights,
				  dnfr);
	if (status == TNFR_OUT_OF_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("Delta-NFR of node " INT64_FORMAT " is out of range",
						call->env.error.id),
				 errdetail("Values of its neighbours add up to more than double precision holds.")));
	tnfr_call_check(call, status);

	tnfr_call_phase(call, TNFR_RETURNING);
	return_values(rsinfo, &network->nodes, dnfr);
}

/* (edges, nodes, form, directed, weights) */
Datum
tnfr_dnfr_tables(PG_FUNCTION_ARGS)
{
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrForm	form;
	TnfrFormWeights weights;

	require_argument(fcinfo, 0, "edges");
	require_argument(fcinfo, 1, "nodes");
	require_argument(fcinfo, 2, "form");
	require_argument(fcinfo, 3, "directed");
	form = tnfr_form_by_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	weights = tnfr_form_weights(form, PG_ARGISNULL(4) ? NULL : PG_GETARG_JSONB_P(4));

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_call_begin("tnfr_dnfr");
	tnfr_read_network(call, PG_GETARG_OID(0), PG_GETARG_OID(1),
					  PG_GETARG_BOOL(3), &network);
	compute(call, &network, form, &weights,
			(ReturnSetInfo *) fcinfo->resultinfo);
	tnfr_call_end(call);
	return (Datum) 0;
}

/* (graph, nodes, form, weights) */
Datum
tnfr_dnfr_graph(PG_FUNCTION_ARGS)
{
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrForm	form;
	TnfrFormWeights weights;

	require_argument(fcinfo, 0, "graph");
	require_argument(fcinfo, 1, "nodes");
	require_argument(fcinfo, 2, "form");
	form = tnfr_form_by_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	weights = tnfr_form_weights(form, PG_ARGISNULL(3) ? NULL : PG_GETARG_JSONB_P(3));

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_call_begin("tnfr_graph_dnfr");
	tnfr_read_graph_network(call, PG_GETARG_DATUM(0), PG_GETARG_OID(1),
							&network);
	compute(call, &network, form, &weights,
			(ReturnSetInfo *) fcinfo->resultinfo);
	tnfr_call_end(call);
	return (Datum) 0;
}
