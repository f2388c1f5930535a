/*
 * scan.h
 *	  Streams the rows of a relation, whatever it is.
 */
#ifndef TNFR_PG_SCAN_H
#define TNFR_PG_SCAN_H

#include "postgres.h"

#include "access/relscan.h"
#include "pg/call.h"
#include "pg/relation.h"

/*
 * Takes one row: the columns of relation that are there, in their order.  The
 * values are valid until it returns.  isnull is NULL when none is.
 */
typedef void (*TnfrRowSink) (void *arg, const Datum *values,
							 const bool *isnull);

/*
 * Every row of the relation that the current user may see in the active
 * snapshot, in any order.  Interrupts are served at least once a page.
 */
extern void tnfr_scan(TnfrCall *call, const TnfrRelation *relation,
					  TnfrRowSink sink, void *arg);

/* The two ways of doing it: tnfr_scan takes the first where it can. */
extern bool tnfr_can_scan_heap(const TnfrRelation *relation);
extern void tnfr_scan_heap(const TnfrRelation *relation, TnfrRowSink sink,
						   void *arg);

/*
 * The same page by page, for a relation that tnfr_can_scan_heap allows.
 * shared: a scan in which several processes take part; NULL: all is ours.
 * tnfr_heap_scan_page passes on the rows of the next page that has any; false:
 * there is none left.
 */
typedef struct TnfrHeapScan TnfrHeapScan;

extern TnfrHeapScan *tnfr_heap_scan_begin(const TnfrRelation *relation,
										  ParallelTableScanDesc shared);
extern bool tnfr_heap_scan_page(TnfrHeapScan *scan, TnfrRowSink sink,
								void *arg);
extern void tnfr_heap_scan_end(TnfrHeapScan *scan);

#endif							/* TNFR_PG_SCAN_H */
