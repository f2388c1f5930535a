/*
 * settings.h
 *	  The settings of the extension (GUCs), all under the prefix tnfr.
 */
#ifndef TNFR_PG_SETTINGS_H
#define TNFR_PG_SETTINGS_H

typedef enum TnfrBackend
{
	TNFR_BACKEND_AUTO,
	TNFR_BACKEND_SERIAL,
	TNFR_BACKEND_OPENMP,
	TNFR_BACKEND_CUDA
} TnfrBackend;

extern int	tnfr_backend;		/* a TnfrBackend */
extern int	tnfr_layout;		/* a TnfrLayoutChoice */
extern int	tnfr_max_threads;	/* 0: the session's parallel budget */
extern int	tnfr_memory_limit;	/* kB */
extern bool tnfr_direct_scan;	/* read ordinary tables without the executor */
extern bool tnfr_trace_phases;	/* report the time of each phase */

#endif							/* TNFR_PG_SETTINGS_H */
