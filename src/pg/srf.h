/*
 * srf.h
 *	  What functions over a network share: arguments, and rows of results.
 */
#ifndef TNFR_PG_SRF_H
#define TNFR_PG_SRF_H

#include "postgres.h"

#include "core/dnfr.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "pg/ingest.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#define TNFR_ROWS_PER_CHECK	4096	/* rows between two looks at interrupts */

/*
 * Every function over a network exists twice: for tables, with arguments
 * (edges, nodes, form, directed, weights, ...), and for a stored graph, with
 * (graph, nodes, form, weights, ...).
 */
typedef enum TnfrSource
{
	TNFR_TABLES,
	TNFR_STORED
} TnfrSource;

/* The number of the argument "weights"; those of the function's own follow. */
static inline int
tnfr_weights_number(TnfrSource source)
{
	return source == TNFR_TABLES ? 4 : 3;
}

/* Error 22004 when the n-th argument is NULL. */
extern void tnfr_require_argument(FunctionCallInfo fcinfo, int n,
								  const char *name);

/* Likewise the two that tell the network. */
extern void tnfr_require_network(FunctionCallInfo fcinfo, TnfrSource source);

/* Likewise those, form and directed. */
extern void tnfr_require_arguments(FunctionCallInfo fcinfo, TnfrSource source);

extern TnfrForm tnfr_form_argument(FunctionCallInfo fcinfo);

/* NULL when the argument is. */
extern Jsonb *tnfr_weights_argument(FunctionCallInfo fcinfo,
									TnfrSource source);

/*
 * Begins a call and reads the network that the arguments tell.  columns: the
 * caller reads the graph's entries itself; for sums over them a stored graph
 * need not be decoded (core/coded.h).
 */
extern TnfrCall *tnfr_begin(FunctionCallInfo fcinfo, TnfrSource source,
							const char *function, bool columns,
							TnfrNetwork *network);

/* The same, with columns, for functions without the argument directed. */
extern TnfrCall *tnfr_begin_undirected(FunctionCallInfo fcinfo,
									   TnfrSource source, const char *function,
									   TnfrNetwork *network);

/* Memory for a value of each node; released with the call. */
extern double *tnfr_node_column(TnfrCall *call, const TnfrNodes *nodes);

/*
 * Turns a status into an error; TNFR_OUT_OF_RANGE says that this value of a
 * node is.
 */
extern void tnfr_check_range(TnfrCall *call, TnfrStatus status,
							 const char *value, const char *detail);
extern void tnfr_check_dnfr(TnfrCall *call, TnfrStatus status);

/* Rows of two columns, node and value, in order of the nodes. */
extern void tnfr_return_column(TnfrCall *call, ReturnSetInfo *rsinfo,
							   const TnfrNodes *nodes, const double *value);

/* Returns row number i. */
static inline void
tnfr_return_row(ReturnSetInfo *rsinfo, uint64 i, Datum *values, bool *nulls)
{
	if (i % TNFR_ROWS_PER_CHECK == 0)
		CHECK_FOR_INTERRUPTS();
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

#endif							/* TNFR_PG_SRF_H */
