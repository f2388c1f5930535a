/*
 * packing.h
 *	  The packed values of a block: control bytes, then one to four bytes each.
 *
 * Both ways read or write four bytes for a value whatever it takes, so that
 * nothing branches on its length, as long as that stays within the block; near
 * the end they go byte by byte.  A block may be taken in runs of values, all
 * but the last a multiple of four.
 */
#ifndef TNFR_PACKING_H
#define TNFR_PACKING_H

#include "core/format.h"

#define TNFR_PACK_RUN	512		/* a good number of values to take at once */

typedef struct TnfrPacker
{
	uint8_t    *control;
	uint8_t    *data;
	uint8_t    *end;
} TnfrPacker;

typedef struct TnfrUnpacker
{
	const uint8_t *control;
	const uint8_t *data;
	const uint8_t *end;
} TnfrUnpacker;

/* Control bytes of so many values. */
static inline uint32_t
tnfr_control_bytes(uint32_t count)
{
	return (count + 3) / 4;
}

/* Bytes that the values take, beside the control bytes. */
static inline uint32_t
tnfr_packed_bytes(const uint32_t *v, uint32_t count)
{
	uint32_t	more = 0;

	for (uint32_t k = 0; k < count; k++)
		more += (v[k] > 0xFF) + (v[k] > 0xFFFF) + (v[k] > 0xFFFFFF);
	return count + more;
}

/* The length of a value, less one. */
static inline uint32_t
tnfr_pack_code(uint32_t v)
{
	return (uint32_t) (v > 0xFF) + (v > 0xFFFF) + (v > 0xFFFFFF);
}

static inline TnfrPacker
tnfr_pack_begin(uint8_t *begin, uint8_t *end, uint32_t count)
{
	return (TnfrPacker)
	{
		begin, begin + tnfr_control_bytes(count), end
	};
}

static inline void
tnfr_pack_slowly(TnfrPacker *p, const uint32_t *v, uint32_t count)
{
	uint32_t	control = 0;

	for (uint32_t k = 0; k < count; k++)
	{
		uint32_t	code = tnfr_pack_code(v[k]);

		for (uint32_t b = 0; b <= code; b++)
			*p->data++ = (uint8_t) (v[k] >> (8 * b));
		control |= code << (2 * k);
	}
	*p->control++ = (uint8_t) control;
}

static inline void
tnfr_pack(TnfrPacker *packer, const uint32_t *v, uint32_t count)
{
	TnfrPacker	p = *packer;
	uint32_t	k = 0;

	for (; k + 4 <= count && p.end - p.data >= 16; k += 4)
	{
		uint32_t	control = 0;

		for (uint32_t i = 0; i < 4; i++)
		{
			uint32_t	code = tnfr_pack_code(v[k + i]);

			tnfr_store32(p.data, v[k + i]);
			p.data += code + 1;
			control |= code << (2 * i);
		}
		*p.control++ = (uint8_t) control;
	}
	for (; k < count; k += 4)
		tnfr_pack_slowly(&p, v + k, count - k < 4 ? count - k : 4);
	*packer = p;
}

/* The bytes must be enough for the control bytes. */
static inline TnfrUnpacker
tnfr_unpack_begin(const uint8_t *begin, const uint8_t *end, uint32_t count)
{
	return (TnfrUnpacker)
	{
		begin, begin + tnfr_control_bytes(count), end
	};
}

static inline bool
tnfr_unpack_slowly(TnfrUnpacker *u, uint32_t *to, uint32_t count)
{
	uint32_t	control = *u->control++;

	for (uint32_t k = 0; k < count; k++, control >>= 2)
	{
		uint32_t	code = control & 3;

		if ((uint64_t) (u->end - u->data) <= code)
			return false;
		to[k] = 0;
		for (uint32_t b = 0; b <= code; b++)
			to[k] |= (uint32_t) *u->data++ << (8 * b);
	}
	return true;
}

/* False when the bytes end too early. */
static inline bool
tnfr_unpack(TnfrUnpacker *unpacker, uint32_t *to, uint32_t count)
{
	TnfrUnpacker u = *unpacker;
	uint32_t	k = 0;

	for (; k + 4 <= count && u.end - u.data >= 16; k += 4)
	{
		uint32_t	control = *u.control++;

		for (uint32_t i = 0; i < 4; i++)
		{
			uint32_t	code = control >> (2 * i) & 3;

			to[k + i] = tnfr_load32(u.data) & UINT32_MAX >> (24 - 8 * code);
			u.data += code + 1;
		}
	}
	for (; k < count; k += 4)
		if (!tnfr_unpack_slowly(&u, to + k, count - k < 4 ? count - k : 4))
			return false;
	*unpacker = u;
	return true;
}

#endif							/* TNFR_PACKING_H */
