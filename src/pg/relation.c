/*
 * relation.c
 *	  Looks up the columns of edges and nodes, and writes the query for them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xlog.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "optimizer/plancat.h"
#include "pg/relation.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* A column to look for, under two names at the most. */
typedef struct Wanted
{
	const char *name;
	const char *other;
	bool		key;			/* an integer; otherwise any number */
	bool		optional;
} Wanted;

static const Wanted edge_columns[] = {
	[TNFR_SRC] = {"src", "source", true, false},
	[TNFR_DST] = {"dst", "target", true, false},
	[TNFR_WEIGHT] = {"weight", NULL, false, true}
};

static const Wanted node_columns[] = {
	[TNFR_ID] = {"id", NULL, true, false},
	[TNFR_EPI] = {"epi", NULL, false, false},
	[TNFR_VF] = {"vf", "nu_f", false, false},
	[TNFR_PHASE] = {"phase", "theta", false, false}
};

static Form_pg_attribute
find_attribute(TupleDesc desc, const char *name)
{
	for (int i = 0; name != NULL && i < desc->natts; i++)
	{
		Form_pg_attribute a = TupleDescAttr(desc, i);

		if (!a->attisdropped && strcmp(NameStr(a->attname), name) == 0)
			return a;
	}
	return NULL;
}

static bool
is_key_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static bool
is_number_type(Oid type)
{
	return is_key_type(type) || type == FLOAT4OID || type == FLOAT8OID ||
		type == NUMERICOID;
}

static void
find_column(Relation rel, const Wanted *wanted, TnfrColumn *column)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Form_pg_attribute a = find_attribute(desc, wanted->name);

	if (a == NULL)
		a = find_attribute(desc, wanted->other);
	if (a == NULL && wanted->optional)
	{
		column->attnum = InvalidAttrNumber;
		column->type = InvalidOid;
		return;
	}
	if (a == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s\" has no column \"%s\"",
						RelationGetRelationName(rel), wanted->name),
				 wanted->other == NULL ? 0 :
				 errdetail("It may also be named \"%s\".", wanted->other),
				 errhint("A view can give columns the names that are expected.")));

	column->name = pstrdup(NameStr(a->attname));
	column->attnum = a->attnum;
	column->type = getBaseType(a->atttypid);
	if (wanted->key ? !is_key_type(column->type) : !is_number_type(column->type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s",
						column->name, RelationGetRelationName(rel),
						format_type_be(a->atttypid)),
				 wanted->key ?
				 errdetail("Expected smallint, integer or bigint.") :
				 errdetail("Expected an integer, real, double precision or numeric type."),
				 errhint("A view can cast the column.")));
}

/* SELECT column, ... FROM relation, all names quoted and qualified. */
static char *
write_query(Relation rel, const TnfrRelation *r)
{
	StringInfoData sql;
	const char *separator = "SELECT ";

	initStringInfo(&sql);
	for (int i = 0; i < r->ncolumns; i++)
	{
		if (!OidIsValid(r->column[i].type))
			continue;
		appendStringInfo(&sql, "%s%s", separator,
						 quote_identifier(r->column[i].name));
		separator = ", ";
	}
	appendStringInfo(&sql, " FROM %s",
					 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												RelationGetRelationName(rel)));
	return sql.data;
}

static void
check_kind(Relation rel)
{
	switch (rel->rd_rel->relkind)
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_VIEW:
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			return;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_WRONG_OBJECT_TYPE),
					 errmsg("\"%s\" is not a table or view",
							RelationGetRelationName(rel))));
	}
}

/* As the planner does: the statistics, scaled to the table's present size. */
static double
estimate_rows(Relation rel)
{
	BlockNumber pages;
	double		rows;
	double		all_visible;

	if ((rel->rd_rel->relkind != RELKIND_RELATION &&
		 rel->rd_rel->relkind != RELKIND_MATVIEW) ||
		(!RelationIsPermanent(rel) && RecoveryInProgress()))
		return rel->rd_rel->reltuples > 0 ? rel->rd_rel->reltuples : -1;
	estimate_rel_size(rel, NULL, &pages, &rows, &all_visible);
	return rows;
}

static TnfrRelation *
open_relation(Oid relid, const Wanted *wanted, int ncolumns)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);
	TnfrRelation *r = palloc0(sizeof(TnfrRelation));

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	check_kind(rel);
	r->oid = relid;
	r->name = pstrdup(RelationGetRelationName(rel));
	r->ncolumns = ncolumns;
	for (int i = 0; i < ncolumns; i++)
		find_column(rel, &wanted[i], &r->column[i]);
	r->query = write_query(rel, r);
	r->rows = estimate_rows(rel);
	relation_close(rel, NoLock);
	return r;
}

TnfrRelation *
tnfr_edges_relation(Oid relid)
{
	return open_relation(relid, edge_columns, lengthof(edge_columns));
}

TnfrRelation *
tnfr_nodes_relation(Oid relid)
{
	return open_relation(relid, node_columns, lengthof(node_columns));
}

double
tnfr_relation_rows(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	double		rows = -1;

	if (HeapTupleIsValid(tuple))
	{
		rows = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return rows > 0 ? rows : -1;
}
