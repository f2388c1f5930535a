"""The ways to the same answer that the benchmark sets side by side.

Each method is a class with a session of its own and a run() that returns the
seconds it took; phases, where it has any, are left in self.phases.  answer()
gives (ids ascending, dnfr) for the check that all methods agree.
"""
import re
import time

import numpy as np
import psycopg2
from scipy.sparse import csr_matrix

import pgbin

EDGE_COLUMNS = [("src", ">i8"), ("dst", ">i8"), ("weight", ">f8")]
NODE_COLUMNS = [("id", ">i8"), ("epi", ">f8"), ("vf", ">f8"), ("phase", ">f8")]
ANSWER_COLUMNS = [("node", ">i8"), ("dnfr", ">f8")]


def connect(schema, settings):
    """A session; settings are what it changes from the server's defaults."""
    connection = psycopg2.connect(dbname="bench")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET search_path = %s, public", (schema,))
        for name, value in settings.items():
            cursor.execute("SET %s = '%s'" % (name, value))
    return connection


class Query:
    """A statement, timed from the client until its result has arrived."""

    def __init__(self, schema, settings, statement, rows=None):
        self.connection = connect(schema, settings)
        self.statement = statement
        self.rows = rows
        self.phases = {}

    def run(self):
        with self.connection.cursor() as cursor:
            start = time.perf_counter()
            cursor.execute(self.statement)
            cursor.fetchall()
            return time.perf_counter() - start

    def answer(self):
        with self.connection.cursor() as cursor:
            stream = pgbin.copy_out(cursor, "(%s ORDER BY 1)" % self.rows)
        return pgbin.parse(stream, ANSWER_COLUMNS)


def scan(schema, workers):
    """Reads every row of the edges and does next to nothing with it."""
    return Query(schema, {"max_parallel_workers_per_gather": workers},
                 "SELECT sum(src), sum(dst), sum(weight) FROM edges")


# The gradient form as the formula reads: one join per end of the edge, one
# GROUP BY.  Aggregating below the outer join matters: it is what lets the
# planner use parallel workers, and it halves the time of the form with
# everything in one GROUP BY.
PLAIN_SQL = """
SELECT n.id AS node,
       coalesce(n.vf * (0.7 * (g.epi - n.epi) + 0.3 * g.sin), 0) AS dnfr
FROM nodes n LEFT JOIN (
    SELECT e.src,
           sum(e.weight * j.epi) / nullif(sum(e.weight), 0) AS epi,
           sum(e.weight * sin(j.phase - i.phase)) / nullif(sum(e.weight), 0) AS sin
    FROM edges e JOIN nodes i ON i.id = e.src JOIN nodes j ON j.id = e.dst
    GROUP BY e.src) g ON g.src = n.id"""

# The same by someone who knows sin(a - b) = sin a cos b - cos a sin b and
# saves a join with it.
TUNED_SQL = """
SELECT n.id AS node,
       coalesce(n.vf * (0.7 * (g.epi - n.epi)
                        + 0.3 * (g.y * cos(n.phase) - g.x * sin(n.phase))), 0) AS dnfr
FROM nodes n LEFT JOIN (
    SELECT e.src,
           sum(e.weight * j.epi) / nullif(sum(e.weight), 0) AS epi,
           sum(e.weight * sin(j.phase)) / nullif(sum(e.weight), 0) AS y,
           sum(e.weight * cos(j.phase)) / nullif(sum(e.weight), 0) AS x
    FROM edges e JOIN nodes j ON j.id = e.dst
    GROUP BY e.src) g ON g.src = n.id"""


def sql(schema, rows, workers=2):
    """Plain SQL with parallel workers, and memory enough never to spill."""
    return Query(schema, {"max_parallel_workers_per_gather": workers,
                          "work_mem": "256MB"},
                 "SELECT count(*), sum(dnfr) FROM (%s) d" % rows, rows)


