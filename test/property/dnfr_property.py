#!/usr/bin/env python3
"""tnfr_dnfr against an independent reference, on random networks.

Talks to the server by psql (PGHOST, PGPORT, PGDATABASE) and prints TAP. Three
kinds of checks:

- values: each form against sums in extended precision, within 1e-12;
- properties: what must hold of any network, without knowing the values;
- bits: `gradient` against a model of the summation in ordinary doubles, equal
  to the last bit.

A failure names the seed and the network; --seed and --only repeat it.
"""

import argparse
import math
import os
import random
import struct
import subprocess
import sys

import numpy as np

FORMS = ("gradient", "canonical", "phase", "epi_vf", "laplacian")
LONG = np.longdouble
PI = LONG("3.14159265358979323846264338327950288")


# Networks: ids, node columns, edges (positions in ids, weight).

class Network:
    def __init__(self, kind, ids, epi, vf, phase, edges):
        self.kind, self.ids = kind, ids
        self.epi, self.vf, self.phase = epi, vf, phase
        self.edges = edges

    @property
    def n(self):
        return len(self.ids)

    def replaced(self, **columns):
        copy = Network(self.kind, self.ids, self.epi, self.vf, self.phase, self.edges)
        vars(copy).update(columns)
        return copy


def random_ids(rng, n):
    kind = rng.choice(("from 0", "from 1", "gaps", "far", "sparse"))
    if kind == "from 0":
        return list(range(n))
    if kind == "from 1":
        return list(range(1, n + 1))
    if kind == "gaps":
        return sorted(rng.sample(range(-3 * n, 3 * n + 1), n))
    if kind == "far":
        end = rng.choice((-2**63, 2**63 - n))
        return list(range(end, end + n))
    ids = {-2**63, 2**63 - 1} if n >= 2 else set()
    while len(ids) < n:
        ids.add(rng.randrange(-2**63, 2**63))
    return sorted(ids)


