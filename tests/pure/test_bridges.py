"""Bridges: one subnet of all that they join, paths through their ports, and what is lost at those."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.model.flow import DO, DONT, PROBE, WANT, Echo, PmtuDisc, Tcp, Udp
from lab.model.topology import IPV4, IPV6, Bridge, Family, Host, Link, Router, Topology
from lab.report.picture import picture
from lab.report.plan_text import plan_text
from lab.theory.linux import Fragment, through_port
from lab.theory.oracle import Prediction, predict
from lab.theory.plan import plan
from lab.theory.problems import MOST_NEIGHBOURS, BadTopology, problems
from tests.golden_files import check
from tests.strategies import topologies
from topologies import chain

A, B, C, R1, R2, SW, SW2 = Host("a"), Host("b"), Host("c"), Router("r1"), Router("r2"), Bridge("sw"), Bridge("sw2")
# Hosts a and b, and routers to two sides, on one segment of two bridges; hosts c and d beyond.
OFFICE = Topology(
    (A, SW, B, R1, SW2, C, R2, Host("d")),
    (
        Link("a", "sw"),
        Link("sw", "b", 9000),
        Link("sw", "sw2"),
        Link("r1", "sw2"),
        Link("r1", "c", 1400),
        Link("sw2", "r2", 1300, 1500),
        Link("r2", "d"),
    ),
    (IPV4, IPV6),
)
BAD = {
    "bridge-with-one-port": Topology((A, B, SW), (Link("a", "b"), Link("a", "sw"))),
    "bridges-in-a-loop": Topology(
        (A, SW, SW2, B, Bridge("sw3")),
        (Link("a", "sw"), Link("sw", "sw2"), Link("sw2", "sw3"), Link("sw3", "sw"), Link("sw2", "b")),
    ),
    "bridged-twice": Topology((A, SW, SW2, B), (Link("a", "sw"), Link("a", "sw2"), Link("sw", "sw2"), Link("sw2", "b"))),
    "bridge-of-300": Topology((*(Host(f"h{i}") for i in range(300)), SW), tuple(Link(f"h{i}", "sw") for i in range(300))),
}


def test_plan_is_the_one_on_disk() -> None:
    check("plans/office.txt", plan_text(plan(OFFICE)))
    calling = replace(OFFICE, nodes=tuple(Bridge(n.name, calls_iptables=True) if n == SW2 else n for n in OFFICE.nodes))
    assert "sw2  bridge that calls iptables\n" in plan_text(plan(calling))


@pytest.mark.parametrize("name", BAD)
def test_problem_is_the_one_on_disk(name: str) -> None:
    with pytest.raises(BadTopology) as caught:
        plan(BAD[name])
    check(f"errors/{name}.txt", f"{caught.value}\n")


def test_as_many_neighbours_as_there_are_addresses() -> None:
    whole = BAD["bridge-of-300"]
    fitting = replace(whole, nodes=(*whole.nodes[:MOST_NEIGHBOURS], SW), links=whole.links[:MOST_NEIGHBOURS])
    assert problems(fitting) == ()
    assert str(plan(fitting).address("h253", IPV4)) == "10.0.0.254"


def test_a_port_may_be_too_small_for_ipv6_as_it_has_none() -> None:
    assert problems(chain("a", "sw", "b", mtus=((1500, 1000), 1500), families=(IPV6,), bridges={"sw"})) == ()
    assert len(problems(chain("a", "sw", "b", mtus=((1000, 1500), 1500), families=(IPV6,), bridges={"sw"}))) == 1


def ends(source: str, to: str) -> list[str]:
    return [interface.end for interface in plan(OFFICE).path(source, to, IPV4)]


def test_paths_lead_through_ports() -> None:
    assert ends("a", "b") == ["a:sw", "sw:b"]
    assert ends("a", "c") == ["a:sw", "sw:sw2", "sw2:r1", "r1:c"]
    assert ends("d", "c") == ["d:r2", "r2:sw2", "sw2:r1", "r1:c"]
    assert ends("c", "a") == ["c:r1", "r1:sw2", "sw2:sw", "sw:a"]


def test_two_routers_on_one_interface() -> None:
    """A host with one link has no default where two routers are on it, as it could be the wrong one."""
    routes = {str(route.to): (str(route.via), route.out) for route in plan(OFFICE).nodes["a"].routes if route.to.version == 4}
    assert routes == {"10.0.4.0/24": ("10.0.0.3", "sw"), "10.0.6.0/24": ("10.0.0.4", "sw")}
    alone = replace(OFFICE, nodes=OFFICE.nodes[:-2], links=OFFICE.links[:-2])
    assert [str(route.to) for route in plan(alone).nodes["a"].routes] == ["0.0.0.0/0", "::/0"]


def test_neighbours_across_a_bridge() -> None:
    planned = plan(OFFICE)
    assert [end.end for end in planned.neighbour("a", "r2")] == ["a:sw", "r2:sw2"]
    with pytest.raises(LookupError, match="a and c are no neighbours"):
        planned.neighbour("a", "c")


def test_a_picture_shows_a_bridge_as_any_node() -> None:
    assert picture(chain("client", "sw", "server", mtus=(1500, 1400), bridges={"sw"})) == "client ──1500── sw ──1400── server"


def test_a_chain_knows_its_bridges() -> None:
    with pytest.raises(ValueError, match="between the ends of a chain: a, c"):
        chain("a", "b", mtus=(1500,), bridges={"a", "c"})
    with pytest.raises(ValueError, match="only routers of the chain can be silent: sw"):
        chain("a", "sw", "b", mtus=(1500, 1500), bridges={"sw"}, silent={"sw"})


@st.composite
def bridged(draw: st.DrawFn) -> Topology:
    """Any network with bridges in some of its links, and more hosts at those."""
    topology = draw(topologies(most_routers=4, most_hosts=3, symmetric=True))
    nodes, links = list(topology.nodes), []
    for i, link in enumerate(topology.links):
        if not draw(st.booleans()):
            links.append(link)
            continue
        name = f"sw{i}"
        nodes.append(Bridge(name, draw(st.booleans())))
        links += [Link(link.a, name, link.mtu), Link(name, link.b, link.mtu)]
        for j in range(draw(st.integers(0, 2))):
            nodes.append(Host(f"g{i}-{j}"))
            links.append(Link(name, f"g{i}-{j}", link.mtu))
    return Topology(tuple(draw(st.permutations(nodes))), tuple(draw(st.permutations(links))), topology.families)


@settings(max_examples=60)
@given(bridged())
def test_any_two_hosts_have_a_way(topology: Topology) -> None:
    assert problems(topology) == ()
    planned = plan(topology)
    addresses = [address for pair in planned.links for end in pair for address in end.addresses.values()]
    assert len(set(addresses)) == len(addresses)
    for family in topology.families:
        for a, b in permutations((host.name for host in topology.hosts), 2):
            way = planned.path(a, b, family)
            assert way[0].node == a
            assert [hop.peer for hop in way[:-1]] == [hop.node for hop in way[1:]]
            assert all(planned.nodes[hop.node].forwards for hop in way[1:])
            assert len({hop.end for hop in way}) == len(way)


@pytest.mark.parametrize(
    ("octets", "calls", "df", "family", "sizes"),
    [
        (1404, False, True, IPV4, (1404,)),
        (1405, False, True, IPV4, None),
        (1405, False, False, IPV4, None),
        (1404, False, True, IPV6, (1404,)),
        (1400, True, True, IPV4, (1400,)),
        (1401, True, True, IPV4, None),
        (1401, True, False, IPV4, (1396, 25)),
        (1500, True, False, IPV4, (1396, 124)),
        (1401, True, False, IPV6, None),
    ],
)
def test_through_a_port_of_1400(octets: int, calls: bool, df: bool, family: Family, sizes: tuple[int, ...] | None) -> None:
    passed = through_port(Fragment(octets, 0), 1400, 1400, calls, df, family)
    assert (None if passed is None else tuple(fragment.octets for fragment in passed)) == sizes


def test_the_pieces_are_as_the_least_port_wants_them() -> None:
    passed = through_port(Fragment(1500, 0), 1404, 1300, True, False, IPV4)
    assert [fragment.octets for fragment in passed or ()] == [1300, 220]


def small(mode: PmtuDisc, octets: int, *, calls: bool = False, family: Family = IPV4) -> Prediction:
    nodes = (Host("client"), Bridge("sw", calls), Host("server"))
    topology = Topology(nodes, (Link("client", "sw"), Link("sw", "server", 1400)), (family,))
    return predict(plan(topology), Udp("client", "server", mode, family), octets)


def test_a_small_port_is_a_black_hole() -> None:
    assert small(DO, 1376).delivered
    lost = small(DO, 1377)
    assert (lost.delivered, lost.black_hole, lost.ptbs, lost.exception) == (False, "sw", (), None)
    assert (lost.path.path_mtu, lost.path.descents, lost.path.black_hole) == (1400, (), "sw")
    assert not small(DONT, 1377).delivered
    assert not small(PROBE, 1373, calls=True).delivered
    assert not small(WANT, 1353, calls=True, family=IPV6).delivered


def test_a_bridge_that_calls_iptables_fragments() -> None:
    cut = small(DONT, 1472, calls=True)
    assert cut.delivered
    assert [(f.at, f.sizes, f.offsets) for f in cut.fragments] == [("sw", (1396, 124), (0, 1376))]


def test_a_descent_behind_a_bridge_is_heard_of_through_it() -> None:
    planned = plan(chain("client", "sw", "r1", "server", mtus=(1500, 1500, 1300), bridges={"sw"}))
    seen = predict(planned, Udp("client", "server", DO), 1472)
    assert [(ptb.by, ptb.to, ptb.mtu) for ptb in seen.ptbs] == [("r1", "client", 1300)]
    assert predict(planned, Tcp("client", "server"), 65536).mss == 1248
    assert predict(planned, Echo("client", "server", DO), 1472).exception


def test_a_segment_that_a_small_port_loses_is_not_sent_smaller() -> None:
    planned = plan(chain("client", "sw", "r1", "server", mtus=(1500, 1400, 1500), bridges={"sw"}))
    seen = predict(planned, Tcp("client", "server"), 65536)
    assert (seen.delivered, seen.black_hole, seen.mss) == (False, "sw", 1448)
    # Where the port leads to the host itself, it announces what it can take.
    planned = plan(chain("client", "r1", "sw", "server", mtus=(1500, 1500, 1400), bridges={"sw"}))
    assert predict(planned, Tcp("client", "server"), 65536).mss == 1348