def graph_agg(schema, relation, arguments):
    """A graph of all rows; its size stands for it, so that nothing is sent."""
    return Query(schema, {"max_parallel_workers_per_gather": 2},
                 "SELECT tnfr_graph_bytes(tnfr_graph_agg(%s)) FROM %s" % (arguments, relation))


class Extension(Query):
    """tnfr_dnfr, with its own account of where the time went."""

    def __init__(self, schema, settings, arguments, function="tnfr_dnfr"):
        call = "%s(%s)" % (function, arguments)
        super().__init__(schema, dict(settings, **{"tnfr.trace_phases": "on"}),
                         "SELECT count(*), sum(dnfr) FROM " + call,
                         "SELECT node, dnfr FROM " + call)

    def run(self):
        del self.connection.notices[:]
        seconds = super().run()
        for notice in self.connection.notices:
            if "dnfr:" in notice:
                found = re.findall(r"([a-z][a-z ]*?) ([0-9.]+) ms", notice)
                self.phases = {name: float(ms) for name, ms in found}
        return seconds


class StoredGraph(Extension):
    """tnfr_graph_dnfr of a graph in table graphs, which run.sh has made."""

    def __init__(self, schema, kind):
        super().__init__(schema, {}, "(SELECT graph FROM graphs WHERE kind = '%s'), 'nodes'" % kind,
                         "tnfr_graph_dnfr")


class Numpy:
    """Both tables to the client, a sparse matrix, and the formula in NumPy."""

    def __init__(self, schema):
        self.connection = connect(schema, {})
        self.phases = {}
        with self.connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE answer (node bigint, dnfr float8)")

    def compute(self, directed=True):
        clock = time.perf_counter
        marks = [clock()]
        with self.connection.cursor() as cursor:
            edge_stream = pgbin.copy_out(cursor, "edges")
            node_stream = pgbin.copy_out(cursor, "nodes")
        marks.append(clock())

        src, dst, weight = pgbin.parse(edge_stream, EDGE_COLUMNS)
        ids, epi, vf, phase = pgbin.parse(node_stream, NODE_COLUMNS)
        marks.append(clock())

        # Ids 0 to n-1 in order are indexes already; others need a search.
        n = len(ids)
        if not np.array_equal(ids, np.arange(n)):
            order = np.argsort(ids)
            ids, epi, vf, phase = (a[order] for a in (ids, epi, vf, phase))
            src, dst = np.searchsorted(ids, src), np.searchsorted(ids, dst)
        if not directed:
            back = src != dst       # a self-loop is one entry
            src, dst = np.r_[src, dst[back]], np.r_[dst, src[back]]
            weight = np.r_[weight, weight[back]]
        matrix = csr_matrix((weight, (src, dst)), shape=(n, n))
        marks.append(clock())

        y, x = np.sin(phase), np.cos(phase)
        sums = matrix @ np.column_stack([np.ones(n), epi, y, x])
        strength = np.where(sums[:, 0] > 0, sums[:, 0], 1)
        gradient = vf * (0.7 * (sums[:, 1] / strength - epi)
                         + 0.3 * (sums[:, 2] * x - sums[:, 3] * y) / strength)
        dnfr = np.where(sums[:, 0] > 0, gradient, 0.0)
        marks.append(clock())
        names = ["copy out", "parsing", "matrix", "computing"]
        self.phases = dict(zip(names, 1e3 * np.diff(marks)))
        return ids, dnfr

    def run(self):
        """Until the answer is an array; the way back to a table is a phase."""
        start = time.perf_counter()
        ids, dnfr = self.compute()
        seconds = time.perf_counter() - start
        with self.connection.cursor() as cursor:
            cursor.execute("TRUNCATE answer")
            start = time.perf_counter()
            pgbin.copy_in(cursor, "answer", ANSWER_COLUMNS, [ids, dnfr])
            self.phases["back to a table"] = 1e3 * (time.perf_counter() - start)
        return seconds

    def answer(self, directed=True):
        return self.compute(directed)
