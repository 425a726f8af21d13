"""Expectations about the cache of route exceptions as a whole: how many a node holds, and how long one still lives."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation, Seen, either, listed, many, nothing, numbers
from lab.judge.expect.sender import exceptions
from lab.judge.expect.wire import originated
from lab.judge.observation import Observation
from lab.model.rfc import Citation, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class CacheHolds(Expectation):
    """When the act ends, `at` holds path MTUs towards so many addresses, whose ever; it has sent something in the act."""

    count: int
    at: str

    def claim(self) -> str:
        return f"{self.at} holds {many(self.count, 'path MTU')} in all"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.2"), Rfc(8201, "5.2"))

    def see(self, observation: Observation) -> Seen:
        sent = originated(observation, self.at)
        if not sent:
            return nothing(f"packet leaves {self.at}, so nothing is shown")
        held = {e.to for e in observation.exceptions if e.node == self.at}
        return Seen(len(held) == self.count, many(len(held), "path MTU"), numbers(sent[:1]))


@dataclass(frozen=True, slots=True)
class ExpiresWithin(Expectation):
    """When the act ends, what `at` has learned towards `to` has from `low` to `high` seconds left (RTA_CACHEINFO)."""

    low: int
    high: int
    at: str
    to: str

    def claim(self) -> str:
        return f"{self.at}'s path MTU towards {self.to} has {self.low} to {self.high} s left"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.3"), Rfc(8201, "5.3"))

    def see(self, observation: Observation) -> Seen:
        held = exceptions(observation, self.at, self.to)
        if not held:
            return nothing(f"exception for {self.to} at {self.at}")
        words = listed(f"expires in {e.expires:.1f} s" for e in held)
        return Seen(all(self.low <= e.expires <= self.high for e in held), words)
