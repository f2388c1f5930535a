"""Peak memory per entry, against the bounds that are promised.

The kernel's high-water mark of the resident set misses nothing, but counts
shared buffers as the backend touches them.  Therefore one call goes first: it
touches every page of the tables, and afterwards the mark can only rise by
memory of the backend's own.  What that first call left behind is added, so
that nothing kept is overlooked.  A sampled RssAnon stands beside it, for
trust.  The bounds are per entry and net of 128 bytes a node.
"""
import argparse
import json
import sys

from backend import Sampler, memory, reset_peak
from methods import connect

NODE_BYTES = 128

DNFR = "SELECT count(*), sum(dnfr) FROM tnfr_dnfr('%s', 'nodes', directed => %s)"
STORED = """SELECT count(*), sum(dnfr)
    FROM tnfr_graph_dnfr((SELECT graph FROM graphs WHERE kind = '%s'), 'nodes')"""
AGGREGATE = "SELECT tnfr_graph_bytes(tnfr_graph_agg(%s)) FROM edges"

CASES = [  # name, statement, directed, bytes an entry allowed
    ("undirected weighted", DNFR % ("edges", "false"), False, 24),
    ("directed weighted", DNFR % ("edges", "true"), True, 32),
    ("undirected unweighted", DNFR % ("unweighted", "false"), False, 24),
    ("directed unweighted", DNFR % ("unweighted", "true"), True, 24),
    ("stored, weighted", STORED % "weighted", True, 32),
    ("stored, unweighted", STORED % "unweighted", True, 24),
    ("aggregate, undirected weighted", AGGREGATE % "src, dst, weight", False, 24),
    ("aggregate, directed weighted", AGGREGATE % "src, dst, weight, true", True, 32),
    ("aggregate, undirected unweighted", AGGREGATE % "src, dst", False, 24),
    ("aggregate, directed unweighted", AGGREGATE % "src, dst, true", True, 24),
]


def call(cursor, statement):
    cursor.execute(statement)
    cursor.fetchall()


def peak(schema, statement):
    """Bytes that a call needs at its peak: by the mark, and by sampling."""
    connection = connect(schema, {"max_parallel_workers_per_gather": 0})
    with connection.cursor() as cursor:
        pid = connection.info.backend_pid
        # Catalogue caches and the library belong to any session.
        cursor.execute("SELECT count(*) FROM tnfr_dnfr('edges_none', 'nodes_none')")
        fresh = memory(pid)
        call(cursor, statement)
        before = memory(pid)
        reset_peak(pid)
        sampler = Sampler(pid)
        sampler.start()
        call(cursor, statement)
        sampled = sampler.stop()
        after = memory(pid)
    connection.close()
    kept = before["RssAnon"] - fresh["RssAnon"]
    return (after["VmHWM"] - before["VmRSS"] + kept, sampled - fresh["RssAnon"],
            after["RssAnon"] - fresh["RssAnon"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schema", required=True)
    parser.add_argument("--json", required=True)
    options = parser.parse_args()

    with connect(options.schema, {}).cursor() as cursor:
        cursor.execute("CREATE OR REPLACE VIEW unweighted AS SELECT src, dst FROM edges")
        cursor.execute("CREATE OR REPLACE VIEW edges_none AS SELECT * FROM edges WHERE false")
        cursor.execute("CREATE OR REPLACE VIEW nodes_none AS SELECT * FROM nodes WHERE false")
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE src = dst) FROM edges")
        arcs, loops = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM nodes")
        nodes = cursor.fetchone()[0]

    print("\nPeak memory, %d arcs, %d nodes; net of %d bytes a node"
          % (arcs, nodes, NODE_BYTES))
    print("%-34s %10s %10s %10s %10s %12s %8s" % (
        "", "entries", "peak MB", "sampled", "kept MB", "bytes/entry", "bound"))
    results = {}
    for name, statement, directed, bound in CASES:
        entries = arcs if directed else 2 * arcs - loops
        mark, sampled, kept = peak(options.schema, statement)
        net = (mark - NODE_BYTES * nodes) / entries
        results[name] = {"entries": entries, "peak": mark, "per_entry": net,
                         "bound": bound, "kept": kept}
        print("%-34s %10d %10.1f %10.1f %10.1f %12.2f %8d%s" % (
            name, entries, mark / 1e6, sampled / 1e6, kept / 1e6, net, bound,
            "" if net <= bound else "  OVER"), flush=True)
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(results, out, indent=1)
    if any(r["per_entry"] > r["bound"] for r in results.values()):
        sys.exit("memory: a bound is exceeded")


if __name__ == "__main__":
    main()
