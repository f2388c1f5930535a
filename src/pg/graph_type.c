/*
 * graph_type.c
 *	  Type tnfr_graph: input, output, equality.
 *
 * The text form is base64: a third longer than the bytes, where bytea's hex
 * would be twice as long.  What comes from outside is checked whole, down to
 * the last bit; what comes from a table is decoded with all the care that
 * keeps a damaged page from doing harm.
 */
#include "postgres.h"

#include <ctype.h>

#include "access/detoast.h"
#include "common/base64.h"
#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "pg/compat.h"
#include "pg/graph_value.h"
#include "utils/memutils.h"

#define SLICE	((Size) 3 << 20)	/* bytes between two looks at interrupts; a
								 * multiple of 3 and of 4 */

PG_FUNCTION_INFO_V1(tnfr_graph_in);
PG_FUNCTION_INFO_V1(tnfr_graph_out);
PG_FUNCTION_INFO_V1(tnfr_graph_recv);
PG_FUNCTION_INFO_V1(tnfr_graph_send);
PG_FUNCTION_INFO_V1(tnfr_graph_eq);
PG_FUNCTION_INFO_V1(tnfr_graph_ne);
PG_FUNCTION_INFO_V1(tnfr_graph_hash);

/* What is wrong with bytes from outside; NULL: nothing. */
static const char *
find_damage(const uint8_t *bytes, size_t size)
{
	TnfrCall   *call = tnfr_call_begin("input of tnfr_graph");
	const char *damage = NULL;
	TnfrStatus	status;

	tnfr_call_threads(call, size);
	status = tnfr_decode_check(&call->env, bytes, size);
	if (status == TNFR_DAMAGED)
		damage = call->env.error.what;
	else
		tnfr_call_check(call, status);
	tnfr_call_drop(call);
	return damage;
}

/* Text without white space, in which base64 may come in lines. */
static char *
without_space(const char *text, Size *length)
{
	const Size	from = strlen(text);
	char	   *copy = palloc(from + 1);

	*length = 0;
	for (Size i = 0; i < from; i++)
	{
		if (!isspace((unsigned char) text[i]))
			copy[(*length)++] = text[i];
		if (i % SLICE == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return copy;
}

/* Decodes text slice by slice; returns the bytes, or -1 if it is no base64. */
static int64
decode_base64(const char *text, Size length, char *to, Size room)
{
	Size		size = 0;

	for (Size at = 0; at < length; at += SLICE)
	{
		int			got = pg_b64_decode(text + at, (int) Min(SLICE, length - at),
										(TnfrBase64Byte *) to + size,
										(int) Min(SLICE, room - size));

		if (got < 0)
			return -1;
		size += got;
		CHECK_FOR_INTERRUPTS();
	}
	return (int64) size;
}

Datum
tnfr_graph_in(PG_FUNCTION_ARGS)
{
	Size		length;
	char	   *text = without_space(PG_GETARG_CSTRING(0), &length);
	const Size	room = length / 4 * 3 + 3;
	struct varlena *value = palloc(room + VARHDRSZ);
	int64		size = decode_base64(text, length, VARDATA(value), room);
	const char *damage;

	pfree(text);
	if (size < 0)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", "tnfr_graph"),
				 errdetail("The text form of a graph is base64."),
				 errhint("Make graphs with tnfr_graph_agg.")));
	SET_VARSIZE(value, size + VARHDRSZ);
	damage = find_damage((const uint8_t *) VARDATA(value), size);
	if (damage != NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input for type %s", "tnfr_graph"),
				 errdetail_internal("Damaged graph: %s.", damage)));
	PG_RETURN_POINTER(value);
}

Datum
tnfr_graph_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(0));
	const char *bytes = VARDATA_ANY(value);
	const Size	size = VARSIZE_ANY_EXHDR(value);
	const Size	room = (size + 2) / 3 * 4;
	char	   *text;
	Size		length = 0;

	if (room >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("graph is too large for its text form"),
				 errdetail("It has %zu bytes; the limit is %zu bytes.", size,
						   (Size) MaxAllocSize / 4 * 3 - 3),
				 errhint("Use the binary form, as COPY ... WITH (FORMAT binary) does.")));
	text = palloc(room + 1);
	for (Size at = 0; at < size; at += SLICE)
	{
		int			got = pg_b64_encode((const TnfrBase64Byte *) bytes + at,
										(int) Min(SLICE, size - at),
										text + length,
										(int) Min(2 * SLICE, room - length));

		if (got < 0)
			elog(ERROR, "could not encode a graph");
		length += got;
		CHECK_FOR_INTERRUPTS();
	}
	text[length] = '\0';
	PG_RETURN_CSTRING(text);
}

Datum
tnfr_graph_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	const int	size = message->len - message->cursor;
	struct varlena *value = palloc((Size) size + VARHDRSZ);
	const char *damage;

	SET_VARSIZE(value, size + VARHDRSZ);
	pq_copymsgbytes(message, VARDATA(value), size);
	damage = find_damage((const uint8_t *) VARDATA(value), size);
	if (damage != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid input for type %s", "tnfr_graph"),
				 errdetail_internal("Damaged graph: %s.", damage)));
	PG_RETURN_POINTER(value);
}

Datum
tnfr_graph_send(PG_FUNCTION_ARGS)
{
	/* the bytes are the same on every machine */
	PG_RETURN_BYTEA_P(PG_GETARG_BYTEA_P_COPY(0));
}

/* Equal graphs have equal bytes, and unequal ones mostly another length. */
static bool
are_equal(Datum a, Datum b)
{
	struct varlena *x;
	struct varlena *y;
	bool		equal;

	if (toast_raw_datum_size(a) != toast_raw_datum_size(b))
		return false;
	x = PG_DETOAST_DATUM_PACKED(a);
	y = PG_DETOAST_DATUM_PACKED(b);
	equal = memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) == 0;
	if (x != (struct varlena *) DatumGetPointer(a))
		pfree(x);
	if (y != (struct varlena *) DatumGetPointer(b))
		pfree(y);
	return equal;
}

Datum
tnfr_graph_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(are_equal(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

Datum
tnfr_graph_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(!are_equal(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)));
}

/* The header tells graphs apart: the fingerprint of all is in it. */
Datum
tnfr_graph_hash(PG_FUNCTION_ARGS)
{
	struct varlena *head = PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0,
												  TNFR_HEADER_BYTES);

	PG_RETURN_UINT32(DatumGetUInt32(hash_any((const unsigned char *) VARDATA_ANY(head),
											 (int) VARSIZE_ANY_EXHDR(head))));
}
