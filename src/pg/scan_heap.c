/*
 * scan_heap.c
 *	  Rows straight from the pages of an ordinary table.
 *
 * The executor hands over a row at a time, through some ten functions; for a
 * table with a few fixed-width columns that is most of the time of a call.  So
 * where a query could do nothing else than read the table, a heap scan does it
 * here, page by page: the table access method finds the pages, locks, checks
 * visibility and serves interrupts, as in any sequential scan, and the visible
 * rows of the page at hand are then read in place.
 *
 * That is done only for a heap without children, which the user may read and
 * no row-level security restricts, and if no extension is loaded that looks at
 * what is read or reads in a way of its own.  In any other case the executor
 * decides, and words the error.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "optimizer/paths.h"
#include "optimizer/plancat.h"
#include "pg/scan.h"
#include "pg/settings.h"
#include "pgstat.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

/* A column to fetch, and where it is in a row without NULLs. */
typedef struct Fetch
{
	AttrNumber	attnum;
	int			offset;			/* of the user data; -1: depends on the row */
	int16		length;
	bool		byval;
} Fetch;

typedef struct FetchPlan
{
	TupleDesc	desc;
	int			columns;
	AttrNumber	last;			/* largest attnum */
	bool		fixed;			/* all offsets are known */
	Fetch		fetch[TNFR_MAX_COLUMNS];
} FetchPlan;

struct TnfrHeapScan
{
	Relation	rel;
	TupleTableSlot *slot;
	TableScanDesc scan;
	FetchPlan	plan;
};

/* Are all columns stored in the rows?  (18 has generated ones that are not.) */
static bool
columns_are_stored(Relation rel, const TnfrRelation *relation)
{
	for (int c = 0; c < relation->ncolumns; c++)
	{
		AttrNumber	attnum = relation->column[c].attnum;
		char		generated;

		if (attnum == InvalidAttrNumber)
			continue;
		generated = TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attgenerated;
		if (generated != '\0' && generated != ATTRIBUTE_GENERATED_STORED)
			return false;
	}
	return true;
}

/* SELECT on the relation, and USAGE on its schema as the parser wants it. */
static bool
user_may_read(Oid relid)
{
	Oid			schema = get_rel_namespace(relid);
	AclResult	usage;

#if PG_VERSION_NUM >= 160000
	usage = object_aclcheck(NamespaceRelationId, schema, GetUserId(), ACL_USAGE);
#else
	usage = pg_namespace_aclcheck(schema, GetUserId(), ACL_USAGE);
#endif
	return usage == ACLCHECK_OK &&
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}

/* Extensions that check rights, or that keep the rows of a table elsewhere. */
static bool
is_hooked(void)
{
	return ExecutorCheckPerms_hook != NULL || set_rel_pathlist_hook != NULL ||
		get_relation_info_hook != NULL;
}

/* A heap with nothing behind it but its own pages, all of them readable. */
static bool
is_plain_heap(Relation rel)
{
	char		kind = rel->rd_rel->relkind;

	return (kind == RELKIND_RELATION ||
			(kind == RELKIND_MATVIEW && RelationIsPopulated(rel))) &&
		rel->rd_tableam == GetHeapamTableAmRoutine() &&
		!rel->rd_rel->relhassubclass && !RELATION_IS_OTHER_TEMP(rel) &&
		(RelationIsPermanent(rel) || !RecoveryInProgress());
}

bool
tnfr_can_scan_heap(const TnfrRelation *relation)
{
	Relation	rel;
	bool		can;

	if (!tnfr_direct_scan || is_hooked() || !user_may_read(relation->oid) ||
		!IsMVCCSnapshot(GetActiveSnapshot()))	/* for page mode */
		return false;
	rel = relation_open(relation->oid, AccessShareLock);
	can = is_plain_heap(rel) && columns_are_stored(rel, relation);
	relation_close(rel, NoLock);
	return can;
}

/* Offset of an attribute when all before it have a fixed width; else -1. */
static int
fixed_offset(TupleDesc desc, AttrNumber attnum)
{
	int			offset = 0;

	for (int i = 0; i < attnum; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);

		offset = att_align_nominal(offset, a->attalign);
		if (i == attnum - 1)
			break;
		if (a->attlen < 0)
			return -1;
		offset += a->attlen;
	}
	return TupleDescAttr(desc, attnum - 1)->attlen < 0 ? -1 : offset;
}

