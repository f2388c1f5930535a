#!/usr/bin/env bash
# The regression suite with the server under valgrind's memcheck.
#
# The server is built for it: its memory contexts tell valgrind about every
# palloc, so errors inside a context show, too.  Every process writes a log of
# its own; any error that PostgreSQL's own suppressions do not cover fails.
# Errors are not turned into exit codes, because a backend that exits with one
# makes the postmaster restart all the others.  REGRESS="dnfr errors" in the
# environment runs those files only.
set -euo pipefail
. "$(dirname "$0")/common.sh"

scripts/deps.sh servers
PG_CONFIG=$(scripts/build_server.sh 17 trixie)
suppressions=${PG_CONFIG%/bin/pg_config}/share/valgrind.supp
make_sandbox
cp "$suppressions" "$sandbox/valgrind.supp"
mkdir "$sandbox/logs"
cat > "$sandbox/postgres" <<EOF
#!/bin/sh
exec valgrind --quiet --leak-check=no --track-origins=yes --gen-suppressions=all \\
	--num-callers=30 --read-var-info=no --suppressions=$sandbox/valgrind.supp \\
	--trace-children=yes --log-file=$sandbox/logs/%p.log \\
	$("$PG_CONFIG" --bindir)/postgres "\$@"
EOF
chmod 755 "$sandbox/postgres"
chown -R "$(choose_owner)" "$sandbox/logs"

# Idle OpenMP threads must sleep: valgrind runs one thread at a time.
export OMP_WAIT_POLICY=passive
SERVER_PROGRAM=$sandbox/postgres scripts/cluster.sh start "$sandbox/cluster"

say "regression suite under valgrind"
status=0
PGHOST=$sandbox/cluster as_owner "$sandbox/tree" \
	make -s installcheck PG_CONFIG="$PG_CONFIG" ${REGRESS:+REGRESS="$REGRESS"} \
	ISOLATION= TAP_TESTS= < /dev/null || status=$?
[ "$status" = 0 ] || head -n 300 "$sandbox/tree/regression.diffs" || true
scripts/cluster.sh stop "$sandbox/cluster"

# A log is empty unless its process has something to report.
processes=$(find "$sandbox/logs" -name '*.log' | wc -l)
errors=$(cat "$sandbox"/logs/*.log | grep -c '^{' || true)
cat "$sandbox"/logs/*.log | head -n 300
echo "$processes processes, $errors errors"
[ "$status" = 0 ] && [ "$errors" = 0 ]
