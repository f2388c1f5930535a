/*
 * fingerprint.c
 *	  What identifies the bytes of a graph: XXH64, piece by piece.
 *
 * XXH64 is Yann Collet's; its specification is doc/xxhash_spec.md of
 * github.com/Cyan4973/xxHash.  Every step of it is a bijection of its state for
 * given input, so that a single damaged word never goes unnoticed in a piece.
 * Pieces are hashed on their own and added up, which any thread may do in any
 * order.
 */
#include "core/format.h"
#include "core/parallel.h"
#include "core/xxh64.h"

#include <stdatomic.h>

#define PIECE	UINT64_C(65536) /* bytes */

typedef struct Pieces
{
	const uint8_t *bytes;
	uint64_t	size;
	_Atomic uint64_t sum;
} Pieces;

static void
piece_task(void *arg, uint64_t task, int worker)
{
	Pieces	   *p = arg;
	uint64_t	left = p->size - task * PIECE;

	(void) worker;
	atomic_fetch_add_explicit(&p->sum,
							  tnfr_xxh64(p->bytes + task * PIECE,
										 left < PIECE ? left : PIECE, task),
							  memory_order_relaxed);
}

TnfrStatus
tnfr_fingerprint(TnfrEnv *env, const uint8_t *bytes, size_t size,
				 uint64_t *fingerprint)
{
	Pieces		p = {.bytes = bytes + TNFR_HEADER_BYTES};
	TnfrStatus	status;

	p.size = size - TNFR_HEADER_BYTES;
	status = tnfr_parallel(env, (p.size + PIECE - 1) / PIECE, piece_task, &p);
	*fingerprint = tnfr_xxh64(bytes, TNFR_AT_FINGERPRINT, atomic_load(&p.sum));
	return status;
}
