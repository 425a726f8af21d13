"""Expectations about what the clock alone brings: a segment sent again and again, a connection given up, a path learned anew."""

from __future__ import annotations

from dataclasses import dataclass
from errno import ETIMEDOUT, errorcode
from itertools import pairwise

from lab.judge.convergence import told
from lab.judge.expect.base import Expectation, Seen, either, many, nothing, nth, numbers
from lab.judge.expect.ptb import ptbs_sent
from lab.judge.expect.segments import position, segments
from lab.judge.observation import Frame, Observation
from lab.model.rfc import Citation, Kernel, Rfc
from lab.model.topology import Family

LATE = 1 / 8
"""By how much of itself a timer may be late: the granularity of the timer wheel (kernel/time/timer.c), with a tick of 4 ms."""

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class BacksOff(Expectation):
    """`at` sends a segment again so many `times`, each time after twice as long: from `rto` seconds on, up to `most`.

    It is the segment that `at` sent again most often.
    """

    at: str
    times: int
    rto: float = 0.2
    most: float = 120.0

    def claim(self) -> str:
        first, last = f"{self.rto:g}", f"{self.most:g}"
        return f"{self.at} sends a segment again {many(self.times, 'time')}, after {first} s, doubling up to {last} s"

    def cites(self, family: Family) -> Citation:
        return Rfc(6298, "5")

    def see(self, observation: Observation) -> Seen:
        sent: dict[tuple[int, int], list[Frame]] = {}
        for frame in segments(observation, self.at):
            sent.setdefault(position(frame), []).append(frame)
        often = max(sent.values(), key=len, default=[])
        if len(often) < 2:
            return nothing(f"segment that {self.at} sends again")
        gaps = [(later.time - earlier.time) / SECOND for earlier, later in pairwise(often)]
        due = [min(self.rto * 2**n, self.most) for n in range(len(gaps))]
        kept = all(wanted <= gap < wanted * (1 + LATE) + 0.01 for gap, wanted in zip(gaps, due, strict=True))
        words = f"{many(len(gaps), 'time')}, after {', '.join(f'{gap:.1f}' for gap in gaps)} s"
        return Seen(kept and len(gaps) == self.times, words, numbers(often))


@dataclass(frozen=True, slots=True)
class GivesUp(Expectation):
    """The act's n-th `send` fails with ETIMEDOUT, from `low` to `high` seconds after its first segment left."""

    send: int
    low: float
    high: float

    def claim(self) -> str:
        return f"send {self.send} fails with ETIMEDOUT, {self.low:g} to {self.high:g} s after its first segment"

    def cites(self, family: Family) -> Citation:
        return Kernel("tcp_write_timeout", "net/ipv4/tcp_timer.c")

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None or outcome.errno is None:
            return nothing(f"error of send {self.send}")
        first = next((f for f in segments(observation, outcome.flow.source) if f.time >= outcome.started), None)
        if first is None:
            return nothing(f"segment of send {self.send}")
        seconds = (outcome.ended - first.time) / SECOND
        words = f"{errorcode.get(outcome.errno, outcome.errno)} after {seconds:.1f} s"
        return Seen(outcome.errno == ETIMEDOUT and self.low <= seconds <= self.high, words, (first.number,))


@dataclass(frozen=True, slots=True)
class ToldAgain(Expectation):
    """`by` tells `to` of the next-hop MTU `mtu`, and says so again from `low` to `high` seconds later; not once between.

    What it says within a second is said once.
    """

    by: str
    to: str
    mtu: int
    low: float
    high: float

    def claim(self) -> str:
        return f"{self.by} tells {self.to} of {self.mtu} once more, {self.low:g} to {self.high:g} s later and not sooner"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.3"), Rfc(8201, "5.3"))

    def see(self, observation: Observation) -> Seen:
        said = [f for f in ptbs_sent(observation, self.by, self.to) if told(f) == self.mtu]
        if not said:
            return nothing(f"PTB with {self.mtu} leaves {self.by} for {self.to}")
        begun = [said[0], *(later for earlier, later in pairwise(said) if later.time - earlier.time > SECOND)]
        gaps = [(later.time - earlier.time) / SECOND for earlier, later in pairwise(begun)]
        words = f"{many(len(said), 'PTB')}; again after {', '.join(f'{gap:.1f}' for gap in gaps) or 'no'} s"
        return Seen(len(gaps) == 1 and self.low <= gaps[0] <= self.high, words, numbers(said))
