"""Faults, without a world: what they would do, and that each form of a report says that one was injected."""

from __future__ import annotations

import json
from xml.etree.ElementTree import fromstring

import pytest

from lab.judge.faults import FAULTS, unchanged
from lab.judge.result import Result
from lab.judge.scenario import Scenario
from lab.judge.verdict import Verdict
from lab.model.pcapng import load
from lab.model.story import AddRoute, Configure, Sysctl, Wait
from lab.model.topology import IPV6
from lab.report.evidence import capture
from lab.report.json import result_json
from lab.report.junit import junit
from lab.report.ktap import ktap
from lab.report.terminal import one_line, render
from lab.theory.plan import plan
from tests.catalogue import CATALOGUE
from topologies import chain

NAMES = ("client", "r1", "r2", "server")
TOPOLOGY = chain(*NAMES, mtus=(1500, 576, 1500))
TOPOLOGY6 = chain(*NAMES, mtus=(1500, 1280, 1500), families=(IPV6,))
SOUND = Result(Scenario("a", "A", TOPOLOGY, ()), (), 0.1, Verdict.SKIP, "no reason")
FAULTY = Result(Scenario("a", "A", TOPOLOGY, ()), (), 0.1, Verdict.SKIP, "no reason", ("skip-icmp", "late-expiry"))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_does_something_to_nodes_that_there_are(fault: object) -> None:
    steps = FAULTS[fault.name].before(plan(TOPOLOGY))  # type: ignore[attr-defined]  # a Fault
    assert steps
    assert {step.at for step in steps if isinstance(step, Configure | Sysctl | AddRoute)} <= set(NAMES)


def test_every_scenario_can_be_broken() -> None:
    """Also where a router has no route to a host, or the network has one family only."""
    plans = [plan(scenario.topology) for scenario in CATALOGUE.values()]
    for fault in FAULTS.values():
        steps = [fault.before(planned) for planned in plans]
        assert any(steps)


def test_fragments_are_smaller_by_eight_behind_every_router() -> None:
    steps = FAULTS["smaller-fragments"].before(plan(TOPOLOGY))
    towards = [(step.at, step.to, step.mtu) for step in steps if isinstance(step, AddRoute)]
    assert towards == [("r1", "client", 1492), ("r1", "server", 568), ("r2", "client", 568), ("r2", "server", 1492)]
    assert FAULTS["smaller-fragments"].before(plan(TOPOLOGY6)) == ()


def test_an_expiry_is_ten_times_as_long_in_the_family_that_there_is() -> None:
    for topology, family in ((TOPOLOGY, "ipv4"), (TOPOLOGY6, "ipv6")):
        name = f"net.{family}.route.mtu_expires"
        assert FAULTS["late-expiry"].before(plan(topology)) == (Sysctl("client", name, 6000), Sysctl("server", name, 6000))
        assert FAULTS["late-expiry"].alter(Sysctl("client", name, 3)) == Sysctl("client", name, 30)


def test_other_steps_stay_as_they_are() -> None:
    for step in (Sysctl("client", "net.ipv4.route.min_pmtu", 300), Wait(1)):
        assert FAULTS["late-expiry"].alter(step) == step
        assert unchanged(step) == step


def test_the_terminal_says_so() -> None:
    text = render(FAULTY, False, None)
    assert "FAULT INJECTED: no router sends a PTB (skip-icmp)\nFAULT INJECTED: hosts keep" in text
    assert "with faults skip-icmp, late-expiry: no reason" in text.splitlines()[-1]
    assert "with faults skip-icmp, late-expiry: " in one_line(FAULTY)
    assert "ault" not in render(SOUND, False, None) + one_line(SOUND)


def test_the_forms_for_programs_say_so() -> None:
    assert ktap([FAULTY]).splitlines()[2] == "# FAULT INJECTED: no router sends a PTB (skip-icmp)"
    assert "FAULT" not in ktap([SOUND])
    document = fromstring(junit([FAULTY]).partition("\n")[2])
    values = [str(one.get("value")) for one in document.iter("property")]
    assert [value.partition(":")[0] for value in values] == ["skip-icmp", "late-expiry"]
    assert "propert" not in junit([SOUND])
    assert [fault["name"] for fault in json.loads(result_json(FAULTY, ""))["faults"]] == ["skip-icmp", "late-expiry"]
    assert json.loads(result_json(SOUND, ""))["faults"] == []


def test_the_capture_says_so() -> None:
    assert "FAULT INJECTED: no router sends a PTB (skip-icmp)" in load(capture(FAULTY, {})).comment
    assert "FAULT" not in load(capture(SOUND, {})).comment
