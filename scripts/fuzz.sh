#!/usr/bin/env bash
# The decoder of graphs under libFuzzer and sanitizers.
#
#   scripts/fuzz.sh [SECONDS]
#
# Inputs that reach new code are kept in build/fuzz/corpus for the next time;
# one that fails is left in build/fuzz.
set -euo pipefail
. "$(dirname "$0")/common.sh"

seconds=${1:-600}

scripts/deps.sh fuzz
make -s fuzz-program
mkdir -p build/fuzz/corpus

say "fuzzing for $seconds s"
OMP_NUM_THREADS=1 build/fuzz/decode -max_total_time="$seconds" -max_len=4096 -timeout=10 \
	-malloc_limit_mb=256 -print_final_stats=1 -artifact_prefix=build/fuzz/ \
	build/fuzz/corpus test/fuzz/corpus
