/*
 * relation.h
 *	  The relations that hold a network: their columns, found by name.
 *
 * Anything that can stand in FROM will do.  Columns are checked before a row
 * is read, so that an error can name relation, column and what was expected.
 * Rights and row-level security are looked at when it is (scan.h).
 */
#ifndef TNFR_PG_RELATION_H
#define TNFR_PG_RELATION_H

#include "postgres.h"

#include "access/attnum.h"

#define TNFR_MAX_COLUMNS	4

/* A column that is read. */
typedef struct TnfrColumn
{
	char	   *name;			/* as the relation has it */
	AttrNumber	attnum;			/* InvalidAttrNumber: not there */
	Oid			type;			/* of a domain, the base type; InvalidOid:
								 * optional, and not there */
} TnfrColumn;

typedef struct TnfrRelation
{
	Oid			oid;
	char	   *name;			/* without schema, as messages show it */
	char	   *query;			/* SELECT of the columns that are there */
	double		rows;			/* an estimate; -1: unknown */
	int			ncolumns;
	TnfrColumn	column[TNFR_MAX_COLUMNS];
} TnfrRelation;

/* Columns of edges: src, dst, weight (optional). */
#define TNFR_SRC	0
#define TNFR_DST	1
#define TNFR_WEIGHT	2

/* Columns of nodes: id, epi, vf, phase. */
#define TNFR_ID		0
#define TNFR_EPI	1
#define TNFR_VF		2
#define TNFR_PHASE	3

/* Locks the relation until the end of the transaction and finds its columns. */
extern TnfrRelation *tnfr_edges_relation(Oid relid);
extern TnfrRelation *tnfr_nodes_relation(Oid relid);

/* Rows that the catalogue reports for a relation; -1: unknown. */
extern double tnfr_relation_rows(Oid relid);

#endif							/* TNFR_PG_RELATION_H */