def random_edges(rng, kind, n):
    def node():
        return rng.randrange(n)

    if n == 0:
        return []
    if kind == "er":
        return [(node(), node()) for _ in range(rng.randrange(0, 4 * n + 1))]
    if kind == "dense":
        return [(u, v) for u in range(n) for v in range(u) if rng.random() < 0.7]
    if kind == "star":
        centre = node()
        return [(centre, v) if rng.random() < 0.5 else (v, centre) for v in range(n) if v != centre]
    if kind == "multigraph":
        pairs = [(node(), node()) for _ in range(n // 4 + 1)]
        return [rng.choice(pairs) for _ in range(6 * n)]
    if kind == "loops":
        return [(u, u) if rng.random() < 0.4 else (u, node()) for u in (node() for _ in range(3 * n))]
    if kind == "scale-free":
        ends = [0]
        edges = []
        for u in range(1, n):
            for _ in range(2):
                v = rng.choice(ends)
                edges.append((u, v))
                ends += [u, v]
        return edges
    raise ValueError(kind)


def random_network(rng):
    kind = rng.choice(("er", "er", "dense", "star", "multigraph", "loops", "scale-free"))
    n = rng.choice((0, 1, 2, 3, 5, 9, 17, 40, 100, 300, 700))
    if kind == "dense":
        n = min(n, 100)
    weight = rng.choice(("ones", "uniform", "zeros", "spread", "integers"))
    draw = {
        "ones": lambda: 1.0,
        "uniform": rng.random,
        "zeros": lambda: rng.choice((0.0, 0.0, -0.0, rng.random())),
        "spread": lambda: math.exp(rng.uniform(-20, 20)),
        "integers": lambda: float(rng.randrange(0, 5)),
    }[weight]
    edges = [(u, v, draw()) for u, v in random_edges(rng, kind, n)]
    rng.shuffle(edges)
    turns = rng.choice((0, 0, 3))
    return Network(
        f"{kind}, {weight}, n={n}, m={len(edges)}",
        random_ids(rng, n),
        [rng.uniform(-1, 1) for _ in range(n)],
        [rng.choice((0.0, rng.uniform(0, 2))) if rng.random() < 0.1 else rng.uniform(0, 2) for _ in range(n)],
        [rng.uniform(-math.pi, math.pi) + 2 * math.pi * rng.randint(-turns, turns) for _ in range(n)],
        edges)


# The reference, in extended precision and by another way of summing.

def entries_of(net, directed, weighted):
    row, neighbour, weight = [], [], []
    for u, v, w in net.edges:
        w = w if weighted else 1.0
        row.append(u); neighbour.append(v); weight.append(w)
        if not directed and u != v:
            row.append(v); neighbour.append(u); weight.append(w)
    return np.array(row, dtype=np.int64), np.array(neighbour, dtype=np.int64), np.array(weight, dtype=LONG)


def wrap(x):
    return np.mod(x + PI, 2 * PI) - PI


class Reference:
    """The gradients of a network; NaN where double precision may not know."""

    def __init__(self, net, directed, weighted):
        row, neighbour, weight = entries_of(net, directed, weighted)
        n = net.n
        e, f, theta = (np.array(c, dtype=LONG) for c in (net.epi, net.vf, net.phase))

        def rowsum(values):
            total = np.zeros(n, dtype=LONG)
            np.add.at(total, row, values)
            return total

        s = rowsum(weight)
        self.moving = s > 0
        safe = np.where(self.moving, s, LONG(1))
        y = rowsum(weight * np.sin(theta)[neighbour])
        x = rowsum(weight * np.cos(theta)[neighbour])

        def only_moving(g):
            return np.where(self.moving, g, LONG(0))

        self.strength = s
        self.epi = only_moving(rowsum(weight * e[neighbour]) / safe - e)
        self.vf = only_moving(rowsum(weight * f[neighbour]) / safe - f)
        self.topo = only_moving(rowsum(weight * s[neighbour]) / safe - s)
        self.sin = only_moving((y * np.cos(theta) - x * np.sin(theta)) / safe)
        resultant = np.hypot(x, y) / safe
        self.resultant = only_moving(resultant)
        apart = wrap(theta - np.arctan2(y, x))
        self.phase = np.where(self.moving & (resultant > 1e-12), -apart / PI, LONG(0))
        # Close to half a turn the sign is a matter of rounding, and a mean of
        # phases that nearly cancel has few digits.
        doubtful = self.moving & ((np.abs(np.abs(apart) - PI) < 1e-9) | (resultant < 1e-3))
        self.phase[doubtful] = np.nan
        self.f = f

    def form(self, form, weights):
        if form == "gradient":
            return self.f * (weights["epi"] * self.epi + weights["sin"] * self.sin)
        if form == "canonical":
            total = sum(LONG(w) for w in weights.values())
            value = sum(LONG(weights[k]) * getattr(self, k) for k in ("epi", "vf", "topo") if weights[k])
            if weights["phase"]:
                value = value + LONG(weights["phase"]) * self.phase
            return (value + np.zeros_like(self.f)) / total
        if form == "phase":
            return weights["phase"] * self.phase
        return weights["epi"] * self.epi + weights["vf"] * self.vf


DEFAULTS = {
    "gradient": {"epi": 0.7, "sin": 0.3},
    "canonical": {"phase": 0.34, "epi": 0.33, "vf": 0.33, "topo": 0.0},
    "phase": {"phase": 1.0},
    "epi_vf": {"epi": 0.5, "vf": 0.5},
    "laplacian": {"epi": 0.33, "vf": 0.33},
}


# The model of the summation, in doubles.

def tree(terms):
    """Up to 8 from left to right; more: split after the largest 8 * 2^k that is smaller."""
    if len(terms) <= 8:
        total = 0.0
        for term in terms:
            total += term
        return total
    half = 8
    while half * 2 < len(terms):
        half *= 2
    return tree(terms[:half]) + tree(terms[half:])


def gradient_bits(net, directed, weighted, a, b):
    rows = [[] for _ in range(net.n)]
    for u, v, w in net.edges:
        w = w if weighted else 1.0
        rows[u].append((v, w))
        if not directed and u != v:
            rows[v].append((u, w))
    sine = [math.sin(t) for t in net.phase]
    cosine = [math.cos(t) for t in net.phase]
    result = []
    for i, row in enumerate(rows):
        row.sort()
        strength = tree([w for _, w in row])
        if strength == 0.0:
            result.append(0.0)
            continue
        g_epi = tree([w * net.epi[j] for j, w in row]) / strength - net.epi[i]
        y = tree([w * sine[j] for j, w in row])
        x = tree([w * cosine[j] for j, w in row])
        g_sin = (y * cosine[i] - x * sine[i]) / strength
        result.append(net.vf[i] * (a * g_epi + b * g_sin) + 0.0)
    return result


# The server.

class Server:
    def __init__(self, psql):
        self.command = [psql, "-XAtq", "-v", "ON_ERROR_STOP=1"]

    def run(self, script):
        done = subprocess.run(self.command, input=script, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    def query(self, net, queries, settings=""):
        """The rows of several queries over the network, each a list of fields."""
        lines = [settings,
                 "CREATE TEMP TABLE edges (src bigint, dst bigint, weight float8);",
                 "CREATE TEMP TABLE nodes (id bigint, epi float8, vf float8, phase float8);",
                 "CREATE TEMP VIEW unweighted AS SELECT src, dst FROM edges;",
                 "COPY edges FROM STDIN (FORMAT csv);"]
        lines += [f"{net.ids[u]},{net.ids[v]},{w!r}" for u, v, w in net.edges]
        lines += ["\\.", "COPY nodes FROM STDIN (FORMAT csv);"]
        order = list(range(net.n))
        random.Random(f"{len(net.edges)} {settings}").shuffle(order)
        lines += [f"{net.ids[i]},{net.epi[i]!r},{net.vf[i]!r},{net.phase[i]!r}" for i in order]
        lines += ["\\."]
        for query in queries:
            lines += [f"COPY ({query}) TO STDOUT;", "\\echo --"]
        blocks = self.run("\n".join(lines) + "\n").split("--\n")[:-1]
        return [[line.split("\t") for line in block.splitlines()] for block in blocks]

    def answers(self, net, calls, settings=""):
        """The results of several calls (form, directed, weighted, weights), by position of the node."""
        queries = [f"SELECT * FROM tnfr_dnfr('{'edges' if weighted else 'unweighted'}', 'nodes', '{form}', {directed}, {json_of(weights)})"
                   for form, directed, weighted, weights in calls]
        results = []
        for rows in self.query(net, queries, settings):
            if [int(r[0]) for r in rows] != list(net.ids):
                raise RuntimeError("not every node once, in ascending order")
            results.append([float(r[1]) for r in rows])
        return results


def json_of(weights):
    return "NULL" if weights is None else "'{" + ", ".join(f'"{k}": {v!r}' for k, v in weights.items()) + "}'"


def bits(values):
    return [struct.pack(">d", v) for v in values]


# Checks: each yields what is wrong.

WAYS = [(directed, weighted) for directed in (False, True) for weighted in (False, True)]


def check_values(server, net, rng):
    calls = []
    for directed, weighted in WAYS:
        for form in FORMS:
            calls.append((form, directed, weighted, None))
        calls.append(("canonical", directed, weighted, {k: rng.randint(0, 8) / 8 + 0.125 for k in DEFAULTS["canonical"]}))
        calls.append(("gradient", directed, weighted, {"epi": rng.uniform(0, 2), "sin": rng.uniform(0, 2)}))
    references = {way: Reference(net, *way) for way in WAYS}
    for (form, directed, weighted, weights), got in zip(calls, server.answers(net, calls)):
        reference = references[directed, weighted]
        expected = reference.form(form, weights or DEFAULTS[form])
        off = np.abs(np.array(got, dtype=LONG) - expected)
        # g_topo has the size of the strengths: relative there.
        if form == "canonical" and weights:
            off = off / np.maximum(1, np.abs(expected) + reference.strength)
        worst = np.nanmax(off) if np.any(~np.isnan(off)) else 0
        if worst > 1e-12:
            yield f"{form}, directed={directed}, weighted={weighted}, {weights}: off by {worst:.3g}"


def check_bits(server, net, rng):
    del rng
    pairs = [(0.7, 0.3), (1.0, 0.0)]
    calls = [("gradient", d, w, {"epi": a, "sin": b}) for d, w in WAYS for a, b in pairs]
    for (_, directed, weighted, weights), got in zip(calls, server.answers(net, calls)):
        expected = gradient_bits(net, directed, weighted, weights["epi"], weights["sin"])
        different = sum(a != b for a, b in zip(bits(got), bits(expected)))
        if different:
            yield f"directed={directed}, weighted={weighted}, {weights}: {different} of {net.n} nodes differ"


def check_properties(server, net, rng):
    calls = [(form, d, w, None) for d, w in WAYS for form in FORMS]
    answers = server.answers(net, calls)

    # |g_phase| <= 1
    for (form, *_), got in zip(calls, answers):
        if form == "phase" and any(abs(g) > 1 for g in got):
            yield "a phase gradient beyond 1"

    # The same bits from shuffled rows, turned edges, and other threads.
    shuffled = net.edges[:]
    rng.shuffle(shuffled)
    turned = [(v, u, w) if rng.random() < 0.5 else (u, v, w) for u, v, w in shuffled]
    undirected = [c for c in calls if not c[1]]
    for changed, some in ((shuffled, calls), (turned, undirected)):
        settings = rng.choice(("SET tnfr.backend = serial;", "SET tnfr.backend = openmp; SET tnfr.max_threads = 3;"))
        again = server.answers(net.replaced(edges=changed), some, settings)
        for call, got in zip(some, again):
            if bits(got) != bits(answers[calls.index(call)]):
                yield f"{call}: other bits in another order ({settings})"

    # A constant state is at rest.
    constant = net.replaced(epi=[0.3] * net.n, vf=[1.7] * net.n, phase=[2.1] * net.n)
    for call, got in zip(calls, server.answers(constant, calls)):
        if any(abs(g) > 1e-13 for g in got):
            yield f"{call}: a constant state moves by {max(map(abs, got)):.3g}"

    # Shifting all phases, or all epi, leaves gradient as it was.
    some = [c for c in calls if c[0] == "gradient"]
    shift = rng.uniform(-3, 3)
    for column in ("phase", "epi"):
        moved = net.replaced(**{column: [v + shift for v in getattr(net, column)]})
        for call, got in zip(some, server.answers(moved, some)):
            before = answers[calls.index(call)]
            if any(abs(a - b) > 1e-13 for a, b in zip(got, before)):
                yield f"{call}: changes when every {column} is shifted by {shift}"

    # New names for the nodes move the results with them.
    new = list(range(net.n))
    rng.shuffle(new)
    permuted = net.replaced(
        edges=[(new[u], new[v], w) for u, v, w in net.edges],
        **{c: [getattr(net, c)[new.index(i)] for i in range(net.n)] for c in ("epi", "vf", "phase")})
    doubt = {way: np.isnan(Reference(net, *way).phase) for way in WAYS}
    for call, got in zip(calls, server.answers(permuted, calls)):
        before = answers[calls.index(call)]
        for i in range(net.n):
            if abs(got[new[i]] - before[i]) > 1e-12 and not doubt[call[1], call[2]][i]:
                yield f"{call}: not the same after relabelling"
                break

    # Undirected, the strengths weigh the gradients to 0.
    balance = [("epi_vf", False, w, {"epi": 1, "vf": 0}) for w in (False, True)]
    balance += [("gradient", False, w, {"epi": 0, "sin": 1}) for w in (False, True)]
    still = net.replaced(vf=[1.0] * net.n)
    for call, got in zip(balance, server.answers(still, balance)):
        strength = Reference(net, False, call[2]).strength
        total = np.sum(strength * np.array(got, dtype=LONG))
        if abs(total) > 1e-12 * max(1, np.sum(strength)):
            yield f"{call}: the weighted sum is {total:.3g}"


CHECKS = (("values within 1e-12", check_values), ("properties", check_properties), ("bits of the model", check_bits))


def main(description, checks):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--only", type=int, help="this one of the networks")
    parser.add_argument("--psql", default="psql")
    arguments = parser.parse_args()
    print(f"# seed {arguments.seed}", flush=True)

    server = Server(arguments.psql)
    number = failed = 0
    for i in range(arguments.networks):
        if arguments.only not in (None, i):
            continue
        net = random_network(random.Random(f"{arguments.seed} {i}"))
        for name, check in checks:
            number += 1
            try:
                wrong = list(check(server, net, random.Random(f"{arguments.seed} {i} {name}")))
            except RuntimeError as error:
                wrong = [str(error)]
            print(f"{'not ok' if wrong else 'ok'} {number} - {name}: network {i} ({net.kind})", flush=True)
            if wrong:
                failed += 1
                for line in wrong[:5]:
                    print(f"# {line}")
                print(f"# again: --seed {arguments.seed} --networks {arguments.networks} --only {i}", flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], CHECKS))
