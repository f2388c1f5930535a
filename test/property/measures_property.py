#!/usr/bin/env python3
"""Si, node metrics, network metrics and pair coherence against an independent reference, on random networks.

Networks, options and output are those of dnfr_property.py. Values of a node
are compared with sums in extended precision; Si, the network's measures and
pair coherence with their definitions in extended precision, from the node
values that were returned and so checked before. All within 1e-12. And what
must hold of any network: the ranges, the order of the rows, the same bits from
shuffled rows and any number of threads.
"""

import sys

import numpy as np

from dnfr_property import DEFAULTS, FORMS, LONG, PI, WAYS, Reference, json_of, main, wrap

SI_WEIGHTS = {"alpha": 0.34, "beta": 0.33, "gamma": 0.33}
STATES = ("stable", "dissonant", "transition")
TOLERANCE = LONG(1e-12)


def long_array(values):
    return np.array(values, dtype=LONG)


def clamp01(x):
    return np.clip(x, LONG(0), LONG(1))


def one_if_zero(x):
    return x if x != 0 else LONG(1)


def random_call(rng, directed, weighted):
    form = rng.choice(FORMS)
    weights = None
    if rng.random() < 0.5:
        weights = {k: rng.randint(1, 8) / 8 for k in SI_WEIGHTS if rng.random() < 0.7}
        weights.update({k: rng.randint(1, 8) / 8 for k in DEFAULTS[form] if rng.random() < 0.5 and k != "topo"})
    return form, directed, weighted, weights


def arguments(call):
    form, directed, weighted, weights = call
    return f"'{'edges' if weighted else 'unweighted'}', 'nodes', '{form}', {directed}, {json_of(weights)}"


class Nodes:
    """The rows of tnfr_node_metrics."""

    def __init__(self, rows):
        self.id = [int(r[0]) for r in rows]
        self.degree = [int(r[1]) for r in rows]
        (self.strength, self.dnfr, self.si, self.dispersion,
         self.sync) = (long_array([float(r[k]) for r in rows]) for k in range(2, 7))
        self.state = [r[7] for r in rows]


def off(got, expected):
    """The largest difference; where the reference does not know, there is none."""
    difference = np.abs(got - expected)
    difference = difference[~np.isnan(difference)]
    return difference.max() if difference.size else LONG(0)


def form_weights(call):
    given = {k: v for k, v in (call[3] or {}).items() if k in DEFAULTS[call[0]]}
    return {**DEFAULTS[call[0]], **given}


def si_weights(call):
    given = {k: v for k, v in (call[3] or {}).items() if k in SI_WEIGHTS}
    weights = {**SI_WEIGHTS, **given}
    total = sum(LONG(w) for w in weights.values())
    return {k: LONG(w) / total for k, w in weights.items()}


def si_of(net, call, nodes, f_max, d_max):
    w = si_weights(call)
    return clamp01(w["alpha"] * np.abs(long_array(net.vf)) / f_max + w["beta"] * (1 - nodes.dispersion) +
                   w["gamma"] * (1 - np.abs(nodes.dnfr) / d_max))


def wrong_nodes(net, call, nodes):
    reference = Reference(net, call[1], call[2])
    degree = [0] * net.n
    for u, v, _ in net.edges:
        degree[u] += 1
        degree[v] += not call[1] and u != v
    if nodes.id != list(net.ids) or nodes.degree != degree:
        yield "nodes or degrees"
    scale = np.maximum(1, reference.strength)
    f_max = one_if_zero(max(long_array(net.vf), default=LONG(0)))
    d_max = one_if_zero(max(np.abs(nodes.dnfr), default=LONG(0)))
    for name, got, expected in (
            ("strength", nodes.strength / scale, reference.strength / scale),
            ("dnfr", nodes.dnfr, reference.form(call[0], form_weights(call))),
            ("phase_dispersion", nodes.dispersion, np.abs(reference.phase)),
            ("local_sync", nodes.sync, reference.resultant),
            ("si", nodes.si, si_of(net, call, nodes, f_max, d_max))):
        if off(got, expected) > TOLERANCE:
            yield f"{name}: off by {off(got, expected):.3g}"
        if np.any(np.isnan(got)):
            yield f"{name}: not a number"
    for i in range(net.n):
        share = float(abs(nodes.dnfr[i])) / float(d_max)
        state = ("stable" if nodes.sync[i] >= 0.8 and share <= 0.2 else
                 "dissonant" if nodes.sync[i] <= 0.4 and share >= 0.5 else "transition")
        if nodes.state[i] != state:
            yield f"state of {nodes.id[i]}: {nodes.state[i]}, not {state}"
    for name in ("si", "dispersion", "sync"):
        values = getattr(nodes, name)
        if np.any(values < 0) or np.any(values > 1):
            yield f"{name} beyond [0, 1]"


