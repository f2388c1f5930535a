/*
 * agg_state.h
 *	  States of aggregates: values of type bytea that anyone can hold.
 *
 * A state is of fixed size and an ordinary value, so that parallel plans,
 * partitioned tables, other engines and tables of the user's own can ship,
 * keep and merge it.  Hence anyone can also call the support functions with
 * any bytes.  A state that comes as an argument is checked as a whole and
 * copied.  Only the running state of an aggregate, which lies in the
 * aggregate's memory, is changed in place, after a look at its header;
 * for that case the operations on states do no harm whatever the bytes.
 */
#ifndef TNFR_PG_AGG_STATE_H
#define TNFR_PG_AGG_STATE_H

#include "postgres.h"

#include <math.h>

#include "fmgr.h"

/*
 * Tags tell kinds and versions of states apart, and the order of bytes: the
 * tag of a state from a machine of the other order is unknown.
 */
#define TNFR_AGG_TAG(number)	(UINT32_C(0x54460100) + (number))

/* What every state begins with. */
typedef struct TnfrAggState
{
	int32		vl_len_;
	uint32		tag;
	int64		rows;			/* that count */
} TnfrAggState;

typedef struct TnfrAggKind
{
	const char *aggregate;		/* for messages */
	uint32		tag;
	Size		size;

	/* Is what follows the header, with these rows, a state? */
	bool		(*valid) (const TnfrAggState *state);

	/* Adds another state's sums; rows are taken care of. */
	void		(*merge) (TnfrAggState *state, const TnfrAggState *other);
} TnfrAggKind;

/* A new state without rows, in the aggregate's memory. */
extern TnfrAggState *tnfr_agg_new(FunctionCallInfo fcinfo,
								  const TnfrAggKind *kind);

/* The state that is argument 0, which is not NULL, to be changed. */
extern TnfrAggState *tnfr_agg_running(FunctionCallInfo fcinfo,
									  const TnfrAggKind *kind);

/* A copy of the state that is argument n, to be read. */
extern const TnfrAggState *tnfr_agg_argument(FunctionCallInfo fcinfo, int n,
											 const TnfrAggKind *kind);

/* Counts more rows; error 54000 when they are too many. */
extern void tnfr_agg_count(TnfrAggState *state, const TnfrAggKind *kind,
						   int64 rows);

/* The combine function of a kind. */
extern Datum tnfr_agg_combine(FunctionCallInfo fcinfo,
							  const TnfrAggKind *kind);

/* Errors 22023 and 22003. */
extern void tnfr_agg_bad_value(const char *argument, double value);
extern void tnfr_agg_out_of_range(const char *what);

/* Refuses NaN and infinities. */
static inline void
tnfr_agg_require_finite(const char *argument, double value)
{
	if (unlikely(!isfinite(value)))
		tnfr_agg_bad_value(argument, value);
}

/* The same, and what is negative. */
static inline void
tnfr_agg_require_nonnegative(const char *argument, double value)
{
	if (unlikely(!(value >= 0.0) || isinf(value)))
		tnfr_agg_bad_value(argument, value);
}

#endif							/* TNFR_PG_AGG_STATE_H */
