#!/usr/bin/env bash
# Everything that needs a GPU, on a machine without PostgreSQL: builds, compares
# the device's bits with the processor's, runs compute-sanitizer where there is
# one, and measures.
#
#   test/gpu/run.sh [emulated|bits|sanitize|bench|sql|compare]...
#
# Without arguments all of them.  "emulated" compares bits on an emulated
# device, and makes it fail.  "sql" and "compare" do it through a server, which
# test/gpu/pack.sh has packed elsewhere.  Ends with 77 when there is no real
# device to use: by then all has been built.  NVCC names the compiler.
set -euo pipefail
cd "$(dirname "$0")/../.."

library=build/cuda/tnfr_pg_cuda.so
program=build/device/tnfr_pg_device
[ $# -gt 0 ] || set -- emulated bits sanitize bench sql compare

echo "== building"
make --no-print-directory -s device
if [ ! -e "$library" ]; then
	echo "run.sh: there is no nvcc, so there is no library to test" >&2
	exit 1
fi
make --no-print-directory -s -f test/gpu/Makefile -j"${JOBS:-$(nproc)}"

# tap TEST LIBRARY [DIVISOR]
tap()
{
	local status=0 log="build/gpu/$1.tap"
	"build/gpu/$1" "$program" "${@:2}" > "$log" || status=$?
	grep -E '^(#|not ok)' "$log" || true
	echo "$(grep -c '^ok' "$log") passed, $(grep -c '^not ok' "$log") failed"
	return "$status"
}

emulated()
{
	echo "== an emulated device's bits and the processor's"
	tap sums build/gpu/emulated.so 100 || return
	echo "== an emulated device that fails"
	tap faults build/gpu/emulated.so
}

bits()
{
	echo "== the device's bits and the processor's"
	tap sums "$library"
}

# The tools follow the program into tnfr_pg_device, and say by their status
# whether they found anything.
sanitize()
{
	local tool status
	if ! command -v compute-sanitizer > /dev/null; then
		echo "== compute-sanitizer: there is none"
		return 0
	fi
	for tool in memcheck racecheck synccheck initcheck; do
		echo "== compute-sanitizer $tool"
		status=0
		compute-sanitizer --tool "$tool" --target-processes all --error-exitcode 9 \
			build/gpu/sums "$program" "$library" 20 > "build/gpu/$tool.log" 2>&1 || status=$?
		grep -E 'SUMMARY' "build/gpu/$tool.log" | sort | uniq -c
		[ "$status" != 77 ] || return 77
		if [ "$status" != 0 ] || ! grep -qE 'SUMMARY: 0' "build/gpu/$tool.log" ||
			grep -qE 'SUMMARY: [1-9]' "build/gpu/$tool.log"; then
			head -n 100 "build/gpu/$tool.log"
			return 1
		fi
	done
}

bench()
{
	echo "== kernel, cuSPARSE and copy"
	build/gpu/bench "$library"
}

sql() { test/gpu/server.sh sql; }
compare() { test/gpu/server.sh compare; }

for part in "$@"; do
	status=0
	case $part in
		emulated | bits | sanitize | bench | sql | compare) "$part" || status=$? ;;
		*) echo "run.sh: unknown part \"$part\"" >&2; exit 2 ;;
	esac
	[ "$status" != 77 ] || echo "run.sh: no device to use; everything is built" >&2
	[ "$status" = 0 ] || exit "$status"
done
