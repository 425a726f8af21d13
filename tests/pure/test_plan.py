"""The plan: every address once, every node reachable by the shortest way, and routes that are as few as can be read."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings

from lab.model.topology import IPV4, IPV6, Host, Link, Router, Topology
from lab.report.plan_text import plan_text
from lab.theory.plan import Plan, Route, plan
from lab.theory.problems import BadTopology
from lab.theory.routes import OWN, UNREACHED, blocks, first_hops
from tests.golden_files import check
from tests.strategies import topologies
from topologies import chain, dumbbell, fat_tree, mesh, parking_lot, star, tree

SHAPES = {
    "576-router": chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)),
    "delayed": chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), delays=(10, 20, 0)),
    "dual-stack-chain": chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1280), families=(IPV4, IPV6), silent=("r2",)),
    "dumbbell": dumbbell(3, 2, 576),
    "tree": tree(2, (1300, 1400, 1500)),
    "mesh": mesh(4, 1400),
    "star": star((1500, 1400, (1300, 1500))),
    "star-of-a-bridge": star((1500, 1400, 1500), bridge=True),
    "fat-tree": fat_tree(4, 9000),
    "parking-lot": parking_lot((1500, 1400, 1300)),
    "asymmetric": chain("client", "r1", "server", mtus=((1500, 1400), (9000, 1500))),
}
TRIANGLE = Topology(
    (Host("a"), Router("r1"), Router("r2"), Router("r3"), Host("b")),
    (Link("a", "r1"), Link("r1", "r2"), Link("r1", "r3"), Link("r2", "r3"), Link("r2", "b")),
)


@pytest.mark.parametrize("name", SHAPES)
def test_plan_is_the_one_on_disk(name: str) -> None:
    check(f"plans/{name}.txt", plan_text(plan(SHAPES[name])))


def lengths(topology: Topology, source: str, subnet: Link, target: str) -> set[int]:
    """How many links a shortest way may have, from `source` to `target`'s address on `subnet`. By relaxation, unlike the code."""
    routers = {router.name for router in topology.routers}
    hops = {source: 0}
    for _ in topology.nodes:
        for link in topology.links:
            for here, there in ((link.a, link.b), (link.b, link.a)):
                if here in hops and (here == source or here in routers):
                    hops[there] = min(hops.get(there, 999), hops[here] + 1)
    if target == source:
        return {0}
    entries = [end for end in (subnet.a, subnet.b) if end in hops and (end in routers or end == source)]
    nearest = min(hops[end] for end in entries)
    # The subnet is entered at its nearer end; of equals, at either.
    return {nearest + (end != target) for end in entries if hops[end] == nearest}


def first_link(topology: Topology, name: str) -> Link:
    return next(link for link in topology.links if name in (link.a, link.b))


@settings(max_examples=50)
@given(topologies())
def test_each_address_index_and_mac_is_used_once(topology: Topology) -> None:
    ends = [end for link in plan(topology).links for end in link]
    addresses = [address for end in ends for address in end.addresses.values()]
    assert len(addresses) == len(set(addresses)) == 2 * len(topology.links) * len(topology.families)
    assert [end.index for end in ends] == list(range(11, 11 + len(ends)))
    assert len({end.mac for end in ends}) == len(ends)


@settings(max_examples=50)
@given(topologies())
def test_interface_names_fit_and_are_unique_in_a_node(topology: Topology) -> None:
    planned = plan(topology)
    for node in planned.nodes.values():
        names = [interface.name for interface in node.interfaces]
        assert len(names) == len(set(names)) > 0
        assert all(len(name) <= 15 for name in names)
        assert all(node.interface(name).peer == name and node.interface(name).node == node.name for name in names)


@settings(max_examples=50)
@given(topologies())
def test_every_node_is_reached_from_every_host_by_a_shortest_way(topology: Topology) -> None:
    planned = plan(topology)
    for family in topology.families:
        for host in topology.hosts:
            for to in topology.nodes:
                way = planned.path(host.name, to.name, family)
                visited = [host.name, *(interface.peer for interface in way)]
                assert [interface.node for interface in way] == visited[:-1]
                assert visited[-1] == to.name == planned.owner(planned.address(to.name, family))
                assert len(visited) == len(set(visited))
                assert all(planned.nodes[name].forwards for name in visited[1:-1])
                assert len(way) in lengths(topology, host.name, first_link(topology, to.name), to.name)


