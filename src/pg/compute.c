/*
 * compute.c
 *	  Device or processor.
 */
#include "postgres.h"

#include "pg/compute.h"
#include "pg/gpu/choose.h"
#include "pg/srf.h"

void
tnfr_compute(TnfrCall *call, const TnfrNetwork *network, TnfrForm form,
			 const TnfrFormWeights *weights, const TnfrNodeValues *values)
{
	TnfrStatus	status;

	tnfr_call_phase(call, TNFR_COMPUTING);
	tnfr_call_threads(call, network->graph.entries);
	status = tnfr_gpu_values(call, network, form, weights, values);
	if (status == TNFR_NOT_SUMMED)
		status = tnfr_node_values(&call->env, &network->graph, &network->nodes,
								  form, weights, values, NULL);
	tnfr_check_dnfr(call, status);
}
