"""A result read back from result.json and capture.pcapng is the result that was written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.judge.observation import Done, Event, Flushed, Observation, Ran, RouteException, Searched, TcpState
from lab.judge.result import ActResult, Result
from lab.judge.verdict import Finding, Verdict
from lab.model.flow import DO, PROBE, Tcp, Udp
from lab.model.pcapng import dump, load
from lab.model.rfc import Citation, Kernel, Manual, Rfc
from lab.model.topology import IPV6
from lab.report.evidence import capture
from lab.report.html.page import page
from lab.report.json import result_json
from lab.report.plain import STATE
from lab.report.reread import Unreadable, reread
from tests.crossings import START
from tests.results import SCENARIO, act_result, failed, judged, passed
from tests.scenes import SCENES

KERNEL = "6.18.0"
STATES = TcpState(1448, 1448, 1500, 7, 10, 0, 536), TcpState(524, 1448, 576, 7, 4, 9, 536)


def renumbered(observation: Observation) -> Observation:
    return replace(observation, frames=tuple(replace(frame, number=n) for n, frame in enumerate(observation.frames, 1)))


def of(observation: Observation) -> Result:
    observation = renumbered(observation)
    scenario = replace(SCENARIO, topology=observation.plan.topology)
    return Result(scenario, (act_result("", observation),), 1.5)


def with_everything() -> Result:
    """One of each event and citation, and no field as usual."""
    act = passed().acts[1]
    (outcome,) = act.observation.outcomes
    samples = tuple((outcome.started + n, state) for n, state in enumerate(STATES))
    search = Searched(Udp("client", "server", PROBE, IPV6, segment=5), START, START + 2, None, ((1472, False), (548, True)))
    events: tuple[Event, ...] = (
        Flushed(START + 1),
        Done(START + 2, "r1", "net.ipv4.ip_forward = 0"),
        Done(START + 3, None, "link r1–r2: MTU 1400", (("r1:r2", 1400), ("r2:r1", 1400))),
        *(Ran(at, "ping server", START, START + 9, status, "out\udc80\n", "err") for at, status in (("client", 0), (None, None))),
        search,
        replace(outcome, samples=samples, receiver=STATES[0], errno=90, intact=False, announced=1280, mtu=None),
        replace(outcome, flow=Tcp("client", "server", maxseg=900, discover=DO), errors=()),
    )
    observation = replace(
        *(act.observation,),
        frames=tuple(replace(frame, number=n) for n, frame in enumerate(act.observation.frames, 1)),
        events=events,
        counters={"r1": {"Ip.FragFails": 3}},
        exceptions=(RouteException("client", "10.0.2.2", 552, True, 599.98),),
        addresses={"198.51.100.1": "server"},
        traits={"modern": False},
        mtus={"r1:r2": 1500},
    )
    citations: tuple[Citation, ...] = (Rfc(1191, "4"), Kernel("f", "net/f.c"), Manual("ping(8)"), Rfc(8200, "5"))
    findings = tuple(
        Finding("a claim", verdict, "seen\nso", cites, (1, 2)) for verdict, cites in zip(Verdict, citations, strict=True)
    )
    return Result(SCENARIO, (replace(act, observation=observation, findings=findings),), 2.25, None, "", ("skip-icmp",))


RESULTS = {
    **{f"scene {n}": of(scene) for n, scene in enumerate(SCENES)},
    "three acts": passed(),
    "failed": failed(),
    "everything": with_everything(),
    "nothing happened": Result(SCENARIO, (), 0.5, Verdict.SKIP, "this kernel has no such thing"),
    "broken half-way": replace(passed(), acts=passed().acts[:1], stopped=Verdict.BROKEN, reason="a tap dropped 3 frames\nof 9"),
    "no frames": Result(SCENARIO, (ActResult("silence", Observation(passed().acts[0].observation.plan), (), ()),), 0.5),
    "claims alone": judged(Verdict.PASS, Verdict.FAIL),
}


def again(result: Result) -> tuple[Result, str]:
    """The result that the files of this one give, and the document of it."""
    written = result_json(result, KERNEL)
    return reread(json.loads(written), load(capture(result, {}))), written


@pytest.mark.parametrize("name", RESULTS)
def test_what_is_read_back_writes_the_same_document_and_page(name: str) -> None:
    result = replace(RESULTS[name], seconds=0.5)
    back, written = again(result)
    assert result_json(back, KERNEL) == written
    assert page(back, KERNEL) == page(result, KERNEL)


@pytest.mark.parametrize("name", RESULTS)
def test_every_act_is_what_it_was(name: str) -> None:
    result = RESULTS[name]
    back, _ = again(result)
    assert len(back.acts) == len(result.acts)
    for was, now in zip(result.acts, back.acts, strict=True):
        moved = {node: counters for node, counters in was.observation.counters.items() if counters}
        assert now == replace(was, observation=replace(was.observation, counters=moved))
    assert (back.stopped, back.reason, back.faults) == (result.stopped, result.reason, result.faults)


def test_times_in_the_document_are_small_enough_for_any_program() -> None:
    document = json.loads(result_json(with_everything(), KERNEL))
    numbers = [
        value for event in document["acts"][0]["events"] for key, value in event.items() if key in ("time", "started", "ended")
    ]
    assert numbers
    assert all(abs(number) < 2**53 for number in numbers)
    assert float(document["epoch"]) == document["epoch"]
    assert document["tcp_state"] == list(STATE)


def test_a_state_is_one_line() -> None:
    assert "[1448, 1448, 1500, 7, 10, 0, 536]" in result_json(with_everything(), KERNEL)


def spoilt(document: dict[str, Any], *path: Any, value: Any = None, gone: bool = False) -> dict[str, Any]:
    document = json.loads(json.dumps(document))
    at: Any = document
    for step in path[:-1]:
        at = at[step]
    if gone:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


DOCUMENT = json.loads(result_json(passed(), KERNEL))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "not a result of pmtulab's"),
        ({"version": 3}, "not a result of pmtulab's"),
        (spoilt(DOCUMENT, "schema", value=9), "has schema 9"),
        (spoilt(DOCUMENT, "topology", gone=True), "an older pmtulab"),
        (spoilt(DOCUMENT, "acts", 0, "frames", value=3000), "fewer frames"),
        (spoilt(DOCUMENT, "acts", 2, "frames", value=1), "more frames"),
        (spoilt(DOCUMENT, "acts", 0, "events", 0, "kind", value="dreamt"), "'dreamt'"),
        (spoilt(DOCUMENT, "acts", 0, "events", 0, "flow", value=12), "IndexError"),
        (spoilt(DOCUMENT, "acts", 0, "findings", 0, "verdict", value="perhaps"), "perhaps"),
        (spoilt(DOCUMENT, "topology", "links", value=[]), "result.json is not as it was written"),
        (spoilt(DOCUMENT, "acts", value=7), "TypeError"),
    ],
)
def test_what_is_no_run_of_ours_is_refused_in_words(document: Any, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        reread(document, load(capture(passed(), {})))


def test_a_capture_of_other_links_is_refused() -> None:
    other = replace(load(capture(passed(), {})), interfaces=())
    with pytest.raises(Unreadable):
        reread(DOCUMENT, other)


def test_the_files_are_enough(tmp_path: Path) -> None:
    result = passed()
    (tmp_path / "capture.pcapng").write_bytes(dump(load(capture(result, {}))))
    (tmp_path / "result.json").write_text(result_json(result, KERNEL), encoding="utf-8")
    back = reread(json.loads((tmp_path / "result.json").read_text("utf-8")), load((tmp_path / "capture.pcapng").read_bytes()))
    assert back.findings == result.findings
