"""What every expectation is: a claim with a citation, judged on one act's observation and on nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from lab.judge.observation import Frame, Observation, Outcome
from lab.judge.verdict import Finding, Verdict
from lab.model.rfc import Citation
from lab.model.topology import IPV4, Family


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in a claim's place: whether it bears the claim out, in words, and which frames show it."""

    holds: bool
    words: str
    frames: tuple[int, ...] = ()


class Expectation(ABC):
    """A value that can be listed before a run, judged after it, and compared.

    Silence never passes: an expectation that something is absent also asks for proof that it would have been seen.
    """

    __slots__ = ()

    @abstractmethod
    def claim(self) -> str:
        """The claim in one line, in the present tense, with its numbers."""

    @abstractmethod
    def cites(self, family: Family) -> Citation:
        """What the claim rests on, in that family."""

    @abstractmethod
    def see(self, observation: Observation) -> Seen:
        """What this observation shows of it. Must not raise, whatever was observed."""

    def judge(self, observation: Observation) -> Finding:
        seen = self.see(observation)
        return Finding(
            self.claim(), Verdict.PASS if seen.holds else Verdict.FAIL, seen.words, self.cites(family_of(observation)), seen.frames
        )


def numbers(frames: Iterable[Frame]) -> tuple[int, ...]:
    return tuple(frame.number for frame in frames)


def nothing(what: str) -> Seen:
    """Nothing was seen where something should have been."""
    return Seen(False, f"no {what}")


def family_of(observation: Observation) -> Family:
    """The family of the act's flows; where it has none, the network's first."""
    return next((outcome.flow.family for outcome in observation.outcomes), observation.plan.topology.families[0])


def is_at(observation: Observation, address: str, where: str) -> bool:
    """Whether `address` is `where`, or belongs to the node of that name."""
    return where in (address, observation.owner(address))


def nth(observation: Observation, send: int) -> Outcome | None:
    """The outcome of the act's n-th Send, from 1; None where there are fewer."""
    outcomes = observation.outcomes
    return outcomes[send - 1] if 0 < send <= len(outcomes) else None


def either(family: Family, ipv4: Citation, ipv6: Citation) -> Citation:
    return ipv4 if family == IPV4 else ipv6


def many(count: int, what: str) -> str:
    """`1 PTB`, `3 PTBs`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def listed(values: Iterable[object]) -> str:
    """Each different value once, in order: `1500, 576`."""
    return ", ".join(str(value) for value in dict.fromkeys(values)) or "none"


def joined(values: Iterable[object]) -> str:
    """Every value, in order: `572, 572, 396`."""
    return ", ".join(str(value) for value in values)
