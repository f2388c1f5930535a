/*
 * partition_args.c
 *	  Arguments of the functions over partitions.
 */
#include "postgres.h"

#include "pg/partition_args.h"
#include "utils/builtins.h"

#define MAX_SIZE	2			/* numbers of the arguments */
#define THRESHOLD	3
#define K			4
#define CANDIDATES	5

#define MAX_K		10000

static const char *const candidates_names[] = {
	[TNFR_CANDIDATES_SPATIAL] = "spatial",
	[TNFR_CANDIDATES_NEIGHBOURS] = "neighbours"
};

static uint32
max_size_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(MAX_SIZE))
		return 0;
	if (PG_GETARG_INT32(MAX_SIZE) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is out of range: %d", "max_size",
						PG_GETARG_INT32(MAX_SIZE)),
				 errhint("It must be at least 1, or NULL for a size that suits the network.")));
	return (uint32) PG_GETARG_INT32(MAX_SIZE);
}

static double
threshold_argument(FunctionCallInfo fcinfo)
{
	double		x = PG_GETARG_FLOAT8(THRESHOLD);

	if (!(x >= -1.0 && x <= 1.0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is out of range: %g", "threshold", x),
				 errhint("It must be between -1 and 1.")));
	return x;
}

static uint32
k_argument(FunctionCallInfo fcinfo)
{
	int32		k = PG_GETARG_INT32(K);

	if (k < 1 || k > MAX_K)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is out of range: %d", "k", k),
				 errhint("It must be between 1 and %d.", MAX_K)));
	return (uint32) k;
}

static TnfrCandidates
candidates_argument(FunctionCallInfo fcinfo)
{
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(CANDIDATES));

	for (int i = 0; i < (int) lengthof(candidates_names); i++)
		if (strcmp(name, candidates_names[i]) == 0)
			return (TnfrCandidates) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown candidates \"%s\"", name),
			 errhint("They are \"%s\" or \"%s\".",
					 candidates_names[TNFR_CANDIDATES_SPATIAL],
					 candidates_names[TNFR_CANDIDATES_NEIGHBOURS])));
}

TnfrPartitionRule
tnfr_partition_arguments(FunctionCallInfo fcinfo, TnfrSource source)
{
	TnfrPartitionRule rule;

	tnfr_require_network(fcinfo, source);
	tnfr_require_argument(fcinfo, THRESHOLD, "threshold");
	tnfr_require_argument(fcinfo, K, "k");
	tnfr_require_argument(fcinfo, CANDIDATES, "candidates");
	rule.max_size = max_size_argument(fcinfo);
	rule.threshold = threshold_argument(fcinfo);
	rule.k = k_argument(fcinfo);
	rule.candidates = candidates_argument(fcinfo);
	return rule;
}
