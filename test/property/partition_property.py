#!/usr/bin/env python3
"""Communities and partitions against an independent reference, on random networks.

Options and output are those of dnfr_property.py, and so are its networks; here
their nodes get vf and phase of several kinds besides. The reference grows the
communities from the full matrices of coherence and distance, in extended
precision, and the answer must be the same, node by node. Where a comparison is
closer than double precision tells, the growth is replayed along the answer
instead: every step must be one of the best there were. What follows from the
communities is compared in any case: the cap, the packing, the columns of the
summary, the workers.
"""

import math
import sys

import numpy as np

from dnfr_property import LONG, Network, entries_of, main, random_ids, random_network, wrap

CLOSE = LONG(1e-12)
DEFAULT = (None, 0.3, 50, "spatial")


# Networks.

def few_points(rng, n):
    points = [(rng.uniform(0, 2), rng.uniform(-3, 3)) for _ in range(rng.choice((1, 2, 4, 12)))]
    return [rng.choice(points) for _ in range(n)]


def at_the_cut(rng, n):
    width = rng.choice((1e-9, 1e-3, 0.3))
    return [(rng.uniform(0, 2), math.pi + rng.uniform(-width, width) + 2 * math.pi * rng.randint(-3, 3))
            for _ in range(n)]


def clusters(rng, n):
    width = rng.choice((0.01, 0.1, 0.3))
    centres = [(rng.uniform(1, 5), rng.uniform(-math.pi, math.pi)) for _ in range(rng.randint(1, 8))]
    drawn = [rng.choice(centres) for _ in range(n)]
    return [(abs(rng.gauss(f, width)), rng.gauss(theta, width)) for f, theta in drawn]


def one_vf(rng, n):
    f = rng.choice((0.0, 0.1, 1.0))
    return [(f, rng.uniform(-math.pi, math.pi)) for _ in range(n)]


def lattice(rng, n):
    return [(rng.randint(0, 4) / 4, rng.randint(-16, 16) * math.pi / 8) for _ in range(n)]


def spread(rng, n):
    return [(math.exp(rng.uniform(-12, 12)), rng.uniform(-math.pi, math.pi)) for _ in range(n)]


def redrawn(net, rng):
    """The network, often with other vf and phases."""
    draw = rng.choice((None, None, few_points, at_the_cut, clusters, clusters, one_vf, lattice, spread))
    if draw is None:
        return net
    points = draw(rng, net.n)
    return net.replaced(kind=f"{net.kind}, {draw.__name__}", vf=[f for f, _ in points], phase=[t for _, t in points])


def random_call(rng):
    return (rng.choice((None, 1, 2, 7, 20, 50, 2**31 - 1)), rng.choice((0.3, 0.3, -1.0, 1.0, rng.uniform(-0.4, 1))),
            rng.choice((1, 2, 5, 20, 50, 10000)), rng.choice(("spatial", "neighbours")))


def arguments(call):
    max_size, threshold, k, candidates = call
    return f"{'NULL' if max_size is None else max_size}, {threshold!r}, {k}, '{candidates}'"


# The reference.

def connections(net):
    connected = np.zeros((net.n, net.n), dtype=bool)
    for u, v, _ in net.edges:
        connected[u, v] = connected[v, u] = u != v
    return connected


