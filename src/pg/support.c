/*
 * support.c
 *	  Planner support: how many rows come, and what they cost.
 *
 * Functions over a network return a row a node, so the planner's estimate for
 * the relation of nodes is the estimate for the function.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "pg/relation.h"

PG_FUNCTION_INFO_V1(tnfr_dnfr_support);

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

	if (arg == NULL || !IsA(arg, Const) || castNode(Const, arg)->constisnull)
		return -1;
	return tnfr_relation_rows(DatumGetObjectId(castNode(Const, arg)->constvalue));
}

static bool
estimate_rows(SupportRequestRows *request)
{
	double		nodes = argument_rows(request->node, 1);

	if (nodes < 0)
		return false;
	request->rows = nodes;
	return true;
}

/* A call reads every row and does some work on each, whatever it returns. */
static bool
estimate_cost(SupportRequestCost *request)
{
	double		edges = argument_rows(request->node, 0);
	double		nodes = argument_rows(request->node, 1);

	if (edges < 0 || nodes < 0)
		return false;
	request->startup = 0;
	request->per_tuple = (edges + nodes) * (cpu_tuple_cost + cpu_operator_cost);
	return true;
}

Datum
tnfr_dnfr_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	bool		done = false;

	if (IsA(request, SupportRequestRows))
		done = estimate_rows((SupportRequestRows *) request);
	else if (IsA(request, SupportRequestCost))
		done = estimate_cost((SupportRequestCost *) request);
	PG_RETURN_POINTER(done ? request : NULL);
}
