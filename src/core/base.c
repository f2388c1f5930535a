/*
 * base.c
 *	  Memory by the caller's allocator.
 */
#include "core/base.h"

#include <string.h>

#define FILL_SLICE	((size_t) 16 << 20) /* bytes, a few milliseconds */

/* count * size, at least 1; SIZE_MAX, which no allocator has, on overflow. */
static size_t
bytes_of(uint64_t count, size_t size)
{
	size_t		bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return SIZE_MAX;
	return bytes > 0 ? bytes : 1;
}

static void *
alloc(TnfrEnv *env, uint64_t count, size_t size, bool gathered)
{
	size_t		bytes = bytes_of(count, size);
	void	   *p = bytes < SIZE_MAX ? env->alloc(env->arg, bytes, gathered)
		: NULL;

	if (p == NULL)
		env->error.bytes = bytes;
	return p;
}

void *
tnfr_alloc(TnfrEnv *env, uint64_t count, size_t size)
{
	return alloc(env, count, size, false);
}

void *
tnfr_alloc_gathered(TnfrEnv *env, uint64_t count, size_t size)
{
	return alloc(env, count, size, true);
}

static void *
resize(TnfrEnv *env, void *p, uint64_t from, uint64_t to, size_t size,
	   bool gathered)
{
	size_t		bytes = bytes_of(to, size);
	void	   *moved;

	if (p == NULL)
		return alloc(env, to, size, gathered);
	moved = bytes < SIZE_MAX ?
		env->resize(env->arg, p, bytes_of(from, size), bytes, gathered) : NULL;
	if (moved == NULL)
		env->error.bytes = bytes;
	return moved;
}

void *
tnfr_resize(TnfrEnv *env, void *p, uint64_t from, uint64_t to, size_t size)
{
	return resize(env, p, from, to, size, false);
}

/* Back to the old length; what cannot shrink stays as it is. */
static void
resize_back(TnfrEnv *env, const TnfrArray *a, uint64_t from, uint64_t to)
{
	if (to > 0)
	{
		void	   *moved = resize(env, *a->array, from, to, a->item,
								a->gathered);

		*a->array = moved != NULL ? moved : *a->array;
	}
	else
	{
		tnfr_release(env, *a->array, from, a->item);
		*a->array = NULL;
	}
}

bool
tnfr_resize_arrays(TnfrEnv *env, const TnfrArray *a, int arrays,
				   uint64_t from, uint64_t to)
{
	for (int i = 0; i < arrays; i++)
	{
		void	   *moved = resize(env, *a[i].array, from, to, a[i].item,
								a[i].gathered);

		if (moved == NULL)
		{
			size_t		bytes = env->error.bytes;

			while (--i >= 0)
				resize_back(env, &a[i], to, from);
			env->error.bytes = bytes;
			return false;
		}
		*a[i].array = moved;
	}
	return true;
}

void
tnfr_release(TnfrEnv *env, void *p, uint64_t count, size_t size)
{
	if (p != NULL)
		env->release(env->arg, p, bytes_of(count, size));
}

TnfrStatus
tnfr_fill(TnfrEnv *env, void *p, int value, size_t bytes)
{
	for (size_t done = 0; done < bytes; done += FILL_SLICE)
	{
		memset((char *) p + done, value,
			   bytes - done < FILL_SLICE ? bytes - done : FILL_SLICE);
		if (tnfr_check(env))
			return TNFR_STOPPED;
	}
	return TNFR_OK;
}
