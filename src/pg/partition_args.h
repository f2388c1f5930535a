/*
 * partition_args.h
 *	  Arguments of the functions over partitions: max_size, threshold, k and
 *	  candidates, behind the network.
 */
#ifndef TNFR_PG_PARTITION_ARGS_H
#define TNFR_PG_PARTITION_ARGS_H

#include "postgres.h"

#include "core/partition.h"
#include "fmgr.h"
#include "pg/srf.h"

/* The first argument behind those. */
#define TNFR_PARTITION_ARGS	6

/*
 * Errors 22004 for NULL where there is no default, 22023 for what is out of
 * range or no kind of candidates.
 */
extern TnfrPartitionRule tnfr_partition_arguments(FunctionCallInfo fcinfo,
												  TnfrSource source);

#endif							/* TNFR_PG_PARTITION_ARGS_H */
