/*
 * emulated.h
 *	  What the emulated runtime and the emulated kernels share.
 */
#ifndef TNFR_GPU_EMULATED_H
#define TNFR_GPU_EMULATED_H

#include <stddef.h>

#define EMULATED_ARGUMENT	256	/* bytes, at most */

/* What has been allocated or created and not given back. */
extern size_t emulated_objects(void);

extern const size_t emulated_argument;	/* bytes of what kernels take */

/* Runs the kernel of that (mangled) name, whose argument is a TnfrDeviceRun. */
extern void emulate_kernel(const char *name, const void *argument);

#endif							/* TNFR_GPU_EMULATED_H */
