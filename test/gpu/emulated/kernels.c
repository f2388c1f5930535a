/*
 * kernels.c
 *	  The kernels of cuda/kernels.cuh on an emulated warp, by name.
 */
#include "../../unit/warp.h"
#include "../../../cuda/sums.h"

#include "emulated.h"

const size_t emulated_argument = sizeof(TnfrDeviceRun);

static const TnfrDeviceRun *run;
static TnfrEntriesShared shared;
static TnfrMode mode;
static bool weighted;
static uint64_t piece;

static void
short_rows(uint32_t lane)
{
	tnfr_short_rows(run, piece, lane, &shared, mode, weighted);
}

static void
long_chunk(uint32_t lane)
{
	tnfr_long_chunk(run, run->chunk[piece], lane, &shared, mode, weighted);
}

static void
hub_row(uint32_t lane)
{
	tnfr_hub_row(run, run->hub[piece], lane, mode, weighted);
}

void
emulate_kernel(const char *name, const void *argument)
{
	const char *number = strstr(name, "8TnfrMode");

	run = argument;
	mode = number != NULL ? (TnfrMode) (number[9] - '0') : TNFR_MODE_STATE;
	weighted = strstr(name, "Lb1") != NULL;
	if (strstr(name, "list_chunks") != NULL)
		for (piece = 0; piece < run->n; piece++)
			tnfr_list_chunks(run, piece);
	else if (strstr(name, "sum_short_rows") != NULL)
		for (piece = 0; piece < run->n; piece += TNFR_WARP)
			warp_run(short_rows);
	else if (strstr(name, "sum_chunks") != NULL)
		for (piece = 0; piece < run->counts->chunks; piece++)
			warp_run(long_chunk);
	else if (strstr(name, "sum_hubs") != NULL)
		for (piece = 0; piece < run->counts->hubs; piece++)
			warp_run(hub_row);
	else
		abort();
}