class Plane:
    """Coherence and squared distance of every two nodes, and who is connected with whom."""

    def __init__(self, net):
        f, theta = (np.array(c, dtype=LONG) for c in (net.vf, net.phase))
        apart = np.abs(f[:, None] - f)
        turn = wrap(theta[:, None] - theta)
        deviation = LONG(1) if len(set(net.vf)) < 2 else f.std()
        self.n = net.n
        self.coherence = LONG("0.6") / (1 + apart) + LONG("0.4") * np.cos(turn)
        self.distance = (apart / deviation) ** 2 + turn**2
        numbers = {}
        self.point = np.array([numbers.setdefault(p, len(numbers)) for p in zip(net.vf, net.phase)], dtype=int)
        self.connected = connections(net)

    def nearest(self, node, free, k):
        """Its k nearest: those that are for sure, and those that may be."""
        which = np.flatnonzero(free)
        if len(which) <= k:
            return which, which[:0]
        d = self.distance[node, which]
        order = np.argsort(d, kind="stable")
        last = d[order[k - 1]]
        close = np.abs(d - last) <= CLOSE * max(LONG(1), last)
        sure, tied = which[(d < last) & ~close], which[close]
        room = k - len(sure)
        if len(tied) == room or len(set(self.point[tied])) == 1:
            return np.concatenate([sure, tied[:room]]), tied[:0]
        return sure, tied

    def near(self, node, free, call):
        if call[3] == "neighbours":
            which = np.flatnonzero(free & self.connected[node])
            return which, which[:0]
        return self.nearest(node, free, call[2])


class Doubt(Exception):
    """Two numbers are too close to compare."""


def grown(plane, call, cap):
    """What the rule makes of the network."""
    community = np.full(plane.n, -1)
    free = np.ones(plane.n, dtype=bool)
    for seed in range(plane.n):
        if not free[seed]:
            continue
        number = community.max() + 1
        score = np.zeros(plane.n, dtype=LONG)
        offered = np.zeros(plane.n, dtype=bool)
        node, size = seed, 0
        while node is not None:
            community[node] = number
            free[node] = False
            size += 1
            if size >= cap:
                break
            score += plane.coherence[node]
            sure, maybe = plane.near(node, free, call)
            if len(maybe):
                raise Doubt
            offered[sure] = True
            node = best(plane, np.flatnonzero(free & offered), score / size, LONG(call[1]))
    return community


def best(plane, candidates, mean, threshold):
    """The one of highest coherence, if that is above the threshold."""
    if not len(candidates):
        return None
    high = mean[candidates].max()
    tied = candidates[mean[candidates] >= high - CLOSE]
    if abs(high - threshold) <= CLOSE or len(set(plane.point[tied])) > 1:
        raise Doubt
    return tied[0] if high > threshold else None


def replay(plane, call, cap, free, member):
    """
    One growth more, led by the answer: what is too close may go either way.
    Returns what is wrong with it, if anything.
    """
    score = np.zeros(plane.n, dtype=LONG)
    sure, maybe = (np.zeros(plane.n, dtype=bool) for _ in range(2))
    node, members = np.flatnonzero(member)[0], np.count_nonzero(member)
    for size in range(1, members + 1):
        free[node] = False
        if size == cap:
            return "has more than the cap" if members > cap else None
        score += plane.coherence[node]
        certain, doubtful = plane.near(node, free, call)
        sure[certain] = True
        maybe[doubtful] = True
        mean = score / size
        bound = max(mean[free & sure].max(initial=-1), LONG(call[1]))
        if size == members:
            return "could have grown" if bound > call[1] + CLOSE else None
        able = np.flatnonzero(free & (sure | maybe) & member)
        if not len(able) or mean[able].max() < bound - CLOSE:
            return f"cannot have grown beyond {size}"
        tied = able[mean[able] >= mean[able].max() - CLOSE]
        if len(set(plane.point[tied])) > 1:
            return None         # which of them came first is not known
        node = tied[0]


def wrong_growth(plane, call, cap, community):
    first = [np.flatnonzero(community == c)[:1] for c in range(community.max(initial=-1) + 1)]
    if any(len(f) == 0 for f in first) or any(a >= b for a, b in zip(first, first[1:])):
        yield "communities are not numbered by their smallest node"
        return
    for number in range(len(first)):
        member = community == number
        wrong = replay(plane, call, cap, community >= number, member)
        if wrong:
            yield f"community {number} of {np.count_nonzero(member)} nodes {wrong}"


