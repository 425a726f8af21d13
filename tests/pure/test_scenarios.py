"""The catalogue: every picture is true, and every name stands for something. Its numbers: test_scenarios_foreseen.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from lab.find import about, catalogue, files
from lab.judge.expect import Expectation, IfTrait
from lab.judge.observation import Observation
from lab.judge.scenario import Act, Scenario
from lab.judge.traits import TRAITS
from lab.judge.verdict import Verdict
from lab.model.features import FEATURES
from lab.model.story import LONG, ReadCapture, ReadSocket, Run, Search, Send, SendPieces, SendTogether, Wait
from lab.report.picture import drawn_links, picture, read_picture, shows
from lab.theory.plan import plan
from lab.theory.problems import problems
from tests.catalogue import BY_FILE, CATALOGUE, EACH_FILE, of_each_scenario

ROUTER = CATALOGUE["576-router"]


def expectations(scenario: Scenario) -> Iterator[tuple[Act, Expectation]]:
    """Each, with both sides of one that depends on a trait."""
    for act in scenario.acts:
        for expectation in act.expect:
            yield from ((act, one) for one in sides(expectation))


def sides(expectation: Expectation) -> Iterator[Expectation]:
    if isinstance(expectation, IfTrait):
        yield from sides(expectation.then)
        yield from sides(expectation.otherwise)
    else:
        yield expectation


# --- names and pictures


def test_the_catalogue_is_not_empty() -> None:
    assert {"576-router", "1280-router-v6", "black-hole"} <= CATALOGUE.keys()


def test_names_are_unique() -> None:
    names = [scenario.name for scenario in catalogue()]
    assert sorted(names) == sorted(set(names))


@EACH_FILE
def test_a_file_is_named_after_its_scenarios(path: Path) -> None:
    """The cases of a sweep have its name in front; a file of one or two has a scenario of just that name."""
    stem = path.stem.replace("_", "-")
    names = [scenario.name for scenario in BY_FILE[path]]
    assert stem in names or len(names) > 2
    assert [name for name in names if name != stem and not name.startswith(f"{stem}-")] == []


def test_every_group_says_what_it_is_about() -> None:
    assert {path.parent: about(path.parent) for path in files() if not about(path.parent).endswith(".")} == {}


@of_each_scenario
def test_what_waits_long_says_so(scenario: Scenario) -> None:
    waits = sum(step.seconds for act in scenario.acts for step in act.story if isinstance(step, Wait))
    assert waits <= max(scenario.lasts, LONG)


@of_each_scenario
def test_titles_are_one_line(scenario: Scenario) -> None:
    titles = [scenario.title, *(act.title for act in scenario.acts)]
    assert all(titles)
    assert not [title for title in titles if "\n" in title or title.endswith(".")]
    assert len(set(titles)) == len(titles)


def pictures(docstring: str) -> list[set[Any]]:
    """What each paragraph draws, of those that draw anything."""
    return [drawn for paragraph in docstring.split("\n\n") if (drawn := read_picture(paragraph))]


@EACH_FILE
def test_the_pictures_are_true(path: Path) -> None:
    """Each scenario's topology is drawn, and nothing else is; a letter may stand for what the cases of a sweep differ in."""
    drawn = pictures(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    built = [scenario.topology for scenario in BY_FILE[path]]
    assert [picture(topology) for topology in built if not any(shows(links, topology) for links in drawn)] == []
    assert [links for links in drawn if not any(shows(links, topology) for topology in built)] == []


def test_a_picture_that_lies_is_found_out() -> None:
    good = picture(ROUTER.topology)
    assert pictures(f"A title.\n\n    {good}\n\nand then:\n\n    a ──1──  b ──") == [drawn_links(ROUTER.topology)]
    assert pictures(good.replace("576", "577")) != pictures(good)


# --- what is written can be done, and be judged


@of_each_scenario
def test_the_topology_can_be_planned(scenario: Scenario) -> None:
    assert problems(scenario.topology) == ()


@of_each_scenario
def test_every_act_does_something_and_expects_something(scenario: Scenario) -> None:
    assert scenario.acts
    assert [act.title for act in scenario.acts if not act.story or not act.expect] == []


@of_each_scenario
def test_flows_join_two_nodes_in_a_family_that_they_have(scenario: Scenario) -> None:
    nodes = {node.name for node in scenario.topology.nodes}
    flows = {step.flow for act in scenario.acts for step in act.story if isinstance(step, Send | SendPieces)}
    assert [flow for flow in flows if not {flow.source, flow.to} <= nodes or flow.source == flow.to] == []
    assert {flow.family for flow in flows} <= set(scenario.topology.families)


@of_each_scenario
def test_what_it_needs_and_asks_for_is_known(scenario: Scenario) -> None:
    assert set(scenario.needs) <= FEATURES.keys() | TRAITS.keys()
    assert set(scenario.traits) <= TRAITS.keys()


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from strings(one)


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


NAMING = {"at", "between", "by", "offender", "order", "to"}
"""Fields of expectations that name nodes, or addresses that the story has given them."""


@of_each_scenario
def test_expectations_name_nodes_links_sends_and_programs_that_there_are(scenario: Scenario) -> None:
    nodes = {node.name for node in scenario.topology.nodes}
    linked = [{link.a, link.b} for link in scenario.topology.links]
    for act, expectation in expectations(scenario):
        stated = {one.name: getattr(expectation, one.name) for one in fields(expectation)}  # type: ignore[arg-type]  # every expectation is a dataclass
        named = {name for key in stated.keys() & NAMING for name in strings(stated[key]) if not is_address(name)}
        assert named <= nodes, expectation
        assert stated.get("send", 1) in range(1, max(1, outcomes(act)) + 1), expectation
        assert stated.get("run", 1) in range(1, max(1, count(act, Run, ReadCapture)) + 1), expectation
        assert "between" not in stated or set(stated["between"]) in linked, expectation


def outcomes(act: Act) -> int:
    """How many Sends expectations can speak of."""
    together = sum(len(step.flows) for step in act.story if isinstance(step, SendTogether))
    return count(act, Send, SendPieces, ReadSocket, Search) + together


def count(act: Act, *kinds: type) -> int:
    return sum(isinstance(step, kinds) for step in act.story)


@of_each_scenario
def test_no_claim_is_made_twice(scenario: Scenario) -> None:
    for act in scenario.acts:
        claims = [expectation.claim() for expectation in act.expect]
        assert sorted(claims) == sorted(set(claims))


@of_each_scenario
def test_silence_passes_nothing(scenario: Scenario) -> None:
    nothing = Observation(plan(scenario.topology))
    passed = [expectation for _, expectation in expectations(scenario) if expectation.judge(nothing).verdict != Verdict.FAIL]
    assert passed == []
