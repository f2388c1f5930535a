/*
 * pairs_sql.c
 *	  SQL functions tnfr_pair_coherence and tnfr_graph_pair_coherence: the
 *	  coherence of the two ends of every edge.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "pg/measure.h"
#include "pg/srf.h"

#define PREFETCH	16			/* entries ahead; at most TNFR_GRAPH_PAD */

PG_FUNCTION_INFO_V1(tnfr_pair_coherence_tables);
PG_FUNCTION_INFO_V1(tnfr_pair_coherence_stored);

/*
 * The entries of a row, ascending; an undirected edge comes in the row of its
 * smaller end.  Interrupts are looked at by entries, of which a row may have
 * many and return none.
 */
static void
return_row_pairs(ReturnSetInfo *rsinfo, const TnfrNetwork *network,
				 const TnfrPairs *pairs, uint64 i)
{
	const TnfrGraph *graph = &network->graph;
	const int64_t *id = network->nodes.id;
	Datum		values[3] = {Int64GetDatum(id[i])};
	bool		nulls[3] = {false, false, false};

	for (uint64 k = graph->offset[i]; k < graph->offset[i + 1]; k++)
	{
		uint32		j = graph->neighbour[k];
		uint32		ahead;

		if (k % TNFR_ROWS_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		ahead = graph->neighbour[k + PREFETCH];
		__builtin_prefetch(&pairs->state[ahead]);
		__builtin_prefetch(&pairs->si[ahead]);
		__builtin_prefetch(&id[ahead]);
		if (j < i && !graph->directed)
			continue;
		values[1] = Int64GetDatum(id[j]);
		values[2] = Float8GetDatum(tnfr_pair_coherence(pairs, i, j));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

static void
return_pairs(TnfrCall *call, ReturnSetInfo *rsinfo, const TnfrNetwork *network,
			 const TnfrMeasureParams *params)
{
	TnfrMeasured measured = {0};
	TnfrPairs	pairs;

	tnfr_measure(call, network, params, &measured);
	pairs = tnfr_pairs(&network->nodes, &measured);
	if (!isfinite(pairs.epi_range))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("range of epi is out of range"),
				 errdetail("It runs from %g to %g, further than double precision holds.",
						   measured.extent.epi_min, measured.extent.epi_max)));
	tnfr_call_phase(call, TNFR_RETURNING);
	for (uint64 i = 0; i < network->nodes.n; i++)
	{
		if (i % TNFR_ROWS_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		return_row_pairs(rsinfo, network, &pairs, i);
	}
}

static Datum
pair_coherence(FunctionCallInfo fcinfo, TnfrSource source,
			   const char *function)
{
	TnfrCall   *call;
	TnfrNetwork network;
	TnfrMeasureParams params;

	tnfr_require_arguments(fcinfo, source);
	params = tnfr_measure_params(fcinfo, source);

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_begin(fcinfo, source, function, true, &network);
	return_pairs(call, (ReturnSetInfo *) fcinfo->resultinfo, &network, &params);
	tnfr_call_end(call);
	return (Datum) 0;
}

Datum
tnfr_pair_coherence_tables(PG_FUNCTION_ARGS)
{
	return pair_coherence(fcinfo, TNFR_TABLES, "tnfr_pair_coherence");
}

Datum
tnfr_pair_coherence_stored(PG_FUNCTION_ARGS)
{
	return pair_coherence(fcinfo, TNFR_STORED, "tnfr_graph_pair_coherence");
}
