/*
 * sql.c
 *	  SQL functions about devices: tnfr_backends, and what the views
 *	  tnfr_gpu_devices, tnfr_stat_gpu and tnfr_gpu_activity show.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pg/call.h"
#include "pg/compat.h"
#include "pg/gpu/broker.h"
#include "pg/row.h"
#include "pg/settings.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#define ASK_FOR			(20 * USECS_PER_SEC)	/* drivers take seconds to start */

PG_FUNCTION_INFO_V1(tnfr_backends);
PG_FUNCTION_INFO_V1(tnfr_gpu_device_list);
PG_FUNCTION_INFO_V1(tnfr_gpu_stat);
PG_FUNCTION_INFO_V1(tnfr_gpu_stat_reset);
PG_FUNCTION_INFO_V1(tnfr_gpu_jobs);

static const char *const phase_names[] = {
	[TNFR_GPU_OFF] = "off",
	[TNFR_GPU_STARTS] = "starting",
	[TNFR_GPU_READY] = "ready",
	[TNFR_GPU_DOWN] = "down"
};

static const char *const slot_names[] = {
	[TNFR_SLOT_FREE] = "free",
	[TNFR_SLOT_QUEUED] = "queued",
	[TNFR_SLOT_OPENING] = "opening",
	[TNFR_SLOT_OPEN] = "running",
	[TNFR_SLOT_FAILED] = "failed",
	[TNFR_SLOT_CLOSED] = "done",
	[TNFR_SLOT_ABANDONED] = "ending"
};

static void
put_text(TnfrRow *row, const char *text)
{
	if (text == NULL)
		tnfr_put_null(row);
	else
		tnfr_put(row, CStringGetTextDatum(text));
}

static void
put_count_if(TnfrRow *row, bool known, uint64 count)
{
	if (known)
		tnfr_put_count(row, count);
	else
		tnfr_put_null(row);
}

static void
put_time(TnfrRow *row, TimestampTz time)
{
	if (time == 0)
		tnfr_put_null(row);
	else
		tnfr_put(row, TimestampTzGetDatum(time));
}

/* Begins the result, and its first row. */
static TnfrRow
begin_rows(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
	return (TnfrRow)
	{
		.desc = ((ReturnSetInfo *) fcinfo->resultinfo)->setDesc
	};
}

static void
end_row(FunctionCallInfo fcinfo, TnfrRow *row)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	Assert(row->count == row->desc->natts);
	tuplestore_putvalues(rsinfo->setResult, row->desc, row->values, row->nulls);
	row->count = 0;
}

/*
 * Asks the device how it is, and waits for the answer; it starts if it has to.
 * False: there is no worker to ask.
 */
static bool
ask_device(int device)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuDevice *d = &state->device[device];
	const TimestampTz until = GetCurrentTimestamp() + ASK_FOR;

	for (bool asked = false;;)
	{
		bool		broker;
		bool		known;

		LWLockAcquire(&state->lock, LW_EXCLUSIVE);
		broker = state->broker_pid != 0;
		known = (asked && broker && !d->wanted) ||
			tnfr_gpu_is_down(d, GetCurrentTimestamp());
		if (broker && !asked)
		{
			d->wanted = asked = true;
			tnfr_gpu_wake_broker(state);
		}
		LWLockRelease(&state->lock);
		if (known || GetCurrentTimestamp() >= until)
			return true;
		if (!broker && !tnfr_broker_permanent() && !tnfr_broker_launch())
			return false;
		WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 5,
				  tnfr_wait_event());
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
put_processor(TnfrRow *row, const char *backend, int threads)
{
	put_text(row, backend);
	tnfr_put(row, BoolGetDatum(true));
	tnfr_put_null(row);
	tnfr_put(row, Int32GetDatum(threads));
	while (row->count < row->desc->natts)
		tnfr_put_null(row);
}

