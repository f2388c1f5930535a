/*
 * state.c
 *	  The shared state of sessions and the GPU broker.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pg/gpu/state.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#define TRANCHE		"tnfr_pg"
#define REMEMBERED	4e9			/* bytes, entries */

static TnfrGpuState *attached = NULL;
static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static const struct
{
	const char *name;
	const char *text;
}			reasons[TNFR_GPU_REASONS] = {
	[TNFR_GPU_NONE] = {"none", ""},
	[TNFR_GPU_SLOWER] = {"slower", "the processor is faster by plan"},
	[TNFR_GPU_NO_LIBRARY] = {"no library", "no device library is installed"},
	[TNFR_GPU_NO_DEVICE] = {"no device", "there is no such device"},
	[TNFR_GPU_STARTING] = {"starting", "the device is being started"},
	[TNFR_GPU_NO_WORKER] = {"no worker", "no background worker could be started"},
	[TNFR_GPU_BUSY] = {"busy", "the device is in use by other sessions"},
	[TNFR_GPU_NO_MEMORY] = {"no memory", "the device has not enough memory"},
	[TNFR_GPU_NO_SEGMENT] = {"no segment", "there is no memory to hand data over in"},
	[TNFR_GPU_ERROR] = {"error", "the device reported an error"},
	[TNFR_GPU_LOST] = {"lost", "the device program ended"},
	[TNFR_GPU_HUNG] = {"no answer", "the device did not answer in time"},
	[TNFR_GPU_BROKER_GONE] = {"broker ended", "the GPU broker was stopped"}
};

const char *
tnfr_gpu_reason_name(TnfrGpuReason reason)
{
	return reasons[reason].name;
}

const char *
tnfr_gpu_reason_text(TnfrGpuReason reason)
{
	return reasons[reason].text;
}

/*
 * Finds the state, or makes it.  Its name has version and size, so that
 * sessions that have loaded another build meet in a state of their own.
 */
static TnfrGpuState *
find_state(void)
{
	TnfrGpuState *state;
	uint64		secret[4];
	char		name[48];
	bool		found;

	if (!pg_strong_random(secret, sizeof(secret)))
		elog(ERROR, "could not generate a random key");
	snprintf(name, sizeof(name), "tnfr_pg %s %d %zu", TNFR_VERSION,
			 TNFR_GPU_LAYOUT, sizeof(TnfrGpuState));
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	state = ShmemInitStruct(name, sizeof(TnfrGpuState), &found);
	if (!found)
	{
		memset(state, 0, sizeof(*state));
		memcpy(state->secret, secret, sizeof(secret));
		state->tranche = LWLockNewTrancheId();
		LWLockInitialize(&state->lock, state->tranche);
	}
	LWLockRelease(AddinShmemInitLock);
	LWLockRegisterTranche(state->tranche, TRANCHE);
	return state;
}

static void
request_memory(void)
{
	if (previous_request_hook != NULL)
		previous_request_hook();
	RequestAddinShmemSpace(CACHELINEALIGN(sizeof(TnfrGpuState)));
}

/* Before others take what was set aside for it. */
static void
take_memory(void)
{
	if (previous_startup_hook != NULL)
		previous_startup_hook();
	attached = find_state();
}

void
tnfr_gpu_request_memory(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = take_memory;
}

/*
 * Where the library is not preloaded the memory comes out of what the server
 * has to spare, and there may be none.  An error has let interrupts in, but
 * not the lock go.
 */
bool
tnfr_gpu_has_state(void)
{
	MemoryContext context = CurrentMemoryContext;

	if (attached != NULL)
		return true;
	PG_TRY();
	{
		attached = find_state();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		if (LWLockHeldByMe(AddinShmemInitLock))
		{
			HOLD_INTERRUPTS();
			LWLockRelease(AddinShmemInitLock);
		}
	}
	PG_END_TRY();
	return attached != NULL;
}

TnfrGpuState *
tnfr_gpu_state(void)
{
	if (!tnfr_gpu_has_state())
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of shared memory"),
				 errdetail("The state of GPU devices takes %zu bytes.",
						   sizeof(TnfrGpuState)),
				 errhint("Add tnfr_pg to shared_preload_libraries, so that the server sets memory aside.")));
	return attached;
}

void
tnfr_gpu_copy_text(char to[TNFR_GPU_TEXT], const char *from)
{
	strlcpy(to, from, TNFR_GPU_TEXT);
	for (char *p = to; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || (unsigned char) *p > '~')
			*p = '?';
}

TnfrGpuCounters *
tnfr_gpu_counters(TnfrGpuState *state, Oid role)
{
	TnfrGpuCounters *c = state->counters;

	for (int i = 0; i < TNFR_GPU_ROLES; i++, c++)
	{
		if (c->used && c->role == role)
			return c;
		if (!c->used)
		{
			c->role = role;
			break;
		}
	}
	c->used = true;
	return c;
}

void
tnfr_gpu_note(TnfrGpuCounters *counters, TnfrGpuReason reason,
			  const char *text)
{
	counters->last_reason = reason;
	counters->last_at = GetCurrentTimestamp();
	tnfr_gpu_copy_text(counters->last_text, text);
}

void
tnfr_gpu_fade(TnfrGpuRate *rate, double share)
{
	rate->count *= 1.0 - share;
	rate->ns *= 1.0 - share;
}

void
tnfr_gpu_measured(TnfrGpuRate *rate, uint64 count, uint64 ns)
{
	if (rate->count > REMEMBERED)
		tnfr_gpu_fade(rate, 0.5);
	rate->count += (double) count;
	rate->ns += (double) ns;
}

void
tnfr_gpu_wake_broker(TnfrGpuState *state)
{
	if (state->broker_pid != 0)
		SetLatch(state->broker);
}
