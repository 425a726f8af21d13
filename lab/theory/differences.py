"""In what two topologies differ: whether a story that was written for one can be played in the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from lab.model.topology import Link, Node, Router, Topology


def differences(wanted: Topology, there: Topology) -> tuple[str, ...]:
    """What `there` lacks, or has beside what is `wanted`: nodes, links, families, offloads, and the order that addresses follow.

    MTUs, and whether a router sends PTBs, are left out: those can be set in a network that runs. A delay cannot.
    """
    found = tuple(_differences(wanted, there))
    if not found and _bare(wanted) != _bare(there):
        return ("nodes or links are written in another order, which their addresses follow",)
    return found


def _differences(wanted: Topology, there: Topology) -> Iterator[str]:
    nodes, its_nodes = ({node.name: _bare_node(node) for node in topology.nodes} for topology in (wanted, there))
    for name, node in nodes.items():
        if name not in its_nodes:
            yield f"there is no node {name}"
        elif its_nodes[name] != node:
            yield f"{name} is {_told(its_nodes[name])}, and not {_told(node)}"
    yield from (f"there is a node {name} more" for name in its_nodes if name not in nodes)
    links, its_links = ({frozenset((link.a, link.b)): link for link in topology.links} for topology in (wanted, there))
    yield from (f"there is no link {link.a}–{link.b}" for ends, link in links.items() if ends not in its_links)
    yield from (f"there is a link {link.a}–{link.b} more" for ends, link in its_links.items() if ends not in links)
    for link, its in ((link, its_links[ends]) for ends, link in links.items() if ends in its_links):
        if link.delay != its.delay:
            yield f"{link.a}–{link.b} has a delay of {its.delay} ms, and not {link.delay}"
    if wanted.families != there.families:
        yield f"it has {_families(there)}, and not {_families(wanted)}"
    if wanted.offloads != there.offloads:
        yield f"its offloads are {'on' if there.offloads else 'off'}"


def _bare(topology: Topology) -> Topology:
    links = tuple(Link(link.a, link.b, delay=link.delay) for link in topology.links)
    return replace(topology, nodes=tuple(map(_bare_node, topology.nodes)), links=links)


def _bare_node(node: Node) -> Node:
    return replace(node, sends_ptb=True) if isinstance(node, Router) else node


def _told(node: Node) -> str:
    kind = type(node).__name__.lower()
    return f"a {kind}" + (" that calls iptables" if getattr(node, "calls_iptables", False) else "")


def _families(topology: Topology) -> str:
    return " and ".join(map(str, topology.families))


def mtus_told(topology: Topology, changed: Mapping[str, int]) -> Iterator[str]:
    """The MTUs of link ends ("r1:r2") that are not as written; of a link in one where both ends have the same."""
    for link in topology.links:
        ends = {end: changed[end] for end in (f"{link.a}:{link.b}", f"{link.b}:{link.a}") if end in changed}
        if len(ends) == 2 and len(set(ends.values())) == 1:
            ends = {f"{link.a}–{link.b}": ends.popitem()[1]}
        yield from (f"{where} has MTU {mtu}" for where, mtu in ends.items())
