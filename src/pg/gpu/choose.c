/*
 * choose.c
 *	  The choice between processor and device.
 */
#include "postgres.h"

#include "core/content_key.h"
#include "core/entries.h"
#include "core/plan.h"
#include "miscadmin.h"
#include "pg/compat.h"
#include "pg/gpu/broker.h"
#include "pg/gpu/choose.h"
#include "pg/gpu/feed.h"
#include "pg/settings.h"

#define MEASURED	64e6		/* bytes or entries: enough to know a rate by */
#define FORGET		(1.0 / 16)	/* at each call that a rate decides against */

bool
tnfr_gpu_considered(uint64 entries)
{
	return tnfr_backend == TNFR_BACKEND_CUDA ||
		(tnfr_backend == TNFR_BACKEND_AUTO &&
		 tnfr_gpu_min_entries >= 0 &&
		 entries >= (uint64) tnfr_gpu_min_entries &&
		 tnfr_gpu_missing() == NULL && tnfr_gpu_has_state());
}

void
tnfr_gpu_key(TnfrCall *call, const void *bytes, size_t size, const int64 *id,
			 uint64 ids, uint64 key[2])
{
	uint64_t	k[2];

	tnfr_call_check(call, tnfr_content_key(&call->env,
										   tnfr_gpu_state()->secret, bytes,
										   size, id, ids * sizeof(int64), k));
	key[0] = k[0];
	key[1] = k[1];
}

/* What jobs have taken lately; guesses, where there were too few. */
static TnfrDeviceRates
rates_of(const TnfrGpuDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrDeviceRates rates = TNFR_DEVICE_RATES_GUESS;

	LWLockAcquire(&state->lock, LW_SHARED);
	if (d->moved.count >= MEASURED)
		rates.ns_per_byte = d->moved.ns / d->moved.count;
	if (d->summed.count >= MEASURED)
		rates.ns_per_entry = d->summed.ns / d->summed.count;
	LWLockRelease(&state->lock);
	return rates;
}

/*
 * A device that is not used is not measured, either.  So what is known of it
 * fades, and after a while it is tried again.
 */
static void
forget_some(TnfrGpuDevice *d)
{
	TnfrGpuState *state = tnfr_gpu_state();

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	tnfr_gpu_fade(&d->moved, FORGET);
	tnfr_gpu_fade(&d->summed, FORGET);
	LWLockRelease(&state->lock);
}

static bool
has_key(const TnfrNetwork *network)
{
	return network->key[0] != 0 || network->key[1] != 0;
}

/* Does the device win, by plan?  If not, the job's reason says so. */
static bool
is_faster(TnfrGpuJob *job, const TnfrCall *call, const TnfrNetwork *network,
		  bool topo)
{
	const TnfrGraph *graph = &network->graph;
	const TnfrPlanWork work = {
		.n = graph->n,.entries = graph->entries,
		.weighted = tnfr_has_weights(graph),.topo = topo,
		.stored = has_key(network),.coded = graph->coded != NULL,
		.threads = call->env.threads,.cache = tnfr_last_cache()
	};
	TnfrGpuDevice *d = &tnfr_gpu_state()->device[tnfr_gpu_device];
	const TnfrDeviceRates rates = rates_of(d);
	const TnfrPlan plan = tnfr_plan(&work, &rates);

	if (plan.device_ns < plan.cpu_ns)
		return true;
	forget_some(d);
	job->reason = TNFR_GPU_SLOWER;
	snprintf(job->text, sizeof(job->text),
			 "%.1f ms on the processor, %.1f ms on the device by plan",
			 plan.cpu_ns / 1e6, plan.device_ns / 1e6);
	return false;
}

static const char *
hint_for(TnfrGpuReason reason)
{
	switch (reason)
	{
		case TNFR_GPU_NO_LIBRARY:
			return "Build and install tnfr_pg where nvcc is found, or set tnfr.backend to auto.";
		case TNFR_GPU_NO_WORKER:
			return tnfr_broker_permanent() ? "Raise max_worker_processes." :
				"Raise max_worker_processes, or add tnfr_pg to shared_preload_libraries.";
		case TNFR_GPU_NO_SEGMENT:
			return "Raise tnfr.memory_limit, or set tnfr.backend to auto.";
		case TNFR_GPU_NO_MEMORY:
			return "Raise tnfr.gpu_memory_limit if it is set, or set tnfr.backend to auto.";
		default:
			return "tnfr_backends() tells the state of the device; with tnfr.backend = auto the CPU computes.";
	}
}

