"""Claims about what the clock alone brings, each with what must make it fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from errno import ECONNRESET, ETIMEDOUT

from lab.judge.expect import BacksOff, GivesUp, ToldAgain
from lab.judge.observation import Observation
from tests.observations import START, Change, Where, altered, changed, outcome, without
from tests.scenes import LEFT, PTB, TCP, Row

SECOND = 1_000_000_000


def at(which: Where, seconds: Sequence[float]) -> Observation:
    """The first such frame of a TCP transfer alone, so many seconds after the beginning each time."""
    first = next(frame for frame in TCP.frames if which(frame))
    seen = (replace(first, number=n, time=START + int(s * SECOND)) for n, s in enumerate(seconds, 1))
    return replace(TCP, frames=tuple(seen))


def timed(which: Where, *seconds: float) -> Change:
    return lambda _: at(which, seconds)


def gave_up(seconds: float, *, left: float = 0.0, errno: int | None = ETIMEDOUT) -> Observation:
    """A segment leaves, and so many seconds after the beginning send() fails."""
    return outcome(1, errno=errno, started=START, ended=START + int(seconds * SECOND))(at(LEFT, (left,)))


def after_a_short_one(observation: Observation) -> Observation:
    """A segment of another place in the stream goes before."""
    first = altered(observation.frames[0], {"sequence": 9000})
    return replace(observation, frames=(first, *observation.frames))


ROWS = (
    Row(
        BacksOff("client", times=4, most=1.0),
        after_a_short_one(at(LEFT, (0, 0.204, 0.61, 1.44, 2.46))),
        {
            "once less": timed(LEFT, 0, 0.2, 0.6, 1.4),
            "once more": timed(LEFT, 0, 0.2, 0.6, 1.4, 2.4, 3.4),
            "too soon": timed(LEFT, 0, 0.2, 0.59, 1.4, 2.4),
            "too late": timed(LEFT, 0, 0.2, 0.6, 1.52, 2.52),
            "beyond the most": timed(LEFT, 0, 0.2, 0.6, 1.4, 3.0),
            "never again": timed(LEFT, 0),
        },
    ),
    Row(
        GivesUp(send=1, low=924.6, high=940.0),
        gave_up(930.0),
        {
            "too soon": lambda _: gave_up(924.5),
            "too late": lambda _: gave_up(940.1),
            "counted from the segment": lambda _: gave_up(930.0, left=5.5),
            "reset": lambda _: gave_up(930.0, errno=ECONNRESET),
            "no error": lambda _: gave_up(930.0, errno=None),
            "nothing sent": without(LEFT),
        },
    ),
    Row(
        ToldAgain("r1", "client", 576, low=600.0, high=611.0),
        at(PTB, (0, 0.1, 600.5, 600.6)),
        {
            "never again": timed(PTB, 0, 0.1),
            "sooner": timed(PTB, 0, 599.9),
            "later": timed(PTB, 0, 611.1),
            "between, too": timed(PTB, 0, 300, 600.5),
            "another MTU": changed(PTB, mtu=575),
            "nothing said": without(PTB),
        },
    ),
)
