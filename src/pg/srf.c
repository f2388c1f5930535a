/*
 * srf.c
 *	  Arguments and rows of functions over a network.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "pg/compat.h"
#include "pg/params.h"
#include "pg/settings.h"
#include "pg/srf.h"
#include "utils/builtins.h"

void
tnfr_require_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", name)));
}

void
tnfr_require_network(FunctionCallInfo fcinfo, TnfrSource source)
{
	if (source == TNFR_STORED && PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument \"%s\" must not be null", "graph"),
				 errhint("tnfr_graph_agg of no rows gives NULL.")));
	tnfr_require_argument(fcinfo, 0, "edges");
	tnfr_require_argument(fcinfo, 1, "nodes");
}

void
tnfr_require_arguments(FunctionCallInfo fcinfo, TnfrSource source)
{
	tnfr_require_network(fcinfo, source);
	tnfr_require_argument(fcinfo, 2, "form");
	if (source == TNFR_TABLES)
		tnfr_require_argument(fcinfo, 3, "directed");
}

TnfrForm
tnfr_form_argument(FunctionCallInfo fcinfo)
{
	return tnfr_form_by_name(text_to_cstring(PG_GETARG_TEXT_PP(2)));
}

Jsonb *
tnfr_weights_argument(FunctionCallInfo fcinfo, TnfrSource source)
{
	const int	n = tnfr_weights_number(source);

	return PG_ARGISNULL(n) ? NULL : PG_GETARG_JSONB_P(n);
}

/*
 * Gives the graph a layout, where the setting asks for one.  By itself it is
 * not chosen: the entries are read once.
 */
static void
arrange_network(TnfrCall *call, TnfrNetwork *network)
{
	const TnfrLayoutUse use = {tnfr_layout, 1, tnfr_last_cache()};
	TnfrGraph  *graph = &network->graph;

	tnfr_call_phase(call, TNFR_ARRANGING);
	tnfr_call_threads(call, graph->entries);
	if (tnfr_layout == TNFR_LAYOUT_PARTITION)
		tnfr_call_require(call, tnfr_layout_build_bytes(graph));
	tnfr_call_check(call, tnfr_layout_choose(&call->env, graph, &use,
											 &network->layout));
	if (network->layout.order != NULL)
		graph->layout = &network->layout;
}

static TnfrCall *
begin(FunctionCallInfo fcinfo, TnfrSource source, const char *function,
	  bool columns, bool directed, TnfrNetwork *network)
{
	TnfrCall   *call = tnfr_call_begin(function);

	if (source == TNFR_TABLES)
		tnfr_read_network(call, PG_GETARG_OID(0), PG_GETARG_OID(1), directed,
						  network);
	else
		tnfr_read_graph_network(call, PG_GETARG_DATUM(0), PG_GETARG_OID(1),
								columns, network);
	return call;
}

TnfrCall *
tnfr_begin(FunctionCallInfo fcinfo, TnfrSource source, const char *function,
		   bool columns, TnfrNetwork *network)
{
	TnfrCall   *call = begin(fcinfo, source, function,
							 columns || tnfr_layout == TNFR_LAYOUT_PARTITION,
							 source == TNFR_TABLES && PG_GETARG_BOOL(3),
							 network);

	arrange_network(call, network);
	return call;
}

TnfrCall *
tnfr_begin_undirected(FunctionCallInfo fcinfo, TnfrSource source,
					  const char *function, TnfrNetwork *network)
{
	return begin(fcinfo, source, function, true, false, network);
}

double *
tnfr_node_column(TnfrCall *call, const TnfrNodes *nodes)
{
	double	   *column = tnfr_alloc_gathered(&call->env, nodes->n, sizeof(double));

	if (column == NULL)
		tnfr_call_check(call, TNFR_NO_MEMORY);
	return column;
}

void
tnfr_check_range(TnfrCall *call, TnfrStatus status, const char *value,
				 const char *detail)
{
	if (status == TNFR_OUT_OF_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of node " INT64_FORMAT " is out of range", value,
						call->env.error.id),
				 errdetail_internal("%s", detail)));
	tnfr_call_check(call, status);
}

void
tnfr_check_dnfr(TnfrCall *call, TnfrStatus status)
{
	tnfr_check_range(call, status, "Delta-NFR",
					 "Values of its neighbours add up to more than double precision holds.");
}

/*
 * All rows have the same form, two columns of 8 bytes without NULLs.  So one
 * tuple is made, and copied for each row with other values in it.
 */
void
tnfr_return_column(TnfrCall *call, ReturnSetInfo *rsinfo,
				   const TnfrNodes *nodes, const double *value)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(rsinfo->setDesc,
													&TTSOpsMinimalTuple);
	Datum		values[2] = {Int64GetDatum(0), Float8GetDatum(0.0)};
	bool		nulls[2] = {false, false};
	MinimalTuple tuple = heap_form_minimal_tuple_compat(rsinfo->setDesc, values,
														nulls);
	char	   *data = (char *) tuple + tuple->t_hoff - MINIMAL_TUPLE_OFFSET;

	tnfr_call_phase(call, TNFR_RETURNING);
	ExecStoreMinimalTuple(tuple, slot, true);
	for (uint64 i = 0; i < nodes->n; i++)
	{
		if (i % TNFR_ROWS_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		memcpy(data, &nodes->id[i], sizeof(int64));
		memcpy(data + sizeof(int64), &value[i], sizeof(double));
		tuplestore_puttupleslot(rsinfo->setResult, slot);
	}
	ExecDropSingleTupleTableSlot(slot);
}
