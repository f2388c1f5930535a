/*
 * metrics_sql.c
 *	  SQL functions tnfr_node_metrics and tnfr_network_metrics, and their twins
 *	  for stored graphs: measures, a row a node or one row for all.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "pg/measure.h"
#include "pg/row.h"
#include "pg/srf.h"
#include "utils/builtins.h"

#define NODE_COLUMNS	8
#define NETWORK_COLUMNS	25

PG_FUNCTION_INFO_V1(tnfr_node_metrics_tables);
PG_FUNCTION_INFO_V1(tnfr_node_metrics_stored);
PG_FUNCTION_INFO_V1(tnfr_network_metrics_tables);
PG_FUNCTION_INFO_V1(tnfr_network_metrics_stored);

static const char *const state_names[TNFR_STATES] = {
	[TNFR_STABLE] = "stable",
	[TNFR_DISSONANT] = "dissonant",
	[TNFR_TRANSITION] = "transition"
};

static void
return_node_rows(ReturnSetInfo *rsinfo, const TnfrNetwork *network,
				 const TnfrMeasured *measured)
{
	const TnfrNodeValues *v = &measured->values;
	const uint64_t *offset = network->graph.offset;
	const double scale = tnfr_one_if_zero(measured->extent.dnfr_max);
	Datum		states[TNFR_STATES];
	Datum		values[NODE_COLUMNS];
	bool		nulls[NODE_COLUMNS] = {false};

	for (int s = 0; s < TNFR_STATES; s++)
		states[s] = CStringGetTextDatum(state_names[s]);
	for (uint64 i = 0; i < network->nodes.n; i++)
	{
		TnfrState	state = tnfr_state(v->sync[i], fabs(v->dnfr[i]) / scale);

		values[0] = Int64GetDatum(network->nodes.id[i]);
		values[1] = Int64GetDatum((int64) (offset[i + 1] - offset[i]));
		values[2] = Float8GetDatum(v->strength[i]);
		values[3] = Float8GetDatum(v->dnfr[i]);
		values[4] = Float8GetDatum(measured->si[i]);
		values[5] = Float8GetDatum(v->dispersion[i]);
		values[6] = Float8GetDatum(v->sync[i]);
		values[7] = states[state];
		tnfr_return_row(rsinfo, i, values, nulls);
	}
}

static void
return_node_metrics(TnfrCall *call, ReturnSetInfo *rsinfo,
					const TnfrNetwork *network,
					const TnfrMeasureParams *params)
{
	TnfrMeasured measured = {0};

	measured.values.dispersion = tnfr_node_column(call, &network->nodes);
	measured.values.sync = tnfr_node_column(call, &network->nodes);
	measured.values.strength = tnfr_node_column(call, &network->nodes);
	tnfr_measure(call, network, params, &measured);
	tnfr_call_phase(call, TNFR_RETURNING);
	return_node_rows(rsinfo, network, &measured);
}

static Datum
node_metrics(FunctionCallInfo fcinfo, TnfrSource source, const char *function)
{
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrMeasureParams params;

	tnfr_require_arguments(fcinfo, source);
	params = tnfr_measure_params(fcinfo, source);

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_begin(fcinfo, source, function, false, &network);
	return_node_metrics(call, (ReturnSetInfo *) fcinfo->resultinfo, &network,
						&params);
	tnfr_call_end(call);
	return (Datum) 0;
}

Datum
tnfr_node_metrics_tables(PG_FUNCTION_ARGS)
{
	return node_metrics(fcinfo, TNFR_TABLES, "tnfr_node_metrics");
}

Datum
tnfr_node_metrics_stored(PG_FUNCTION_ARGS)
{
	return node_metrics(fcinfo, TNFR_STORED, "tnfr_graph_node_metrics");
}

/* The sums of finite numbers can overflow. */
static void
put_number(TnfrRow *row, double x)
{
	if (!isfinite(x))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of the network is out of range",
						NameStr(TupleDescAttr(row->desc, row->count)->attname)),
				 errdetail("Values of its nodes add up to more than double precision holds.")));
	tnfr_put(row, Float8GetDatum(x));
}