def pack(sizes, cap):
    """First fit, largest first."""
    room, where = [], [0] * len(sizes)
    for c in sorted(range(len(sizes)), key=lambda c: (-sizes[c], c)):
        where[c] = next((b for b, r in enumerate(room) if r >= sizes[c]), len(room))
        if where[c] == len(room):
            room.append(cap)
        room[where[c]] -= sizes[c]
    return where


def closed(connected, row):
    """The share of the pairs of neighbours that are connected themselves."""
    near = np.flatnonzero(row)
    ways = len(near) * (len(near) - 1)
    return connected[np.ix_(near, near)].sum() / ways if ways else 0.0


class Shape:
    """Density, clustering, and the caps that may come of them."""

    def __init__(self, net):
        n, connected = net.n, connections(net)
        pairs = int(connected.sum()) // 2
        self.density = 2 * pairs / (n * (n - 1)) if n > 1 else 0.0
        self.clustering = sum(closed(connected, row) for row in connected) / n if n else 0.0
        base = n if n < 100 else 100 if n < 1000 else 200
        by_density = 0.5 if self.density > 0.5 else 1.0 if self.density > 0.1 else 1.5
        self.caps = set()
        for c in (self.clustering - 1e-12, self.clustering + 1e-12):
            by_clustering = 0.8 if c > 0.6 else 1.2 if c < 0.2 else 1.0
            self.caps.add(min(max(int(base * (by_density * by_clustering)), 10), 500))


# Checks: each yields what is wrong.

def same(got, expected):
    return abs(LONG(got) - expected) <= CLOSE * max(1, abs(expected))


def labels(net, rows):
    """Communities and partitions by position of the node."""
    if [int(r[0]) for r in rows] != list(net.ids):
        raise RuntimeError("not every node once, in ascending order")
    return (np.array([int(r[k]) for r in rows], dtype=int) for k in (1, 2))


def wrong_partitions(plane, call, cap, community, partition):
    cap = min(cap, plane.n)
    wrong = list(wrong_growth(plane, call, cap, community))
    if call[1] == 1 and len(set(community)) != plane.n:
        wrong.append("a coherence above 1")
    try:
        different = np.count_nonzero(grown(plane, call, cap) != community)
        if different:
            wrong.append(f"{different} of {plane.n} nodes in another community")
    except Doubt:
        pass
    if not wrong and np.any(np.array(pack(np.bincount(community), cap), dtype=int)[community] != partition):
        wrong.append("communities are packed in another way")
    return wrong


def least_bottleneck(loads, blocks):
    """The smallest largest load of so many contiguous blocks."""
    def needed(bound):
        count, load = 1, 0
        for x in loads:
            if load + x > bound:
                count, load = count + 1, 0
            load += x
        return count

    low, high = max(loads), sum(loads)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if needed(middle) <= blocks else (middle + 1, high)
    return low


def wrong_workers(rows, workers):
    order = sorted(rows, key=lambda r: (float(r[3]), int(r[0])))
    numbers = [int(r[8]) for r in order]
    blocks = min(workers, len(rows))
    if sorted(set(numbers)) != list(range(blocks)) or numbers != sorted(numbers):
        yield f"{workers} workers are {numbers[:20]}"
        return
    loads = [int(r[5]) for r in order]
    if not any(loads):
        loads = [int(r[1]) for r in order]
    most = max(sum(x for x, w in zip(loads, numbers) if w == b) for b in range(blocks))
    if most != least_bottleneck(loads, blocks):
        yield f"a load of {most}, not {least_bottleneck(loads, blocks)}"


