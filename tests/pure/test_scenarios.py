"""The catalogue: every picture is true, every name stands for something, and every number is the one that the theory gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lab.find import catalogue, files, load
from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    ErrorQueued,
    Expectation,
    Fragments,
    Leaves,
    Mss,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PtbOrder,
    RefusedHere,
    TcpPathMtu,
    TooBig,
    Unanswered,
)
from lab.judge.observation import Observation
from lab.judge.scenario import Act, Scenario
from lab.judge.verdict import Verdict
from lab.model.flow import Tcp
from lab.model.story import FlushRouteCache, Send
from lab.report.picture import drawn_links, picture, read_picture, shows
from lab.theory.linux import Learned
from lab.theory.oracle import Prediction, predict
from lab.theory.plan import Plan, plan
from lab.theory.problems import problems

CATALOGUE = {scenario.name: scenario for scenario in catalogue()}
EACH = pytest.mark.parametrize("scenario", CATALOGUE.values(), ids=CATALOGUE)
EACH_FILE = pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
ROUTER = CATALOGUE["576-router"]


def sends(act: Act) -> list[Send]:
    return [step for step in act.story if isinstance(step, Send)]


def expectations(scenario: Scenario) -> Iterator[tuple[Act, Expectation]]:
    return ((act, expectation) for act in scenario.acts for expectation in act.expect)


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
    names = [scenario.name for scenario in load(path)]
    assert stem in names or len(names) > 2
    assert [name for name in names if name != stem and not name.startswith(f"{stem}-")] == []


@EACH
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
    built = [scenario.topology for scenario in load(path)]
    assert [picture(topology) for topology in built if not any(shows(links, topology) for links in drawn)] == []
    assert [links for links in drawn if not any(shows(links, topology) for topology in built)] == []


def test_a_picture_that_lies_is_found_out() -> None:
    good = picture(ROUTER.topology)
    assert pictures(f"A title.\n\n    {good}\n\nand then:\n\n    a ──1──  b ──") == [drawn_links(ROUTER.topology)]
    assert pictures(good.replace("576", "577")) != pictures(good)


# --- what is written can be done, and be judged


@EACH
def test_the_topology_can_be_planned(scenario: Scenario) -> None:
    assert problems(scenario.topology) == ()


@EACH
def test_every_act_sends_and_expects(scenario: Scenario) -> None:
    assert scenario.acts
    assert [act.title for act in scenario.acts if not sends(act) or not act.expect] == []


@EACH
def test_flows_join_two_hosts_in_a_family_that_they_have(scenario: Scenario) -> None:
    hosts = {host.name for host in scenario.topology.hosts}
    flows = {send.flow for act in scenario.acts for send in sends(act)}
    assert [flow for flow in flows if not {flow.source, flow.to} <= hosts or flow.source == flow.to] == []
    assert {flow.family for flow in flows} <= set(scenario.topology.families)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from strings(one)


@EACH
def test_expectations_name_nodes_links_and_sends_that_there_are(scenario: Scenario) -> None:
    nodes = {node.name for node in scenario.topology.nodes}
    linked = [{link.a, link.b} for link in scenario.topology.links]
    for act, expectation in expectations(scenario):
        stated = {one.name: getattr(expectation, one.name) for one in fields(expectation)}  # type: ignore[arg-type]  # every expectation is a dataclass
        assert {name for key in stated.keys() - {"counters"} for name in strings(stated[key])} <= nodes, expectation
        assert stated.get("send", 1) in range(1, len(sends(act)) + 1), expectation
        assert "between" not in stated or set(stated["between"]) in linked, expectation


@EACH
def test_no_claim_is_made_twice(scenario: Scenario) -> None:
    for act in scenario.acts:
        claims = [expectation.claim() for expectation in act.expect]
        assert sorted(claims) == sorted(set(claims))


@EACH
def test_silence_passes_nothing(scenario: Scenario) -> None:
    nothing = Observation(plan(scenario.topology))
    passed = [expectation for _, expectation in expectations(scenario) if expectation.judge(nothing).verdict != Verdict.FAIL]
    assert passed == []


# --- what is written is what the theory says


def differences(planned: Plan, act: Act) -> list[str]:
    """Where the act's claims differ from the prediction of its first Send (fragments, MSS and fate: of any Send)."""
    predictions = [predict(planned, send.flow, send.octets) for send in sends(act)]
    first = sends(act)[0].flow
    found = [
        f"{expectation} where the theory has {theory}"
        for expectation in act.expect
        if (theory := contradiction(expectation, predictions, first.source, first.to)) is not None
    ]
    told = {(e.by, e.to, e.mtu) for e in act.expect if isinstance(e, TooBig)}
    predicted = {(ptb.by, ptb.to, ptb.mtu) for ptb in predictions[0].ptbs}
    if told and told != predicted:
        found.append(f"PTBs {told} where the theory has {predicted}")
    return [*found, *(f"no claim says so: {e}" for e in unsaid(act, predictions[0]))]


