"""What is under way takes the sum of the delays, and no way takes longer than all of the links there and back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from lab.judge.scenario import Scenario
from lab.model.topology import IPV4, IPV6, Bridge, Host, Link, Router, Topology
from lab.theory.delays import longest_round_trip, one_way, round_trip
from lab.theory.plan import plan
from tests.catalogue import of_each_scenario
from tests.strategies import topologies
from topologies import chain


def test_the_sum_of_the_delays() -> None:
    planned = plan(chain("a", "r1", "r2", "b", mtus=(1500,) * 3, delays=(1, 20, 300), families=(IPV4, IPV6)))
    assert [one_way(planned, "a", to, IPV6) for to in ("r1", "r2", "b")] == [1, 21, 321]
    assert [round_trip(planned, "r1", to, IPV4) for to in ("a", "r2", "b")] == [2, 40, 640]


def test_the_way_back_may_be_another() -> None:
    """a's own link to r1 is written first, and b's to r2: each leaves by that, and is answered by the other."""
    links = (Link("a", "r1", delay=1), Link("b", "r2", delay=20), Link("a", "r2", delay=300), Link("b", "r1"))
    planned = plan(Topology((Host("a"), Router("r1"), Router("r2"), Host("b")), links))
    there, back = one_way(planned, "a", "b", IPV4), one_way(planned, "b", "a", IPV4)
    assert (there, back) == (320, 1)
    assert round_trip(planned, "a", "b", IPV4) == there + back


def test_a_bridge_delays_on_both_sides() -> None:
    nodes = (Host("a"), Bridge("sw"), Host("b"))
    assert one_way(plan(Topology(nodes, (Link("a", "sw", delay=2), Link("sw", "b", delay=3)))), "a", "b", IPV4) == 5


@given(topologies(delayed=True))
def test_no_way_takes_longer_than_all_links(topology: Topology) -> None:
    planned = plan(topology)
    first, *others = (host.name for host in topology.hosts)
    for other in others:
        assert round_trip(planned, first, other, topology.families[0]) <= longest_round_trip(topology)


@of_each_scenario
def test_a_scenario_of_delays_says_that_it_needs_netem(scenario: Scenario) -> None:
    delayed = any(link.delay for link in scenario.topology.links)
    assert ("netem" in scenario.needs) == delayed


def test_addresses_and_routes_have_nothing_to_do_with_delays() -> None:
    slow = chain("a", "r1", "b", mtus=(1500, 1400), delays=(10, 20))
    fast = replace(slow, links=tuple(replace(link, delay=0) for link in slow.links))
    ends = [replace(end, delay=0) for node in plan(slow).nodes.values() for end in node.interfaces]
    assert ends == [end for node in plan(fast).nodes.values() for end in node.interfaces]
    assert [node.routes for node in plan(slow).nodes.values()] == [node.routes for node in plan(fast).nodes.values()]
