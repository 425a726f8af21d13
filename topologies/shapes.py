"""The usual shapes: a chain, a dumbbell, a tree, a mesh.

An MTU is in octets of the whole IP packet. A pair of MTUs gives the two ends of a link, in the order in which the link is drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

from lab.model.topology import IPV4, Bridge, Family, Host, Link, Node, Router, Topology

Mtu = int | tuple[int, int]


def chain(
    *names: str,
    mtus: Sequence[Mtu],
    families: tuple[Family, ...] = (IPV4,),
    silent: Collection[str] = (),
    bridges: Collection[str] = (),
    offloads: bool = False,
) -> Topology:
    """Nodes in a row; the first and the last are hosts, the rest routers, or those of them that `bridges` names bridges.

    `silent` names routers that send no PTB.

        client ──1500── r1 ──576── r2 ──1500── server
        chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)):


    Raises ValueError where there is not one MTU a link, or where `silent` or `bridges` names what is not between the ends.
    """
    gaps = max(len(names) - 1, 0)
    if len(mtus) != gaps:
        raise ValueError(f"{len(names)} nodes in a chain have {gaps} links between them, but {len(mtus)} MTUs are given")
    strangers = sorted(set(silent) - (set(names[1:-1]) - set(bridges)))
    if strangers:
        raise ValueError(f"only routers of the chain can be silent: {', '.join(strangers)}")
    strangers = sorted(set(bridges) - set(names[1:-1]))
    if strangers:
        raise ValueError(f"a bridge stands between the ends of a chain: {', '.join(strangers)}")
    ends = {0, len(names) - 1}
    between = {n: Bridge(n) if n in bridges else Router(n, sends_ptb=n not in silent) for n in names[1:-1]}
    nodes = tuple(Host(n) if i in ends else between[n] for i, n in enumerate(names))
    links = tuple(_link(a, b, mtu) for a, b, mtu in zip(names, names[1:], mtus, strict=False))
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


def _link(a: str, b: str, mtu: Mtu) -> Link:
    return Link(a, b, *mtu) if isinstance(mtu, tuple) else Link(a, b, mtu)