static void
make_plan(FetchPlan *plan, Relation rel, const TnfrRelation *relation)
{
	plan->desc = RelationGetDescr(rel);
	plan->columns = 0;
	plan->last = 0;
	plan->fixed = true;
	for (int c = 0; c < relation->ncolumns; c++)
	{
		Fetch	   *f = &plan->fetch[plan->columns];
		AttrNumber	attnum = relation->column[c].attnum;

		if (attnum == InvalidAttrNumber)
			continue;
		f->attnum = attnum;
		f->offset = fixed_offset(plan->desc, attnum);
		f->length = TupleDescAttr(plan->desc, attnum - 1)->attlen;
		f->byval = TupleDescAttr(plan->desc, attnum - 1)->attbyval;
		plan->fixed = plan->fixed && f->offset >= 0;
		plan->last = Max(plan->last, attnum);
		plan->columns++;
	}
}

/* Rows without NULLs and with all the columns: no need to walk them. */
static inline void
fetch_fixed(const FetchPlan *plan, HeapTupleHeader tuple, Datum *values)
{
	const char *data = (const char *) tuple + tuple->t_hoff;

	for (int c = 0; c < plan->columns; c++)
	{
		const Fetch *f = &plan->fetch[c];

		values[c] = fetch_att(data + f->offset, f->byval, f->length);
	}
}

static pg_noinline void
fetch_any(Relation rel, const FetchPlan *plan, ItemId item,
		  HeapTupleHeader header, TnfrRowSink sink, void *arg)
{
	HeapTupleData tuple = {
		.t_len = ItemIdGetLength(item),
		.t_tableOid = RelationGetRelid(rel),
		.t_data = header
	};
	Datum		values[TNFR_MAX_COLUMNS];
	bool		isnull[TNFR_MAX_COLUMNS];

	for (int c = 0; c < plan->columns; c++)
		values[c] = heap_getattr(&tuple, plan->fetch[c].attnum, plan->desc,
								 &isnull[c]);
	sink(arg, values, isnull);
}

/* The visible rows of the page that the scan has come to. */
static void
scan_page(Relation rel, HeapScanDesc scan, const FetchPlan *plan,
		  TnfrRowSink sink, void *arg)
{
	Page		page = BufferGetPage(scan->rs_cbuf);

	for (int i = scan->rs_cindex; i < (int) scan->rs_ntuples; i++)
	{
		ItemId		item = PageGetItemId(page, scan->rs_vistuples[i]);
		HeapTupleHeader header = (HeapTupleHeader) PageGetItem(page, item);
		Datum		values[TNFR_MAX_COLUMNS];

		if (plan->fixed && !(header->t_infomask & HEAP_HASNULL) &&
			HeapTupleHeaderGetNatts(header) >= plan->last)
		{
			fetch_fixed(plan, header, values);
			sink(arg, values, NULL);
		}
		else
			fetch_any(rel, plan, item, header, sink, arg);
		if (i > (int) scan->rs_cindex)	/* the scan has counted the first */
			pgstat_count_heap_getnext(rel);
	}
	/* all of the page is done: the scan goes on with the next */
	scan->rs_cindex = scan->rs_ntuples - 1;
}

TnfrHeapScan *
tnfr_heap_scan_begin(const TnfrRelation *relation,
					 ParallelTableScanDesc shared)
{
	TnfrHeapScan *s = palloc(sizeof(TnfrHeapScan));

	s->rel = table_open(relation->oid, AccessShareLock);
	s->slot = table_slot_create(s->rel, NULL);
	s->scan = shared != NULL ? table_beginscan_parallel(s->rel, shared) :
		table_beginscan(s->rel, GetActiveSnapshot(), 0, NULL);
	make_plan(&s->plan, s->rel, relation);
	return s;
}

bool
tnfr_heap_scan_page(TnfrHeapScan *s, TnfrRowSink sink, void *arg)
{
	if (!table_scan_getnextslot(s->scan, ForwardScanDirection, s->slot))
		return false;
	scan_page(s->rel, (HeapScanDesc) s->scan, &s->plan, sink, arg);
	return true;
}

void
tnfr_heap_scan_end(TnfrHeapScan *s)
{
	ExecDropSingleTupleTableSlot(s->slot);
	table_endscan(s->scan);
	table_close(s->rel, NoLock);
	pfree(s);
}

void
tnfr_scan_heap(const TnfrRelation *relation, TnfrRowSink sink, void *arg)
{
	TnfrHeapScan *s = tnfr_heap_scan_begin(relation, NULL);

	while (tnfr_heap_scan_page(s, sink, arg))
		;
	tnfr_heap_scan_end(s);
}