/*
 * density: the share of the ordered pairs of different nodes that have an
 * entry, when there are no duplicates.
 */
static void
put_structure(TnfrRow *row, const TnfrGraph *graph,
			  const TnfrNetworkMeasures *m)
{
	double		n = (double) graph->n;

	tnfr_put_count(row, graph->n);
	tnfr_put_count(row, graph->directed ? graph->entries :
				   (graph->entries + m->loops) / 2);
	tnfr_put_count(row, graph->entries);
	tnfr_put_count(row, m->isolated);
	if (graph->n >= 2)
		put_number(row, (double) (graph->entries - m->loops) / (n * (n - 1.0)));
	else
		tnfr_put_null(row);
	put_number(row, (double) graph->entries / n);
}

static void
put_measures(TnfrRow *row, const TnfrNetworkMeasures *m,
			 const TnfrExtent *extent)
{
	put_number(row, m->coherence);
	put_number(row, m->order_parameter);
	put_number(row, m->mean_phase);
	put_number(row, m->phase_sync);
	put_number(row, m->mean_dnfr);
	put_number(row, extent->dnfr_max);
	put_number(row, m->mean_rate);
	put_number(row, extent->rate_max);
	put_number(row, m->mean_epi);
	put_number(row, m->mean_vf);
	put_number(row, extent->vf_max);
	put_number(row, m->mean_si);
	put_number(row, m->mean_sync);
	put_number(row, m->stable_share);
	put_number(row, m->si_high_share);
	put_number(row, m->si_low_share);
	put_number(row, m->state_share[TNFR_STABLE]);
	put_number(row, m->state_share[TNFR_DISSONANT]);
	put_number(row, m->state_share[TNFR_TRANSITION]);
}

/* Of a network without nodes only the counts are known. */
static void
put_nothing(TnfrRow *row)
{
	while (row->count < 4)
		tnfr_put_count(row, 0);
	while (row->count < NETWORK_COLUMNS)
		tnfr_put_null(row);
}

static HeapTuple
make_network_row(TnfrCall *call, TupleDesc desc, const TnfrNetwork *network,
				 const TnfrMeasureParams *params)
{
	TnfrRow		row = {.desc = desc};
	TnfrMeasured measured = {0};
	TnfrNetworkMeasures m;

	if (network->nodes.n > 0)
	{
		measured.values.sync = tnfr_node_column(call, &network->nodes);
		measured.values.strength = tnfr_node_column(call, &network->nodes);
		tnfr_measure(call, network, params, &measured);
		tnfr_call_check(call, tnfr_network_measures(&call->env, &network->graph,
													&network->nodes, &measured,
													&m));
		put_structure(&row, &network->graph, &m);
		put_measures(&row, &m, &measured.extent);
	}
	else
		put_nothing(&row);
	Assert(row.count == desc->natts);
	return heap_form_tuple(desc, row.values, row.nulls);
}

static Datum
network_metrics(FunctionCallInfo fcinfo, TnfrSource source,
				const char *function)
{
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrMeasureParams params;
	TupleDesc	desc;
	HeapTuple	tuple;

	tnfr_require_arguments(fcinfo, source);
	params = tnfr_measure_params(fcinfo, source);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	call = tnfr_begin(fcinfo, source, function, true, &network);
	tuple = make_network_row(call, BlessTupleDesc(desc), &network, &params);
	tnfr_call_end(call);
	return HeapTupleGetDatum(tuple);
}

Datum
tnfr_network_metrics_tables(PG_FUNCTION_ARGS)
{
	return network_metrics(fcinfo, TNFR_TABLES, "tnfr_network_metrics");
}

Datum
tnfr_network_metrics_stored(PG_FUNCTION_ARGS)
{
	return network_metrics(fcinfo, TNFR_STORED, "tnfr_graph_network_metrics");
}
