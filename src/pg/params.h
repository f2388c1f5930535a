/*
 * params.h
 *	  Arguments that say what is computed: the form and the weights.
 */
#ifndef TNFR_PG_PARAMS_H
#define TNFR_PG_PARAMS_H

#include "postgres.h"

#include "core/dnfr.h"
#include "core/si.h"
#include "utils/jsonb.h"

/* The form of that name; error 22023 lists the names there are. */
extern TnfrForm tnfr_form_by_name(const char *name);

/*
 * The weights of a form: its defaults (or those of "preset"), with what the
 * object gives in their place; those of canonical divided by their sum.
 * weights: NULL for the defaults.
 */
extern TnfrFormWeights tnfr_form_weights(TnfrForm form, Jsonb *weights);

/* The same, from an object that may hold the weights of Si beside them. */
extern void tnfr_si_weights(TnfrForm form, Jsonb *weights,
							TnfrFormWeights *form_weights,
							TnfrSiWeights *si_weights);

#endif							/* TNFR_PG_PARAMS_H */
