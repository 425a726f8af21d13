"""A network to be drawn, and what is marked in it for a flow: each direction's path MTU, where it is set, and who tells of it.

`graph_text`, `graph_svg`, `graph_dot` and `graph_mermaid` beside this file draw it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lab.model.topology import Host, Link, Node, Router, Topology
from lab.theory.oracle import Descent, follow
from lab.theory.plan import Plan

Pair = frozenset[str]
"""The two nodes of a link."""


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of a flow: the nodes from source to destination, and the path MTU in octets.

    `bottleneck` is the first link of that MTU, None where every hop has it. `tells` are the routers that send PTBs to a source
    that begins with its own link's MTU. `black_hole` is what loses packets without a word: a router or bridge (`r1`), or a link end
    (`r2:r1`).
    """

    nodes: tuple[str, ...]
    path_mtu: int
    bottleneck: Pair | None
    tells: tuple[Descent, ...]
    black_hole: str | None

    @property
    def links(self) -> frozenset[Pair]:
        return frozenset(map(frozenset, zip(self.nodes, self.nodes[1:], strict=False)))


@dataclass(frozen=True, slots=True)
class Graph:
    """A network by its name, and the ways that are marked in it: there and back, or one where both are the same."""

    name: str
    plan: Plan
    ways: tuple[Way, ...]

    @property
    def topology(self) -> Topology:
        return self.plan.topology

    @property
    def on_way(self) -> frozenset[Pair]:
        """The links that the flow's packets cross."""
        return frozenset().union(*(way.links for way in self.ways))

    @property
    def bottlenecks(self) -> frozenset[Pair]:
        return frozenset(way.bottleneck for way in self.ways if way.bottleneck)

    @property
    def tellers(self) -> frozenset[str]:
        return frozenset(descent.router for way in self.ways for descent in way.tells)


def graph(name: str, plan: Plan, source: str, to: str) -> Graph:
    """The network with a flow between two nodes marked. Raises as `lab.theory.oracle.follow` does."""
    there, back = _way(plan, source, to), _way(plan, to, source)
    alike = (there.links, there.path_mtu, there.bottleneck) == (back.links, back.path_mtu, back.bottleneck)
    silent = not (there.tells or back.tells or there.black_hole or back.black_hole)
    return Graph(name, plan, (there,) if alike and silent else (there, back))


def _way(plan: Plan, source: str, to: str) -> Way:
    path = follow(plan, source, to, plan.topology.families[0])
    least = path.mtus.index(path.path_mtu)
    bottleneck = frozenset(path.nodes[least : least + 2]) if len(set(path.mtus)) > 1 else None
    lost = path.nodes.index(path.black_hole.partition(":")[0]) if path.black_hole else len(path.nodes)
    tells = tuple(descent for descent in path.descents if path.nodes.index(descent.router) < lost)
    return Way(path.nodes, path.path_mtu, bottleneck, tells, path.black_hole)


def ways_words(graph: Graph) -> Iterator[str]:
    """Each way in a line: `client → server: path MTU 576, set by r1–r2; r1 tells client 576`."""
    arrow = "→" if len(graph.ways) > 1 else "↔"
    for way in graph.ways:
        words = f"{way.nodes[0]} {arrow} {way.nodes[-1]}: path MTU {way.path_mtu}"
        a, b = next((pair for pair in zip(way.nodes, way.nodes[1:], strict=False) if frozenset(pair) == way.bottleneck), ("", ""))
        words += f", set by {a}–{b}" if way.bottleneck else ", that of every hop"
        words += "".join(f"; {tells.router} tells {way.nodes[0]} {tells.mtu}" for tells in way.tells)
        yield words + (f"; black hole at {way.black_hole}" if way.black_hole else "")


def link_words(link: Link) -> str:
    """A link's MTU, or that of `a`'s end and that of `b`'s, and its delay: 1500, or 1500/1400, 20 ms."""
    a, b = link.mtus
    return (f"{a}" if a == b else f"{a}/{b}") + delay_words(link)


def delay_words(link: Link) -> str:
    """A link's delay, to follow its MTU: empty where it has none."""
    return f", {link.delay} ms" if link.delay else ""


def kind(node: Node) -> str:
    """`host`, `router` or `bridge`, and what is special about it."""
    if isinstance(node, Host):
        return "host"
    if isinstance(node, Router):
        return "router" if node.sends_ptb else "router that sends no PTB"
    return "bridge that calls iptables" if node.calls_iptables else "bridge"
