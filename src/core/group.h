/*
 * group.h
 *	  Brings the blocks of each group together, in place.
 */
#ifndef TNFR_GROUP_H
#define TNFR_GROUP_H

#include "core/edges.h"

/*
 * Moves the entries of edges so that group g takes start[g] .. start[g + 1],
 * with nothing in between.  start: [groups + 1], set here.
 */
extern TnfrStatus tnfr_group(TnfrEnv *env, TnfrEdges *edges, uint64_t *start);

#endif							/* TNFR_GROUP_H */
