"""Times tnfr_dnfr beside the other ways to its answer; see run.sh.

Runs are interleaved (one of each method, then again) so that a slow minute of
the machine falls on all of them alike; the first round warms up and is thrown
away; the tables give medians.  The session comes from PGHOST and PGUSER.
"""
import argparse
import json
import statistics
import sys

import numpy as np

import methods

AGREEMENT = 1e-9

ORDER = [  # name, label
    ("sql", "plain SQL, 2 workers"),
    ("tuned", "plain SQL, one join less"),
    ("numpy", "NumPy/SciPy, to an array"),
    ("scan", "bare scan, no workers"),
    ("scan2", "bare scan, 2 workers"),
    ("dnfr", "tnfr_dnfr directed"),
    ("single", "tnfr_dnfr directed, 1 thread"),
    ("undirected", "tnfr_dnfr undirected"),
    ("alone", "tnfr_dnfr directed, no workers"),
    ("agg", "tnfr_graph_agg, weighted"),
    ("stored", "tnfr_graph_dnfr, weighted"),
    ("plain_scan2", "bare scan without weights, 2 workers"),
    ("plain", "tnfr_dnfr without weights"),
    ("plain_agg", "tnfr_graph_agg without weights"),
    ("plain_stored", "tnfr_graph_dnfr without weights"),
]


def build(schema, extension):
    """The methods for the network in a schema."""
    made = {
        "sql": methods.sql(schema, methods.PLAIN_SQL),
        "tuned": methods.sql(schema, methods.TUNED_SQL),
        "numpy": methods.Numpy(schema),
        "scan": methods.scan(schema, 0),
        "scan2": methods.scan(schema, 2),
    }
    if extension:
        directed = "'edges', 'nodes', directed => true"
        one = {"max_parallel_workers_per_gather": 0, "tnfr.max_threads": 1}
        made["dnfr"] = methods.Extension(schema, {}, directed)
        made["single"] = methods.Extension(schema, one, directed)
        made["undirected"] = methods.Extension(schema, {}, "'edges', 'nodes'")
        made["alone"] = methods.Extension(schema, {"parallel_setup_cost": 1e9}, directed)
        made["agg"] = methods.graph_agg(schema, "edges", "src, dst, weight, true")
        made["stored"] = methods.StoredGraph(schema, "weighted")
        made["plain_scan2"] = methods.Query(
            schema, {"max_parallel_workers_per_gather": 2}, "SELECT sum(src), sum(dst) FROM plain")
        made["plain"] = methods.Extension(schema, {}, "'plain', 'nodes', directed => true")
        made["plain_agg"] = methods.graph_agg(schema, "plain", "src, dst, true")
        made["plain_stored"] = methods.StoredGraph(schema, "unweighted")
    return made


def measure(made, repetitions):
    """Seconds and phases of every run, by method."""
    seconds = {name: [] for name in made}
    phases = {name: [] for name in made}
    for round_number in range(repetitions + 1):
        for name, method in made.items():
            taken = method.run()
            if round_number > 0:
                seconds[name].append(taken)
                phases[name].append(method.phases)
    return seconds, phases


def check(made):
    """Largest difference between the answers; None where there is no pair."""
    ids, expected = made["numpy"].answer()
    worst = {}
    for name in ("sql", "tuned", "dnfr", "single", "alone", "stored"):
        if name in made:
            node, dnfr = made[name].answer()
            if not np.array_equal(node, ids):
                sys.exit("compare: %s does not give every node once, in order" % name)
            worst[name] = float(np.max(np.abs(dnfr - expected)))
    if "undirected" in made:
        expected = made["numpy"].answer(directed=False)[1]
        dnfr = made["undirected"].answer()[1]
        worst["undirected"] = float(np.max(np.abs(dnfr - expected)))
        worst["plain_stored"] = float(np.max(np.abs(
            made["plain_stored"].answer()[1] - made["plain"].answer()[1])))
    return worst


def median_phases(runs):
    """Medians of each phase over the runs, in the order they are reported."""
    return {name: statistics.median(run.get(name, 0.0) for run in runs)
            for name in (runs[0] if runs else {})}


def print_scale(scale, result):
    print("\n2^%d nodes, %d arcs" % (scale, result["arcs"]))
    print("%-30s %10s %10s %10s %9s" % ("", "median ms", "min ms", "max ms", "of scan"))
    scan = result["ms"]["scan"]
    for name, label in ORDER:
        if name in result["ms"]:
            print("%-30s %10.1f %10.1f %10.1f %9.2f"
                  % (label, result["ms"][name], result["min"][name],
                     result["max"][name], result["ms"][name] / scan))
    for name, label in ORDER:
        phases = result["phases"].get(name)
        if phases:
            print("  %s: %s" % (label, ", ".join(
                "%s %.1f ms" % item for item in phases.items())))
    print("  largest difference to NumPy: %s" % ", ".join(
        "%s %.1e" % item for item in result["difference"].items()), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scales", type=int, nargs="+", required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--no-extension", action="store_true",
                        help="only the other methods")
    parser.add_argument("--json", required=True, help="where the numbers go")
    options = parser.parse_args()

    results = {}
    for scale in options.scales:
        made = build("s%d" % scale, not options.no_extension)
        difference = check(made)
        seconds, phases = measure(made, options.repetitions)
        results[scale] = {
            "arcs": 16 << scale,
            "ms": {k: 1e3 * statistics.median(v) for k, v in seconds.items()},
            "min": {k: 1e3 * min(v) for k, v in seconds.items()},
            "max": {k: 1e3 * max(v) for k, v in seconds.items()},
            "phases": {k: median_phases(v) for k, v in phases.items()},
            "difference": difference,
        }
        print_scale(scale, results[scale])
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
        if max(difference.values()) > AGREEMENT:
            sys.exit("compare: answers differ by more than %g" % AGREEMENT)


if __name__ == "__main__":
    main()
