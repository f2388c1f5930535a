"""How late tnfr_dnfr ends after its statement_timeout, and what it keeps.

The timeouts run from 20 ms to 1.5 s in steps, so that they fall into every
phase of the call: reading, mapping, ordering, computing, returning.  Lateness
is the client's: from the timeout to the error in hand.  A call that finishes
first has no lateness; it is counted.
"""
import argparse
import json
import sys
import time

import psycopg2

from backend import memory
from methods import connect

LATE_MS = 100
KEPT_BYTES = 4 << 20    # allocator slack; a leaked array is 48 MB and more


def prepare(schema, entries):
    """Tables with that many entries, or what there is; returns the number."""
    with connect(schema, {}).cursor() as cursor:
        for name, rows in (("cancel_directed", entries),
                           ("cancel_undirected", entries // 2)):
            cursor.execute("DROP TABLE IF EXISTS %s" % name)
            cursor.execute("CREATE TABLE %s AS SELECT * FROM edges LIMIT %d"
                           % (name, rows))
            cursor.execute("VACUUM ANALYZE %s" % name)
        cursor.execute("SELECT count(*) FROM cancel_directed")
        return cursor.fetchone()[0]


def end_transaction(connection):
    """ROLLBACK runs under the timeout as well, and may be struck by it."""
    try:
        connection.rollback()
    except psycopg2.errors.QueryCanceled:
        connection.rollback()


def lateness(connection, statement, timeout):
    """Milliseconds after the timeout, or None when the call came in time.

    SET LOCAL, because a plain SET would run under the timeout before it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = %s", (timeout,))
        start = time.perf_counter()
        try:
            cursor.execute(statement)
            return None
        except psycopg2.errors.QueryCanceled:
            return 1e3 * (time.perf_counter() - start) - timeout
        finally:
            end_transaction(connection)


def sweep(schema, edges, directed, timeouts):
    statement = ("SELECT count(*), sum(dnfr) FROM tnfr_dnfr('%s', 'nodes', directed => %s)"
                 % (edges, directed))
    connection = connect(schema, {})
    connection.autocommit = False
    pid = connection.info.backend_pid
    # One whole call, so that caches do not count as kept.
    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    whole = 1e3 * (time.perf_counter() - start)
    connection.rollback()
    before = memory(pid)
    late = [(lateness(connection, statement, t), t) for t in timeouts]
    after = memory(pid)
    connection.close()
    cancelled = [pair for pair in late if pair[0] is not None]
    worst, at = max(cancelled, default=(0.0, 0))
    return {"whole": whole, "cancelled": len(cancelled), "calls": len(late),
            "worst": worst, "at": at, "threads": after["Threads"],
            "kept": after["RssAnon"] - before["RssAnon"]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--schema", required=True)
    parser.add_argument("--entries", type=int, default=12_000_000)
    parser.add_argument("--step", type=int, default=20, help="milliseconds")
    parser.add_argument("--json", required=True)
    options = parser.parse_args()

    entries = prepare(options.schema, options.entries)
    timeouts = range(20, 1501, options.step)
    print("\nstatement_timeout from 20 ms to 1.5 s, %d entries" % entries)
    print("%-12s %10s %11s %14s %12s %9s %8s" % (
        "", "whole ms", "cancelled", "latest ms", "at timeout", "kept MB", "threads"))
    results = {}
    for name in ("directed", "undirected"):
        r = sweep(options.schema, "cancel_" + name, name == "directed", timeouts)
        results[name] = r
        print("%-12s %10.1f %5d of %2d %14.1f %9d ms %9.2f %8d" % (
            name, r["whole"], r["cancelled"], r["calls"], r["worst"], r["at"],
            r["kept"] / 1e6, r["threads"]), flush=True)
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(results, out, indent=1)
    if any(r["worst"] > LATE_MS or r["kept"] > KEPT_BYTES for r in results.values()):
        sys.exit("cancel: later than %d ms, or memory kept" % LATE_MS)


if __name__ == "__main__":
    main()
