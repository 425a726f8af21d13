"""A scenario before it runs: its picture, its story, what is predicted of it and claimed of it, and its plan."""

from __future__ import annotations

from collections.abc import Iterator

from lab.judge.scenario import Act, Scenario
from lab.model.flow import Flow
from lab.model.story import Send, SendPieces
from lab.model.topology import Family, Topology
from lab.report.picture import picture
from lab.report.plan_text import plan_text
from lab.report.steps import step_lines
from lab.theory.foresee import foresee
from lab.theory.oracle import Prediction
from lab.theory.plan import plan


def show(scenario: Scenario) -> str:
    """All of it as text. Raises BadTopology."""
    planned = plan(scenario.topology)
    lines = [f"{scenario.name}  {scenario.title}", "", *indented(picture(scenario.topology).splitlines(), 4)]
    lines += [f"    needs of the kernel: {', '.join(scenario.needs)}"] if scenario.needs else []
    lines += [f"    waits for {scenario.lasts:.0f} s"] if scenario.lasts else []
    foreseen = foresee(planned, (act.story for act in scenario.acts))
    for number, (act, predictions) in enumerate(zip(scenario.acts, foreseen, strict=True), 1):
        family = family_of(act, scenario.topology)
        lines += ["", f"  act {number}  {act.title}", *indented(act_lines(act, predictions, family), 4)]
    return "\n".join([*lines, "", plan_text(planned)])


def act_lines(act: Act, predictions: tuple[Prediction | None, ...], family: Family) -> Iterator[str]:
    foreseen = iter(predictions)
    for step in act.story:
        yield from step_lines(step)
        if isinstance(step, Send) and (prediction := next(foreseen)) is not None:
            yield f"predicted  {prediction_words(step.flow, prediction)}"
    for expectation in act.expect:
        yield f"claimed    {expectation.claim():<76} {expectation.cites(family)}"


def family_of(act: Act, topology: Topology) -> Family:
    """The family that the act's claims are about: that of what it sends first, or the topology's first."""
    flow = next((step.flow for step in act.story if isinstance(step, Send | SendPieces)), None)
    return flow.family if flow else topology.families[0]


def prediction_words(flow: Flow, prediction: Prediction) -> str:
    told = ", ".join(f"{ptb.by} tells {ptb.to} {ptb.mtu}" for ptb in prediction.ptbs) or "no PTB"
    words = [told, f"{flow.source}'s path MTU {prediction.pmtu}"]
    if prediction.exception and prediction.exception.locked:
        words[-1] += ", locked"
    words += [f"{f.at} makes {len(f.sizes)} fragments" for f in prediction.fragments]
    if prediction.mss is not None:
        words.append(f"MSS {prediction.mss}")
    if prediction.black_hole:
        words.append(f"black hole at {prediction.black_hole}")
    refused = f"refused here, at most {prediction.refused}" if prediction.refused is not None else "lost"
    words.append("delivered" if prediction.delivered else refused)
    return "; ".join(words)


def indented(lines: Iterator[str] | list[str], by: int) -> list[str]:
    return [" " * by + line for line in lines]
