#!/usr/bin/env bash
# Registers and spills of every kernel of the device library, as ptxas reports
# them, and the widths of its loads and stores in PTX.
set -euo pipefail
. "$(dirname "$0")/common.sh"

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
flags=(-std=c++17 -O3 -fmad=false -Isrc -Icuda)

for arch in 80 90; do
	say "sm_$arch"
	"$nvcc" "${flags[@]}" -gencode "arch=compute_$arch,code=sm_$arch" -Xptxas -v \
		-c -o "$out/device.o" cuda/device.cu 2>&1 | c++filt | awk '
		/Compiling entry/ { name = $0; sub(/.*function .(void )?/, "", name); sub(/\(TnfrDeviceRun\).*/, "", name) }
		/stack frame/ { stack = $1; spills = $5 + $9 }
		/Used/ { shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) : "no smem"
			gsub(/\(TnfrMode\)0/, "sums", name); gsub(/\(TnfrMode\)1/, "strength", name); gsub(/\(TnfrMode\)2/, "topo", name)
			sub(/, true/, ", weighted", name); sub(/, false/, ", unweighted", name)
			printf "%-40s %3d registers, %d bytes stack, %d bytes spilled, %s\n", name, $5, stack, spills, shared }' | sort
done
say "PTX: memory operations, in instructions"
"$nvcc" "${flags[@]}" -arch=compute_90 -ptx -o "$out/device.ptx" cuda/device.cu
grep -oE '(ld|st)\.(global|shared|local)[.a-z0-9]*' "$out/device.ptx" | sort | uniq -c
say "PTX: fused multiply-adds of doubles: $(grep -c 'fma.rn.f64' "$out/device.ptx" || true)"
