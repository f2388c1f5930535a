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
extern int	tnfr_gpu_device;	/* the number of the device that calls use */
extern int	tnfr_gpu_min_entries;	/* fewer are not worth a device */
extern int	tnfr_gpu_queue_timeout; /* ms; auto waits no longer for its turn */
extern int	tnfr_gpu_timeout;	/* ms; a device has to answer within */
extern int	tnfr_gpu_idle_timeout;	/* s; then a broker that was started leaves */
extern int	tnfr_gpu_memory_limit;	/* MB of device memory; 0: all */
extern char *tnfr_gpu_library;	/* the device library; empty: none */
extern char *tnfr_gpu_options;	/* words for it, in tests */

#endif							/* TNFR_PG_SETTINGS_H */
