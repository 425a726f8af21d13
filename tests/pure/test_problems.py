"""Problems of a topology: each by itself and eight at once, in the words on disk, and none that is missed."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.model.topology import IPV4, IPV6, Host, Link, Router, Topology
from lab.theory.plan import plan
from lab.theory.problems import MOST_LINKS, BadTopology, problems
from tests.golden_files import check
from tests.strategies import topologies
from topologies import chain

A, B, C, R1, R2 = Host("a"), Host("b"), Host("c"), Router("r1"), Router("r2")
A_R1, R1_B = Link("a", "r1"), Link("r1", "b")

BAD: dict[str, Topology] = {
    "no-nodes": Topology((), ()),
    "no-hosts": Topology((R1, R2), (Link("r1", "r2"),)),
    "one-host": Topology((A, R1), (A_R1,)),
    "duplicate-name": Topology((A, R1, B, Router("b")), (A_R1, R1_B)),
    "not-a-hostname": chain("a", "R_1", "b", mtus=(1500, 1500)),
    "hyphen-outside": chain("a", "r1-", "b", mtus=(1500, 1500)),
    "long-name": chain("a", "sixteen-octets-r", "b", mtus=(1500, 1500)),
    "reserved-lo": chain("a", "lo", "b", mtus=(1500, 1500)),
    "reserved-localhost": chain("localhost", "b", mtus=(1500,)),
    "reserved-all": chain("a", "all", "b", mtus=(1500, 1500)),
    "reserved-default": chain("a", "default", "b", mtus=(1500, 1500)),
    "unknown-node-near": Topology((Host("client"), R1, B), (Link("clinet", "r1"), R1_B)),
    "unknown-node": Topology((A, R1, B), (A_R1, Link("r1", "gateway"), R1_B)),
    "link-to-itself": Topology((A, R1, B), (A_R1, Link("r1", "r1"), R1_B)),
    "duplicate-link": Topology((A, R1, B), (A_R1, R1_B, Link("r1", "a", 1400))),
    "mtu-67": chain("a", "r1", "b", mtus=(1500, 67)),
    "mtu-65536": chain("a", "r1", "b", mtus=(65536, 1500)),
    "mtu-at-one-end": chain("a", "r1", "b", mtus=(1500, (1500, 67))),
    "mtu-at-both-ends": chain("a", "r1", "b", mtus=(1500, (65536, 67))),
    "delay-of-1001": chain("a", "r1", "b", mtus=(1500, 1500), delays=(0, 1001)),
    "delay-below-0": chain("a", "r1", "b", mtus=(1500, 1500), delays=(-1, 20)),
    "no-family": chain("a", "r1", "b", mtus=(1500, 1500), families=()),
    "family-twice": chain("a", "r1", "b", mtus=(1500, 1500), families=(IPV4, IPV4)),
    "ipv6-1279": chain("a", "r1", "b", mtus=(1500, (1500, 1279)), families=(IPV4, IPV6)),
    "node-without-link": Topology((A, R1, R2, B), (A_R1, R1_B)),
    "hosts-apart": Topology((A, R1, B, C, R2), (A_R1, R1_B, Link("c", "r2"))),
    "host-between": Topology((A, R1, B, R2, C), (A_R1, R1_B, Link("b", "r2"), Link("r2", "c"))),
    "address-between-hosts": Topology((A, B, C, R1), (Link("a", "b"), A_R1, R1_B, Link("c", "r1"))),
    "each-kind-in-order": Topology((A, R1, Host("B"), C, R2), (Link("a", "r1", 67), Link("r1", "B"), Link("c", "r2")), ()),
    "eight-faults": Topology(
        (A, R1, Router("r1"), Host("Server"), Router("lo"), Host("lonely"), R2),
        (Link("a", "r1", 67), Link("r1", "lo", 9000, 65536), Link("lo", "r3"), Link("r2", "r2"), Link("lo", "Server")),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_problem_is_the_one_on_disk(name: str) -> None:
    with pytest.raises(BadTopology) as caught:
        plan(BAD[name])
    check(f"errors/{name}.txt", f"{caught.value}\n")


@pytest.mark.parametrize(
    "name", sorted(BAD.keys() - {"each-kind-in-order", "eight-faults", "mtu-at-both-ends", "address-between-hosts"})
)
def test_one_fault_is_one_problem(name: str) -> None:
    assert len(problems(BAD[name])) == 1


def test_eight_faults_are_eight_problems() -> None:
    assert len(problems(BAD["eight-faults"])) == 8


def test_too_many_links() -> None:
    links = (Link("a", "b"),) * (MOST_LINKS + 1)
    assert "65537 links" in str(problems(Topology((A, B), links))[0])
    assert not any("subnets" in p.what for p in problems(Topology((A, B), links[:-1])))


@pytest.mark.parametrize("mtus", [(68, 65535), ((68, 65535), (65535, 68))])
def test_the_least_and_the_most_mtu_are_fine(mtus: tuple[int, ...]) -> None:
    assert problems(chain("a", "r1", "b", mtus=mtus)) == ()


def test_1280_is_fine_for_ipv6() -> None:
    assert problems(chain("a", "r1", "b", mtus=(1280, 1280), families=(IPV6,))) == ()


@settings(max_examples=50)
@given(topologies(silent=True))
def test_a_sound_topology_has_none(topology: Topology) -> None:
    assert problems(topology) == ()


def test_bad_topology_is_a_value_error_that_can_be_sent_to_another_process() -> None:
    error = BadTopology(problems(BAD["mtu-67"]))
    assert isinstance(error, ValueError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


NAMES = st.sampled_from(["a", "b", "c", "d"])
NODES = st.builds(Host, NAMES) | st.builds(Router, NAMES)
LINKS = st.builds(Link, NAMES, NAMES, st.sampled_from([67, 1279, 1500]) | st.just(1500))
ANY = st.builds(
    Topology,
    st.lists(NODES, max_size=4).map(tuple),
    st.lists(LINKS, max_size=5).map(tuple),
    st.sampled_from([(IPV4,), (IPV6,), (IPV4, IPV6), ()]),
)
# Nodes without faults of their own, so that most of the examples turn on who reaches whom.
WIRED = st.builds(
    Topology,
    st.tuples(*(st.sampled_from([Host(name), Router(name)]) for name in "abcd")),
    st.lists(st.tuples(NAMES, NAMES).filter(lambda p: p[0] != p[1]), unique_by=frozenset, min_size=2, max_size=6).map(
        lambda pairs: tuple(Link(a, b) for a, b in pairs)
    ),
)


@settings(max_examples=200)
@given(ANY | WIRED)
def test_what_has_no_problem_can_be_planned_and_its_hosts_reach_each_other(topology: Topology) -> None:
    if problems(topology):
        with pytest.raises(BadTopology):
            plan(topology)
        return
    planned = plan(topology)
    for family in topology.families:
        for a in topology.hosts:
            for b in topology.hosts:
                way = planned.path(a.name, b.name, family)
                assert (way[-1].peer if way else a.name) == b.name


def reaches(topology: Topology, source: str, target: str) -> bool:
    """Whether a packet from `source`, passed on by routers only, gets to the link that `target` has its address on."""
    routers = {router.name for router in topology.routers}
    met = {source}
    for _ in topology.nodes:
        met |= {name for link in topology.links for name in (link.a, link.b) if {link.a, link.b} & met and name in routers}
    home = next(link for link in topology.links if target in (link.a, link.b))
    return bool({home.a, home.b} & met)


@settings(max_examples=200)
@given(WIRED)
def test_who_is_said_to_be_apart_is_and_nobody_else(topology: Topology) -> None:
    hosts = [host.name for host in topology.hosts]
    linked = {name for link in topology.links for name in (link.a, link.b)}
    whole = linked == set("abcd") and len(hosts) > 1
    sound = whole and all(reaches(topology, a, b) for a in hosts for b in hosts)
    assert (problems(topology) == ()) == sound
