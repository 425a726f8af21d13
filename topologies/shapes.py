"""The usual shapes: a chain, a dumbbell, a star, a tree, a mesh, a fat tree, a parking lot.

An MTU is in octets of the whole IP packet. A pair of MTUs gives the two ends of a link, in the order in which the link is drawn.
A delay is in milliseconds one way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import combinations

from lab.model.topology import IPV4, Bridge, Family, Host, Link, Node, Router, Topology

Mtu = int | tuple[int, int]


def chain(
    *names: str,
    mtus: Sequence[Mtu],
    delays: Sequence[int] = (),
    families: tuple[Family, ...] = (IPV4,),
    silent: Collection[str] = (),
    bridges: Collection[str] = (),
    offloads: bool = False,
) -> Topology:
    """Nodes in a row; the first and the last are hosts, the rest routers, or those of them that `bridges` names bridges.

    `silent` names routers that send no PTB. `delays` gives one delay a link, or is left out.

    chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)):

        client ──1500── r1 ──576── r2 ──1500── server

    Raises ValueError where there is not one MTU a link (or not one delay), or where `silent` or `bridges` names what is not between
    the ends.
    """
    gaps = max(len(names) - 1, 0)
    if len(mtus) != gaps:
        raise ValueError(f"{len(names)} nodes in a chain have {gaps} links between them, but {len(mtus)} MTUs are given")
    if delays and len(delays) != gaps:
        raise ValueError(f"{len(names)} nodes in a chain have {gaps} links between them, but {len(delays)} delays are given")
    strangers = sorted(set(silent) - (set(names[1:-1]) - set(bridges)))
    if strangers:
        raise ValueError(f"only routers of the chain can be silent: {', '.join(strangers)}")
    strangers = sorted(set(bridges) - set(names[1:-1]))
    if strangers:
        raise ValueError(f"a bridge stands between the ends of a chain: {', '.join(strangers)}")
    outermost = {0, len(names) - 1}
    between = {n: Bridge(n) if n in bridges else Router(n, sends_ptb=n not in silent) for n in names[1:-1]}
    nodes = tuple(Host(n) if i in outermost else between[n] for i, n in enumerate(names))
    ends = zip(names, names[1:], mtus, delays or (0,) * gaps, strict=False)
    links = tuple(replace(_link(a, b, mtu), delay=delay) for a, b, mtu, delay in ends)
    return Topology(nodes, links, families, offloads)


def dumbbell(
    left: int, right: int, mtu: Mtu, *, edge: Mtu = 1500, families: tuple[Family, ...] = (IPV4,), offloads: bool = False
) -> Topology:
    """Hosts a1, a2 ... on the left and b1, b2 ... on the right share one link, of `mtu`. Their own links have `edge`.

    dumbbell(2, 2, 576):

        a1 ──1500── r1 ──576── r2 ──1500── b1
        a2 ──1500── r1
        r2 ──1500── b2
    """
    lefts = [f"a{i}" for i in range(1, left + 1)]
    rights = [f"b{i}" for i in range(1, right + 1)]
    nodes: tuple[Node, ...] = (*map(Host, lefts), Router("r1"), Router("r2"), *map(Host, rights))
    links = (*(_link(h, "r1", edge) for h in lefts), _link("r1", "r2", mtu), *(_link("r2", h, edge) for h in rights))
    return Topology(nodes, links, families, offloads)


def star(mtus: Sequence[Mtu], *, bridge: bool = False, families: tuple[Family, ...] = (IPV4,), offloads: bool = False) -> Topology:
    """Hosts h1, h2 ... around one router, r1, or with `bridge` around one bridge, sw. `mtus` gives one MTU a host.

    star((1500, 1400, 1300)):

        h1 ──1500── r1 ──1400── h2
        h3 ──1300── r1
    """
    hub = Bridge("sw") if bridge else Router("r1")
    hosts = [f"h{i}" for i in range(1, len(mtus) + 1)]
    links = tuple(_link(host, hub.name, mtu) for host, mtu in zip(hosts, mtus, strict=True))
    return Topology((*map(Host, hosts), hub), links, families, offloads)


def tree(branches: int, mtus: Sequence[Mtu], *, families: tuple[Family, ...] = (IPV4,), offloads: bool = False) -> Topology:
    """Routers that branch from r1 down, with hosts for leaves. `mtus` gives one MTU a level, from the root down.

    tree(2, (1400, 1500)):

        h1 ──1500── r2 ──1400── r1 ──1400── r3 ──1500── h3
        r2 ──1500── h2
        r3 ──1500── h4
    """
    nodes: list[Node] = [Router("r1")]
    links: list[Link] = []
    level = ["r1"]
    routers = 1
    for depth, mtu in enumerate(mtus, start=1):
        leaves = depth == len(mtus)
        first = 1 if leaves else routers + 1
        below = [f"{'h' if leaves else 'r'}{first + i}" for i in range(branches * len(level))]
        nodes += map(Host if leaves else Router, below)
        links += (_link(level[i // branches], name, mtu) for i, name in enumerate(below))
        routers += 0 if leaves else len(below)
        level = below
    return Topology(tuple(nodes), tuple(links), families, offloads)


def mesh(routers: int, mtu: Mtu, *, edge: Mtu = 1500, families: tuple[Family, ...] = (IPV4,), offloads: bool = False) -> Topology:
    """Routers r1, r2 ... each linked to each other by a link of `mtu`, and each with a host, h1, h2 ..., of its own.

    mesh(3, 1400):

        h1 ──1500── r1 ──1400── r2 ──1500── h2
        r1 ──1400── r3 ──1500── h3
        r2 ──1400── r3
    """
    numbers = range(1, routers + 1)
    nodes: tuple[Node, ...] = (*(Host(f"h{i}") for i in numbers), *(Router(f"r{i}") for i in numbers))
    edges = (_link(f"h{i}", f"r{i}", edge) for i in numbers)
    core = (_link(f"r{i}", f"r{j}", mtu) for i, j in combinations(numbers, 2))
    return Topology(nodes, (*edges, *core), families, offloads)


def fat_tree(k: int, mtu: Mtu, *, edge: Mtu = 1500, families: tuple[Family, ...] = (IPV4,), offloads: bool = False) -> Topology:
    """A data centre of k pods, out of routers with k ports each (Al-Fares, Loukissas and Vahdat, SIGCOMM 2008).

    Pod 1 has k/2 edge routers, p1e1, p1e2 ..., with k/2 hosts on each, and k/2 aggregation routers, p1a1, p1a2 ..., which each are
    linked to all edge routers of the pod, and to k/2 of the (k/2)² core routers c1, c2 ... Links between routers have `mtu`, those
    of hosts `edge`. As plans have one way from one node to another, a flow uses one of the (k/2)² ways.

    fat_tree(2, 9000):

        h1 ──1500── p1e1 ──9000── p1a1 ──9000── c1 ──9000── p2a1 ──9000── p2e1 ──1500── h2

    Raises ValueError where k is odd or less than 2.
    """
    if k < 2 or k % 2:
        raise ValueError(f"a fat tree has an even number of pods, 2 or more, and not {k}")
    pods, half = range(1, k + 1), range(1, k // 2 + 1)
    edges = [f"p{pod}e{i}" for pod in pods for i in half]
    aggregations = [f"p{pod}a{i}" for pod in pods for i in half]
    cores = [f"c{i}" for i in range(1, len(half) ** 2 + 1)]
    hosts = [f"h{i}" for i in range(1, len(edges) * len(half) + 1)]
    nodes: tuple[Node, ...] = (*map(Host, hosts), *map(Router, (*edges, *aggregations, *cores)))
    links = [_link(host, edges[i // len(half)], edge) for i, host in enumerate(hosts)]
    links += [_link(f"p{pod}e{i}", f"p{pod}a{j}", mtu) for pod in pods for i in half for j in half]
    links += [_link(f"p{pod}a{i}", f"c{(i - 1) * len(half) + j}", mtu) for pod in pods for i in half for j in half]
    return Topology(nodes, tuple(links), families, offloads)


def parking_lot(
    mtus: Sequence[Mtu], *, edge: Mtu = 1500, families: tuple[Family, ...] = (IPV4,), offloads: bool = False
) -> Topology:
    """Routers r1, r2 ... in a row, each with a host of its own, h1, h2 ...: flows join and leave at every router.

    `mtus` gives one MTU a link between routers; hosts' links have `edge`.

    parking_lot((1500, 1400, 1300)):

        h1 ──1500── r1 ──1500── r2 ──1400── r3 ──1300── r4 ──1500── h4
        h2 ──1500── r2
        h3 ──1500── r3
    """
    numbers = range(1, len(mtus) + 2)
    nodes: tuple[Node, ...] = (*(Host(f"h{i}") for i in numbers), *(Router(f"r{i}") for i in numbers))
    edges = (_link(f"h{i}", f"r{i}", edge) for i in numbers)
    row = (_link(f"r{i}", f"r{i + 1}", mtu) for i, mtu in enumerate(mtus, start=1))
    return Topology(nodes, (*edges, *row), families, offloads)


def _link(a: str, b: str, mtu: Mtu) -> Link:
    return Link(a, b, *mtu) if isinstance(mtu, tuple) else Link(a, b, mtu)
