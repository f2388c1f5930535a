#!/usr/bin/env bash
# Run every suite and sum up.
#
#   unit        test/unit: the core under sanitizers; every assertion counts
#   regress     test/sql: every file counts
#   isolation   test/isolation: every spec counts
#   tap         test/t: every assertion counts
#
# A program that ends badly counts as a failure of its own, and so does a suite
# that fails without naming a test or runs none.  Skipped assertions do not
# count.  The last line is "N passed, N failed".
set -euo pipefail
. "$(dirname "$0")/common.sh"

total_passed=0
total_failed=0

# Both kinds of lines: TAP (unit, tap, pg_regress from 16 on) and pg_regress
# before 16.
passed_lines='^(ok [0-9-]|test .*\.\.\. ok )'
failed_lines='^(not ok |test .*\.\.\. FAILED|  Parse errors:)'
error_lines='ERROR: (Address|Leak|Thread)Sanitizer|: runtime error:'

# suite NAME COMMAND...: run it, show what failed, add up.
suite()
{
	local name=$1 log=$sandbox/$1.log status=0 passed failed
	shift
	say "$name"
	"$@" > "$log" 2>&1 < /dev/null || status=$?
	passed=$(grep -E "$passed_lines" "$log" | grep -vic '# skip' || true)
	failed=$(grep -E "$failed_lines" "$log" | grep -vic '# todo' || true)
	if [ "$failed" = 0 ] && { [ "$status" != 0 ] || [ "$passed" = 0 ]; }; then
		failed=1
	fi
	if [ "$failed" != 0 ]; then
		grep -E -A 12 "$failed_lines|$error_lines" "$log" | head -n 200 || true
		echo "..."
		tail -n 30 "$log"
	fi
	echo "$name: $passed passed, $failed failed"
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
}

# check COMMAND...: "make installcheck" of the copy against our cluster
check()
{
	PGHOST=$sandbox/cluster as_owner "$sandbox/tree" \
		make -s installcheck PG_CONFIG="$PG_CONFIG" PROVE_FLAGS=-v "$@"
}

show_diffs()
{
	local diffs
	for diffs in "$sandbox"/tree/regression.diffs "$sandbox"/tree/output_iso/regression.diffs; do
		[ ! -s "$diffs" ] || head -n 300 "$diffs"
	done
}

has() { compgen -G "$sandbox/tree/test/$1" > /dev/null; }

scripts/deps.sh test
make_sandbox
suite unit make -s -C "$sandbox/tree" -j"${JOBS:-$(nproc)}" unit PG_CONFIG="$PG_CONFIG" PROVE_FLAGS=-v

scripts/cluster.sh start "$sandbox/cluster"
suite regress check ISOLATION= TAP_TESTS=
has 'isolation/specs/*.spec' && suite isolation check REGRESS= TAP_TESTS=
show_diffs
scripts/cluster.sh stop "$sandbox/cluster"

# These start servers of their own.
has 't/*.pl' && suite tap check REGRESS= ISOLATION=

if grep -E 'TRAP:|PANIC:|terminated by signal' "$sandbox/cluster/server.log"; then
	echo "server: crashed"
	total_failed=$((total_failed + 1))
fi

echo "$total_passed passed, $total_failed failed"
[ "$total_failed" = 0 ]