/* Why it cannot be used; NULL: it can. */
static const char *
device_reason(const TnfrGpuDevice *d)
{
	switch (d->phase)
	{
		case TNFR_GPU_READY:
			return NULL;
		case TNFR_GPU_DOWN:
			return d->text;
		case TNFR_GPU_OFF:
			return "the device is off until a call uses it";
		default:
			return tnfr_gpu_reason_text(TNFR_GPU_STARTING);
	}
}

/* What is known of a device, from its number on. */
static void
put_device(TnfrRow *row, int number, const TnfrGpuDevice *d)
{
	const bool	ready = d->phase == TNFR_GPU_READY;
	const bool	known = d->info.name[0] != '\0';

	tnfr_put(row, Int32GetDatum(number));
	put_text(row, known ? d->info.name : NULL);
	put_text(row, known ? psprintf("%u.%u", d->info.major, d->info.minor) : NULL);
	put_count_if(row, known, d->info.total_bytes);
	put_count_if(row, ready, d->info.free_bytes);
	put_text(row, phase_names[d->phase]);
	tnfr_put_count(row, d->graphs);
	tnfr_put_count(row, d->graph_bytes);
	if (d->pid != 0 && d->phase != TNFR_GPU_DOWN)
		tnfr_put(row, Int32GetDatum(d->pid));
	else
		tnfr_put_null(row);
	tnfr_put_count(row, d->starts);
}

static TnfrGpuDevice
copy_of_device(int number)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuDevice d;

	LWLockAcquire(&state->lock, LW_SHARED);
	d = state->device[number];
	LWLockRelease(&state->lock);
	return d;
}

static void
put_cuda(TnfrRow *row, int number, const char *reason)
{
	const TnfrGpuDevice d = copy_of_device(number);

	put_text(row, "cuda");
	tnfr_put(row, BoolGetDatum(d.phase == TNFR_GPU_READY));
	put_text(row, reason != NULL ? reason : device_reason(&d));
	tnfr_put_null(row);
	put_device(row, number, &d);
}

Datum
tnfr_backends(PG_FUNCTION_ARGS)
{
	TnfrRow		row = begin_rows(fcinfo);
	const char *reason = NULL;

	put_processor(&row, "serial", 1);
	end_row(fcinfo, &row);
	put_processor(&row, "openmp", tnfr_thread_limit());
	end_row(fcinfo, &row);
	if (tnfr_gpu_missing() != NULL)
		reason = tnfr_gpu_missing();
	else if (!ask_device(tnfr_gpu_device))
		reason = tnfr_gpu_reason_text(TNFR_GPU_NO_WORKER);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
	{
		if (i != tnfr_gpu_device && copy_of_device(i).starts == 0)
			continue;
		put_cuda(&row, i, i == tnfr_gpu_device ? reason : NULL);
		end_row(fcinfo, &row);
	}
	return (Datum) 0;
}

/* What is known, without asking: devices that have been used. */
Datum
tnfr_gpu_device_list(PG_FUNCTION_ARGS)
{
	TnfrRow		row = begin_rows(fcinfo);
	for (int i = 0; i < TNFR_GPU_DEVICES; i++)
	{
		const TnfrGpuDevice d = copy_of_device(i);

		if (d.phase == TNFR_GPU_OFF && d.starts == 0)
			continue;
		put_device(&row, i, &d);
		put_text(&row, device_reason(&d));
		end_row(fcinfo, &row);
	}
	return (Datum) 0;
}

