/*
 * compat.h
 *	  What differs between the PostgreSQL versions we build on.
 */
#ifndef TNFR_PG_COMPAT_H
#define TNFR_PG_COMPAT_H

#include "postgres.h"

#include "fmgr.h"
#include "storage/latch.h"
#include "utils/wait_event.h"

/* 18 shows an extension's name and version in pg_get_loaded_modules(). */
#ifdef PG_MODULE_MAGIC_EXT
#define TNFR_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "tnfr_pg", .version = TNFR_VERSION)
#else
#define TNFR_MODULE_MAGIC	PG_MODULE_MAGIC
#endif

/* 16 lets an input function report an error without raising it. */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#include "varatt.h"
#else
#define ereturn(context, dummy, ...)	ereport(ERROR, __VA_ARGS__)
#endif

/* 18 has bytes as unsigned here. */
#if PG_VERSION_NUM >= 180000
typedef uint8 TnfrBase64Byte;
#else
typedef char TnfrBase64Byte;
#endif

/* 18 can leave room before a tuple. */
#if PG_VERSION_NUM >= 180000
#define heap_form_minimal_tuple_compat(desc, values, nulls) \
	heap_form_minimal_tuple(desc, values, nulls, 0)
#else
#define heap_form_minimal_tuple_compat(desc, values, nulls) \
	heap_form_minimal_tuple(desc, values, nulls)
#endif

/* 17 owns sets of events by resource owners, of which a worker has none. */
#if PG_VERSION_NUM >= 170000
#define tnfr_create_wait_event_set(events)	CreateWaitEventSet(NULL, events)
#else
#define tnfr_create_wait_event_set(events) \
	CreateWaitEventSet(CurrentMemoryContext, events)
#endif

/* 17 lets an extension name what it waits for. */
static inline uint32
tnfr_wait_event(void)
{
#if PG_VERSION_NUM >= 170000
	static uint32 event = 0;

	if (event == 0)
		event = WaitEventExtensionNew("TnfrGpu");
	return event;
#else
	return PG_WAIT_EXTENSION;
#endif
}

/* 18 writes it before a declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn	pg_attribute_noreturn()
#endif

#endif							/* TNFR_PG_COMPAT_H */
