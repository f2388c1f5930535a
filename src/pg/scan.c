/*
 * scan.c
 *	  Rows from the executor.
 *
 * A DestReceiver takes each row as the executor makes it: no cursor, no copy
 * of a tuple.  The planner may choose a parallel plan.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "pg/scan.h"
#include "tcop/dest.h"

typedef struct Receiver
{
	DestReceiver pub;			/* must be first */
	TnfrRowSink sink;
	void	   *arg;
} Receiver;

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *r = (Receiver *) self;

	slot_getallattrs(slot);
	r->sink(r->arg, slot->tts_values, slot->tts_isnull);
	return true;
}

static void
receiver_startup(DestReceiver *self pg_attribute_unused(),
				 int operation pg_attribute_unused(),
				 TupleDesc typeinfo pg_attribute_unused())
{
}

static void
receiver_done(DestReceiver *self pg_attribute_unused())
{
}

void
tnfr_scan(TnfrCall *call, const TnfrRelation *relation, TnfrRowSink sink,
		  void *arg)
{
	Receiver	r = {
		.pub = {
			.receiveSlot = receive_row,
			.rStartup = receiver_startup,
			.rShutdown = receiver_done,
			.rDestroy = receiver_done,
			.mydest = DestTuplestore	/* DestNone would count as a utility */
		},
		.sink = sink,.arg = arg
	};
	SPIExecuteOptions options = {.read_only = true,.dest = &r.pub};
	int			result;

	if (tnfr_can_scan_heap(relation))
	{
		tnfr_scan_heap(relation, sink, arg);
		return;
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	result = SPI_execute_extended(relation->query, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "%s could not read relation \"%s\": %s", call->function,
			 relation->name, SPI_result_code_string(result));
	SPI_finish();
}
