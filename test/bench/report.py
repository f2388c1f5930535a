"""The numbers of a run as tables in Markdown, ready for the README.

Reads kernel.json, compare.json, memory.json, cancel.json, layout.json and
partition.json from a directory; a part that was not run is left out.
"""
import json
import math
import os
import subprocess
import sys


# TNFR-Python-Engine on such a network of so many nodes, one run.
ENGINE_NODES = 1000
ENGINE_SECONDS = 197


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          universal_newlines=True).stdout


def machine():
    """Processor, cores, memory, server and compiler, in a line."""
    cpu = dict(line.split(":", 1) for line in output("lscpu").splitlines() if ":" in line)
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        gib = int(meminfo.readline().split()[1]) / 2**20
    return "%s, %s cores, %.0f GB; %s; %s" % (
        cpu["Model name"].strip(), cpu["CPU(s)"].strip(), gib,
        output(os.environ.get("PG_CONFIG", "pg_config"), "--version").strip(),
        output(os.environ.get("CC", "gcc"), "--version").splitlines()[0])


def arcs(count):
    return "%.1fM arcs" % (count / 1e6) if count >= 1e6 else "%d arcs" % count


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |")


def head(*cells):
    print()
    row(*cells)
    row("---", *["---:"] * (len(cells) - 1))


def compare(results):
    scales = sorted(results, key=int)
    methods = [("sql", "plain SQL, 2 parallel workers"),
               ("tuned", "plain SQL with one join less"),
               ("numpy", "NumPy/SciPy by COPY BINARY, to an array"),
               ("scan", "`SELECT sum(src), sum(dst), sum(weight)`, no workers"),
               ("scan2", "the same, 2 workers"),
               ("dnfr", "`tnfr_dnfr`, directed"),
               ("single", "`tnfr_dnfr`, directed, one thread"),
               ("undirected", "`tnfr_dnfr`, undirected"),
               ("alone", "`tnfr_dnfr`, directed, two threads but no workers"),
               ("agg", "`tnfr_graph_agg`, 2 workers"),
               ("stored", "`tnfr_graph_dnfr` of a stored graph"),
               ("plain_scan2", "without weights: `SELECT sum(src), sum(dst)`, 2 workers"),
               ("plain", "without weights: `tnfr_dnfr`"),
               ("plain_agg", "without weights: `tnfr_graph_agg`"),
               ("plain_stored", "without weights: `tnfr_graph_dnfr`")]
    head("ms, median", *[arcs(results[s]["arcs"]) for s in scales])
    for name, label in methods:
        if name in results[scales[0]]["ms"]:
            row(label, *["%.0f" % results[s]["ms"][name] for s in scales])
    if "dnfr" not in results[scales[0]]["ms"]:
        return

    def ratio(over, under):
        return ["%.2f" % (results[s]["ms"][over] / results[s]["ms"][under]) for s in scales]

    row("plain SQL / `tnfr_dnfr`", *ratio("sql", "dnfr"))
    row("plain SQL with one join less / `tnfr_dnfr`", *ratio("tuned", "dnfr"))
    row("NumPy / `tnfr_dnfr`", *ratio("numpy", "dnfr"))
    row("NumPy and back to a table / `tnfr_dnfr`", *[
        "%.2f" % ((results[s]["ms"]["numpy"] + results[s]["phases"]["numpy"]["back to a table"])
                  / results[s]["ms"]["dnfr"]) for s in scales])
    row("`tnfr_dnfr` / scan without workers", *ratio("dnfr", "scan"))
    row("`tnfr_dnfr`, one thread / scan without workers", *ratio("single", "scan"))
    row("`tnfr_dnfr` / scan with 2 workers", *ratio("dnfr", "scan2"))
    row("`tnfr_graph_agg` / scan with 2 workers", *ratio("agg", "scan2"))
    row("`tnfr_dnfr` / `tnfr_graph_dnfr`", *ratio("dnfr", "stored"))
    row("without weights: `tnfr_dnfr` / scan with 2 workers", *ratio("plain", "plain_scan2"))
    row("without weights: `tnfr_graph_agg` / scan with 2 workers", *ratio("plain_agg", "plain_scan2"))
    row("without weights: `tnfr_dnfr` / `tnfr_graph_dnfr`", *ratio("plain", "plain_stored"))
    cost = [results[s]["ms"]["dnfr"] * 1e6 / results[s]["arcs"] for s in scales]
    row("ns an arc", *["%.1f" % c for c in cost])
    row("cost an arc, of the smallest", *["%.2f" % (c / cost[0]) for c in cost])

    for name, label in (("dnfr", "directed"), ("undirected", "undirected"), ("stored", "stored graph")):
        phases = results[scales[-1]]["phases"][name]
        if phases:
            head("phase (%s), ms" % label, *[arcs(results[s]["arcs"]) for s in scales])
            for phase in phases:
                row(phase, *["%.1f" % results[s]["phases"][name].get(phase, 0)
                             for s in scales])


