"""Topologies as YAML: what is written comes back, what is wrong is told all at once, and the schema says the same as the reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from lab.find import catalogue
from lab.model.exchange import BadFile, as_object, dump, load, of_object, schema
from lab.model.topology import IPV4, IPV6, Bridge, Host, Link, Router, Topology
from lab.theory.problems import LEAST_MTU, LONGEST_NAME, MOST_DELAY, MOST_MTU, RESERVED, problems
from lab.theory.written import sound
from tests.golden_files import check
from tests.strategies import topologies
from topologies import chain

SCHEMA = json.loads(schema())
VALIDATOR = Draft202012Validator(SCHEMA)

# Any text: a Topology may be built with it, though it may be no hostname. The second half is what YAML has traps for.
TRAPS = "no on y Yes true null ~ 0576 0x1f 0o17 1_500 1:30 1e3 1.5 .5 +1 - ? << = 2001-01-01 &a *a !a #a [ { ' --- ... % @ ` | >"
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "a: b", "a #b", "kind", *TRAPS.split()]
)
numbers = st.integers(-(10**17), 10**17)


@st.composite
def written_topologies(draw: st.DrawFn) -> Topology:
    """Any topology that can be written down, whether it can be planned or not."""
    kinds = st.one_of(st.builds(Host, names), st.builds(Router, names, st.booleans()), st.builds(Bridge, names, st.booleans()))
    nodes = draw(st.lists(kinds, unique_by=lambda node: node.name, max_size=5))
    links = draw(st.lists(st.builds(Link, names, names, numbers, st.none() | numbers, numbers), max_size=5))
    families = draw(st.lists(st.sampled_from([IPV4, IPV6]), max_size=3))
    return Topology(tuple(nodes), tuple(links), tuple(families), draw(st.booleans()))


@given(written_topologies())
def test_what_is_dumped_is_loaded(topology: Topology) -> None:
    assert load(dump(topology)) == topology
    assert of_object(json.loads(json.dumps(as_object(topology)))) == topology


@given(topologies(silent=True, delayed=True))
def test_the_schema_takes_every_dump_that_can_be_planned(topology: Topology) -> None:
    VALIDATOR.validate(as_object(topology))
    assert sound(dump(topology), "x") == topology


def test_every_topology_of_the_catalogue_comes_back() -> None:
    for topology in {scenario.topology for scenario in catalogue()}:
        assert sound(dump(topology), "x") == topology
        VALIDATOR.validate(as_object(topology))


@given(topologies())
def test_other_readers_of_yaml_read_the_same(topology: Topology) -> None:
    assert yaml.safe_load(dump(topology)) == as_object(topology)


def test_the_form_is_the_one_on_disk() -> None:
    bridged = chain(
        *("client", "r1", "sw", "no", "server"),
        mtus=(1500, (576, 1500), 1500, 9000),
        families=(IPV4, IPV6),
        silent=("r1",),
        bridges=("sw",),
        offloads=True,
    )
    check("exchange/bridged.yaml", dump(bridged))


def test_one_name_for_two_nodes_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="two nodes have one name"):
        dump(Topology((Host("a"), Router("a")), ()))


# --- what is wrong

GOOD = "nodes:\n  a: host\n  r: router\n  b: host\nlinks:\n  - {a: a, b: r}\n  - {a: r, b: b, mtu: 1400}\n"

BAD = {
    "empty": "",
    "no-mapping": "- a\n",
    "nothing-in-it": "nodes:\nlinks: []\n",
    "missing-and-unknown": "node: {}\nlinks: []\n",
    "near-keys": GOOD.replace("links", "link").replace("nodes", "families: [ipv5]\noffload: true\nnodes"),
    "near-kind": GOOD.replace("router", "ruoter"),
    "kind-missing": GOOD.replace("router", "{sends_ptb: false}"),
    "settings-of-another": GOOD.replace("router", "{kind: bridge, sends_ptb: false}").replace("b: host", "b: {kind: host, m: 3}"),
    "settings-of-no-kind": GOOD.replace("router", "{kind: ruoter, sends_ptb: false}"),
    "not-true-or-false": GOOD.replace("router", "{kind: router, sends_ptb: 0}"),
    "ends-missing": GOOD.replace("{a: a, b: r}", "{mtu: 1500}"),
    "mtu-as-text": GOOD.replace("1400", "'1400'"),
    "mtu-as-list": GOOD.replace("1400", "[1400, 1500]"),
    "delay-as-text": GOOD.replace("1400", "1400, delay: 5ms"),
    "delay-too-long": GOOD.replace("1400", "1400, delay: 1001").replace("b: r}", "b: r, delay: -1}"),
    "mtu-empty": GOOD.replace("1400", ""),
    "traps": GOOD.replace("1400", "01400").replace("{a: a, b: r}", "{a: no, b: r, mtu: 1500.0}").replace("a: host", "on: host"),
    "sexagesimal-date-and-fraction": GOOD.replace("1400", "1:30").replace("b: r}", "b: 2001-01-01, mtu: 1e3}"),
    "leading-zero": GOOD.replace("1400", "01900").replace("b: r}", "b: r, mtu: 0o2734}"),
    "number-as-name": GOOD.replace("a: host", "1: host").replace("a: a", "a: 1"),
    "key-twice": GOOD.replace("b: host", "r: host"),
    "anchor-and-alias": GOOD.replace("{a: a, b: r}", "&one {a: a, b: r}").replace("{a: r, b: b, mtu: 1400}", "*one"),
    "merge": GOOD.replace("mtu: 1400", "<<: {mtu: 1400}"),
    "tag": GOOD.replace("1400", "!!int '1400'"),
    "expression": GOOD.replace("1400", "${MTU}"),
    "directive": "%YAML 1.1\n---\n" + GOOD,
    "two-documents": GOOD + "---\n" + GOOD,
    "no-yaml": GOOD + "  - {a: a,\n",
    "tabs": GOOD.replace("  r:", "\tr:"),
    "control-character": GOOD.replace("r: router", "r\x07: router"),
    "deep": "nodes: " + "[" * 1000,
    "key-is-no-word": GOOD.replace("a: host", "[a, b]: host"),
    "form-and-network": GOOD.replace("host\nlinks", "hots\nlinks").replace("b: r}", "b: r2}").replace("a: r,", "a: r, mtu_b: 67,"),
    "network-alone": GOOD.replace("b: r}", "b: r2, mtu: 67}"),
    "names": GOOD.replace("r: router", "R_1: router").replace("links", "  lo: host\nlinks"),
    "newline-in-a-name": GOOD.replace("r: router", '"r\\n1": router'),
}  # fmt: skip


def refused(text: str) -> BadFile:
    with pytest.raises(BadFile) as caught:
        sound(text, "net.yaml")
    return caught.value


def told(text: str) -> str:
    return str(refused(text))


def test_the_good_one_is_good() -> None:
    assert sound(GOOD, "net.yaml") == chain("a", "r", "b", mtus=(1500, 1400))


@pytest.mark.parametrize("name", BAD)
def test_what_is_told_is_what_is_on_disk(name: str) -> None:
    check(f"exchange/{name}.txt", told(BAD[name]) + "\n")


@pytest.mark.parametrize("name", BAD)
def test_each_problem_is_a_line_with_a_number_a_place_and_a_remedy(name: str) -> None:
    lines = max(len(BAD[name].splitlines()), 1)
    for problem in told(BAD[name]).splitlines():
        source, line, place, what = problem.split(":", 3)
        assert (source, 1 <= int(line) <= lines) == ("net.yaml", True)
        assert place
        assert what.count("; ") >= 1
        assert problem.isprintable()


def test_lines_are_those_of_the_file() -> None:
    assert [line for line, _ in refused(BAD["form-and-network"]).problems] == [4, 6, 7]


def test_an_object_is_told_without_lines() -> None:
    with pytest.raises(BadFile) as caught:
        of_object({"nodes": {}, "links": [3]})
    assert str(caught.value) == "link 1: it is the number 3; write a link between two nodes, as in `{a: client, b: r1, mtu: 1500}`"


# --- the schema and the reader


def test_the_schema_is_a_schema_and_its_examples_fit() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for part, validator in _parts(SCHEMA):
        for example in part.get("examples", []):
            validator.evolve(schema=part).validate(example)


def _parts(part: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Draft202012Validator]]:
    below = [value for value in part.values() if isinstance(value, dict)]
    return [(part, VALIDATOR), *(found for inner in below for found in _parts(inner))]


def test_every_key_is_described_to_editors() -> None:
    described = [part for part, _ in _parts(SCHEMA) for part in part.get("properties", {}).values() if part.keys() > {"title"}]
    assert len(described) == 12
    assert all(part["title"] and part["description"] for part in described)


def test_the_schema_has_the_limits_of_the_theory() -> None:
    link = SCHEMA["properties"]["links"]["items"]["properties"]
    assert all((link[mtu]["minimum"], link[mtu]["maximum"]) == (LEAST_MTU, MOST_MTU) for mtu in ("mtu", "mtu_b"))
    assert (link["delay"]["minimum"], link["delay"]["maximum"]) == (0, MOST_DELAY)
    name = SCHEMA["properties"]["nodes"]["propertyNames"]
    assert name["maxLength"] == LONGEST_NAME
    assert set(name["not"]["enum"]) == set(RESERVED)


plain = (
    st.none() | st.booleans() | st.integers(60, 70) | st.sampled_from([1500.0, 0.5, "", "a", "b", "host", "router", "ipv4", "x"])
)
keys = st.sampled_from(
    ["nodes", "links", "families", "offloads", "kind", "sends_ptb", "calls_iptables", "a", "b", "mtu", "mtu_b", "delay", "x"]
)
anything = st.recursive(plain, lambda below: st.lists(below, max_size=3) | st.dictionaries(keys, below, max_size=4), max_leaves=12)
nodes = st.dictionaries(st.sampled_from("abr"), st.sampled_from(["host", "router", {"kind": "bridge"}]) | anything, max_size=3)
links = st.lists(
    st.fixed_dictionaries({"a": st.sampled_from("abr"), "b": anything | st.sampled_from("abr")}) | anything, max_size=3
)
forms = st.fixed_dictionaries({"nodes": nodes, "links": links}, optional={"families": anything, "offloads": anything}) | anything


@settings(max_examples=300)
@given(forms)
def test_the_schema_and_the_reader_agree(form: object) -> None:
    """What the reader takes and no theory objects to, the schema takes; and what the schema takes, the reader does."""
    fits = VALIDATOR.is_valid(form)
    try:
        topology = of_object(form)
    except BadFile:
        assert not fits
        return
    assert fits or problems(topology)
    assert of_object(as_object(topology)) == topology