def wrong_summary(net, plane, shape, call, directed, community, partition, rows):
    parts = partition.max(initial=-1) + 1
    if [int(r[0]) for r in rows] != list(range(parts)):
        yield "not every partition once, in ascending order"
        return
    row, neighbour, _ = entries_of(net, directed, False)
    cut = partition[row] != partition[neighbour]
    for p in range(parts):
        node = np.flatnonzero(partition == p)
        mine = partition[row] == p
        pairs = np.triu_indices(len(node), 1)
        counts = [len(node), len(set(community[node])), np.sum(mine), np.sum(mine & cut),
                  len(set(neighbour[mine & cut]))]
        got = rows[p]
        if [int(got[k]) for k in (1, 2, 5, 6, 7)] != counts:
            yield f"partition {p}: size, communities, entries, cut_entries, halo are not {counts}"
        if not same(got[3], np.mean(np.array(net.vf, dtype=LONG)[node])):
            yield f"partition {p}: mean_vf {got[3]}"
        if len(node) < 2:
            if got[4] != "\\N":
                yield f"partition {p}: coherence {got[4]} of one node"
        elif not same(got[4], np.mean(plane.coherence[np.ix_(node, node)][pairs])):
            yield f"partition {p}: coherence {got[4]}"
        elif float(got[4]) > 1 or (float(got[4]) < call[1] and len(set(community[node])) == 1):
            yield f"partition {p}: coherence {got[4]} is out of range"
        yield from wrong_shape(shape, call, got)


def wrong_shape(shape, call, row):
    if int(row[9]) not in ({call[0]} if call[0] else shape.caps):
        yield f"a cap of {row[9]}, not {shape.caps}"
    if call[0]:
        if row[10:13] != ["\\N"] * 3:
            yield f"density and clustering are {row[10:13]} beside a given size"
    elif not same(row[10], shape.density) or not same(row[11], shape.clustering) or row[12] != "t":
        yield f"density and clustering are {row[10:13]}"


def check_values(server, net, rng):
    yield from wrong_values(server, redrawn(net, rng), rng)
    while net.n < 100:          # growth has little to choose in these
        net = random_network(rng)
    yield from wrong_values(server, redrawn(net, rng), rng)


def wrong_values(server, net, rng):
    plane = Plane(net)
    shape = Shape(net)
    calls = [DEFAULT, (None, 0.3, 50, "neighbours"), *(random_call(rng) for _ in range(3))]
    workers = [rng.choice((1, 2, 3, 7, 1000)) for _ in calls]
    queries = [query for call, w in zip(calls, workers) for query in (
        f"SELECT * FROM tnfr_partition('edges', 'nodes', {arguments(call)})",
        f"SELECT * FROM tnfr_partition_summary('edges', 'nodes', {arguments(call)}, {w})")]
    answers = server.query(net, queries)
    for k, call in enumerate(calls):
        rows, summary = answers[2 * k:2 * k + 2]
        community, partition = labels(net, rows)
        cap = call[0] or (int(summary[0][9]) if summary else 10)
        wrong = [*wrong_partitions(plane, call, cap, community, partition),
                 *wrong_summary(net, plane, shape, call, False, community, partition, summary),
                 *(wrong_workers(summary, workers[k]) if summary else ())]
        for line in wrong:
            yield f"{net.kind}, {call}, {workers[k]} workers: {line}"


def check_rows(server, net, rng):
    net = redrawn(net, rng)
    shuffled = net.edges[:]
    rng.shuffle(shuffled)
    turned = net.replaced(edges=[(v, u, w) if rng.random() < 0.5 else (u, v, w) for u, v, w in shuffled])
    calls = [DEFAULT, random_call(rng), random_call(rng)]

    def queries(prefix, graph):
        return [f"SELECT * FROM {prefix}{function}({graph}, 'nodes', {arguments(call)}{more})"
                for call in calls for function, more in (("partition", ""), ("partition_summary", ", 3"))]

    def stored(columns):
        return queries("tnfr_graph_", f"(SELECT tnfr_graph_agg({columns}) FROM edges)") if net.edges else []

    tables = queries("tnfr_", "'edges'")
    before = server.query(net, tables, "SET tnfr.backend = serial;")
    for changed, graphs, settings in (
            (turned, tables, "SET tnfr.backend = openmp; SET tnfr.max_threads = 3;"),
            (turned, queries("tnfr_", "'unweighted'"), "SET tnfr.max_threads = 2;"),
            (net, stored("src, dst, weight, false"), "SET tnfr.max_threads = 1;")):
        for query, a, b in zip(graphs, before, server.query(changed, graphs, settings)):
            if a != b:
                yield f"{net.kind}, {query}: other rows than by serial ({settings})"

    # A directed graph has the same partitions, but the entries of its own.
    plane = Plane(net)
    shape = Shape(net)
    directed = server.query(net, stored("src, dst, true"))
    for call, rows, summary, undirected in zip(calls, directed[0::2], directed[1::2], before[0::2]):
        if rows != undirected:
            yield f"{net.kind}, {call}: other partitions of a directed graph"
            continue
        for line in wrong_summary(net, plane, shape, call, True, *labels(net, rows), summary):
            yield f"{net.kind}, {call}, directed: {line}"


