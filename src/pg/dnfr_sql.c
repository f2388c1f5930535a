/*
 * dnfr_sql.c
 *	  SQL functions tnfr_dnfr and tnfr_graph_dnfr: Delta-NFR of every node.
 */
#include "postgres.h"

#include "funcapi.h"
#include "pg/compute.h"
#include "pg/params.h"
#include "pg/srf.h"

PG_FUNCTION_INFO_V1(tnfr_dnfr_tables);
PG_FUNCTION_INFO_V1(tnfr_dnfr_stored);

static void
return_dnfr(TnfrCall *call, ReturnSetInfo *rsinfo, const TnfrNetwork *network,
			TnfrForm form, const TnfrFormWeights *weights)
{
	const TnfrNodeValues values = {
		.dnfr = tnfr_node_column(call, &network->nodes)
	};

	tnfr_compute(call, network, form, weights, &values);
	tnfr_return_column(call, rsinfo, &network->nodes, values.dnfr);
}

static Datum
node_dnfr(FunctionCallInfo fcinfo, TnfrSource source, const char *function)
{
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrForm	form;
	TnfrFormWeights weights;

	tnfr_require_arguments(fcinfo, source);
	form = tnfr_form_argument(fcinfo);
	weights = tnfr_form_weights(form, tnfr_weights_argument(fcinfo, source));

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_begin(fcinfo, source, function, false, &network);
	return_dnfr(call, (ReturnSetInfo *) fcinfo->resultinfo, &network, form,
				&weights);
	tnfr_call_end(call);
	return (Datum) 0;
}

Datum
tnfr_dnfr_tables(PG_FUNCTION_ARGS)
{
	return node_dnfr(fcinfo, TNFR_TABLES, "tnfr_dnfr");
}

Datum
tnfr_dnfr_stored(PG_FUNCTION_ARGS)
{
	return node_dnfr(fcinfo, TNFR_STORED, "tnfr_graph_dnfr");
}
