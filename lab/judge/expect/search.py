"""Expectations about searches by probes (RFC 8899)."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.convergence import carries
from lab.judge.expect.base import Expectation, Seen, joined, listed, many, nothing, numbers
from lab.judge.observation import Observation
from lab.model.rfc import Citation, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class SearchEnds(Expectation):
    """The act's search confirms `octets` of payload as the largest that arrives (None: not even the first size does)."""

    octets: int | None

    def claim(self) -> str:
        return (
            "the search finds no size that arrives"
            if self.octets is None
            else f"the search ends at {self.octets} octets of payload"
        )

    def cites(self, family: Family) -> Citation:
        return Rfc(8899, "5")

    def see(self, observation: Observation) -> Seen:
        if not observation.searches:
            return nothing("search")
        search = observation.searches[-1]
        arrived = [f for f in observation.received_by(search.flow.to) if carries(observation, search.flow, f.packet)]
        words = f"{search.found or 'nothing'} found by {many(len(search.probes), 'probe')}, of which {len(arrived)} arrived"
        # What is confirmed has arrived; and where nothing is, something was sent.
        left = [f for f in observation.sent_by(search.flow.source) if carries(observation, search.flow, f.packet)]
        return Seen(search.found == self.octets and bool(arrived if self.octets else left), words, numbers(arrived[-1:]))


@dataclass(frozen=True, slots=True)
class ProbesInTurn(Expectation):
    """The act's search begins with probes of these sizes, in octets of payload; each counts once, however often it was sent."""

    octets: tuple[int, ...]

    def claim(self) -> str:
        return f"it probes {joined(self.octets)} octets in turn"

    def cites(self, family: Family) -> Citation:
        return Rfc(8899, "5")

    def see(self, observation: Observation) -> Seen:
        if not observation.searches:
            return nothing("search")
        sizes = tuple(dict.fromkeys(size for size, _ in observation.searches[-1].probes))[: len(self.octets)]
        return Seen(sizes == self.octets, listed(sizes))


@dataclass(frozen=True, slots=True)
class ProbesLost(Expectation):
    """So many probes of the act's search were lost: a size is given up after three."""

    count: int

    def claim(self) -> str:
        return f"{many(self.count, 'probe')} of the search {'is' if self.count == 1 else 'are'} lost"

    def cites(self, family: Family) -> Citation:
        return Rfc(8899, "5")

    def see(self, observation: Observation) -> Seen:
        if not observation.searches:
            return nothing("search")
        probes = observation.searches[-1].probes
        lost = [size for size, answered in probes if not answered]
        return Seen(len(lost) == self.count, f"{len(lost)} of {len(probes)}")
