"""The conductor: plan, build, drive, observe, judge. One scenario in, one Result out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from functools import cache

from lab.judge.convergence import converge
from lab.judge.faults import FAULTS
from lab.judge.observation import Observation
from lab.judge.result import ActResult, Result
from lab.judge.scenario import Act, Scenario
from lab.judge.traits import TRAITS, Probed
from lab.judge.verdict import Verdict
from lab.model.features import FEATURES
from lab.model.story import Step
from lab.standing import attached
from lab.theory.plan import plan
from lab.world.build import Builder
from lab.world.drive import Driver
from lab.world.errors import Broken, Forbidden, Lacking
from lab.world.features import require
from lab.world.net import Net

__all__ = ["Broken", "Builder", "Forbidden", "Lacking", "Run", "run"]


@dataclass(frozen=True, slots=True)
class Run:
    """A result, and what every tap counted: frames seen and frames dropped, by link end."""

    result: Result
    taps: Mapping[str, tuple[int, int]]


def run(
    scenario: Scenario,
    builder: Builder = "netlink",
    faults: Sequence[str] = (),
    lab: str | None = None,
    beside: Callable[[Net], AbstractContextManager[object]] = nullcontext,
) -> Run:
    """Runs one scenario, in a network that `builder` makes, with these of FAULTS in it. Raises BadTopology and Forbidden.

    With `lab` it runs in that standing lab, whose topology must be the same (lab.standing.misfits), as it is, but for the route
    caches, which are flushed; and the lab is left as the scenario leaves it. Then raises NoLab, too.
    `beside` is held open while the acts are played: it begins when the network stands, and may raise what a part of the lab may.
    What breaks later, in the lab or by a refusal of the kernel, is in the result, beside what was found until then.
    """
    started = time.monotonic()
    planned = plan(scenario.topology)
    acts: list[ActResult] = []
    taps: dict[str, tuple[int, int]] = {}
    stopped, reason = None, ""
    with ExitStack() as undo:
        try:
            net = undo.enter_context(attached(lab, planned, taps=True) if lab else Net(planned, builder=builder))
        except (Broken, Lacking, OSError) as error:
            verdict = Verdict.SKIP if isinstance(error, Lacking) else Verdict.BROKEN
            return Run(Result(scenario, (), time.monotonic() - started, verdict, str(error), tuple(faults)), taps)
        try:
            demand(net, scenario.needs)
            if lab:
                for node in net:
                    node.flush_route_cache()
            mtus = net.changed_mtus() if lab else {}
            driver = Driver(net, {name: probe(name).holds for name in scenario.traits}, mtus=mtus)
            for name in faults:
                Driver(net).play(FAULTS[name].before(planned))
            with beside(net):
                for act in scenario.acts:
                    acts.append(judge(act, driver.play(altered(act.story, faults))))
        except Lacking as error:
            stopped, reason = Verdict.SKIP, str(error)
        except (Broken, OSError) as error:
            stopped, reason = Verdict.BROKEN, str(error)
        seconds = time.monotonic() - started
        taps |= {tap.interface.end: (tap.seen, tap.dropped) for tap in net.capture.taps}
    return Run(Result(scenario, tuple(acts), seconds, stopped, reason, tuple(faults)), taps)


def demand(net: Net, needs: Sequence[str]) -> None:
    """Raises Lacking where this kernel lacks one of these features, or has not one of these traits."""
    require(net, [name for name in needs if name in FEATURES])
    traits = [TRAITS[name] for name in needs if name not in FEATURES]
    if absent := [f"{trait.name} ({trait.since})" for trait in traits if not probe(trait.name).holds]:
        raise Lacking(f"this kernel has not the trait {', nor '.join(absent)}")


def altered(story: Sequence[Step], faults: Sequence[str]) -> tuple[Step, ...]:
    """The story as the faults make it."""
    for name in faults:
        story = [FAULTS[name].alter(step) for step in story]
    return tuple(story)


def judge(act: Act, observation: Observation) -> ActResult:
    """Every expectation is judged: the first failure does not hide the rest."""
    findings = tuple(expectation.judge(observation) for expectation in act.expect)
    # Flows of one protocol between the same nodes are told together, as their packets are.
    flows = {(type(o.flow), o.flow.source, o.flow.to, o.flow.family): o.flow for o in reversed(observation.outcomes)}
    return ActResult(act.title, observation, findings, tuple(converge(observation, flow) for flow in reversed(flows.values())))


@cache
def probe(name: str) -> Probed:
    """Tries one of TRAITS on this kernel; once a process.

    Raises Forbidden, Lacking where what it takes to try it is not here, and Broken where what is seen
    is neither what the trait says nor what its absence does.
    """
    trait = TRAITS[name]
    with Net(trait.topology) as net:
        require(net, trait.needs)
        observation = Driver(net).play(trait.story)
    yes, no = trait.yes.see(observation), trait.no.see(observation)
    if yes.holds == no.holds:
        raise Broken(f"trait {name} cannot be told: {yes.words}; {no.words}")
    return Probed(trait, yes.holds, yes.words if yes.holds else no.words)
