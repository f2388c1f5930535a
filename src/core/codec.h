/*
 * codec.h
 *	  A graph as bytes: compact, the same for equal graphs, read in parallel.
 *
 * The format, version 1.  All integers are little-endian, nothing is aligned.
 *
 *	  0	 4	"TNFG"
 *	  4	 1	version: 1
 *	  5	 1	directed: 0 or 1
 *	  6	 1	how ids are kept: 0 consecutive, 1 packed, 2 plain
 *	  7	 1	how weights are kept: 0 not, all are 1; 1 uint8; 2 float; 3 double
 *	  8	 8	n: nodes
 *	 16	 8	entries: of all rows together, below 2^32
 *	 24	 8	loops: the entries that name their own row
 *	 32	 8	id of the first node; 0 when n is 0
 *	 40	 8	zero
 *	 48	 8	fingerprint
 *	 56		value: uint64 for each block of ids and of rows
 *			end: uint64 for each block of ids, of rows, of neighbours
 *			the blocks of ids, of rows, of neighbours
 *			plain ids: int64[n - 1], the second node's and on
 *			weights: one an entry
 *
 * A block packs 16384 values, the last of its kind what is left.  Block i lies
 * between end[i - 1] and end[i], which count from the first byte of all; the
 * first block begins behind the tables, and the arrays behind the last block.
 * So every block can be read alone.
 *
 * The values of a block are below 2^32 and packed as StreamVByte (Lemire, Kurz,
 * Rupp 2018) does it: first one control byte for every four values, two bits a
 * value, the first in the lowest bits: how many bytes it takes, less one; then
 * the bytes of the values.  Every value takes as few bytes as it can.
 *
 * Blocks of ids are there when ids are packed.  Their n - 1 values are
 * id[i + 1] - id[i] - 1; value[] is the id that a block leads to: the last it
 * gives and the one that the next block goes on from.
 *
 * Blocks of rows: n values, the numbers of entries of the rows; value[] is the
 * number of entries in all rows up to the block's end.
 *
 * Blocks of neighbours: for every entry, row by row, the index of the neighbour
 * less that of the entry before it.  The first entry of a row, and the first of
 * a block, has the index itself.  Rows ascend by (neighbour, weight).
 *
 * Of the ways to keep ids and weights the first that can hold them all is
 * taken.  Weights are finite, and not negative; there is no -0.
 *
 * The fingerprint is XXH64 of the 48 bytes before it; its seed is the sum of
 * XXH64 of all pieces of 65536 bytes behind it (the last may be shorter), with
 * the number of the piece as seed.
 */
#ifndef TNFR_CODEC_H
#define TNFR_CODEC_H

#include "core/base.h"
#include "core/graph.h"

#define TNFR_HEADER_BYTES	56

/* Values a block.  Tests take fewer, so that small inputs have many blocks. */
#ifndef TNFR_CODEC_BLOCK
#define TNFR_CODEC_BLOCK	UINT64_C(16384)
#endif

typedef enum TnfrIdKind
{
	TNFR_IDS_CONSECUTIVE,
	TNFR_IDS_PACKED,
	TNFR_IDS_PLAIN
} TnfrIdKind;

typedef enum TnfrWeightKind
{
	TNFR_WEIGHTS_ONE,
	TNFR_WEIGHTS_UINT8,
	TNFR_WEIGHTS_FLOAT,
	TNFR_WEIGHTS_DOUBLE
} TnfrWeightKind;

/* What the header says. */
typedef struct TnfrGraphHeader
{
	bool		directed;
	TnfrIdKind	ids;
	TnfrWeightKind weights;
	uint64_t	n;
	uint64_t	entries;
	uint64_t	loops;
	uint64_t	edges;			/* directed: entries, else those of one end */
	int64_t		first_id;
	uint64_t	fingerprint;
} TnfrGraphHeader;

