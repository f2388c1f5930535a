/*
 * partition_sql.c
 *	  SQL functions tnfr_partition and tnfr_partition_summary, and their twins
 *	  for stored graphs: communities and partitions of a network.
 */
#include "postgres.h"

#include <math.h>
#include <unistd.h>

#include "core/schedule.h"
#include "funcapi.h"
#include "pg/partition_args.h"

#define NODE_COLUMNS	3
#define SUMMARY_COLUMNS	13
#define MAX_WORKERS		1000000
#define SERIAL			8		/* growth is; threads pay for so many times more */

PG_FUNCTION_INFO_V1(tnfr_partition_tables);
PG_FUNCTION_INFO_V1(tnfr_partition_stored);
PG_FUNCTION_INFO_V1(tnfr_partition_summary_tables);
PG_FUNCTION_INFO_V1(tnfr_partition_summary_stored);

/* What is known of the partitions, for the rows of the summary. */
typedef struct Summary
{
	TnfrPartitions parts;
	TnfrShardSummary *shard;	/* [partitions] */
	uint64	   *communities;	/* [partitions] */
	uint64	   *halo;			/* [partitions] */
	uint32	   *worker;			/* [partitions] */
} Summary;

static void *
column(TnfrCall *call, uint64 count, size_t size)
{
	void	   *p = tnfr_alloc(&call->env, count, size);

	if (p == NULL)
		tnfr_call_check(call, TNFR_NO_MEMORY);
	return p;
}

static void
find_partitions(TnfrCall *call, const TnfrNetwork *network,
				const TnfrPartitionRule *rule, TnfrPartitions *parts)
{
	tnfr_call_phase(call, TNFR_COMPUTING);
	tnfr_call_threads(call, (network->graph.entries + network->nodes.n) / SERIAL);
	tnfr_call_check(call, tnfr_partition(&call->env, &network->graph,
										 &network->nodes, rule, parts));
}

static void
return_nodes(TnfrCall *call, ReturnSetInfo *rsinfo, const TnfrNetwork *network,
			 const TnfrPartitions *parts)
{
	Datum		values[NODE_COLUMNS];
	bool		nulls[NODE_COLUMNS] = {false};

	tnfr_call_phase(call, TNFR_RETURNING);
	for (uint64 i = 0; i < parts->n; i++)
	{
		values[0] = Int64GetDatum(network->nodes.id[i]);
		values[1] = Int64GetDatum((int64) parts->community[i]);
		values[2] = Int64GetDatum((int64) parts->partition[i]);
		tnfr_return_row(rsinfo, i, values, nulls);
	}
}

static Datum
partition(FunctionCallInfo fcinfo, TnfrSource source, const char *function)
{
	TnfrPartitionRule rule = tnfr_partition_arguments(fcinfo, source);
	TnfrPartitions parts;
	TnfrNetwork network;
	TnfrCall   *call;

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_begin_undirected(fcinfo, source, function, &network);
	find_partitions(call, &network, &rule, &parts);
	return_nodes(call, (ReturnSetInfo *) fcinfo->resultinfo, &network, &parts);
	tnfr_call_end(call);
	return (Datum) 0;
}

Datum
tnfr_partition_tables(PG_FUNCTION_ARGS)
{
	return partition(fcinfo, TNFR_TABLES, "tnfr_partition");
}

Datum
tnfr_partition_stored(PG_FUNCTION_ARGS)
{
	return partition(fcinfo, TNFR_STORED, "tnfr_graph_partition");
}

/* Workers to distribute over; NULL: as many as there are processors. */
static uint32
workers_argument(FunctionCallInfo fcinfo)
{
	int32		workers;

	if (PG_ARGISNULL(TNFR_PARTITION_ARGS))
		return (uint32) Max(sysconf(_SC_NPROCESSORS_ONLN), 1);
	workers = PG_GETARG_INT32(TNFR_PARTITION_ARGS);
	if (workers < 1 || workers > MAX_WORKERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is out of range: %d", "workers", workers),
				 errhint("It must be between 1 and %d, or NULL for as many as there are processors.",
						 MAX_WORKERS)));
	return (uint32) workers;
}

/* A community begins with its smallest node, so they come one by one. */
static void
count_communities(TnfrCall *call, Summary *summary)
{
	const TnfrPartitions *parts = &summary->parts;
	uint64		next = 0;

	summary->communities = column(call, parts->partitions, sizeof(uint64));
	tnfr_call_check(call, tnfr_fill(&call->env, summary->communities, 0,
									parts->partitions * sizeof(uint64)));
	for (uint64 i = 0; i < parts->n; i++)
	{
		if (i % TNFR_ROWS_PER_CHECK == 0)
			CHECK_FOR_INTERRUPTS();
		if (parts->community[i] == next)
		{
			summary->communities[parts->partition[i]]++;
			next++;
		}
	}
}

