/*
 * rmat.c
 *		Writes an R-MAT network to stdout in PostgreSQL's COPY BINARY format.
 *
 *	rmat edges SCALE SEED	(src int8, dst int8, weight float8), 16 * 2^SCALE rows
 *	rmat nodes SCALE SEED	(id int8, epi, vf, phase float8), 2^SCALE rows, id ascending
 *
 * COPY BINARY, because formatting and parsing seventeen digits of text costs
 * several times what generating an arc does.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "rmat.h"

#define BUFFER_BYTES	(1 << 20)
#define LONGEST_ROW		64

static unsigned char buffer[BUFFER_BYTES + LONGEST_ROW];
static size_t filled;

static void
flush_buffer(void)
{
	if (fwrite(buffer, 1, filled, stdout) != filled)
	{
		perror("rmat: write");
		exit(1);
	}
	filled = 0;
}

static void
put_bytes(const void *bytes, size_t length)
{
	memcpy(buffer + filled, bytes, length);
	filled += length;
}

static void
put_int16(uint16_t value)
{
	value = htobe16(value);
	put_bytes(&value, sizeof value);
}

static void
put_int32(uint32_t value)
{
	value = htobe32(value);
	put_bytes(&value, sizeof value);
}

/* A field is its length, then its bytes in network order. */
static void
put_int8_field(uint64_t value)
{
	put_int32(8);
	value = htobe64(value);
	put_bytes(&value, sizeof value);
}

static void
put_float8_field(double value)
{
	uint64_t	bits;

	memcpy(&bits, &value, sizeof bits);
	put_int8_field(bits);
}

static void
begin_row(uint16_t fields)
{
	if (filled >= BUFFER_BYTES)
		flush_buffer();
	put_int16(fields);
}

static void
write_edges(const Rmat *g)
{
	for (uint64_t k = 0; k < rmat_arcs(g); k++)
	{
		uint32_t	src;
		uint32_t	dst;
		double		weight;

		rmat_arc(g, k, &src, &dst, &weight);
		begin_row(3);
		put_int8_field(src);
		put_int8_field(dst);
		put_float8_field(weight);
	}
}

static void
write_nodes(const Rmat *g)
{
	for (uint64_t id = 0; id < rmat_nodes(g); id++)
	{
		double		epi;
		double		vf;
		double		phase;

		rmat_node(g, id, &epi, &vf, &phase);
		begin_row(4);
		put_int8_field(id);
		put_float8_field(epi);
		put_float8_field(vf);
		put_float8_field(phase);
	}
}

int
main(int argc, char **argv)
{
	Rmat		g;
	int			edges;

	if (argc != 4 || (strcmp(argv[1], "edges") != 0 && strcmp(argv[1], "nodes") != 0))
	{
		fprintf(stderr, "usage: rmat edges|nodes SCALE SEED\n");
		return 2;
	}
	edges = strcmp(argv[1], "edges") == 0;
	if (!rmat_init(&g, atoi(argv[2]), strtoull(argv[3], NULL, 10)))
	{
		fprintf(stderr, "rmat: scale must be 1 to 28 and its permutation must fit in memory\n");
		return 1;
	}

	/* Signature, flags, length of the (absent) header extension. */
	put_bytes("PGCOPY\n\377\r\n", 11);
	put_int32(0);
	put_int32(0);
	if (edges)
		write_edges(&g);
	else
		write_nodes(&g);
	put_int16(UINT16_MAX);		/* end of data */
	flush_buffer();
	free(g.relabel);
	return 0;
}
