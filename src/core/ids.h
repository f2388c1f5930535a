/*
 * ids.h
 *	  The distinct ids among many.
 */
#ifndef TNFR_IDS_H
#define TNFR_IDS_H

#include "core/base.h"

/* Ids that come in several arrays. */
typedef struct TnfrIdList
{
	const int64_t *id;
	uint64_t	count;
} TnfrIdList;

/*
 * The distinct ids of all lists, ascending, in *id; *n of them.  The caller
 * releases tnfr_release(env, *id, *n, sizeof(int64_t)).
 */
extern TnfrStatus tnfr_distinct_ids(TnfrEnv *env, const TnfrIdList *list,
									int lists, int64_t **id, uint64_t *n);

#endif							/* TNFR_IDS_H */
