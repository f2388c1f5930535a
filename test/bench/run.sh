#!/usr/bin/env bash
# The benchmark: tnfr_dnfr beside the other ways to its answer.
#
#   test/bench/run.sh [kernel] [layout] [compare] [memory] [cancel] [partition]
#                                                         (default: all)
#
#   kernel   ordering and neighbour sums without a server, beside
#            SuiteSparse:GraphBLAS and the memory bandwidth
#   compare  plain SQL, NumPy/SciPy, a bare scan and tnfr_dnfr on one cluster
#   memory   peak bytes per entry against the promised bounds
#   cancel   how late a statement_timeout ends, and what is kept after it
#   layout   neighbour sums without a server, in order of the ids and in a
#            layout that keeps communities together, and when it is repaid
#   partition
#            the k-d tree beside SciPy's, tnfr_partition over sizes, and the
#            balance of its workers
#
# The environment changes what is measured:
#
#   PG_CONFIG             the server                        (pg_config)
#   BENCH_SCALES          log2 of the nodes; 16 arcs a node ("16 18 20")
#   BENCH_REPETITIONS     interleaved runs after one warm-up (5)
#   BENCH_LAYOUT_SCALE    log2 of the nodes of layout; 8 entries a node (23)
#   BENCH_SEED            of the networks                   (1)
#   BENCH_SHARED_BUFFERS  must hold the tables              (4GB)
#   BENCH_JSON            keep the numbers in this directory
#
# 16.8 million arcs want 10 GB of memory and some 30 minutes.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../../scripts/common.sh
. "$here/../../scripts/common.sh"
set -euo pipefail

read -ra scales <<< "${BENCH_SCALES:-16 18 20}"
repetitions=${BENCH_REPETITIONS:-5}
seed=${BENCH_SEED:-1}
largest=${scales[-1]}
# Debian's interpreter, because Debian's NumPy belongs to it.
python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1
# SciPy's matrix product is serial; its BLAS must not start threads either.
export OPENBLAS_NUM_THREADS=1
# The kernel benchmark names its numbers of threads itself.
unset "${!OMP_@}"

