"""What is wrong with a topology: all of it at once, each problem with its place and its remedy.

The order is fixed: the topology itself, its nodes as written, its links as written, what bridges join, then who cannot reach whom.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from lab.model.problem import TOPOLOGY, Place, Problem
from lab.model.topology import IPV6, Link, Topology
from lab.theory.segments import islands, segments

LEAST_MTU = 68
MOST_MTU = 65535
LEAST_MTU_IPV6 = 1280
LONGEST_NAME = 15
MOST_LINKS = 65536
MOST_NEIGHBOURS = 254
MOST_DELAY = 1000

_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
RESERVED = {
    "lo": "the loopback interface",
    "localhost": "the node's own loopback address",
    "all": "all interfaces below /proc/sys/net",
    "default": "interfaces to come below /proc/sys/net",
}


class BadTopology(ValueError):
    """A topology that cannot be planned. Its text is every problem, one a line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def problems(topology: Topology) -> tuple[Problem, ...]:
    """Everything that is wrong with `topology`; empty where it can be planned. Raises nothing."""
    return (*_of_topology(topology), *_of_nodes(topology), *_of_links(topology), *_of_bridges(topology), *_of_reach(topology))


def problems_of_parts(topology: Topology) -> tuple[Problem, ...]:
    """The same of each node's name and of each link by itself: what no other part of the topology could mend."""
    names = (problem for name, count in _times(topology).items() for problem in _of_name(name, count))
    return (*names, *_of_links(topology))


def _of_topology(topology: Topology) -> Iterator[Problem]:
    if not topology.nodes:
        yield Problem(TOPOLOGY, "it has no nodes", "write two hosts at least")
    elif len({host.name for host in topology.hosts}) < 2:
        yield Problem(TOPOLOGY, f"it has {_count(len(topology.hosts), 'host')}", "traffic needs two")
    if not topology.families:
        yield Problem(TOPOLOGY, "it has no address family", "give IPV4, IPV6 or both")
    for family, times in Counter(topology.families).items():
        if times > 1:
            yield Problem(TOPOLOGY, f"{family} is given {times} times", "give it once")
    if len(topology.links) > MOST_LINKS:
        what = f"it has {len(topology.links)} links, and 10.0.0.0/8 has {MOST_LINKS} subnets of 256 addresses"
        yield Problem(TOPOLOGY, what, f"use {MOST_LINKS} links at most")


def _of_nodes(topology: Topology) -> Iterator[Problem]:
    times = _times(topology)
    linked = {name for link in topology.links for name in (link.a, link.b)}
    # A misspelt link is one problem, not another one at the node that it means.
    linked |= {near for name in linked - times.keys() for near in get_close_matches(name, list(times))}
    for name, count in times.items():
        yield from _of_name(name, count)
        if name not in linked:
            yield Problem(_node(name), "it has no link", "link it to another node, or leave it out")


def _times(topology: Topology) -> Counter[str]:
    """How many nodes have each name."""
    return Counter(node.name for node in topology.nodes)


def _of_name(name: str, count: int) -> Iterator[Problem]:
    place = _node(name)
    if count > 1:
        yield Problem(place, f"the name is given to {count} nodes", "give each node a name of its own")
    if not _HOSTNAME.fullmatch(name):
        yield Problem(place, "the name is not a hostname", "use a to z, 0 to 9 and, inside only, '-'")
    elif name in RESERVED:
        yield Problem(place, f"the name is reserved: it means {RESERVED[name]}", "choose another")
    octets = len(name.encode(errors="surrogatepass"))
    if octets > LONGEST_NAME:
        what = f"the name has {octets} octets, and an interface is named after it (IFNAMSIZ: {LONGEST_NAME})"
        yield Problem(place, what, f"use {LONGEST_NAME} at most")


def _of_links(topology: Topology) -> Iterator[Problem]:
    names = [node.name for node in topology.nodes]
    known = set(names)
    first: dict[frozenset[str], int] = {}
    bridges = {bridge.name for bridge in topology.bridges}
    for number, link in enumerate(topology.links, start=1):
        if link.a not in known or link.b not in known:
            yield from _unknown(number, link, names)
        pair = frozenset((link.a, link.b))
        if len(pair) == 1:
            yield Problem(_link(number, link), "it links a node to itself", "link two nodes")
        elif first.setdefault(pair, number) != number:
            what = f"link {first[pair]} joins these two already"
            yield Problem(_link(number, link), what, "remove one; a router between them makes a second way")
        low, high = link.mtus
        # One comparison for the usual case: these few lines run for every link of a large network.
        if not LEAST_MTU_IPV6 <= low <= MOST_MTU or not LEAST_MTU_IPV6 <= high <= MOST_MTU:
            yield from _of_mtus(_link(number, link), link, bridges, IPV6 in topology.families)
        if not 0 <= link.delay <= MOST_DELAY:
            what = f"a delay of {link.delay} ms is {'below 0' if link.delay < 0 else f'above {MOST_DELAY}'}"
            yield Problem(_link(number, link), what, f"use 0 to {MOST_DELAY}, in milliseconds")


