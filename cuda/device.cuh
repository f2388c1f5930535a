/*
 * device.cuh
 *	  A device as the library has it, and the errors of CUDA's calls.
 */
#ifndef TNFR_CUDA_DEVICE_H
#define TNFR_CUDA_DEVICE_H

#include "tnfr_device.h"

#include <cuda_runtime.h>
#include <stdio.h>

#define STAGES			2		/* to load from */

struct TnfrDevice
{
	int			number;
	uint32_t	blocks;
	uint64_t	stage_bytes;
	cudaStream_t stream;
	char	   *stage[STAGES];
	cudaEvent_t staged[STAGES]; /* the stage has been read */
	int			turn;			/* the stage that is lent, or next */
	char	   *fetched;
	cudaEvent_t there;			/* fetched has been written */
	bool		fetching;
};

/* Does it mean that there is no device for us? */
static bool
is_absent(cudaError_t code)
{
	switch (code)
	{
		case cudaErrorNoDevice:
		case cudaErrorInvalidDevice:
		case cudaErrorInsufficientDriver:
		case cudaErrorSystemDriverMismatch:
		case cudaErrorCompatNotSupportedOnDevice:
		case cudaErrorSystemNotReady:
		case cudaErrorDevicesUnavailable:
		case cudaErrorNoKernelImageForDevice:
		case cudaErrorUnsupportedPtxVersion:
		case cudaErrorJitCompilerNotFound:
		case cudaErrorJitCompilationDisabled:
		case cudaErrorInitializationError:
			return true;
		default:
			return false;
	}
}

static uint32_t
kind_of(cudaError_t code)
{
	cudaError_t now;

	cudaGetLastError();			/* forgets what can be forgotten */
	if (code == cudaErrorECCUncorrectable ||
		code == cudaErrorNvlinkUncorrectable)
		return TNFR_DEVICE_LOST;
	now = cudaStreamQuery(cudaStreamLegacy);
	cudaGetLastError();
	if (now != cudaSuccess && now != cudaErrorNotReady)
		return TNFR_DEVICE_STICKY;	/* it cannot */
	return code == cudaErrorMemoryAllocation ? TNFR_DEVICE_NO_MEMORY :
		TNFR_DEVICE_FAILED;
}

static TnfrDeviceResult
failed(TnfrDeviceError *error, uint32_t kind, const char *what,
	   cudaError_t code)
{
	error->kind = kind;
	snprintf(error->text, sizeof(error->text), "could not %s: %s", what,
			 cudaGetErrorString(code));
	return TNFR_DEVICE_ERROR;
}

/* Leaves the calling function when a call does not succeed. */
#define TRY(what, call) \
	do { \
		cudaError_t code_ = (call); \
		if (code_ != cudaSuccess) \
			return failed(error, kind_of(code_), what, code_); \
	} while (0)

static TnfrDeviceResult
passed(cudaEvent_t event, TnfrDeviceError *error)
{
	cudaError_t code = cudaEventQuery(event);

	if (code == cudaErrorNotReady)
		return TNFR_DEVICE_BUSY;
	TRY("compute on the device", code);
	return TNFR_DEVICE_OK;
}

#endif							/* TNFR_CUDA_DEVICE_H */
