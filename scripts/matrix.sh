#!/usr/bin/env bash
# The whole suite on newer releases of PostgreSQL, built from Debian's source
# packages.
set -euo pipefail
. "$(dirname "$0")/common.sh"

scripts/deps.sh servers
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0

# try MAJOR SUITE...: the release and where Debian has its source
try()
{
	local pg_config
	if ! pg_config=$(scripts/build_server.sh "$@"); then
		echo "PostgreSQL $1: no server" >> "$results/table"
		status=1
		return
	fi
	PG_CONFIG=$pg_config scripts/test.sh | tee "$results/log" || status=1
	echo "$("$pg_config" --version): $(tail -n 1 "$results/log")" >> "$results/table"
}

try 17 trixie
try 18 forky sid

say "matrix"
cat "$results/table"
exit $status