def _unknown(number: int, link: Link, names: list[str]) -> Iterator[Problem]:
    for name in dict.fromkeys((link.a, link.b)):
        if name not in names:
            near = get_close_matches(name, names)
            remedy = f"did you mean {' or '.join(near)}?" if near else "add the node, or correct the name"
            yield Problem(_link(number, link), f"there is no node {name!r}", remedy)


def _of_mtus(place: Place, link: Link, bridges: set[str], ipv6: bool) -> Iterator[Problem]:
    for node, end, mtu in ((link.a, f"{link.a}:{link.b}", link.mtus[0]), (link.b, f"{link.b}:{link.a}", link.mtus[1])):
        where = f"MTU {mtu}" if link.mtus[0] == link.mtus[1] else f"MTU {mtu} at {end}"
        if mtu < LEAST_MTU:
            what = f"{where} is below {LEAST_MTU}, the least that IPv4 may have (RFC 791 §3.2) and that veth takes"
            problem = Problem(place, what, f"use {LEAST_MTU} to {MOST_MTU}")
        elif mtu > MOST_MTU:
            what = f"{where} is above {MOST_MTU}, the largest IPv4 packet (RFC 791 §3.1) and the most that veth takes"
            problem = Problem(place, what, f"use {LEAST_MTU} to {MOST_MTU}")
        elif ipv6 and mtu < LEAST_MTU_IPV6 and node not in bridges:
            what = f"{where} is below {LEAST_MTU_IPV6}, the least for IPv6 (RFC 8200 §5): Linux takes IPv6 off the interface"
            problem = Problem(place, what, f"use {LEAST_MTU_IPV6} or more, or leave IPv6 out")
        else:
            continue
        yield problem
        if link.mtus[0] == link.mtus[1]:
            return


def _of_bridges(topology: Topology) -> Iterator[Problem]:
    """Says nothing while a link names an unknown node, or joins two that are joined already."""
    bridges = {bridge.name for bridge in topology.bridges}
    known = {node.name for node in topology.nodes}
    pairs = {frozenset((link.a, link.b)) for link in topology.links}
    if not bridges or len(pairs) < len(topology.links) or any(len(pair) < 2 or not pair <= known for pair in pairs):
        return
    ports = Counter(name for link in topology.links for name in (link.a, link.b))
    for name in dict.fromkeys(bridge.name for bridge in topology.bridges):
        if ports[name] == 1:
            yield Problem(_node(name), "it is a bridge with one port", "link it to another node, or leave it out")
    ends: dict[int, list[str]] = {}
    for link, segment in zip(topology.links, segments(topology), strict=True):
        ends.setdefault(segment, []).extend((link.a, link.b))
    for segment, names in ends.items():
        place, nodes = _link(segment + 1, topology.links[segment]), dict.fromkeys(names)
        neighbours = nodes.keys() - bridges
        if len(names) // 2 != len(nodes) - 1:  # the links of a tree are one fewer than its nodes
            yield Problem(place, f"it is part of a loop that bridges close: {', '.join(nodes)}", "leave one of its links out")
        elif len(neighbours) > MOST_NEIGHBOURS:
            what = f"bridges make one subnet of {len(neighbours)} nodes, and it has {MOST_NEIGHBOURS} addresses"
            yield Problem(place, what, "put a router between them")


def _of_reach(topology: Topology) -> Iterator[Problem]:
    """Hosts that cannot reach each other. Says nothing while a link names an unknown node: that link's repair may mend it."""
    hosts = {host.name for host in topology.hosts}
    known = {node.name for node in topology.nodes}
    if any(link.a not in known or link.b not in known for link in topology.links):
        return
    links = [link for link in topology.links if link.a != link.b]
    island = islands(links, hosts)  # a link between two hosts is an island of its own
    homes: dict[str, int] = {}
    dwellers: dict[int, dict[str, None]] = {}
    for link, number in zip(links, island, strict=True):
        for name in (link.a, link.b):
            if name in hosts:
                homes.setdefault(name, number)
                dwellers.setdefault(number, {})[name] = None
    apart = [name for name, home in homes.items() if len(dwellers[home]) < len(homes)]
    if not apart:
        return
    whole = [names for names in dwellers.values() if len(names) == len(homes)]
    if not whole:
        groups = " / ".join(", ".join(names) for names in dwellers.values())
        yield Problem(
            Place("hosts"),
            f"no way through routers joins these groups: {groups}",
            "link them by a router (a host does not forward)",
        )
        return
    for name in apart:
        what = "its address is the one on its first link, and not all other hosts can reach that"
        yield Problem(_node(name), what, "write first its link to a router that they reach")


def _node(name: str) -> Place:
    return Place(f"node {name!r}", ("nodes", name))


def _link(number: int, link: Link) -> Place:
    return Place(f"link {number} ({link.a}\N{EN DASH}{link.b})", ("links", number - 1))


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}" if number == 1 else f"{number or 'no'} {noun}s"
