"""Expectations about delays: how many round trips a path MTU costs, and the least time that something takes.

Every bound is one from below: the sum of the links' delays, which no kernel and no machine can fall short of. How much longer it
takes depends on how fast the machine is, and is not claimed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab.judge.convergence import converge
from lab.judge.expect.base import Expectation, Seen, either, many, nothing, nth
from lab.judge.expect.programs import nth_program
from lab.judge.observation import Observation
from lab.model.rfc import Citation, Manual, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class Converges(Expectation):
    """What `source` sends to `to` gets through full-sized after exactly so many round trips, and `after` milliseconds or more.

    There is one round trip to each router that says something new, and the last one is the delivery, of which only the way there
    counts. Time begins when the first packet with payload is given to its link. Of several flows from one to the other it is the
    act's last.
    """

    source: str
    to: str
    round_trips: int
    after: int

    def claim(self) -> str:
        trips = many(self.round_trips, "round trip")
        return f"{self.source}'s packets get through to {self.to} after {trips}, and no sooner than {self.after} ms"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "3"), Rfc(8201, "4"))

    def see(self, observation: Observation) -> Seen:
        flows = [o.flow for o in observation.outcomes if (o.flow.source, o.flow.to) == (self.source, self.to)]
        if not flows:
            return nothing(f"flow from {self.source} to {self.to}")
        seen = converge(observation, flows[-1])
        if seen.nanoseconds is None or seen.round_trips is None:
            return nothing(f"packet of {self.source} reaches {self.to}")
        words = f"{many(seen.round_trips, 'round trip')}, {seen.nanoseconds / 1e6:.1f} ms"
        return Seen(seen.round_trips == self.round_trips and seen.nanoseconds >= self.after * 1_000_000, words)


@dataclass(frozen=True, slots=True)
class Took(Expectation):
    """The fate of the act's n-th `send` is known to the application after so many `milliseconds` or more.

    Its fate is its delivery, or the PTB: then it is the round trip to the router that drops it.
    """

    send: int
    milliseconds: int

    def claim(self) -> str:
        return f"the fate of send {self.send} is known after {self.milliseconds} ms or more"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "2"), Rfc(8201, "3"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        known = outcome.delivered > 0 or outcome.errors
        took = outcome.ended - outcome.started
        fate = "" if known else ", and nothing is known of it"
        return Seen(bool(known) and took >= self.milliseconds * 1_000_000, f"{took / 1e6:.1f} ms{fate}")


@dataclass(frozen=True, slots=True)
class PrintsTime(Expectation):
    """The act's n-th program (`run`, from 1) prints a time of so many `milliseconds` or more behind `text`, on one line.

    Any blank space is alike.
    """

    text: str
    milliseconds: int
    page: str
    run: int = 1

    def claim(self) -> str:
        return f"program {self.run} prints “{self.text}” and a time of {self.milliseconds} ms or more"

    def cites(self, family: Family) -> Citation:
        return Manual(self.page)

    def see(self, observation: Observation) -> Seen:
        ran = nth_program(observation, self.run)
        if ran is None:
            return nothing(f"program {self.run}")
        wanted = r"\s+".join(map(re.escape, self.text.split())) + r"\s*(\d+(?:\.\d+)?) ?ms\b"
        for line in ran.out.splitlines():
            if found := re.search(wanted, line):
                return Seen(float(found[1]) >= self.milliseconds, line.strip())
        return nothing(f"time behind “{self.text}”")