@settings(max_examples=50)
@given(topologies(symmetric=True, most_routers=4))
def test_path_mtu_is_that_of_the_way_back_where_the_ways_are_one(topology: Topology) -> None:
    planned = plan(topology)
    family = topology.families[0]
    for a in topology.hosts:
        for b in topology.hosts:
            there, back = planned.path(a.name, b.name, family), planned.path(b.name, a.name, family)
            if {frozenset((i.node, i.peer)) for i in there} == {frozenset((i.node, i.peer)) for i in back} and there:
                assert min(i.mtu for i in there) == min(i.mtu for i in back)


@settings(max_examples=50)
@given(topologies())
def test_no_route_is_a_connected_prefix_or_given_twice(topology: Topology) -> None:
    for node in plan(topology).nodes.values():
        own = {ip_network((int(a) >> (8 if a.version == 4 else 64) << (8 if a.version == 4 else 64), 24 if a.version == 4 else 64))
               for i in node.interfaces for a in i.addresses.values()}  # fmt: skip
        prefixes = [route.to for route in node.routes]
        assert len(prefixes) == len(set(prefixes))
        assert own.isdisjoint(prefixes)


def brute(by: list[int]) -> dict[int, int]:
    """The link that the blocks send each subnet by: the smallest block that holds it."""
    chosen: dict[int, tuple[int, int]] = {}
    for link, low, size in blocks(by):
        assert low % size == 0
        for subnet in range(low, low + size):
            assert subnet < len(by)
            if subnet not in chosen or size < chosen[subnet][0]:
                chosen[subnet] = size, link
    return {subnet: link for subnet, (_, link) in chosen.items() if by[subnet] != OWN}


@settings(max_examples=50)
@given(topologies())
def test_summaries_say_what_the_search_found(topology: Topology) -> None:
    numbers = {node.name: i for i, node in enumerate(topology.nodes)}
    adjacency: list[list[tuple[int, int]]] = [[] for _ in topology.nodes]
    for i, link in enumerate(topology.links):
        adjacency[numbers[link.a]].append((numbers[link.b], i))
        adjacency[numbers[link.b]].append((numbers[link.a], i))
    untouched = [UNREACHED if isinstance(node, Router) else OWN for node in topology.nodes]
    for source in range(len(topology.nodes)):
        by = first_hops(adjacency, untouched, len(topology.links), source)
        assert brute(by) == {subnet: link for subnet, link in enumerate(by) if link >= 0}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ([], []),
        ([OWN], []),
        ([7], [(7, 0, 1)]),
        ([7, 7, 7, 7], [(7, 0, 4)]),
        # The node's own subnet 1 lies between two of link 7: one block, not two.
        ([7, OWN, 7, 7], [(7, 0, 4)]),
        # Widening 2 to 2-3 would save nothing.
        ([OWN, OWN, 7, OWN], [(7, 2, 1)]),
        # 3 is the node's own, and lets 0-2 be one block.
        ([7, 7, 7, OWN], [(7, 0, 4)]),
        # Nobody reaches 1: it must stay outside.
        ([7, UNREACHED, 7, 7], [(7, 0, 1), (7, 2, 2)]),
        ([UNREACHED, OWN, UNREACHED], []),
        ([7, OWN, OWN, 8], [(7, 0, 1), (8, 3, 1)]),
        ([8, 7, 7, 7, 7], [(8, 0, 1), (7, 1, 1), (7, 2, 2), (7, 4, 1)]),
    ],
)
def test_blocks(by: list[int], expected: list[tuple[int, int, int]]) -> None:
    assert list(blocks(by)) == expected


def test_of_equal_ways_the_one_written_first() -> None:
    nodes = (Host("a"), Router("r1"), Router("r2"), Router("r3"), Router("r4"), Host("b"))
    ways = [Link("r1", "r2"), Link("r2", "r4"), Link("r1", "r3"), Link("r3", "r4")]
    first = plan(Topology(nodes, (Link("a", "r1"), *ways, Link("r4", "b"))))
    other = plan(Topology(nodes, (Link("a", "r1"), *reversed(ways), Link("r4", "b"))))
    assert names(first, "a", "b") == ["r1", "r2", "r4", "b"]
    assert names(other, "a", "b") == ["r1", "r3", "r4", "b"]


def names(planned: Plan, source: str, to: str) -> list[str]:
    return [interface.peer for interface in planned.path(source, to, IPV4)]


def test_two_hosts_on_one_link_need_no_route() -> None:
    planned = plan(chain("client", "server", mtus=(1500,)))
    assert planned.nodes["client"].routes == planned.nodes["server"].routes == ()
    assert [i.end for i in planned.path("client", "server", IPV4)] == ["client:server"]