def network_of(net, call, nodes):
    """What tnfr_network_metrics returns, in the order of its columns."""
    n, loops = net.n, sum(u == v for u, v, _ in net.edges)
    entries = sum(nodes.degree)
    counts = [n, len(net.edges), entries, int(np.sum(nodes.strength == 0))]
    if n == 0:
        return counts + [None] * 21
    theta, f, d = long_array(net.phase), long_array(net.vf), np.abs(nodes.dnfr)
    rate = d if call[0] == "gradient" else f * d
    x, y = np.sum(np.cos(theta)), np.sum(np.sin(theta))
    psi = np.arctan2(y, x)
    # The deviations from a mean phase that hardly is one may turn at the cut.
    known = np.hypot(x, y) / n > 1e-3
    share = {s: LONG(nodes.state.count(s)) / n for s in STATES}
    return counts + [
        LONG(entries - loops) / (LONG(n) * (n - 1)) if n > 1 else None, LONG(entries) / n,
        1 / (1 + d.mean() + rate.mean()), np.hypot(x, y) / n,
        psi if known else LONG("nan"),
        1 / (1 + np.var(wrap(theta - psi))) if known and np.all(PI - np.abs(wrap(theta - psi)) > 1e-9) else LONG("nan"),
        d.mean(), d.max(), rate.mean(), rate.max(), long_array(net.epi).mean(), f.mean(), f.max(),
        nodes.si.mean(), nodes.sync.mean(),
        np.mean(long_array([float(a) <= 1e-3 and float(b) <= 1e-3 for a, b in zip(d, rate)])),
        np.mean(long_array(nodes.si >= 0.66)), np.mean(long_array(nodes.si <= 0.33)),
        share["stable"], share["dissonant"], share["transition"]]


def wrong_network(net, call, nodes, rows):
    if len(rows) != 1:
        yield f"{len(rows)} rows for the network"
        return
    for k, (got, expected) in enumerate(zip(rows[0], network_of(net, call, nodes), strict=True)):
        if expected is None or got == "\\N":
            if not (expected is None and got == "\\N"):
                yield f"column {k}: {got}, not {expected}"
        elif isinstance(expected, int):
            if got != str(expected):
                yield f"column {k}: {got}, not {expected}"
        elif not np.isnan(expected):
            difference = abs(LONG(got) - expected)
            if k == 8:          # a phase, modulo a turn
                difference = abs(wrap(difference))
            if not difference <= TOLERANCE * max(1, abs(expected)):
                yield f"column {k}: off by {difference:.3g}"
    if net.n and not 0 < float(rows[0][6]) <= 1:
        yield f"a coherence of {rows[0][6]}"


def wrong_pairs(net, call, nodes, rows):
    position = {node: i for i, node in enumerate(net.ids)}
    expected = sorted((u, v) if call[1] else (min(u, v), max(u, v)) for u, v, _ in net.edges)
    if [(position[int(r[0])], position[int(r[1])]) for r in rows] != expected:
        yield "pairs are not the edges in order"
        return
    if not rows:
        return
    i, j = np.array(expected).T
    e, f, theta = long_array(net.epi), long_array(net.vf), long_array(net.phase)
    value = clamp01(LONG(0.34) * (1 + np.cos(theta[i] - theta[j])) / 2 +
                    LONG(0.33) * (1 - np.abs(e[i] - e[j]) / one_if_zero(np.ptp(e))) +
                    LONG(0.20) * (1 - np.abs(f[i] - f[j]) / one_if_zero(np.ptp(f))) +
                    LONG(0.13) * (1 - np.abs(nodes.si[i] - nodes.si[j])))
    worst = off(long_array([float(r[2]) for r in rows]), value)
    if worst > TOLERANCE:
        yield f"pair coherence: off by {worst:.3g}"


def check_values(server, net, rng):
    calls = [random_call(rng, *way) for way in WAYS]
    queries = [f"SELECT * FROM {function}({arguments(call)})" for call in calls
               for function in ("tnfr_node_metrics", "tnfr_network_metrics", "tnfr_pair_coherence", "tnfr_si")]
    answers = server.query(net, queries)
    for k, call in enumerate(calls):
        node_rows, network_rows, pair_rows, si_rows = answers[4 * k:4 * k + 4]
        nodes = Nodes(node_rows)
        wrong = [*wrong_nodes(net, call, nodes), *wrong_network(net, call, nodes, network_rows),
                 *wrong_pairs(net, call, nodes, pair_rows)]
        if [[r[0], r[4]] for r in node_rows] != si_rows:
            wrong.append("tnfr_si differs from the column si")
        for line in wrong:
            yield f"{call}: {line}"


def check_scales(server, net, rng):
    call = random_call(rng, *rng.choice(WAYS))
    f_max, d_max = rng.uniform(0.1, 5), rng.uniform(0.1, 5)
    rows, si = server.query(net, [
        f"SELECT * FROM tnfr_node_metrics({arguments(call)})",
        f"SELECT si FROM tnfr_si({arguments(call)}, vf_max => {f_max!r}, dnfr_max => {d_max!r})"])
    expected = si_of(net, call, Nodes(rows), LONG(f_max), LONG(d_max))
    worst = off(long_array([float(r[0]) for r in si]), expected)
    if worst > TOLERANCE:
        yield f"{call}, {f_max}, {d_max}: si off by {worst:.3g}"


def check_bits(server, net, rng):
    shuffled = net.edges[:]
    rng.shuffle(shuffled)
    turned = net.replaced(edges=[(v, u, w) if rng.random() < 0.5 else (u, v, w) for u, v, w in shuffled])
    calls = [random_call(rng, False, weighted) for weighted in (False, True)]
    queries = [f"SELECT * FROM {function}({arguments(call)})" for call in calls
               for function in ("tnfr_node_metrics", "tnfr_network_metrics", "tnfr_pair_coherence")]
    before = server.query(net, queries, "SET tnfr.backend = serial;")
    after = server.query(turned, queries, "SET tnfr.backend = openmp; SET tnfr.max_threads = 3;")
    for query, a, b in zip(queries, before, after):
        if a != b:
            yield f"{query}: other bits in another order and with threads"
        if any("-0" in row for row in a):
            yield f"{query}: -0.0"


CHECKS = (("measures within 1e-12", check_values), ("given maxima", check_scales), ("bits of measures", check_bits))

if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], CHECKS))
