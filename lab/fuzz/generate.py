"""Random cases, as hypothesis strategies: a network, and a few acts of sending in it. Shrinking goes for what is drawn first.

Chains, trees and meshes of 1 to 8 routers with 2 or 3 hosts on them; MTUs from 68 (IPv6: 1280) to 65535, some with another at each
end; some routers silent. Hosts send 1 to 3 times, and now and then the caches are flushed or a link's MTU changes in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from hypothesis import strategies as st

from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, Echo, Flow, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send, SetMtu, Step
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Node, Router, Topology

FAMILIES: tuple[tuple[Family, ...], ...] = ((IPV4,), (IPV4,), (IPV6,), (IPV4, IPV6))
LEAST_MTU = {IPV4: 68, IPV6: 1280}
MOST_MTU = 65535
# Weighted: where every second link is below 552, little else is seen.
USUAL = (1500, 1400, 1492, 1280, 9000, 4352, 2000, 1006, 576, 552, 551, 296, 68)
# A veth end takes in 4 octets more than its MTU: differences on both sides of that.
STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 40)
LONG_FIRST_LINKS = (1500, 9000, 4352)
HEADERS = {IPV4: 28, IPV6: 48}  # IP, and UDP or echo
MOST_PAYLOAD = 65507
MOST_PIECES = 40  # what is sent at once makes about so many packets of the least MTU: a frame costs 20 us at each tap
STREAM = 64 * KIB


@dataclass(frozen=True, slots=True)
class Case:
    """A network, and acts: the steps of each, all of whose Sends are over one flow. All caches are empty at first."""

    topology: Topology
    acts: tuple[tuple[Step, ...], ...]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A case that can be planned, built and played."""
    topology = draw(topologies())
    acts: list[tuple[Step, ...]] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        acts.append(draw(act(topology, number, [mtu for steps in acts for mtu in set_in(steps)])))
    return Case(topology, tuple(acts))


def set_in(steps: Iterable[Step]) -> list[int]:
    return [step.mtu for step in steps if isinstance(step, SetMtu)]


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """A connected network of routers with hosts on them. The first two hosts are as far apart as a chain lets them be."""
    families = draw(st.sampled_from(FAMILIES))
    routers = [f"r{i}" for i in range(1, draw(st.integers(1, 8)) + 1)]
    chain = draw(st.integers(0, 2)) < 2
    parents = [i - 1 if chain else draw(st.integers(0, i - 1)) for i in range(1, len(routers))]
    pairs = [(routers[parent], routers[i]) for i, parent in enumerate(parents, 1)]
    others = [pair for pair in combinations(routers, 2) if pair not in pairs]
    if others and draw(st.integers(0, 3)) == 3:
        pairs += draw(st.lists(st.sampled_from(others), unique=True, max_size=4))
    ends = [("h1", routers[0]), ("h2", routers[-1])]
    if draw(st.integers(0, 3)) == 3:
        ends.append((draw(st.sampled_from(("h3", "h2", "h1"))), draw(st.sampled_from(routers))))
    ends = list(dict.fromkeys(ends))
    links = draw(linked([ends[0], *pairs, *ends[1:]], families))
    silent = set(draw(st.lists(st.sampled_from(routers), max_size=2))) if draw(st.integers(0, 4)) == 4 else set()
    nodes: list[Node] = [*map(Host, dict.fromkeys(host for host, _ in ends)), *(Router(r, r not in silent) for r in routers)]
    if draw(st.integers(0, 3)) == 3:  # the order in which links are written decides addresses, and how routes are summarised
        links = tuple(draw(st.permutations(links)))
    return Topology(tuple(nodes), links, families)


@st.composite
def linked(draw: st.DrawFn, pairs: list[tuple[str, str]], families: tuple[Family, ...]) -> tuple[Link, ...]:
    """A link for each pair, each end with an MTU of its own in one network of four."""
    least = max(LEAST_MTU[family] for family in families)
    uneven = draw(st.integers(0, 3)) == 3
    mtus: list[int] = []
    links = []
    for a, b in pairs:
        mtu = draw(mtu_like(mtus, least))
        # A host's own link is a large one, more often than not: else there is little to discover behind it.
        if a.startswith("h") and draw(st.booleans()):
            mtu = draw(st.sampled_from(LONG_FIRST_LINKS))
        mtus.append(mtu)
        other = draw(st.none() | mtu_like(mtus, least)) if uneven else None
        links.append(Link(a, b, mtu, None if other == mtu else other))
    return tuple(links)