/* What the broker does not count: a call without a job, or one that fell back. */
static void
count(const TnfrGpuJob *job, bool fallback)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuCounters *c;

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	c = tnfr_gpu_counters(state, GetUserId());
	if (fallback)
		c->fallbacks[job->reason]++;
	else
		c->refused++;
	tnfr_gpu_note(c, job->reason, job->text);
	LWLockRelease(&state->lock);
}

pg_noreturn static void
refuse(const TnfrGpuJob *job)
{
	if (!job->granted)
		count(job, false);
	ereport(ERROR,
			(errcode(ERRCODE_SYSTEM_ERROR),
			 errmsg("the CUDA backend could not compute"),
			 errdetail("Device %d: %s.", tnfr_gpu_device, job->text),
			 errhint("%s", hint_for(job->reason))));
}

/* The processor computes in its place: for all to see. */
static void
fall_back(const TnfrCall *call, const TnfrGpuJob *job)
{
	count(job, true);
	ereport(DEBUG1,
			(errmsg_internal("%s computes on the CPU: device %d: %s",
							 call->function, tnfr_gpu_device, job->text)));
}

/* The graph whose rows are summed. */
static const TnfrGraph *
rows_of(const TnfrNetwork *network)
{
	return network->graph.layout != NULL ? &network->layout.graph :
		&network->graph;
}

static bool
open_job(TnfrGpuJob *job, TnfrCall *call, const TnfrNetwork *network)
{
	const TnfrGraph *rows = rows_of(network);
	TnfrGpuShape shape = {
		.n = rows->n,.entries = rows->entries,
		.weighted = tnfr_has_weights(rows)
	};

	if (rows == &network->graph)
		memcpy(shape.key, network->key, sizeof(shape.key));
	return tnfr_job_open(job, call, tnfr_gpu_device, &shape,
						 tnfr_feed_segment(rows),
						 tnfr_backend == TNFR_BACKEND_CUDA);
}

/* The processor needs less beside the graph: it may still have enough. */
static TnfrStatus
without_memory(TnfrCall *call, TnfrGpuJob *job)
{
	call->needed = 0;
	job->reason = TNFR_GPU_NO_SEGMENT;
	tnfr_gpu_copy_text(job->text, tnfr_gpu_reason_text(job->reason));
	return TNFR_NOT_SUMMED;
}

TnfrStatus
tnfr_gpu_values(TnfrCall *call, const TnfrNetwork *network, TnfrForm form,
				const TnfrFormWeights *weights, const TnfrNodeValues *values)
{
	const TnfrGraph *graph = &network->graph;
	const bool	forced = tnfr_backend == TNFR_BACKEND_CUDA;
	TnfrGpuJob *job;
	TnfrFeed	feed;
	const TnfrSummer summer = {.sum = tnfr_feed_sum,.arg = &feed};
	TnfrStatus	status = TNFR_NOT_SUMMED;

	if (graph->n == 0 || !tnfr_gpu_considered(graph->entries))
		return TNFR_NOT_SUMMED;
	job = MemoryContextAllocZero(call->context, sizeof(TnfrGpuJob));
	if ((forced ||
		 is_faster(job, call, network, tnfr_needs_topo(form, weights))) &&
		open_job(job, call, network))
	{
		tnfr_feed_begin(&feed, job);
		status = tnfr_node_values(&call->env, graph, &network->nodes, form,
								  weights, values, &summer);
		tnfr_job_drop(job);
	}
	if (status == TNFR_NO_MEMORY && !forced)
		status = without_memory(call, job);
	if (status == TNFR_NOT_SUMMED && forced)
		refuse(job);
	if (status == TNFR_NOT_SUMMED)
		fall_back(call, job);
	else
		call->device = tnfr_gpu_device;
	return status;
}
