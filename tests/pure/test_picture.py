"""Pictures: what is drawn is what is there, and what is read back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

import topologies
from lab.model.topology import IPV4, IPV6, Host, Link, Router, Topology
from lab.report.picture import addresses_line, drawn_links, picture, read_picture, shows
from lab.theory.plan import plan
from tests.golden_files import check
from tests.strategies import topologies as any_topology
from topologies import chain, dumbbell, fat_tree, mesh, parking_lot, star, tree

TWO_WAYS = Topology(
    (Host("client"), Router("r1"), Router("r2"), Router("r3"), Router("r4"), Host("server")),
    (
        Link("client", "r1"),
        Link("r1", "r2", 1400),
        Link("r2", "r4"),
        Link("r1", "r3", 1300, 1200),
        Link("r4", "r3", 1100),
        Link("r4", "server"),
    ),
)
PICTURED = {
    "chain": chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)),
    "chain-of-two": chain("client", "server", mtus=(1500,)),
    "asymmetric": chain("client", "r1", "server", mtus=((1500, 1400), 1500)),
    "dumbbell": dumbbell(3, 2, 576),
    "tree": tree(2, (1300, 1400, 1500)),
    "mesh": mesh(4, 1400),
    "two-ways": TWO_WAYS,
    "in-pieces": Topology((Host("a"), Router("r1"), Router("r2"), Router("r3"), Host("z")), (Link("a", "r1"), Link("r2", "r3"))),
}


@pytest.mark.parametrize("name", PICTURED)
def test_picture_is_the_one_on_disk(name: str) -> None:
    check(f"pictures/{name}.txt", picture(PICTURED[name]) + "\n")


@settings(max_examples=50)
@given(any_topology())
def test_picture_shows_the_links_and_no_others(topology: Topology) -> None:
    drawn = picture(topology)
    assert read_picture(drawn) == drawn_links(topology)
    assert drawn.count(" ──") == len(topology.links)


@settings(max_examples=50)
@given(any_topology())
def test_every_branch_is_joined_to_what_is_drawn_above_it(topology: Topology) -> None:
    seen: set[str] = set()
    for line in picture(topology).splitlines():
        names = line.split(" ")[::2]
        assert not seen or names[0] in seen or names[-1] in seen
        seen |= set(names)
    assert seen == {node.name for node in topology.nodes}


def test_nothing_is_drawn_of_nothing() -> None:
    assert picture(Topology((), ())) == ""


def test_a_bad_topology_is_drawn_too() -> None:
    odd = Topology((Host("a"), Host("a"), Router("r")), (Link("a", "a"), Link("a", "r"), Link("r", "a", 67), Link("x", "y")))
    assert picture(odd).count(" ──") == 4


def test_addresses_stand_below_their_hosts() -> None:
    topology = PICTURED["chain"]
    line = picture(topology)
    below = addresses_line(plan(topology), line)
    assert below == "10.0.0.1                               10.0.2.2"
    assert below.index("10.0.2.2") == line.index("server")


def test_addresses_that_are_too_long_move_to_the_right() -> None:
    topology = chain("a", "b", mtus=(1500,), families=(IPV4, IPV6))
    assert picture(topology) == "a ──1500── b"
    assert addresses_line(plan(topology), picture(topology)) == "10.0.0.1 fd00::1  10.0.0.2 fd00::2"


def test_read_picture_in_a_docstring() -> None:
    text = """A 576-octet link. One without blanks, r1──1500──r9, is none; nor is (──1500──).

        client ──1500── r1 ─────576/600─── r-2 ──1500── server
        r1 ──1400,5ms── other
        r1 ──1400/1300,20ms── further
        r1 ──1400,20s── nobody
    """
    assert read_picture(text) == {
        ("client", 1500, 1500, "r1", 0),
        ("r-2", 600, 576, "r1", 0),
        ("r-2", 1500, 1500, "server", 0),
        ("other", 1400, 1400, "r1", 5),
        ("further", 1300, 1400, "r1", 20),
    }


def test_a_picture_with_one_wrong_mtu_is_not_the_topology() -> None:
    topology = PICTURED["asymmetric"]
    assert read_picture(picture(topology).replace("1500/1400", "1400/1500")) != drawn_links(topology)


@pytest.mark.parametrize(
    ("shape", "topology"),
    [
        ("chain", chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500))),
        ("dumbbell", dumbbell(2, 2, 576)),
        ("tree", tree(2, (1400, 1500))),
        ("mesh", mesh(3, 1400)),
        ("star", star((1500, 1400, 1300))),
        ("fat_tree", fat_tree(2, 9000)),
        ("parking_lot", parking_lot((1500, 1400, 1300))),
    ],
)
def test_docstrings_of_the_shapes_are_true(shape: str, topology: Topology) -> None:
    docstring = getattr(topologies, shape).__doc__
    assert read_picture(docstring) == drawn_links(topology)
    assert all(line in docstring for line in picture(topology).splitlines())


def test_every_shape_has_its_docstring_tested() -> None:
    (mark,) = test_docstrings_of_the_shapes_are_true.pytestmark  # type: ignore[attr-defined]
    assert sorted(shape for shape, _ in mark.args[1]) == topologies.__all__


def test_a_letter_stands_for_one_mtu_throughout() -> None:
    drawn = read_picture("client ──1500── r1 ──m── r2 ──m── server")
    assert shows(drawn, chain("client", "r1", "r2", "server", mtus=(1500, 576, 576)))
    assert not shows(drawn, chain("client", "r1", "r2", "server", mtus=(1500, 576, 577)))
    assert not shows(drawn, chain("client", "r1", "r2", "server", mtus=(1400, 576, 576)))
    assert not shows(drawn, chain("client", "r1", "server", mtus=(1500, 576)))


def test_a_picture_with_another_delay_is_not_the_topology() -> None:
    slow = chain("client", "r1", "server", mtus=(1500, 1400), delays=(10, 5))
    assert picture(slow) == "client ──1500,10ms── r1 ──1400,5ms── server"
    assert shows(read_picture(picture(slow)), slow)
    assert not shows(read_picture(picture(slow)), chain("client", "r1", "server", mtus=(1500, 1400)))
    assert not shows(read_picture(picture(slow).replace(",5", ",6")), slow)
    assert shows(read_picture("client ──1500,dms── r1 ──1400,dms── server"), replace(slow, links=(alike(slow, 0), alike(slow, 1))))
    assert not shows(read_picture("client ──1500,dms── r1 ──1400,dms── server"), slow)


def alike(topology: Topology, number: int) -> Link:
    return replace(topology.links[number], delay=7)
