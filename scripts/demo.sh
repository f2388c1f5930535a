#!/usr/bin/env bash
# The main job on a real network, from packages to a readable answer.
set -euo pipefail
. "$(dirname "$0")/common.sh"

scripts/deps.sh build
make_sandbox
scripts/cluster.sh start "$sandbox/cluster"

say "the power grid of the western United States"
PGHOST=$sandbox/cluster as_owner "$sandbox/tree" \
	psql -X -q -d postgres -v ON_ERROR_STOP=1 -f test/demo.sql

scripts/cluster.sh stop "$sandbox/cluster"
say "done; \"make install\" puts the extension into the server of $("$PG_CONFIG" --version)"
