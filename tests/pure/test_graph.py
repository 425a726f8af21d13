"""A network drawn for a flow: what is marked is what the theory says, and each form is whole."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given, settings

from lab.model.topology import IPV4, IPV6, Bridge, Host, Link, Router, Topology
from lab.report.graph import Graph, graph, ways_words
from lab.report.graph_dot import graph_dot
from lab.report.graph_mermaid import graph_mermaid
from lab.report.graph_svg import graph_svg, width
from lab.report.graph_text import graph_text
from lab.theory.oracle import follow
from lab.theory.plan import plan
from tests.golden_files import check
from tests.strategies import topologies
from topologies import chain, dumbbell, fat_tree, mesh, star

SVG = "{http://www.w3.org/2000/svg}"
FORMS: dict[str, Callable[[Graph], str]] = {"txt": graph_text, "svg": graph_svg, "dot": graph_dot, "mmd": graph_mermaid}

BRIDGED = Topology(
    (Host("a"), Bridge("sw"), Router("r1"), Router("end", sends_ptb=False), Host("b")),
    (Link("a", "sw"), Link("sw", "r1"), Link("r1", "end", 1400, 1300), Link("end", "b", 1280)),
    (IPV4, IPV6),
)

DELAYED = chain("a", "r1", "r2", "b", mtus=(1500, (1400, 1300), 1500), delays=(10, 20, 0))


def of(topology: Topology, name: str = "network") -> Graph:
    return graph(name, plan(topology), topology.hosts[0].name, topology.hosts[-1].name)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_one_on_disk(form: str) -> None:
    check(f"graphs/chain.{form}", FORMS[form](of(chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)), "576-router")))
    check(f"graphs/bridged.{form}", FORMS[form](of(BRIDGED)))
    check(f"graphs/delayed.{form}", FORMS[form](of(DELAYED)))


@pytest.mark.parametrize(
    ("topology", "words"),
    [
        (chain("a", "r1", "b", mtus=(1500, 1500)), ["a ↔ b: path MTU 1500, that of every hop"]),
        (
            chain("a", "r1", "r2", "b", mtus=(1500, 1400, 1300)),
            ["a → b: path MTU 1300, set by r2–b; r1 tells a 1400; r2 tells a 1300", "b → a: path MTU 1300, set by b–r2"],
        ),
        (
            # Beyond the silent r1 nobody is heard: r2's descent is never met.
            chain("a", "r1", "r2", "b", mtus=(1500, 1400, 1300), silent=("r1",)),
            ["a → b: path MTU 1300, set by r2–b; black hole at r1", "b → a: path MTU 1300, set by b–r2"],
        ),
        (
            chain("a", "r1", "b", mtus=((1500, 1400), (1500, 1300))),
            ["a → b: path MTU 1500, that of every hop; black hole at r1:a", "b → a: path MTU 1300, set by b–r1"],
        ),
    ],
)
def test_ways_in_words(topology: Topology, words: list[str]) -> None:
    assert list(ways_words(of(topology))) == words


@settings(max_examples=50)
@given(topologies(silent=True))
def test_what_is_marked_is_the_oracles(topology: Topology) -> None:
    drawn = of(topology)
    hosts = topology.hosts
    paths = [follow(drawn.plan, a.name, b.name, topology.families[0]) for a, b in ((hosts[0], hosts[-1]), (hosts[-1], hosts[0]))]
    assert [way.path_mtu for way in drawn.ways] == [path.path_mtu for path in paths][: len(drawn.ways)]
    for way, path in zip(drawn.ways, paths, strict=False):
        assert way.bottleneck is None or way.bottleneck in way.links
        assert {tells.router for tells in way.tells} <= {descent.router for descent in path.descents}
        assert all(drawn.plan.nodes[tells.router].sends_ptb for tells in way.tells)
        if path.black_hole is None:
            assert way.tells == path.descents


# --- svg


def elements(text: str, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(text).iter(SVG + name))


@settings(max_examples=30)
@given(topologies(silent=True))
def test_an_svg_shows_every_node_and_every_mtu(topology: Topology) -> None:
    shown = ["".join(element.itertext()) for element in elements(graph_svg(of(topology)), "text")]
    for node in topology.nodes:
        assert node.name in shown
    mtus = [mtu for link in topology.links for mtu in set(link.mtus)]
    assert all(shown.count(str(mtu)) >= mtus.count(mtu) for mtu in mtus)
    assert len(elements(graph_svg(of(topology)), "polygon")) == 2 * len(topology.links)


@pytest.mark.parametrize("topology", [mesh(4, 1400), mesh(5, (1400, 9000)), fat_tree(4, 9000), star((1500, 576, 9000, 1280))])
def test_no_mtu_is_written_on_another(topology: Topology) -> None:
    """Of a mesh, links cross in the middle."""
    links = [element for element in elements(graph_svg(of(topology)), "g") if "link" in element.get("class", "")]
    spots = [(float(text.get("x", "")), float(text.get("y", ""))) for link in links for text in link.iter(f"{SVG}text")]
    near = [(one, other) for one, other in combinations(spots, 2) if abs(one[0] - other[0]) < 36 and abs(one[1] - other[1]) < 12]
    assert near == []


def test_an_svg_is_told_to_those_who_do_not_see_it() -> None:
    text = graph_svg(of(dumbbell(2, 2, 576)))
    root = ElementTree.fromstring(text)
    (title,), (words,) = elements(text, "title"), elements(text, "desc")
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", f"{title.get('id')} {words.get('id')}")
    assert title.text == "network: the network, with the MTU on each link"
    assert words.text == (
        "a1 → b2: path MTU 576, set by r1–r2; r1 tells a1 576. b2 → a1: path MTU 576, set by r2–r1; r2 tells b2 576."
    )


def test_an_svg_needs_nothing_from_elsewhere() -> None:
    text = graph_svg(of(fat_tree(4, 9000)))
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<image|href|url\(|@import", text)
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("name", ["a & b.yaml", '<x>"y"', "it's"])
def test_any_file_name_is_taken(name: str) -> None:
    drawn = of(chain("a", "b", mtus=(1500,)), name)
    (title,) = elements(graph_svg(drawn), "title")
    assert (title.text or "").startswith(f"{name}: ")
    assert all(form(drawn) for form in FORMS.values())


def test_all_that_an_svg_draws_is_inside_it() -> None:
    for topology in (dumbbell(3, 3, 576), fat_tree(4, 9000), BRIDGED, chain("a", "r" * 15, "b", mtus=(1500, 1500))):
        text = graph_svg(of(topology))
        _, _, across, down = map(float, (ElementTree.fromstring(text).get("viewBox") or "").split())
        for box in elements(text, "rect")[1:]:
            left, top, wide, high = (float(box.get(name) or "") for name in ("x", "y", "width", "height"))
            assert 0 <= left <= left + wide <= across
            assert 0 <= top <= top + high <= down
        for words in elements(text, "text"):
            assert 0 < float(words.get("x") or "") < across
            assert 0 < float(words.get("y") or "") < down


def test_a_wider_link_has_the_larger_mtu() -> None:
    assert width(68) < width(576) < width(1400) < width(1500) == width(9000)


# --- text


def test_the_bottleneck_has_a_double_line() -> None:
    first, *_ = graph_text(of(chain("client", "r1", "r2", "server", mtus=(1500, 576, (1500, 1400))))).splitlines()
    assert first == "client ──1500── r1 ══576══ r2 ──1500/1400── server"