/* Where things lie in the bytes. */
typedef struct TnfrGraphLayout
{
	uint64_t	id_blocks;
	uint64_t	row_blocks;
	uint64_t	neighbour_blocks;
	uint64_t	value;			/* of the tables: their first byte */
	uint64_t	end;
	uint64_t	blocks;			/* of the first block */
	uint64_t	plain_bytes;	/* of ids */
	uint64_t	weight_bytes;
} TnfrGraphLayout;

/*
 * Encoding: begin finds out the size, write writes so many bytes.  The graph
 * and the ids stay the caller's, unchanged until the end.  A graph with 2^32
 * entries or more is refused with TNFR_NO_MEMORY.
 */
typedef struct TnfrEncoding
{
	size_t		size;			/* bytes that tnfr_encode_write will write */
	const TnfrGraph *graph;
	const int64_t *id;
	TnfrGraphHeader header;
	TnfrGraphLayout layout;
	uint64_t   *end;			/* [all blocks] */
} TnfrEncoding;

/* id: of the nodes, ascending.  After a failure there is nothing to end. */
extern TnfrStatus tnfr_encode_begin(TnfrEnv *env, TnfrEncoding *e,
									const TnfrGraph *graph, const int64_t *id);
extern TnfrStatus tnfr_encode_write(TnfrEnv *env, const TnfrEncoding *e,
									uint8_t *to);
extern void tnfr_encode_end(TnfrEnv *env, TnfrEncoding *e);

/*
 * Decoding takes any bytes: it reads nothing outside of them, takes memory in
 * proportion to them, and answers TNFR_DAMAGED, with error.what, to those that
 * are no graph.  What it accepts is safe to compute on; whether it is what
 * tnfr_encode_write would write, only tnfr_decode_check says.
 */

/* The header alone; of bytes, the first TNFR_HEADER_BYTES are enough. */
extern TnfrStatus tnfr_decode_header(TnfrEnv *env, const uint8_t *bytes,
									 size_t size, TnfrGraphHeader *header);

/* The graph, and id[n]; the caller releases both. */
extern TnfrStatus tnfr_decode(TnfrEnv *env, const uint8_t *bytes, size_t size,
							  TnfrGraph *graph, int64_t **id);

/*
 * For bytes from outside: that they are exactly what tnfr_encode_write writes
 * for a graph, canonical and, unless directed, symmetric (of all networks that
 * are not, one in 2^64 passes; which one, env->seed decides).
 */
extern TnfrStatus tnfr_decode_check(TnfrEnv *env, const uint8_t *bytes,
									size_t size);

/* The fingerprint that bytes of at least a header should have. */
extern TnfrStatus tnfr_fingerprint(TnfrEnv *env, const uint8_t *bytes,
								   size_t size, uint64_t *fingerprint);

/*
 * Decoding part by part.  tnfr_decode_begin takes no memory: it checks that
 * everything has its place in the bytes, which must stay.
 */
typedef struct TnfrGraphBytes
{
	TnfrGraphHeader header;
	TnfrGraphLayout layout;
	const uint8_t *bytes;
	size_t		size;
} TnfrGraphBytes;

extern TnfrStatus tnfr_decode_begin(TnfrEnv *env, TnfrGraphBytes *g,
									const uint8_t *bytes, size_t size);

/* id[n] */
extern TnfrStatus tnfr_decode_ids(TnfrEnv *env, const TnfrGraphBytes *g,
								  int64_t *id);

/* offset[n + 1], as in TnfrGraph */
extern TnfrStatus tnfr_decode_offsets(TnfrEnv *env, const TnfrGraphBytes *g,
									  uint64_t *offset);

/*
 * The neighbours of the entries block * TNFR_CODEC_BLOCK and on, in tasks as
 * well; offset: of all rows.  NULL, or what is wrong.
 */
extern const char *tnfr_decode_block(const TnfrGraphBytes *g,
									 const uint64_t *offset, uint64_t block,
									 uint32_t *neighbour);

/* Likewise the weights of count entries from the given one on. */
extern const char *tnfr_decode_weights(const TnfrGraphBytes *g, uint64_t first,
									   uint64_t count, double *weight);

#endif							/* TNFR_CODEC_H */
