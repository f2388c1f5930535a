#!/usr/bin/env bash
# The device through SQL, on a machine that need not have PostgreSQL.
#
#   test/gpu/server.sh [sql] [compare] [LIBRARY]        (default: sql compare)
#
#   sql      serial and cuda give the same bits in every function
#   compare  end to end: serial, all threads and cuda by turns
#
# Uses the server of build/gpu/server/server.tar.gz, which test/gpu/pack.sh
# makes where there is one, and the program and the library of build/, if they
# have been built on this machine, in place of those in the file.  LIBRARY is
# another device library.  Ends with 77, and says why, when no device is there
# to use.  The environment changes what is measured:
#
#   BENCH_SCALES       log2 of the nodes; 16 entries a node ("20 22")
#   BENCH_REPETITIONS  runs by turns                         (3)
#   TMPDIR             where the cluster lies; 67M entries take 8 GB
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../scripts/common.sh
. "$here/../../scripts/common.sh"
set -euo pipefail

archive=build/gpu/server/server.tar.gz
read -ra scales <<< "${BENCH_SCALES:-20 22}"
repetitions=${BENCH_REPETITIONS:-3}
library=
parts=()
for argument in "$@"; do
	case $argument in
		sql | compare) parts+=("$argument") ;;
		*) library=$argument ;;
	esac
done
[ ${#parts[@]} -gt 0 ] || parts=(sql compare)
[ -z "$library" ] || [ -r "$library" ] || die "there is no $library"

unpack()
{
	local lib file
	[ -e "$archive" ] || die "there is no $archive; test/gpu/pack.sh makes it on a machine with PostgreSQL"
	open_sandbox
	tar -C "$sandbox" --no-same-owner -xzf "$archive"
	[ "$(test/gpu/pack.sh --sources)" = "$(cat "$sandbox/server/sources")" ] ||
		die "$archive is of other sources; run test/gpu/pack.sh again"

	PG_CONFIG=$(find "$sandbox/server" -path '*/bin/pg_config')
	bin=$("$PG_CONFIG" --bindir)
	lib=$("$PG_CONFIG" --pkglibdir)
	for file in build/device/tnfr_pg_device build/cuda/tnfr_pg_cuda.so; do
		[ ! -e "$file" ] || cp "$file" "$lib/"
	done
	[ -z "$library" ] || cp "$library" "$lib/tnfr_pg_cuda.so"
	chmod -R a+rX "$sandbox"
}

# Some machines have the driver where no loader looks for it.
find_driver()
{
	local dir
	! ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1' || return 0
	for dir in /usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib/wsl/lib; do
		if [ -e "$dir/libcuda.so.1" ]; then
			export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$dir
		fi
	done
}

start()
{
	local memory cores
	memory=$(awk '/^MemTotal:/ { print int($2 / 4096) }' /proc/meminfo)
	cores=$(nproc)
	scripts/cluster.sh start "$sandbox/cluster" \
		shared_preload_libraries=tnfr_pg shared_buffers="${memory}MB" jit=off autovacuum=off \
		wal_level=minimal max_wal_senders=0 max_wal_size=16GB \
		max_worker_processes=$((cores + 8)) max_parallel_workers="$cores" \
		max_parallel_workers_per_gather=$((cores - 1))
	export PGHOST=$sandbox/cluster
	query -c 'CREATE EXTENSION tnfr_pg'
}

query()
{
	"$bin/psql" -X -q -At -d postgres -v ON_ERROR_STOP=1 "$@"
}

# What there is to test, or 77.
look_at_device()
{
	local reason
	reason=$(query -c "SELECT reason FROM tnfr_backends() WHERE backend = 'cuda' AND NOT available")
	if [ -n "$reason" ]; then
		say "no device to use: $reason"
		exit 77
	fi
	device=$(query -c "SELECT name FROM tnfr_backends() WHERE backend = 'cuda'")
	say "$device, $(nproc) threads, $("$PG_CONFIG" --version)"
}

sql()
{
	local status=0
	say "serial and cuda in SQL: the same bits"
	query -f test/gpu/server.sql > "$sandbox/tap" 2>&1 || status=$?
	grep -v '^ok' "$sandbox/tap" || true
	[ "$status" = 0 ] || echo "not ok - psql ended with $status" | tee -a "$sandbox/tap"
	echo "$(grep -c '^ok' "$sandbox/tap") passed, $(grep -c '^not ok' "$sandbox/tap") failed"
	! grep -q '^not ok' "$sandbox/tap"
}

# load SCALE: R-MAT networks, with and without weights, as tables and as graphs
load()
{
	say "loading 2^$1 nodes, $((16 << $1)) entries"
	"$bin/rmat" edges "$1" 1 | query -1 -c "CREATE TABLE weighted (src int8 NOT NULL, dst int8 NOT NULL, weight float8 NOT NULL)" \
		-c "COPY weighted FROM STDIN (FORMAT binary, FREEZE)"
	"$bin/rmat" nodes "$1" 1 | query -1 -c "CREATE TABLE nodes (id int8 PRIMARY KEY, epi float8 NOT NULL, vf float8 NOT NULL, phase float8 NOT NULL)" \
		-c "COPY nodes FROM STDIN (FORMAT binary, FREEZE)"
	query -c "CREATE TABLE unweighted AS SELECT src, dst FROM weighted" \
		-c "CREATE TABLE graphs AS SELECT 'weighted' AS kind, tnfr_graph_agg(src, dst, weight, true) AS graph FROM weighted
			UNION ALL SELECT 'unweighted', tnfr_graph_agg(src, dst, true) FROM unweighted" \
		-c "VACUUM (FREEZE, ANALYZE) weighted, unweighted, nodes, graphs"
}

# The forms of a call: of a "table", of a stored graph that no device has seen
# ("first"), and of one that has been computed before ("again").
call_of()
{
	case $2 in
		table) echo "SELECT count(*) FROM tnfr_dnfr('$1', 'nodes', directed => true)" ;;
		*) echo "SELECT count(*) FROM tnfr_graph_dnfr((SELECT graph FROM graphs WHERE kind = '$1'), 'nodes')" ;;
	esac
}

