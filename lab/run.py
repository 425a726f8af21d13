"""The conductor: plan, build, drive, observe, judge. One scenario in, one Result out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from lab.judge.convergence import converge
from lab.judge.observation import Observation
from lab.judge.result import ActResult, Result
from lab.judge.scenario import Act, Scenario
from lab.judge.verdict import Verdict
from lab.theory.plan import plan
from lab.world.drive import Driver
from lab.world.errors import Broken, Forbidden
from lab.world.net import Net

__all__ = ["Broken", "Forbidden", "Run", "run"]


@dataclass(frozen=True, slots=True)
class Run:
    """A result, and what every tap counted: frames seen and frames dropped, by link end."""

    result: Result
    taps: Mapping[str, tuple[int, int]]


def run(scenario: Scenario) -> Run:
    """Runs one scenario. Raises BadTopology and Forbidden.

    What breaks later, in the lab or by a refusal of the kernel, is in the result, beside what was found until then.
    """
    started = time.monotonic()
    planned = plan(scenario.topology)
    acts: list[ActResult] = []
    taps: dict[str, tuple[int, int]] = {}
    stopped, reason = None, ""
    try:
        net = Net(planned)
    except (Broken, OSError) as error:
        return Run(Result(scenario, (), time.monotonic() - started, Verdict.BROKEN, str(error)), taps)
    with net:
        driver = Driver(net)
        try:
            for act in scenario.acts:
                acts.append(judge(act, driver.play(act.story)))
        except (Broken, OSError) as error:
            stopped, reason = Verdict.BROKEN, str(error)
        seconds = time.monotonic() - started
        taps |= {tap.interface.end: (tap.seen, tap.dropped) for tap in net.capture.taps}
    return Run(Result(scenario, tuple(acts), seconds, stopped, reason), taps)


def judge(act: Act, observation: Observation) -> ActResult:
    """Every expectation is judged: the first failure does not hide the rest."""
    findings = tuple(expectation.judge(observation) for expectation in act.expect)
    flows = dict.fromkeys(outcome.flow for outcome in observation.outcomes)
    return ActResult(act.title, observation, findings, tuple(converge(observation, flow) for flow in flows))