# The yardsticks get every instruction of this machine; the core is compiled
# as for the extension, whose objects the sandbox holds.
build_programs()
{
	local flags=(-O3 -march=native -Wall -Wextra)

	"$cc" "${flags[@]}" -o "$sandbox/rmat" "$here/rmat.c"
	if [[ " $parts " == *" layout "* ]]; then
		"$cc" "${flags[@]}" -fopenmp -I src -o "$sandbox/layout_bench" \
			"$here/layout_bench.c" "$sandbox"/tree/src/core/*.o -lm
	fi
	if [[ " $parts " == *" partition "* ]]; then
		"$cc" "${flags[@]}" -fopenmp -I src -o "$sandbox/kdtree_bench" \
			"$here/kdtree_bench.c" "$sandbox"/tree/src/core/*.o -lm
	fi
	[[ " $parts " == *" kernel "* ]] || return 0
	"$cc" "${flags[@]}" -fopenmp -I src -o "$sandbox/kernel_bench" \
		"$here"/{kernel_bench,network,graphblas,yardsticks}.c \
		"$sandbox"/tree/src/core/*.o -lgraphblas -lm
}

query()
{
	"$bin/psql" -X -q -d bench -v ON_ERROR_STOP=1 "$@"
}

# The table is made in the transaction that fills it, so that COPY can freeze
# the rows: no later scan pays for hint bits.
load()
{
	local scale=$1 schema=s$1

	say "loading 2^$scale nodes, $((16 << scale)) arcs"
	query -c "CREATE SCHEMA $schema"
	"$sandbox/rmat" edges "$scale" "$seed" | query -1 -c "
		CREATE TABLE $schema.edges
			(src int8 NOT NULL, dst int8 NOT NULL, weight float8 NOT NULL)" \
		-c "COPY $schema.edges FROM STDIN (FORMAT binary, FREEZE)"
	"$sandbox/rmat" nodes "$scale" "$seed" | query -1 -c "
		CREATE TABLE $schema.nodes (id int8 PRIMARY KEY,
			epi float8 NOT NULL, vf float8 NOT NULL, phase float8 NOT NULL)" \
		-c "COPY $schema.nodes FROM STDIN (FORMAT binary, FREEZE)"
	query -c "CREATE TABLE $schema.plain AS SELECT src, dst FROM $schema.edges" \
		-c "CREATE TABLE $schema.graphs AS
			SELECT 'weighted' AS kind, tnfr_graph_agg(src, dst, weight, true) AS graph FROM $schema.edges
			UNION ALL SELECT 'unweighted', tnfr_graph_agg(src, dst, true) FROM $schema.edges" \
		-c "VACUUM (FREEZE, ANALYZE) $schema.edges, $schema.nodes, $schema.plain, $schema.graphs"
	query -At -c "SELECT pg_prewarm(c) FROM unnest('{$schema.edges,$schema.nodes,$schema.plain}'::regclass[]) AS c" \
		-c "SELECT pg_prewarm(reltoastrelid) FROM pg_class WHERE oid = '$schema.graphs'::regclass" > /dev/null
}

# work_mem and jit keep their defaults; plain SQL raises work_mem for itself.
start_server()
{
	scripts/cluster.sh start "$sandbox/cluster" \
		"shared_buffers=${BENCH_SHARED_BUFFERS:-4GB}" \
		max_parallel_workers_per_gather=2 max_parallel_workers=8 \
		autovacuum=off wal_level=minimal max_wal_senders=0 max_wal_size=16GB
	export PGHOST=$sandbox/cluster
	bin=$("$PG_CONFIG" --bindir)
	export LD_LIBRARY_PATH
	LD_LIBRARY_PATH=$("$PG_CONFIG" --libdir)
	"$bin/createdb" bench
	query -c "CREATE EXTENSION pg_prewarm" -c "CREATE EXTENSION tnfr_pg"
}

parts="${*:-kernel layout compare memory cancel partition}"
for part in $parts; do
	case $part in
		kernel | layout | compare | memory | cancel | partition) ;;
		*) die "unknown part \"$part\"; known: kernel layout compare memory cancel partition" ;;
	esac
done

scripts/deps.sh bench
make_sandbox
cc=${CC:-gcc}
build_programs
status=0
# Threads that wait for one another suffer most from company.
read -r load _ < /proc/loadavg
say "load average $load on $(nproc) cores; times mean little unless it is near 0"

if [[ " $parts " == *" kernel "* ]]; then
	# The extension asks for huge pages; GraphBLAS, by malloc, shall have them too.
	GLIBC_TUNABLES=glibc.malloc.hugetlb=1 "$sandbox/kernel_bench" \
		"$largest" "$seed" "$repetitions" "$sandbox/kernel.json" || status=1
fi
if [[ " $parts " == *" layout "* ]]; then
	"$sandbox/layout_bench" "${BENCH_LAYOUT_SCALE:-23}" "$seed" \
		"$repetitions" "$sandbox/layout.json" || status=1
fi
if [[ " $parts " =~ " "(compare|memory|cancel|partition)" " ]]; then
	server=yes
	start_server
	for scale in "${scales[@]}"; do
		# Only the comparison looks at more than the largest network, and
		# partitions are of networks of their own.
		if [[ " $parts " == *" compare "* || $scale == "$largest" && " $parts " =~ \ (memory|cancel)\  ]]; then
			load "$scale"
		fi
	done
fi
for part in $parts; do
	case $part in
		compare)
			"$python" "$here/compare.py" --scales "${scales[@]}" \
				--repetitions "$repetitions" --json "$sandbox/compare.json" || status=1
			;;
		memory | cancel)
			"$python" "$here/$part.py" --schema "s$largest" \
				--json "$sandbox/$part.json" || status=1
			;;
		partition)
			"$python" "$here/partition.py" --program "$sandbox/kdtree_bench" \
				--repetitions "$repetitions" --seed "$seed" \
				--json "$sandbox/partition.json" || status=1
			;;
	esac
done
[ -z "${server:-}" ] || scripts/cluster.sh stop "$sandbox/cluster"

CC=$cc "$python" "$here/report.py" "$sandbox"
if [ -n "${BENCH_JSON:-}" ]; then
	mkdir -p "$BENCH_JSON"
	cp "$sandbox"/*.json "$BENCH_JSON"
fi
exit "$status"
