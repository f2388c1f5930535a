/*
 * measure.c
 *	  One pass over the entries, then Si: what all measures are made of.
 */
#include "postgres.h"

#include "pg/compute.h"
#include "pg/measure.h"
#include "pg/params.h"
#include "pg/srf.h"

TnfrMeasureParams
tnfr_measure_params(FunctionCallInfo fcinfo, TnfrSource source)
{
	TnfrMeasureParams params = {.form = tnfr_form_argument(fcinfo)};

	tnfr_si_weights(params.form, tnfr_weights_argument(fcinfo, source),
					&params.form_weights, &params.si_weights);
	return params;
}

/* What the caller gives, else the network's maximum, else 1. */
static double
scale_of(double given, double maximum)
{
	return given > 0.0 ? given : tnfr_one_if_zero(maximum);
}

void
tnfr_measure(TnfrCall *call, const TnfrNetwork *network,
			 const TnfrMeasureParams *params, TnfrMeasured *measured)
{
	TnfrEnv    *env = &call->env;
	const TnfrNodes *nodes = &network->nodes;
	TnfrNodeValues values;
	TnfrSiScale scale;

	measured->form = params->form;
	measured->values.dnfr = tnfr_node_column(call, nodes);
	measured->si = tnfr_node_column(call, nodes);

	/* A dispersion that nobody wants to keep makes way for Si. */
	values = measured->values;
	if (values.dispersion == NULL)
		values.dispersion = measured->si;
	tnfr_compute(call, network, params->form, &params->form_weights, &values);
	tnfr_call_check(call, tnfr_extent(env, nodes, params->form, values.dnfr,
									  &measured->extent));
	scale.vf_max = scale_of(params->vf_max, measured->extent.vf_max);
	scale.dnfr_max = scale_of(params->dnfr_max, measured->extent.dnfr_max);
	tnfr_check_range(call, tnfr_si(env, nodes, values.dnfr, values.dispersion,
								   &params->si_weights, &scale, measured->si),
					 "sense index",
					 "vf_max or dnfr_max is too small for its values.");
}
