#!/usr/bin/env bash
# Registers and spills of every kernel of the device library, as ptxas reports
# them; and its memory operations by width, local memory and fused additions,
# counted in the disassembly if there is nvdisasm.  NVDISASM names it; a wheel,
# nvidia-cuda-nvdisasm, has it where the toolkit does not.
#
#   scripts/ptxas.sh [DIRECTORY]
#
# The directory gets the cubins and their disassembly.
set -euo pipefail
. "$(dirname "$0")/common.sh"

nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
nvdisasm=${NVDISASM:-$(command -v nvdisasm || true)}
if [ $# -gt 0 ]; then
	out=$1
	mkdir -p "$out"
else
	out=$(mktemp -d)
	trap 'rm -rf "$out"' EXIT
fi
flags=(-std=c++17 -O3 -fmad=false -Isrc -Icuda)

# The names of kernels, as short as can be told apart.
names()
{
	c++filt | sed -E 's/(void )?(list_chunks|sum_[a-z_]+)/\2/; s/\(TnfrDeviceRun\)//;
		s/\(TnfrMode\)0/sums/; s/\(TnfrMode\)1/strength/; s/\(TnfrMode\)2/topo/;
		s/, true>/, weighted>/; s/, false>/, unweighted>/'
}

registers()
{
	names | awk '
		/Compiling entry/ { name = $0; sub(/^[^\47]*\47/, "", name); sub(/\47.*/, "", name) }
		/stack frame/ { stack = $1; spills = $5 + $9 }
		/Used/ { shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) : "no smem"
			printf "%-40s %3d registers, %d bytes stack, %d bytes spilled, %s\n", name, $5, stack, spills, shared }' | sort
}

# How often an instruction stands there, not how often it is carried out.
operations()
{
	sed -E 's/^\.text\.(.*):$/kernel \1/' | names | awk '
		/^kernel / { name = substr($0, 8); all[name] }
		match($0, /[^A-Z](LDG|STG)\.E[.A-Z0-9]*/) {
			op = substr($0, RSTART + 1, 3)
			width = match($0, /\.E\.(128|64)/) ? substr($0, RSTART + 3, RLENGTH - 3) : 32
			count[name, op width]++
		}
		/[^A-Z](LDL|STL)[ .]/ { count[name, "local"]++ }
		/[^A-Z]DFMA[ .]/ { count[name, "DFMA"]++ }
		END {
			for (name in all)
				printf "%-40s LDG %2d x128 %2d x64 %2d x32, STG %d x128 %d x64 %d x32, local %d, DFMA %d\n", name,
					count[name, "LDG128"], count[name, "LDG64"], count[name, "LDG32"], count[name, "STG128"],
					count[name, "STG64"], count[name, "STG32"], count[name, "local"], count[name, "DFMA"]
		}' | sort
}

for arch in 80 90; do
	say "sm_$arch"
	"$nvcc" "${flags[@]}" -arch="sm_$arch" -Xptxas -v -cubin -o "$out/sm_$arch.cubin" cuda/device.cu 2>&1 | registers
	[ -n "$nvdisasm" ] || continue
	say "sm_$arch: operations on global and local memory, by bits"
	"$nvdisasm" -c "$out/sm_$arch.cubin" > "$out/sm_$arch.sass"
	operations < "$out/sm_$arch.sass"
done
if [ -z "$nvdisasm" ]; then
	say "PTX: memory operations, there being no nvdisasm"
	"$nvcc" "${flags[@]}" -arch=compute_90 -ptx -o "$out/device.ptx" cuda/device.cu
	grep -oE '(ld|st)\.(global|shared|local)[.a-z0-9]*' "$out/device.ptx" | sort | uniq -c
	say "PTX: fused multiply-adds of doubles: $(grep -c 'fma.rn.f64' "$out/device.ptx" || true)"
fi