def contradiction(expectation: Expectation, of: list[Prediction], source: str, to: str) -> object:
    """What the theory says in place of this claim; None where it agrees, or has no say in it."""
    first = of[0]
    ptbs = tuple((ptb.by, ptb.mtu) for ptb in first.ptbs if ptb.to == source)
    match expectation:
        case PtbOrder(at, order):
            return None if (at, order) == (source, ptbs) else ptbs
        case NoTooBig(at):
            return ptbs if at == source and ptbs else None
        case PathMtu(mtu, at, towards, locked):
            return (
                None if (at, towards, Learned(mtu, locked)) == (source, to, first.exception) else first.exception or "no exception"
            )
        case NothingLearned(at, towards):
            return first.exception if (at, towards) == (source, to) else None
        case TcpPathMtu(mtu, at):
            return None if (at, mtu) == (source, first.pmtu) else first.pmtu
        case Mss(mss, at):
            return None if (at, mss) == (source, first.mss) else first.mss or "no MSS"
        case AdvertisedMss(mss, by):
            both = dict(zip((source, to), first.advertised or (), strict=False))
            return None if both.get(by) == mss else both
        case Fragments(by, pieces):
            cuts = [tuple(zip(cut.sizes, cut.offsets, strict=True)) for one in of for cut in one.fragments if cut.at == by]
            return None if pieces in cuts else cuts
        case Leaves(_, by, df):
            return None if df in (None, *(one.df for one in of)) or (df and first.ptbs) else [one.df for one in of]
        case ErrorQueued(_, mtu, offender) if offender:
            return None if (offender, mtu) in ptbs else ptbs
        case Unanswered(send):
            return "delivery" if of[send - 1].delivered or of[send - 1].ptbs else None
        case RefusedHere(send):
            # Who shrinks when refused is delivered in the end, and told of the path on the way; who does not is neither.
            return "success" if of[send - 1].delivered and not of[send - 1].ptbs else None
        case Delivered(_, _, send):
            return None if of[send - 1].delivered else "none"
    return None


def unsaid(act: Act, prediction: Prediction) -> Iterator[str]:
    """What is predicted of the first Send and has to be among the claims: what the host learns, and who tells it or does not."""
    kinds = {type(expectation) for expectation in act.expect}
    if not kinds & {PathMtu, NothingLearned}:
        yield "whether a path MTU is learned"
    if not kinds & ({TooBig, PtbOrder} if prediction.ptbs else {NoTooBig}):
        yield f"PTBs {prediction.ptbs}"
    if prediction.mss is not None and Mss not in kinds:
        yield f"MSS {prediction.mss}"


@EACH
def test_every_scenario_is_predicted(scenario: Scenario) -> None:
    planned = plan(scenario.topology)
    found = [f"{act.title}: {difference}" for act in scenario.acts for difference in differences(planned, act)]
    assert not found, "\n" + "\n".join(found)


@EACH
def test_every_act_starts_with_nothing_learned(scenario: Scenario) -> None:
    """As the predictions do: the second act and all after it flush the caches first."""
    assert [after.title for _, after in pairwise(scenario.acts) if after.story[:1] != (FlushRouteCache(),)] == []


def test_tcp_is_among_what_is_predicted() -> None:
    assert any(isinstance(send.flow, Tcp) for scenario in CATALOGUE.values() for act in scenario.acts for send in sends(act))


@pytest.mark.parametrize(
    ("act", "wrong"),
    [
        (0, TooBig(by="r1", to="client", mtu=577)),
        (0, TooBig(by="r2", to="client", mtu=576)),
        (0, PathMtu(575, at="client", to="server")),
        (0, PathMtu(576, at="client", to="server", locked=True)),
        (0, PathMtu(576, at="server", to="client")),
        (0, PtbOrder(to="client", order=(("r2", 576),))),
        (0, NothingLearned(at="client", to="server")),
        (0, NoTooBig(to="client", octets=1500)),
        (0, ErrorQueued(send=1, info=576, offender="r2")),
        (0, RefusedHere(send=3)),
        (0, Unanswered(send=1)),
        (1, Mss(523, at="client")),
        (1, Mss(524, at="server")),
        (1, TcpPathMtu(575, at="client")),
        (1, AdvertisedMss(1448, by="client")),
        (1, AdvertisedMss(536, by="server")),
        (1, Leaves(1500, by="client", df=False)),
        (2, Fragments(by="r1", pieces=((576, 0), (576, 556), (388, 1112)))),
        (2, Fragments(by="r2", pieces=((572, 0), (572, 552), (396, 1104)))),
        (2, Leaves(1500, by="client", df=True)),
        (2, PathMtu(576, at="client", to="server")),
    ],
    ids=str,
)
def test_a_wrong_number_is_found_out(act: int, wrong: Expectation) -> None:
    written = ROUTER.acts[act]
    assert differences(plan(ROUTER.topology), written) == []
    assert differences(plan(ROUTER.topology), replace(written, expect=(*written.expect, wrong)))


def test_what_a_scenario_does_not_say_is_found_out() -> None:
    act = ROUTER.acts[1]
    for kind, words in ((Mss, "MSS 524"), (PathMtu, "whether a path MTU is learned"), (TooBig, "PTBs")):
        left = tuple(expectation for expectation in act.expect if not isinstance(expectation, kind))
        (difference,) = differences(plan(ROUTER.topology), replace(act, expect=left))
        assert words in difference