def check_cap(server, net, rng):
    """At the borders of the sizes that the adaptive cap goes by."""
    del net
    n = rng.choice((5, 50, 99, 100, 200, 999, 1000, 1001))
    group = rng.choice((2, 3, 10, 25))
    share = rng.choice((0.0, 0.05, 0.3, 0.7)) if n <= 200 else 0.002
    edges = [(u, v, 1.0) for u in range(n) for v in range(u - u % group, u) if rng.random() < 0.9]
    edges += [(u, v, 1.0) for u in range(n) for v in range(u) if rng.random() < share]
    blocks = Network(f"{n} nodes in groups of {group}, {share}", random_ids(rng, n), [0.0] * n,
                     [rng.uniform(0, 2) for _ in range(n)], [rng.uniform(-3, 3) for _ in range(n)], edges)
    shape = Shape(blocks)
    calls = ((None, 0.3, 5, "spatial"), (None, 0.3, 1, "neighbours"))
    summaries = server.query(blocks, [f"SELECT * FROM tnfr_partition_summary('edges', 'nodes', {arguments(call)})"
                                      for call in calls])
    for call, summary in zip(calls, summaries):
        for row in summary[:1]:
            for line in wrong_shape(shape, call, row):
                yield f"{blocks.kind}: {line}"
        if max(int(r[1]) for r in summary) > int(summary[0][9]) or sum(int(r[1]) for r in summary) != n:
            yield f"{blocks.kind}: sizes do not keep to the cap, or to the network"


def coherence_within(plane, partition):
    together = np.triu(partition[:, None] == partition, 1)
    return float(plane.coherence[together].mean())


def check_quality(server, net, rng):
    """Partitions are of nodes that fit: far better than by chance."""
    n = rng.choice((300, 500))
    points = rng.choice((clusters, one_vf, few_points, None))
    drawn = points(rng, n) if points else [(rng.uniform(0, 2), rng.uniform(-3, 3)) for _ in range(n)]
    net = net.replaced(ids=list(range(n)), epi=[0.0] * n, vf=[f for f, _ in drawn], phase=[t for _, t in drawn],
                       edges=[(rng.randrange(n), rng.randrange(n), 1.0) for _ in range(3 * n)])
    rows, = server.query(net, [f"SELECT * FROM tnfr_partition('edges', 'nodes', {arguments((25, 0.3, 50, 'spatial'))})"])
    plane = Plane(net)
    _, partition = labels(net, rows)
    chance = partition.copy()
    rng.shuffle(chance)
    got, by_chance = coherence_within(plane, partition), coherence_within(plane, chance)
    if 1 - got > 0.5 * (1 - by_chance):
        yield f"{n} nodes, {points}: a coherence of {got:.3f} within partitions, {by_chance:.3f} by chance"


CHECKS = (("communities and partitions", check_values), ("rows of partitions", check_rows),
          ("adaptive caps", check_cap), ("coherence of partitions", check_quality))

if __name__ == "__main__":
    sys.exit(main(__doc__.splitlines()[0], CHECKS))
