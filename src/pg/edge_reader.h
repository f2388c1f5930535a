/*
 * edge_reader.h
 *	  From rows of edges to a list of edges.
 */
#ifndef TNFR_PG_EDGE_READER_H
#define TNFR_PG_EDGE_READER_H

#include "postgres.h"

#include "core/edges.h"
#include "core/pool.h"
#include "pg/call.h"
#include "pg/relation.h"

typedef struct TnfrEdgeReader
{
	TnfrCall   *call;
	const TnfrRelation *relation;
	MemoryContext scratch;		/* for conversions */
	TnfrEdges  *edges;
	const TnfrIdMap *map;
	void		(*wait) (void *arg);	/* for room in a pool; NULL: no pool */
	void	   *arg;
	bool		weighted;
	uint32		count;			/* in the batch */
	int64		src[TNFR_POOL_BATCH];
	int64		dst[TNFR_POOL_BATCH];
	double		weight[TNFR_POOL_BATCH];
} TnfrEdgeReader;

/* Begins to read into edges; the reader is released with the call. */
extern TnfrEdgeReader *tnfr_edge_reader(TnfrCall *call,
										const TnfrRelation *relation,
										const TnfrIdMap *map, TnfrEdges *edges);

/* Takes a row; a TnfrRowSink. */
extern void tnfr_edge_row(void *reader, const Datum *values,
						  const bool *isnull);

/* Passes the rows taken so far on to the edges. */
extern void tnfr_edge_flush(TnfrEdgeReader *reader);

/*
 * Reads all edges with parallel workers, where the planner's settings and the
 * relation allow it; expected as for tnfr_edges_begin.  False: nothing has
 * been read.
 */
extern bool tnfr_read_edges_parallel(TnfrEdgeReader *reader, uint64 expected);

#endif							/* TNFR_PG_EDGE_READER_H */
