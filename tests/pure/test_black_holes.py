"""What the scenarios of black holes say of timeouts and sizes is what lab.theory.linux works out."""

from __future__ import annotations

import pytest

from lab.find import catalogue
from lab.judge.expect import GivesUpSize, SizesInTurn
from lab.judge.scenario import Scenario
from lab.model.flow import Tcp
from lab.model.story import Send, Sysctl
from lab.theory.linux import black_hole_mss, blackhole_timeout, segment_octets

TICK = 0.004  # what a timer adds to its timeout, at most, where the kernel's clock ticks 250 times a second
CATALOGUE = list(catalogue())
ENGAGING = [s for s in CATALOGUE if s.name.startswith("probing-engages-")]
DESCENDING = [s for s in CATALOGUE if s.name.startswith("probing-descends-")]


def sysctl(scenario: Scenario, name: str) -> int:
    (value,) = (step.value for step in scenario.acts[0].story if isinstance(step, Sysctl) and step.name == f"net.ipv4.{name}")
    return int(value)


@pytest.mark.parametrize("scenario", ENGAGING, ids=[s.name for s in ENGAGING])
def test_probing_engages_when_the_formula_says(scenario: Scenario) -> None:
    (claim,) = (e for e in scenario.acts[0].expect if isinstance(e, GivesUpSize))
    retries1 = sysctl(scenario, "tcp_retries1")
    assert claim.timeout == blackhole_timeout(claim.rto + TICK, retries1)
    # As many as that even where timers are not late at all, or a tenth late each.
    assert claim.timeout == blackhole_timeout(claim.rto + TICK / 4, retries1) == blackhole_timeout(claim.rto * 1.1, retries1)


def test_probing_engages_when_the_formula_says_by_default() -> None:
    (scenario,) = (s for s in CATALOGUE if s.name == "six-seconds")
    (claim,) = (e for e in scenario.acts[0].expect if isinstance(e, GivesUpSize))
    # tcp_retries1 is 3, and timers are at most an eighth late.
    assert claim.timeout == blackhole_timeout(claim.rto + TICK / 4, 3) == blackhole_timeout(claim.rto * 1.06, 3)


@pytest.mark.parametrize("scenario", DESCENDING, ids=[s.name for s in DESCENDING])
def test_probing_descends_by_halves_to_its_floor(scenario: Scenario) -> None:
    (claim,) = (e for e in scenario.acts[0].expect if isinstance(e, SizesInTurn))
    (flow,) = (step.flow for step in scenario.acts[0].story if isinstance(step, Send) and isinstance(step.flow, Tcp))
    mtu, floor = scenario.topology.links[1].mtu, sysctl(scenario, "tcp_mtu_probe_floor")
    steps = [black_hole_mss(n, floor=floor) for n in range(1, 8)]
    sizes = [segment_octets(mss, flow.family, flow.timestamps) for mss in dict.fromkeys(steps)]
    through = next((number for number, size in enumerate(sizes, 1) if size <= mtu), len(sizes))
    assert claim.octets == (1500, *sizes[:through])


def test_both_are_in_the_catalogue() -> None:
    assert len(ENGAGING) > 3
    assert len(DESCENDING) > 3
