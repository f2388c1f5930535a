/*
 * partition.c
 *	  From the network to its partitions: cap, growth, packing.
 */
#include "core/partition.h"
#include "core/first_fit.h"
#include "core/growth.h"
#include "core/nearby.h"
#include "core/parallel.h"
#include "core/reduce.h"

#include <string.h>

#define POLL_EVERY	65536

/* The size to keep to: what was asked for, or what suits the network. */
static TnfrStatus
choose_cap(TnfrEnv *env, const TnfrAdjacency *adjacency,
		   const TnfrPartitionRule *rule, TnfrPartitions *p)
{
	TnfrStatus	status = TNFR_OK;

	p->cap = rule->max_size;
	if (rule->max_size == 0)
	{
		status = tnfr_clustering(env, adjacency, TNFR_CLUSTERING_WORK, &p->clustering);
		p->density = tnfr_density(p->n, adjacency->pairs);
		p->cap = tnfr_adaptive_cap(p->n, adjacency->pairs, p->clustering.coefficient);
	}
	return status;
}

/* The cap may be far above the number of nodes, and memory goes by it. */
static uint32_t
most_members(const TnfrPartitions *p)
{
	return p->cap < p->n ? p->cap : (uint32_t) p->n;
}

static TnfrStatus
grow(TnfrEnv *env, const TnfrAdjacency *adjacency, const TnfrNodes *nodes,
	 const TnfrPartitionRule *rule, TnfrPartitions *p)
{
	TnfrGrowthRule growth = {
		.cap = most_members(p),
		.threshold = rule->threshold
	};
	uint32_t	k = rule->k < p->n ? rule->k : (uint32_t) p->n;
	TnfrSpatial spatial;
	TnfrNearby	nearby;
	TnfrStatus	status;

	if (rule->candidates == TNFR_CANDIDATES_NEIGHBOURS)
	{
		nearby = tnfr_neighbours_nearby(adjacency);
		return tnfr_grow(env, nodes, &growth, &nearby, p->community, &p->communities);
	}
	status = tnfr_spatial_init(env, &spatial, nodes, k > 0 ? k : 1);
	if (status != TNFR_OK)
		return status;
	nearby = tnfr_spatial_nearby(&spatial);
	status = tnfr_grow(env, nodes, &growth, &nearby, p->community, &p->communities);
	tnfr_spatial_release(env, &spatial);
	return status;
}

typedef struct Assign
{
	const uint32_t *community;
	const uint32_t *bin;
	uint32_t   *partition;
	uint64_t	n;
} Assign;

static void
assign_task(void *arg, uint64_t task, int worker)
{
	Assign	   *a = arg;

	(void) worker;
	for (uint64_t i = task * TNFR_NODE_BLOCK; i < tnfr_node_block_end(a->n, task); i++)
		a->partition[i] = a->bin[a->community[i]];
}

static TnfrStatus
count_sizes(TnfrEnv *env, const TnfrPartitions *p, uint32_t *size)
{
	TnfrStatus	status = tnfr_fill(env, size, 0, p->communities * sizeof(uint32_t));

	for (uint64_t i = 0; i < p->n && status == TNFR_OK; i++)
	{
		if (i % POLL_EVERY == 0 && tnfr_check(env))
			status = TNFR_STOPPED;
		size[p->community[i]]++;
	}
	return status;
}

static TnfrStatus
pack(TnfrEnv *env, TnfrPartitions *p)
{
	Assign		assign = {.community = p->community,.n = p->n};
	uint32_t   *size = tnfr_alloc(env, p->communities, sizeof(uint32_t));
	uint32_t   *bin = tnfr_alloc(env, p->communities, sizeof(uint32_t));
	TnfrStatus	status = TNFR_NO_MEMORY;

	p->partition = tnfr_alloc(env, p->n, sizeof(uint32_t));
	assign.bin = bin;
	assign.partition = p->partition;
	if (size != NULL && bin != NULL && p->partition != NULL &&
		(status = count_sizes(env, p, size)) == TNFR_OK &&
		(status = tnfr_first_fit(env, size, p->communities, most_members(p),
								 bin, &p->partitions)) == TNFR_OK)
		status = tnfr_parallel(env, tnfr_node_blocks(p->n), assign_task, &assign);
	tnfr_release(env, bin, p->communities, sizeof(uint32_t));
	tnfr_release(env, size, p->communities, sizeof(uint32_t));
	return status;
}

TnfrStatus
tnfr_partition(TnfrEnv *env, const TnfrGraph *graph, const TnfrNodes *nodes,
			   const TnfrPartitionRule *rule, TnfrPartitions *p)
{
	TnfrAdjacency adjacency;
	bool		connections = rule->max_size == 0 ||
		rule->candidates == TNFR_CANDIDATES_NEIGHBOURS;
	TnfrStatus	status = TNFR_NO_MEMORY;

	memset(p, 0, sizeof(*p));
	memset(&adjacency, 0, sizeof(adjacency));
	p->n = nodes->n;
	p->community = tnfr_alloc(env, p->n, sizeof(uint32_t));
	if (p->community != NULL &&
		(!connections ||
		 (status = tnfr_adjacency_build(env, graph, &adjacency)) == TNFR_OK) &&
		(status = choose_cap(env, &adjacency, rule, p)) == TNFR_OK &&
		(status = grow(env, &adjacency, nodes, rule, p)) == TNFR_OK)
		status = pack(env, p);
	tnfr_adjacency_release(env, &adjacency);
	if (status != TNFR_OK)
		tnfr_partitions_release(env, p);
	return status;
}

void
tnfr_partitions_release(TnfrEnv *env, TnfrPartitions *p)
{
	tnfr_release(env, p->community, p->n, sizeof(uint32_t));
	tnfr_release(env, p->partition, p->n, sizeof(uint32_t));
	p->community = NULL;
	p->partition = NULL;
}
