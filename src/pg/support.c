/*
 * support.c
 *	  Planner support: how many rows come, and what they cost.
 *
 * Functions over a network return a row a node, or a row an edge, so the
 * planner's estimate for that relation is the estimate for the function.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "pg/relation.h"

#define EDGES	0				/* arguments */
#define NODES	1

PG_FUNCTION_INFO_V1(tnfr_dnfr_support);
PG_FUNCTION_INFO_V1(tnfr_pairs_support);

/* The n-th argument of the call being planned. */
static Node *
argument(Node *call, int n)
{
	if (call == NULL || !IsA(call, FuncExpr) ||
		list_length(castNode(FuncExpr, call)->args) <= n)
		return NULL;
	return list_nth(castNode(FuncExpr, call)->args, n);
}

/* Rows of the relation that the n-th argument names; -1: unknown. */
static double
argument_rows(Node *call, int n)
{
	Node	   *arg = argument(call, n);

	if (arg == NULL || !IsA(arg, Const) || castNode(Const, arg)->constisnull ||
		castNode(Const, arg)->consttype != REGCLASSOID)	/* a graph */
		return -1;
	return tnfr_relation_rows(DatumGetObjectId(castNode(Const, arg)->constvalue));
}

static bool
estimate_rows(SupportRequestRows *request, int n)
{
	double		rows = argument_rows(request->node, n);

	if (rows < 0)
		return false;
	request->rows = rows;
	return true;
}

/* A call reads every row and does some work on each, whatever it returns. */
static bool
estimate_cost(SupportRequestCost *request)
{
	double		edges = argument_rows(request->node, EDGES);
	double		nodes = argument_rows(request->node, NODES);

	if (nodes < 0)
		return false;
	request->startup = 0;
	request->per_tuple = (Max(edges, 0) + nodes) * (cpu_tuple_cost + cpu_operator_cost);
	return true;
}

/* A row for each row of the relation that the n-th argument names. */
static Node *
estimate(Node *request, int n)
{
	bool		done = false;

	if (IsA(request, SupportRequestRows))
		done = estimate_rows((SupportRequestRows *) request, n);
	else if (IsA(request, SupportRequestCost))
		done = estimate_cost((SupportRequestCost *) request);
	return done ? request : NULL;
}

Datum
tnfr_dnfr_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(estimate((Node *) PG_GETARG_POINTER(0), NODES));
}

Datum
tnfr_pairs_support(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(estimate((Node *) PG_GETARG_POINTER(0), EDGES));
}
