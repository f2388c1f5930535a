"""Partitions: the k-d tree beside SciPy's, and tnfr_partition over sizes; see run.sh.

Both trees get the same points, the phases modulo a turn, and one thread each:
they are built, and asked for the k nearest of every point. SciPy's has a
period in one dimension and is asked for the k-th only. The SQL functions get
random networks of mean degree 10 with vf and phase drawn evenly, so nothing
in them fits together, and one thread as well, since growth is serial. Runs are
interleaved, and those of SQL once more to warm up; the tables give medians.
"""
import argparse
import itertools
import json
import math
import statistics
import subprocess
import sys
import time

import numpy as np
from scipy.spatial import cKDTree

import pgbin
from methods import NODE_COLUMNS, Query, connect

K = 50
WORKERS = (2, 4, 16)
KINDS = ("spatial", "neighbours")
TREES = ("tnfr", "scipy")
ONE = {"max_parallel_workers_per_gather": 0, "tnfr.max_threads": 1}
FEW_NODES = 100000      # fewer are timed more than once a round
TURN = 2 * math.pi


def uniform_points(rng, n):
    return np.column_stack([rng.uniform(0, 2, n), rng.uniform(0, TURN, n)])


def clustered_points(rng, n):
    centre = rng.integers(0, 100, n)
    vf = rng.uniform(1, 5, 100)[centre] + rng.normal(0, 0.01, n)
    return np.column_stack([vf, np.mod(rng.uniform(0, TURN, 100)[centre] + rng.normal(0, 0.01, n), TURN)])


def search_by_scipy(points):
    start = time.perf_counter()
    plane = points / [points[:, 0].std(), 1]
    tree = cKDTree(plane, boxsize=[0, TURN])
    built = time.perf_counter()
    farthest = tree.query(plane, [K], workers=1)[0]
    return built - start, time.perf_counter() - built, float(farthest.sum())


def search(program, path, points):
    """Seconds to build, seconds to search and the sum of distances, by tree."""
    line = subprocess.check_output([program, path, str(len(points)), str(K), "1"], universal_newlines=True)
    return {"tnfr": tuple(map(float, line.split())), "scipy": search_by_scipy(points)}


def compare_trees(options, rng):
    results = {}
    for name, draw in (("uniform", uniform_points), ("clustered", clustered_points)):
        points = draw(rng, options.points)
        path = "%s.%s.points" % (options.json, name)
        points.tofile(path)
        runs = [search(options.program, path, points) for _ in range(options.repetitions)]
        results[name] = {"points": options.points, "k": K, "seconds": {
            tree: [statistics.median(run[tree][step] for run in runs) for step in (0, 1)] for tree in TREES}}
        ours, theirs = (runs[0][tree][2] for tree in TREES)
        if abs(ours - theirs) > 1e-9 * theirs:
            sys.exit("partition: sums of distances differ, %r and %r" % (ours, theirs))
        print("%s points: %s" % (name, results[name]["seconds"]), flush=True)
    return results


def load(rng, n):
    """A random network of n nodes in a schema of its own."""
    schema = "p%d" % n
    ids = np.arange(n)
    with connect("public", {}).cursor() as cursor:
        cursor.execute("CREATE SCHEMA %s" % schema)
        cursor.execute("SET search_path = %s, public" % schema)
        cursor.execute("CREATE TABLE nodes (id int8, epi float8, vf float8, phase float8)")
        cursor.execute("CREATE TABLE edges (src int8, dst int8)")
        pgbin.copy_in(cursor, "nodes", NODE_COLUMNS,
                      [ids, np.zeros(n), rng.uniform(0, 2, n), rng.uniform(-math.pi, math.pi, n)])
        pgbin.copy_in(cursor, "edges", [("src", ">i8"), ("dst", ">i8")],
                      [rng.integers(0, n, 5 * n), rng.integers(0, n, 5 * n)])
        cursor.execute("VACUUM (FREEZE, ANALYZE) nodes, edges")
    return schema


def balance(schema):
    """The most entries of a worker over the mean, by workers."""
    loads = {}
    with connect(schema, {}).cursor() as cursor:
        for workers in WORKERS:
            cursor.execute("SELECT max(load) * %s / sum(load) FROM (SELECT sum(entries) AS load"
                           " FROM tnfr_partition_summary('edges', 'nodes', workers => %s) GROUP BY worker) w",
                           (workers, workers))
            loads[workers] = float(cursor.fetchone()[0])
    return loads


def time_sizes(options, rng):
    schemas = {n: load(rng, n) for n in options.nodes}
    made = {(n, kind): Query(schemas[n], ONE, "SELECT count(*), sum(partition)"
                             " FROM tnfr_partition('edges', 'nodes', candidates => '%s')" % kind)
            for n, kind in itertools.product(options.nodes, KINDS)}
    seconds = {key: [] for key in made}
    for round_number in range(options.repetitions + 1):
        for key, query in made.items():
            taken = [query.run() for _ in range(max(1, FEW_NODES // key[0]))]
            if round_number > 0:
                seconds[key] += taken
    results = {}
    for n in options.nodes:
        results[n] = {"seconds": {kind: statistics.median(seconds[n, kind]) for kind in KINDS},
                      "balance": balance(schemas[n])}
        print("%d nodes: %s" % (n, results[n]), flush=True)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, help="kdtree_bench")
    parser.add_argument("--points", type=int, default=1000000)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1000, 10000, 100000, 1000000])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", required=True, help="where the numbers go")
    options = parser.parse_args()

    rng = np.random.default_rng(options.seed)
    results = {"trees": compare_trees(options, rng), "sizes": time_sizes(options, rng)}
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(results, out, indent=1)


if __name__ == "__main__":
    main()