/* As in pg_stat_statements: what others did is theirs. */
static bool
may_see(Oid role)
{
	return has_privs_of_role(GetUserId(), role) ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

static Datum
fallbacks_by_reason(const TnfrGpuCounters *c)
{
	StringInfoData json;
	const char *separator = "{";

	initStringInfo(&json);
	for (int i = 0; i < TNFR_GPU_REASONS; i++)
		if (c->fallbacks[i] > 0)
		{
			appendStringInfo(&json, "%s\"%s\": " UINT64_FORMAT, separator,
							 tnfr_gpu_reason_name(i), c->fallbacks[i]);
			separator = ", ";
		}
	appendStringInfoString(&json, separator[0] == '{' ? "{}" : "}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

static void
put_counters(TnfrRow *row, const TnfrGpuCounters *c, bool others)
{
	if (others)
		tnfr_put_null(row);
	else
		tnfr_put(row, ObjectIdGetDatum(c->role));
	tnfr_put_count(row, c->jobs);
	tnfr_put_count(row, c->done);
	tnfr_put_count(row, c->failed);
	tnfr_put_count(row, c->cancelled);
	tnfr_put_count(row, c->refused);
	tnfr_put_count(row, c->reused);
	tnfr_put_count(row, c->entries);
	tnfr_put_count(row, c->bytes_in);
	tnfr_put_count(row, c->bytes_out);
	tnfr_put(row, Float8GetDatum((double) c->queued_us / 1e3));
	tnfr_put(row, Float8GetDatum((double) c->open_us / 1e3));
	tnfr_put(row, Float8GetDatum((double) c->device_ns / 1e6));
	tnfr_put(row, fallbacks_by_reason(c));
	if (c->last_at == 0)
		tnfr_put_null(row);
	else if (others ? may_see(InvalidOid) : may_see(c->role))
		put_text(row, c->last_text);
	else
		put_text(row, "<insufficient privilege>");
	put_time(row, c->last_at);
}

Datum
tnfr_gpu_stat(PG_FUNCTION_ARGS)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuCounters *copy = palloc(sizeof(state->counters));
	TnfrRow		row = begin_rows(fcinfo);
	LWLockAcquire(&state->lock, LW_SHARED);
	memcpy(copy, state->counters, sizeof(state->counters));
	LWLockRelease(&state->lock);
	for (int i = 0; i <= TNFR_GPU_ROLES; i++)
	{
		if (!copy[i].used)
			continue;
		put_counters(&row, &copy[i], i == TNFR_GPU_ROLES);
		end_row(fcinfo, &row);
	}
	return (Datum) 0;
}

/* Whose turn it is begins anew, too. */
Datum
tnfr_gpu_stat_reset(PG_FUNCTION_ARGS pg_attribute_unused())
{
	TnfrGpuState *state = tnfr_gpu_state();

	LWLockAcquire(&state->lock, LW_EXCLUSIVE);
	memset(state->counters, 0, sizeof(state->counters));
	LWLockRelease(&state->lock);
	PG_RETURN_VOID();
}

static void
put_job(TnfrRow *row, const TnfrGpuSlot *slot)
{
	const bool	seen = may_see(slot->role);

	tnfr_put(row, Int32GetDatum(slot->pid));
	tnfr_put(row, ObjectIdGetDatum(slot->role));
	tnfr_put(row, ObjectIdGetDatum(slot->database));
	tnfr_put(row, Int32GetDatum(slot->device));
	put_text(row, slot_names[slot->state]);
	if (seen)
	{
		tnfr_put_count(row, slot->shape.n);
		tnfr_put_count(row, slot->shape.entries);
		tnfr_put(row, BoolGetDatum(slot->resident));
		tnfr_put_count(row, slot->posted);
		tnfr_put_count(row, slot->answered);
	}
	else
		for (int i = 0; i < 5; i++)
			tnfr_put_null(row);
	put_time(row, slot->queued_at);
	put_time(row, slot->opened_at);
}

Datum
tnfr_gpu_jobs(PG_FUNCTION_ARGS)
{
	TnfrGpuState *state = tnfr_gpu_state();
	TnfrGpuSlot *copy = palloc(sizeof(state->slot));
	TnfrRow		row = begin_rows(fcinfo);
	LWLockAcquire(&state->lock, LW_SHARED);
	memcpy(copy, state->slot, sizeof(state->slot));
	LWLockRelease(&state->lock);
	for (int i = 0; i < TNFR_GPU_SLOTS; i++)
	{
		if (copy[i].state == TNFR_SLOT_FREE)
			continue;
		put_job(&row, &copy[i]);
		end_row(fcinfo, &row);
	}
	return (Datum) 0;
}
