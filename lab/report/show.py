"""A scenario before it runs: its picture, its story, what is predicted of it and claimed of it, and its plan."""

from __future__ import annotations

from collections.abc import Iterator

from lab.judge.scenario import Act, Scenario
from lab.model.flow import Flow, Tcp
from lab.model.story import Send, Step
from lab.report.picture import picture
from lab.report.plan_text import plan_text
from lab.report.wording import protocol
from lab.theory.oracle import Prediction, predict
from lab.theory.plan import Plan, plan


def show(scenario: Scenario) -> str:
    """All of it as text. Raises BadTopology."""
    planned = plan(scenario.topology)
    lines = [f"{scenario.name}  {scenario.title}", "", *indented(picture(scenario.topology).splitlines(), 4)]
    for number, act in enumerate(scenario.acts, 1):
        lines += ["", f"  act {number}  {act.title}", *indented(act_lines(planned, act), 4)]
    return "\n".join([*lines, "", plan_text(planned)])


def act_lines(planned: Plan, act: Act) -> Iterator[str]:
    for step in act.story:
        yield step_words(step)
    # A prediction is of a flow with nothing learned yet: of the first Send of each in the act.
    first = {step.flow: step.octets for step in reversed(act.story) if isinstance(step, Send)}
    for flow, octets in reversed(first.items()):
        yield f"predicted  {prediction_words(flow, predict(planned, flow, octets))}"
    for expectation in act.expect:
        family = next(iter(first)).family if first else planned.topology.families[0]
        yield f"claimed    {expectation.claim():<76} {expectation.cites(family)}"


def step_words(step: Step) -> str:
    if isinstance(step, Send):
        how = "" if isinstance(step.flow, Tcp) else f", {step.flow.discover.name}"
        return f"send       {step.octets} octets over {protocol(step.flow)}{how}, {step.flow.source} to {step.flow.to}"
    return "flush      every route cache"


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
    words.append("delivered" if prediction.delivered else "never delivered")
    return "; ".join(words)


def indented(lines: Iterator[str] | list[str], by: int) -> list[str]:
    return [" " * by + line for line in lines]