def mtu_like(drawn: list[int], least: int) -> st.SearchStrategy[int]:
    """A usual MTU, or one that differs by a few octets from another in the network, or any."""
    usual = st.sampled_from([mtu for mtu in USUAL if mtu >= least])
    kinds = [usual, usual, st.integers(least, 2000), st.integers(least, MOST_MTU)]
    if drawn:
        signed = [*STEPS, *(-step for step in STEPS)]
        near = st.builds(lambda mtu, step: min(max(mtu + step, least), MOST_MTU), st.sampled_from(drawn), st.sampled_from(signed))
        kinds += [near, near]
    return st.one_of(kinds)


@st.composite
def act(draw: st.DrawFn, topology: Topology, number: int, before: list[int]) -> tuple[Step, ...]:
    """Changes, a Send, and now and then another over the same flow, with a change in between or without.

    `before` are the MTUs that acts before this one set.
    """
    mtus = [mtu for link in topology.links for mtu in link.mtus] + before
    flow = draw(flows(topology, number))
    steps: list[Step] = draw(changes(topology)) if number > 1 else []
    steps.append(Send(flow, draw(octets(mtus + set_in(steps), flow))))
    if draw(st.integers(0, 2)) == 2:
        steps += draw(changes(topology))
        steps.append(Send(flow, draw(octets(mtus + set_in(steps), flow))))
    return tuple(steps)


@st.composite
def changes(draw: st.DrawFn, topology: Topology) -> list[Step]:
    """Nothing, a flush, or another MTU for a link, which is the sender's own more often than another."""
    kind = draw(st.integers(0, 4))
    if kind < 2:
        return []
    if kind == 2:
        return [FlushRouteCache()]
    least = max(LEAST_MTU[family] for family in topology.families)
    link = draw(st.sampled_from(topology.links))
    mtus = [mtu for each in topology.links for mtu in each.mtus]
    return [SetMtu(link.a, link.b, draw(mtu_like(mtus, least)))]


def flows(topology: Topology, number: int) -> st.SearchStrategy[Flow]:
    """Any flow between two hosts, of a family that the network has."""
    names = [host.name for host in topology.hosts]
    ends = st.sampled_from([("h1", "h2"), *((a, b) for a in names for b in names if a != b)])
    families, modes = st.sampled_from(topology.families), st.sampled_from((DO, WANT, DONT, PROBE, OMIT, INTERFACE))
    udp = st.builds(lambda ways, mode, family: Udp(ways[0], ways[1], mode, family, number=number), ends, modes, families)
    echo = st.builds(lambda ways, mode, family: Echo(ways[0], ways[1], mode, family, number=number), ends, modes, families)
    tcp = st.builds(
        lambda ways, options, family: Tcp(ways[0], ways[1], options, family, number=number), ends, st.booleans(), families
    )
    return st.one_of(udp, udp, tcp, echo)


@st.composite
def octets(draw: st.DrawFn, mtus: Iterable[int], flow: Flow) -> int:
    """How much to send: what about fills some link, or pieces for it, or anything."""
    mtus = sorted(set(mtus), reverse=True)
    most = min(MOST_PIECES * mtus[-1], STREAM if isinstance(flow, Tcp) else MOST_PAYLOAD)
    kind = draw(st.integers(0, 5))
    if isinstance(flow, Tcp) and kind < 3:
        return most
    headers = HEADERS[flow.family]
    mtu = draw(st.sampled_from(mtus))
    if kind < 3:
        size = mtu - headers
    elif kind == 3:
        size = mtu - headers + draw(st.sampled_from((1, -1, -4, -8, 4, 8, -12, -24)))
    elif kind == 4:  # a last fragment that is about to fill its packet, or just has
        size = draw(st.integers(1, 4)) * ((mtu - headers + 8) // 8 * 8) - 8 + draw(st.integers(-8, 8))
    else:
        size = draw(st.integers(1, most))
    return min(max(size, 1), most)