def test_path_takes_the_longest_prefix_as_the_kernel_does() -> None:
    planned = plan(TRIANGLE)
    r1 = planned.nodes["r1"]
    # By way of r3, for everything: shorter than what leads to b by way of r2, so it must change nothing, wherever it stands.
    default = Route(ip_network("0.0.0.0/0"), planned.nodes["r3"].interface("r1").addresses[IPV4], "r3")
    for routes in ((default, *r1.routes), (*r1.routes, default)):
        nodes = {**planned.nodes, "r1": replace(r1, routes=routes)}
        assert names(replace(planned, nodes=nodes), "a", "b") == ["r1", "r2", "b"]


def test_path_without_a_route_or_in_a_loop_is_a_lookup_error() -> None:
    planned = plan(TRIANGLE)
    r1 = planned.nodes["r1"]
    with pytest.raises(LookupError, match="r1 has no route to"):
        replace(planned, nodes={**planned.nodes, "r1": replace(r1, routes=())}).path("a", "b", IPV4)
    back = Route(ip_network("0.0.0.0/0"), r1.interface("r3").addresses[IPV4], "r1")
    looping = {
        **planned.nodes,
        "r3": replace(planned.nodes["r3"], routes=(back,)),
        "r1": replace(r1, routes=(replace(back, out="r3"),)),
    }
    with pytest.raises(LookupError, match="loop"):
        replace(planned, nodes=looping).path("a", "b", IPV4)


def test_a_router_sends_an_unknown_address_nowhere() -> None:
    planned = plan(SHAPES["576-router"])
    assert not any(ip_address("192.0.2.1") in route.to for name in ("r1", "r2") for route in planned.nodes[name].routes)
    assert [str(route.to) for route in planned.nodes["client"].routes] == ["0.0.0.0/0"]


def test_black_hole_is_planned_and_hosts_are_none() -> None:
    planned = plan(SHAPES["dual-stack-chain"])
    assert {name: node.sends_ptb for name, node in planned.nodes.items()} == {
        "client": True,
        "r1": True,
        "r2": False,
        "server": True,
    }


def test_unknown_names_and_families_are_key_errors() -> None:
    planned = plan(SHAPES["576-router"])
    assert planned.owner(ip_address("192.0.2.1")) is None
    with pytest.raises(KeyError):
        planned.address("nobody", IPV4)
    with pytest.raises(KeyError):
        planned.address("client", IPV6)
    with pytest.raises(KeyError):
        planned.nodes["client"].interface("r2")


def test_a_bad_topology_is_not_planned() -> None:
    with pytest.raises(BadTopology, match="MTU 67 is below 68"):
        plan(chain("client", "r1", "server", mtus=(1500, 67)))


def test_a_long_chain_is_summarised_and_quick() -> None:
    long = chain("client", *(f"r{i}" for i in range(1, 301)), "server", mtus=[1500] * 301)
    started = time.process_time()
    planned = plan(long)
    # 15 ms where it was written. Quadratic work in ipaddress objects takes over a second.
    assert time.process_time() - started < 0.5
    assert len(planned.path("client", "server", IPV4)) == 301
    assert max(len(node.routes) for node in planned.nodes.values()) <= 16


@pytest.mark.parametrize(("count", "given_"), [(3, (1500,)), (2, ()), (0, (1500,))])
def test_chain_counts_its_mtus(count: int, given_: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"{max(count - 1, 0)} links.* {len(given_)} MTUs"):
        chain(*(f"n{i}" for i in range(count)), mtus=given_)


@pytest.mark.parametrize("k", [4, 6])
def test_a_fat_tree_is_as_large_as_its_inventors_say(k: int) -> None:
    topology = fat_tree(k, 9000)
    assert (len(topology.hosts), len(topology.routers)) == (k**3 // 4, 5 * k**2 // 4)
    ports = Counter(name for link in topology.links for name in (link.a, link.b))
    assert all(ports[router.name] == k for router in topology.routers)
    # From pod to pod by way of one core router; within a pod by way of none; under one edge router of that alone.
    planned = plan(topology)
    across, within, beside = (len(planned.path("h1", f"h{n}", IPV4)) for n in (k**3 // 4, k // 2 + 1, 2))
    assert (across, within, beside) == (6, 4, 2)


@pytest.mark.parametrize("k", [0, 1, 3, -2])
def test_a_fat_tree_has_pods_in_pairs(k: int) -> None:
    with pytest.raises(ValueError, match=f"even number of pods, 2 or more, and not {k}"):
        fat_tree(k, 9000)


def test_only_routers_can_be_silent() -> None:
    with pytest.raises(ValueError, match="r9, server"):
        chain("client", "r1", "server", mtus=(1500, 1500), silent=("server", "r9"))
