"""The layout: what its contract says of any network, and where the usual shapes stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.find import catalogue
from lab.model.topology import Host, Link, Router, Topology
from lab.report.layout import layout
from lab.report.picture import spine
from lab.report.spine_layout import Spot
from tests.strategies import topologies
from topologies import chain, dumbbell, fat_tree, mesh, parking_lot, star, tree


def crowded(spots: Mapping[str, Spot]) -> list[tuple[str, str]]:
    """Which nodes are less than a unit apart, both in x and in y."""
    pairs = combinations(spots.items(), 2)
    return [(a, b) for (a, (ax, ay)), (b, (bx, by)) in pairs if max(abs(ax - bx), abs(ay - by)) < 1 - 1e-9]


def check_contract(topology: Topology) -> Mapping[str, Spot]:
    spots = layout(topology)
    assert spots.keys() == {node.name for node in topology.nodes}
    assert not crowded(spots)
    for axis in (0, 1):
        assert not spots or min(spot[axis] for spot in spots.values()) == 0
    return spots


@given(topologies(most_hosts=8))
def test_no_two_nodes_overlap(topology: Topology) -> None:
    check_contract(topology)


@st.composite
def scribbles(draw: st.DrawFn) -> Topology:
    """Nodes and links at random: apart, in loops, to themselves, to nobody, twice."""
    names = [f"n{i}" for i in range(draw(st.integers(0, 12)))]
    nodes = tuple(draw(st.sampled_from((Host, Router)))(name) for name in names)
    ends = st.sampled_from([*names, "nobody"])
    return Topology(nodes, tuple(Link(*pair) for pair in draw(st.lists(st.tuples(ends, ends), max_size=25))))


@settings(max_examples=500)
@given(scribbles())
def test_nothing_that_is_written_fails(topology: Topology) -> None:
    check_contract(topology)


def test_every_topology_of_the_catalogue_has_its_spine_in_a_row() -> None:
    for topology in {scenario.topology for scenario in catalogue()}:
        spots = check_contract(topology)
        row = [spots[name] for name in spine(topology)]
        assert len({y for _, y in row}) == 1
        assert [x for x, _ in row] == sorted(x for x, _ in row)


def test_a_chain_is_a_row() -> None:
    assert layout(chain("client", "r1", "r2", "server", mtus=(1500,) * 3)) == {
        "client": (0, 0),
        "r1": (1, 0),
        "r2": (2, 0),
        "server": (3, 0),
    }


def test_the_hosts_of_a_dumbbell_stand_at_its_ends() -> None:
    spots = check_contract(dumbbell(3, 2, 576))
    # As many hosts above the spine as below it.
    assert [spots[name] for name in ("a3", "a1", "a2")] == [(0, 0), (0, 1), (0, 2)]
    assert [spots[name] for name in ("r1", "r2", "b1", "b2")] == [(1, 1), (2, 1), (3, 1), (3, 2)]


def test_the_levels_of_a_tree_are_columns() -> None:
    spots = check_contract(tree(2, (1300, 1400, 1500)))
    assert {x: {name for name in spots if spots[name][0] == x} for x in range(7)} == {
        0: {"h1", "h2", "h3", "h4"},
        1: {"r4", "r5"},
        2: {"r2"},
        3: {"r1"},
        4: {"r3"},
        5: {"r6", "r7"},
        6: {"h5", "h6", "h7", "h8"},
    }


def test_a_second_way_is_a_row_of_its_own() -> None:
    names = ("a", "r1", "r2", "r3", "r4", "r5", "b", "r6", "r7")
    nodes = tuple((Host if name in "ab" else Router)(name) for name in names)
    ways = [
        ("a", "r1"),
        ("r1", "r2"),
        ("r2", "r3"),
        ("r3", "r4"),
        ("r4", "r5"),
        ("r5", "b"),
        ("r1", "r6"),
        ("r6", "r7"),
        ("r7", "r5"),
    ]
    # The way round by r6 and r7 is shorter: it is the spine, and the other hangs below.
    spots = check_contract(Topology(nodes, tuple(Link(a, b) for a, b in ways)))
    assert {name for name in spots if spots[name][1] == 0} == {"a", "r1", "r6", "r7", "r5", "b"}
    assert [spots[name] for name in ("r2", "r3", "r4")] == [(1.5, 1), (2.5, 1), (3.5, 1)]


def test_a_mesh_is_a_ring_with_its_hosts_outside() -> None:
    spots = check_contract(mesh(6, 1400))
    middle = [sum(spots[f"r{i}"][axis] for i in range(1, 7)) / 6 for axis in (0, 1)]
    away = {name: ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) ** 0.5 for name, (x, y) in spots.items()}
    assert len({round(away[f"r{i}"], 2) for i in range(1, 7)}) == 1
    assert all(away[f"h{i}"] == pytest.approx(away[f"r{i}"] + 1.5, abs=0.01) for i in range(1, 7))
    assert spots["h1"][0] == 0


def test_the_hosts_of_a_star_are_on_both_sides_of_it() -> None:
    spots = check_contract(star((1500,) * 7))
    assert Counter(x for x, _ in spots.values()) == {0: 4, 1: 1, 2: 3}


def test_a_parking_lot_has_its_hosts_below() -> None:
    spots = check_contract(parking_lot((1500, 1400, 1300)))
    assert [spots[name] for name in ("h1", "r1", "r2", "r3", "r4", "h4")] == [(x, 0) for x in range(6)]
    assert [spots["h2"], spots["h3"]] == [(2, 1), (3, 1)]


def test_a_fat_tree_has_its_hosts_lowest_and_its_core_on_top() -> None:
    spots = check_contract(fat_tree(4, 9000))
    rows = {y: {name.rstrip("0123456789")[-1] for name in spots if spots[name][1] == y} for y in (0, 2, 4, 6)}
    assert rows == {0: {"c"}, 2: {"a"}, 4: {"e"}, 6: {"h"}}
    assert [spots[f"h{i}"][0] for i in range(1, 17)] == list(range(16))
    assert spots["p1e1"][0] == 0.5


def test_a_long_tail_is_no_matter() -> None:
    tail = [f"t{i}" for i in range(1100)]
    names = ["r1", *tail]
    links = [Link("a", "r1"), Link("b", "r1"), *(Link(a, b) for a, b in zip(names, tail, strict=False))]
    assert len(layout(Topology((Host("a"), Host("b"), *map(Router, names)), tuple(links)))) == 1103