static void
count_halos(TnfrCall *call, const TnfrShards *shards, uint64 *halo)
{
	TnfrHalo	found;

	tnfr_call_check(call, tnfr_halo_begin(&call->env, shards, &found));
	for (uint32 p = 0; p < shards->partitions; p++)
	{
		tnfr_call_check(call, tnfr_halo_find(&call->env, &found, p));
		halo[p] = found.count;
	}
	tnfr_halo_end(&call->env, &found);
}

static void
summarise(TnfrCall *call, const TnfrNetwork *network, uint32 workers,
		  Summary *summary)
{
	const TnfrPartitions *parts = &summary->parts;
	TnfrEnv    *env = &call->env;
	TnfrShards	shards;
	TnfrSchedule schedule;

	tnfr_call_threads(call, network->graph.entries + network->nodes.n);
	summary->shard = column(call, parts->partitions, sizeof(TnfrShardSummary));
	summary->halo = column(call, parts->partitions, sizeof(uint64));
	summary->worker = column(call, parts->partitions, sizeof(uint32));
	tnfr_call_check(call, tnfr_shards_build(env, &network->graph, parts->partition,
											parts->partitions, &shards));
	tnfr_call_check(call, tnfr_shard_summaries(env, &shards, &network->nodes,
											   summary->shard));
	count_halos(call, &shards, summary->halo);
	tnfr_call_check(call, tnfr_schedule(env, summary->shard, parts->partitions,
										workers, summary->worker, &schedule));
	count_communities(call, summary);
	tnfr_shards_release(env, &shards);
}

static void
return_summary(TnfrCall *call, ReturnSetInfo *rsinfo,
			   const TnfrPartitionRule *rule, const Summary *summary)
{
	const TnfrPartitions *parts = &summary->parts;
	Datum		values[SUMMARY_COLUMNS];
	bool		nulls[SUMMARY_COLUMNS] = {false};

	tnfr_call_phase(call, TNFR_RETURNING);
	values[9] = Int64GetDatum((int64) parts->cap);
	values[10] = Float8GetDatum(parts->density);
	values[11] = Float8GetDatum(parts->clustering.coefficient);
	values[12] = BoolGetDatum(parts->clustering.samples == 0);
	nulls[10] = nulls[11] = nulls[12] = rule->max_size > 0;
	for (uint64 p = 0; p < parts->partitions; p++)
	{
		const TnfrShardSummary *shard = &summary->shard[p];

		if (!isfinite(shard->mean_vf))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("mean_vf of partition " UINT64_FORMAT " is out of range", p),
					 errdetail("Values of its nodes add up to more than double precision holds.")));
		values[0] = Int64GetDatum((int64) p);
		values[1] = Int64GetDatum((int64) shard->rows);
		values[2] = Int64GetDatum((int64) summary->communities[p]);
		values[3] = Float8GetDatum(shard->mean_vf);
		values[4] = Float8GetDatum(shard->coherence);
		nulls[4] = isnan(shard->coherence);
		values[5] = Int64GetDatum((int64) shard->entries);
		values[6] = Int64GetDatum((int64) shard->cut);
		values[7] = Int64GetDatum((int64) summary->halo[p]);
		values[8] = Int32GetDatum((int32) summary->worker[p]);
		tnfr_return_row(rsinfo, p, values, nulls);
	}
}

static Datum
partition_summary(FunctionCallInfo fcinfo, TnfrSource source,
				  const char *function)
{
	TnfrPartitionRule rule = tnfr_partition_arguments(fcinfo, source);
	uint32		workers = workers_argument(fcinfo);
	Summary		summary;
	TnfrNetwork network;
	TnfrCall   *call;

	InitMaterializedSRF(fcinfo, 0);
	call = tnfr_begin_undirected(fcinfo, source, function, &network);
	find_partitions(call, &network, &rule, &summary.parts);
	summarise(call, &network, workers, &summary);
	return_summary(call, (ReturnSetInfo *) fcinfo->resultinfo, &rule, &summary);
	tnfr_call_end(call);
	return (Datum) 0;
}

Datum
tnfr_partition_summary_tables(PG_FUNCTION_ARGS)
{
	return partition_summary(fcinfo, TNFR_TABLES, "tnfr_partition_summary");
}

Datum
tnfr_partition_summary_stored(PG_FUNCTION_ARGS)
{
	return partition_summary(fcinfo, TNFR_STORED,
							 "tnfr_graph_partition_summary");
}