# once KIND FORM BACKEND: adds "FORM BACKEND computing statement", in
# milliseconds, to the file of the kind.  A call before it has the threads
# started and the catalog read.
once()
{
	query <<END > "$sandbox/once" 2>&1 || { cat "$sandbox/once"; die "no answer"; }
SET tnfr.backend = $3;
SELECT count(*) FROM tnfr_dnfr('small_edges', 'small_nodes') \g /dev/null
SET tnfr.trace_phases = on;
\timing on
$(call_of "$1" "$2");
END
	echo "$2 $3 $(sed -n 's/.*computing \([0-9.]*\) ms.*/\1/p' "$sandbox/once") $(sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' "$sandbox/once")" >> "$sandbox/$1"
}

# A node more makes it another network, which no device has seen.
another_network()
{
	query -c "INSERT INTO nodes SELECT max(id) + 1, 0, 0, 0 FROM nodes"
}

counters()
{
	query -c "SELECT coalesce(sum(done), 0), coalesce(string_agg(fallbacks::text, ''), '') FROM tnfr_stat_gpu"
}

# choice KIND FORM: what "auto" does
choice()
{
	local before after
	before=$(counters)
	query -c "SET tnfr.backend = auto" -c "$(call_of "$1" "$2")" > /dev/null
	sleep 0.2
	after=$(counters)
	if [ "${after%%|*}" != "${before%%|*}" ]; then
		echo "cuda"
	elif [ "$after" != "$before" ]; then
		echo "openmp"
		query -c "SELECT '# $1, $2, auto: ' || last_reason FROM tnfr_stat_gpu" >> "$sandbox/reasons"
	else
		echo "openmp, not considered"
	fi
}

# row SCALE KIND FORM AUTO: medians; for the processor it is all the same
# whether a graph comes again
row()
{
	awk -v entries=$((16 << $1)) -v kind="$2" -v form="$3" -v auto="$4" '
		function median(key, column,	i, j, n, v, x) {
			n = count[key]
			for (i = 1; i <= n; i++) {
				x = value[key, column, i]
				for (j = i - 1; j >= 1 && v[j] > x; j--)
					v[j + 1] = v[j]
				v[j + 1] = x
			}
			return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
		}
		{ key = $1 " " $2; i = ++count[key]; value[key, 3, i] = $3; value[key, 4, i] = $4 }
		END {
			processor = form == "again" ? "first" : form
			printf "| %.1fM %s, %s ", entries / 1e6, kind, (form == "table" ? "" : "stored graph, ") form
			for (column = 3; column <= 4; column++) {
				serial = median(processor " serial", column)
				openmp = median(processor " openmp", column)
				cuda = median(form " cuda", column)
				printf "| %.1f | %.1f | %.1f | %.2f | %.2f ", serial, openmp, cuda, serial / cuda, openmp / cuda
			}
			printf "| %s |\n", auto
		}' "$sandbox/$2"
}

# measure SCALE: prints a table, and why "auto" left a call to the processor
measure()
{
	local kind form round
	rm -f "$sandbox"/{weighted,unweighted,reasons}
	for ((round = 0; round < repetitions; round++)); do
		another_network
		for kind in weighted unweighted; do
			once "$kind" table serial
			once "$kind" table openmp
			once "$kind" table cuda
			once "$kind" first serial
			once "$kind" first openmp
			once "$kind" first cuda
			once "$kind" again cuda
		done
	done
	another_network
	cat <<END
| $device, $(nproc) threads; ms | computing: serial | openmp | cuda | serial / cuda | openmp / cuda | statement: serial | openmp | cuda | serial / cuda | openmp / cuda | auto |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
END
	for kind in weighted unweighted; do
		for form in table first again; do
			row "$1" "$kind" "$form" "$(choice "$kind" "$form")"
		done
	done
	[ ! -e "$sandbox/reasons" ] || cat "$sandbox/reasons"
}

compare()
{
	local scale
	query -c "CREATE TABLE small_nodes AS SELECT i AS id, sin(i) AS epi, 1.0 AS vf, i / 10.0 AS phase FROM generate_series(1, 1000) AS i" \
		-c "CREATE TABLE small_edges AS SELECT i AS src, i % 1000 + 1 AS dst FROM generate_series(1, 1000) AS i"
	for scale in "${scales[@]}"; do
		load "$scale" || return 1
		say "end to end"
		measure "$scale"
		query -c "DROP TABLE weighted, unweighted, nodes, graphs"
	done
}

unpack
find_driver
start
look_at_device
status=0
for part in "${parts[@]}"; do
	"$part" || status=1
done
scripts/cluster.sh stop "$sandbox/cluster"
exit "$status"
