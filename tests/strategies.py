"""Hypothesis strategies for whole topologies, all of which can be planned."""

from __future__ import annotations

from itertools import combinations

from hypothesis import strategies as st

from lab.model.topology import IPV4, IPV6, Family, Host, Link, Node, Router, Topology

FAMILIES: tuple[tuple[Family, ...], ...] = ((IPV4,), (IPV6,), (IPV4, IPV6))


def mtus(families: tuple[Family, ...]) -> st.SearchStrategy[int]:
    """Any MTU that a link may have: octets, the usual ones often."""
    least = 1280 if IPV6 in families else 68
    usual = [mtu for mtu in (296, 551, 552, 576, 1280, 1400, 1492, 1500, 9000) if mtu >= least]
    return st.sampled_from(usual) | st.integers(least, 65535)


@st.composite
def topologies(
    draw: st.DrawFn,
    *,
    most_routers: int = 8,
    most_hosts: int = 5,
    families: st.SearchStrategy[tuple[Family, ...]] | None = None,
    symmetric: bool | None = None,
    silent: bool = False,
    delayed: bool = False,
) -> Topology:
    """A connected network of routers with hosts on them, nodes and links in any order.

    A host may have links to two routers. `symmetric=True`: both ends of a link have one MTU. `silent=True`: some routers
    send no PTB. `delayed=True`: some links have a delay.
    """
    chosen = draw(families or st.sampled_from(FAMILIES))
    routers = [f"r{i}" for i in range(1, draw(st.integers(1, most_routers)) + 1)]
    hosts = [f"h{i}" for i in range(1, draw(st.integers(2, most_hosts)) + 1)]
    # A tree first, so that all are connected; then any other pairs.
    pairs = [(routers[draw(st.integers(0, i - 1))], routers[i]) for i in range(1, len(routers))]
    others = [pair for pair in combinations(routers, 2) if pair not in pairs]
    if others:
        pairs += draw(st.lists(st.sampled_from(others), unique=True, max_size=len(routers)))
    for host in hosts:
        pairs += [(host, router) for router in draw(st.lists(st.sampled_from(routers), unique=True, min_size=1, max_size=2))]
    links = []
    for pair in draw(st.permutations(pairs)):
        a, b = draw(st.permutations(pair))
        mtu = draw(mtus(chosen))
        same = symmetric if symmetric is not None else draw(st.booleans())
        delay = draw(st.sampled_from((0, 0, 1, 20, 1000))) if delayed else 0
        links.append(Link(a, b, mtu, None if same else draw(mtus(chosen)), delay))
    nodes: list[Node] = [*map(Host, hosts), *(Router(name, not (silent and draw(st.booleans()))) for name in routers)]
    return Topology(tuple(draw(st.permutations(nodes))), tuple(links), chosen)
