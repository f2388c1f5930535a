/*
 * coded.h
 *	  Computing on a graph whose entries stay bytes.
 *
 * Sums over rows read every entry once.  So they need not be decoded into
 * columns, memory that has to be found, filled and read again: each thread
 * decodes some rows' entries into a window that stays in cache, and sums them.
 */
#ifndef TNFR_CODED_H
#define TNFR_CODED_H

#include "core/codec.h"
#include "core/graph.h"

/* A graph as bytes, among the nodes of a relation. */
typedef struct TnfrCodedGraph
{
	TnfrGraphBytes bytes;
	uint64_t   *offset;			/* [bytes.header.n + 1] of its own rows; NULL:
								 * those of the graph */
	uint32_t   *map;			/* [bytes.header.n] from its indexes to the
								 * graph's; NULL: they are the same */
} TnfrCodedGraph;

/*
 * Makes a graph of n nodes with the ids node[], ascending, whose entries are
 * in the bytes; these must stay.  TNFR_UNKNOWN_NODE as of tnfr_graph_embed.
 */
extern TnfrStatus tnfr_coded_open(TnfrEnv *env, TnfrCodedGraph *coded,
								  const uint8_t *bytes, size_t size,
								  const int64_t *node, uint64_t n,
								  TnfrGraph *graph);

extern void tnfr_coded_release(TnfrEnv *env, TnfrCodedGraph *coded);

/*
 * The neighbours of the entries block * TNFR_CODEC_BLOCK and on, as many as the
 * block has; in tasks as well.  NULL, or the damage.
 */
extern const char *tnfr_coded_block(const TnfrGraph *graph, uint64_t block,
									uint32_t *neighbour);

/* The most entries that a window can be asked to cover. */
#define TNFR_WINDOW	UINT64_C(65536)

/* Decoded entries begin .. end of a graph. */
typedef struct TnfrWindow
{
	uint64_t	begin;
	uint64_t	end;
	uint32_t   *neighbour;		/* of entry begin, and on */
	double	   *weight;			/* NULL: all are 1 */
} TnfrWindow;

/* Windows for that many threads; they begin empty. */
extern TnfrWindow *tnfr_windows_open(TnfrEnv *env, const TnfrGraph *graph,
									 int windows);
extern void tnfr_windows_release(TnfrEnv *env, TnfrWindow *window,
								 int windows);

/* Moves a window forward or back to cover the entries.  NULL, or the damage. */
extern const char *tnfr_window_cover(TnfrWindow *window,
									 const TnfrGraph *graph, uint64_t begin,
									 uint64_t end);

#endif							/* TNFR_CODED_H */
