/*
 * graph_value.h
 *	  A graph as an SQL value: type tnfr_graph.
 *
 * A varlena whose content is the format of core/codec.h.
 */
#ifndef TNFR_PG_GRAPH_VALUE_H
#define TNFR_PG_GRAPH_VALUE_H

#include "postgres.h"

#include "core/codec.h"
#include "core/graph.h"
#include "pg/call.h"
#include "pg/compat.h"

/* The value of a graph.  Error 54000 when it is more than a value can hold. */
extern struct varlena *tnfr_graph_value(TnfrCall *call, const TnfrGraph *graph,
										const int64 *id);

/* The same of bytes in that format. */
extern struct varlena *tnfr_graph_value_of_bytes(TnfrCall *call,
												 const uint8_t *bytes,
												 size_t size);

/* Error XX001 about a value that is no graph. */
pg_noreturn extern void tnfr_damaged_graph(const char *damage);

#endif							/* TNFR_PG_GRAPH_VALUE_H */