def kernel(k):
    head("kernel alone, " + arcs(k["arcs"]), "1 thread", "2 threads")

    def each(form, value):
        return [form % value(t) for t in (1, 2)]

    row("neighbour sums, ms", *each("%.1f", lambda t: 1e3 * k["kernel_%d" % t]))
    row("`GrB_mxm`, its best configuration, ms",
        *each("%.1f", lambda t: 1e3 * k["graphblas_%d" % t]))
    row("`GrB_mxm` / neighbour sums",
        *each("%.1f", lambda t: k["graphblas_%d" % t] / k["kernel_%d" % t]))
    row("gathering without rows (the bound), ms",
        *each("%.1f", lambda t: 1e3 * k["gather_%d" % t]))
    row("neighbour sums, GB/s that must move",
        *each("%.1f", lambda t: k["kernel_bytes"] / k["kernel_%d" % t] / 1e9))
    row("neighbour sums, GB/s with 32 bytes gathered an entry",
        *each("%.1f", lambda t: k["gather_bytes"] / k["kernel_%d" % t] / 1e9))
    for loop in ("copy", "triad", "read"):
        row("STREAM-like %s, GB/s" % loop,
            *each("%.1f", lambda t, l=loop: k["stream_%s_%d" % (l, t)] / 1e9))
    row("distributing the arcs over groups while reading, ms",
        *each("%.1f", lambda t: 1e3 * k["distributing_%d" % t]))
    row("ordering the arcs, ms", *each("%.1f", lambda t: 1e3 * k["ordering_%d" % t]))


def memory(results):
    head("peak memory", "entries", "bytes an entry, net of 128 a node", "bound")
    for name, r in results.items():
        row(name, r["entries"], "%.1f" % r["per_entry"], r["bound"])


def cancel(results):
    head("statement_timeout 20 ms to 1.5 s", "calls cancelled", "latest, ms", "kept, MB")
    for name, r in results.items():
        row(name, "%d of %d" % (r["cancelled"], r["calls"]), "%.1f" % r["worst"],
            "%.2f" % (r["kept"] / 1e6))


def layout(results):
    nodes = results.pop("nodes")
    head("neighbour sums, 2^%d nodes" % (nodes.bit_length() - 1), "threads", "by id, ms", "layout, ms",
         "ratio", "cost, ms", "repaid after passes", "entries near, by id", "layout",
         "most entries of a thread / mean, by id", "layout")
    for name, r in results.items():
        for t in (1, 2):
            gain = r["id_%d" % t] - r["layout_%d" % t]
            row(name, t, "%.0f" % (1e3 * r["id_%d" % t]), "%.0f" % (1e3 * r["layout_%d" % t]),
                "%.2f" % (r["id_%d" % t] / r["layout_%d" % t]), "%.0f" % (1e3 * r["cost_%d" % t]),
                "%.1f" % (r["cost_%d" % t] / gain) if gain > 0 else "never",
                "%.0f %%" % (100 * r["local_id"]), "%.0f %%" % (100 * r["local"]),
                "%.3f" % r["balance_id_%d" % t], "%.3f" % r["balance_layout_%d" % t])


def slopes(sizes, values):
    """d log(value) / d log(size), a text for each size but the first."""
    logs = [(math.log(n), math.log(v)) for n, v in zip(sizes, values)]
    return ["%.2f" % ((y - v) / (x - u)) for (u, v), (x, y) in zip(logs, logs[1:])]


def partition(results):
    trees = results["trees"]
    some = next(iter(trees.values()))
    head("%d points, one thread" % some["points"], *["%s, %s" % (name, step) for name in trees
                                                     for step in ("build, ms", "%d nearest, us a point" % some["k"])])

    def times(tree):
        for t in trees.values():
            yield 1e3 * t["seconds"][tree][0]
            yield 1e6 * t["seconds"][tree][1] / t["points"]

    row("`core/kdtree`", *["%.3g" % t for t in times("tnfr")])
    row("`scipy.spatial.cKDTree`", *["%.3g" % t for t in times("scipy")])
    row("SciPy / `core/kdtree`", *["%.2f" % (b / a) for a, b in zip(times("tnfr"), times("scipy"))])

    sizes = results["sizes"]
    number = [int(n) for n in sizes]
    head("`tnfr_partition`, one thread, 5 edges a node", *["%d nodes" % n for n in number])
    for kind in ("spatial", "neighbours"):
        seconds = [s["seconds"][kind] for s in sizes.values()]
        row("%s, ms" % kind, *["%.1f" % (1e3 * t) for t in seconds])
        row("%s, slope from the size before" % kind, "", *slopes(number, seconds))
    row("the Python engine's FractalPartitioner (%d s) / spatial" % ENGINE_SECONDS,
        *["%.3g" % (ENGINE_SECONDS / s["seconds"]["spatial"]) if n == ENGINE_NODES else ""
          for n, s in zip(number, sizes.values())])
    row("slope of n log n", "", *slopes(number, [n * math.log(n) for n in number]))
    for workers in next(iter(sizes.values()))["balance"]:
        row("largest of %s workers / mean, entries" % workers,
            *["%.4f" % s["balance"][workers] for s in sizes.values()])


def main():
    print("\n" + machine())
    for part in (compare, kernel, layout, memory, cancel, partition):
        path = os.path.join(sys.argv[1], part.__name__ + ".json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as numbers:
                try:
                    part(json.load(numbers))
                except ValueError:
                    print("\n%s: no complete numbers" % part.__name__)


if __name__ == "__main__":
    main()
