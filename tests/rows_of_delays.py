"""Claims about delays, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.expect import Converges, PrintsTime, Took
from lab.judge.observation import Observation
from tests.observations import START, Change, changed, outcome, without
from tests.rows_of_programs import program
from tests.scenes import ARRIVED, HEARD, REFUSED, TOOLS, UDP, Row

MILLISECOND = 1_000_000
TIMES = program(2, out=" 1:  10.0.0.2   20.062ms pmtu 576\n 2:  10.0.1.2  60.5ms\n")(TOOLS)


def arriving(milliseconds: float) -> Change:
    """What arrives does so that long after the first packet of the first Send."""
    return changed(ARRIVED, time=START + int(milliseconds * MILLISECOND))


def taking(milliseconds: float) -> Change:
    return outcome(1, ended=START + int(milliseconds * MILLISECOND))


def delayed(observation: Observation) -> Observation:
    """The same, in a network whose first link takes 10 ms: then the first packet was given to it 10 ms before it was seen."""
    plan = observation.plan
    ends = tuple(replace(end, delay=10) for end in plan.nodes["client"].interfaces)
    nodes = {**plan.nodes, "client": replace(plan.nodes["client"], interfaces=ends)}
    return replace(observation, plan=replace(plan, nodes=nodes))


ROWS = (
    Row(
        Converges("client", "server", round_trips=2, after=80),
        arriving(80)(REFUSED),
        {
            "too soon": arriving(79.999),
            "no PTB": without(HEARD),
            "nothing arrives": without(ARRIVED),
            "another flow": outcome(0, flow=replace(UDP, to="r2")),
        },
        also=(Converges("client", "server", 2, 79), Converges("client", "server", 2, 72)),
    ),
    Row(
        Converges("client", "server", round_trips=2, after=80),
        delayed(arriving(70)(REFUSED)),
        {"too soon": arriving(69.999), "no PTB": without(HEARD)},
        also=(Converges("client", "server", 2, 79), Converges("client", "server", 2, 72)),
    ),
    Row(
        Took(1, 40),
        taking(40)(REFUSED),
        {"too soon": taking(39.999), "nothing is known": outcome(1, errors=())},
        also=(Took(1, 39), Took(1, 32)),
    ),
    Row(
        PrintsTime("2: 10.0.1.2", 60, "tracepath(8)", run=2),
        TIMES,
        {
            "too short": program(2, out="2: 10.0.1.2 59.999ms"),
            "no time": program(2, out="2: 10.0.1.2 reached"),
            "nothing": program(2, out=""),
        },
        also=(PrintsTime("2: 10.0.1.2", 59, "tracepath(8)", 2), PrintsTime("2: 10.0.1.2", 52, "tracepath(8)", 2)),
    ),
)
