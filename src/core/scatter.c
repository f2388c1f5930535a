/*
 * scatter.c
 *	  The buffers of a parallel radix partition.
 */
#include "core/scatter.h"

#include <string.h>

TnfrStatus
tnfr_scatter_begin(TnfrEnv *env, TnfrScatter *scatter, TnfrEntries to,
				   const uint64_t *start, uint32_t groups)
{
	uint64_t	lines = (uint64_t) groups * (uint64_t) env->threads;

	scatter->to = to;
	scatter->groups = groups;
	scatter->workers = env->threads;
	scatter->cursor = tnfr_alloc(env, groups, sizeof(*scatter->cursor));
	scatter->line = tnfr_alloc(env, lines, sizeof(TnfrScatterLine));
	if (scatter->cursor == NULL || scatter->line == NULL)
	{
		tnfr_release(env, scatter->cursor, groups, sizeof(*scatter->cursor));
		tnfr_release(env, scatter->line, lines, sizeof(TnfrScatterLine));
		return TNFR_NO_MEMORY;
	}
	for (uint32_t g = 0; g < groups; g++)
		atomic_init(&scatter->cursor[g], start[g]);
	for (uint64_t l = 0; l < lines; l++)
		scatter->line[l].used = 0;
	return TNFR_OK;
}

/* A full line is copied with constant sizes, so as a few vector moves. */
void
tnfr_scatter_flush(TnfrScatter *scatter, TnfrScatterLine *line, uint32_t group)
{
	uint32_t	used = line->used;
	uint64_t	at = atomic_fetch_add_explicit(&scatter->cursor[group], used,
											   memory_order_relaxed);
	const TnfrEntries *to = &scatter->to;

	line->used = 0;
	if (used == TNFR_SCATTER_LINE)
	{
		memcpy(to->neighbour + at, line->neighbour, sizeof(line->neighbour));
		memcpy(to->row + at, line->row, sizeof(line->row));
		if (to->weight != NULL)
			memcpy(to->weight + at, line->weight, sizeof(line->weight));
		return;
	}
	memcpy(to->neighbour + at, line->neighbour, used * sizeof(uint32_t));
	memcpy(to->row + at, line->row, used * sizeof(uint16_t));
	if (to->weight != NULL)
		memcpy(to->weight + at, line->weight, used * sizeof(double));
}

void
tnfr_scatter_end(TnfrEnv *env, TnfrScatter *scatter)
{
	uint64_t	lines = (uint64_t) scatter->groups * (uint64_t) scatter->workers;

	for (uint64_t l = 0; l < lines; l++)
		tnfr_scatter_flush(scatter, &scatter->line[l],
						   (uint32_t) (l % scatter->groups));
	tnfr_release(env, scatter->cursor, scatter->groups,
				 sizeof(*scatter->cursor));
	tnfr_release(env, scatter->line, lines, sizeof(TnfrScatterLine));
}
