"""Search by hypothesis: batches of fresh cases, each from a seed of its own; what fails is shrunk to the smallest case that does.

One seed and number give the same cases, on any machine, with the same version of hypothesis. A batch is as large as hypothesis
draws without repeating itself: from its eleventh example on, five of six are variations of the one before
(ConjectureRunner.generate_mutations_from(), which waits for the health check's ten).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from lab.fuzz.compare import Difference
from lab.fuzz.followed import followed
from lab.fuzz.generate import Case, cases

BATCH = 10
MOST_TRIES = 300  # cases that shrinking plays; then it settles for the smallest so far


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The smallest case that was found, and what is seen otherwise in it. `again` is false where it was seen once and not again."""

    number: int
    case: Case
    differences: tuple[Difference, ...]
    again: bool = True


def is_foreseen(case: Case) -> bool:
    """Whether the theory says anything of this case."""
    return any(True for _ in followed(case))


def batches(count: int) -> Iterator[tuple[int, int]]:
    """Number and size of each batch that makes up `count` cases."""
    for number in range(-(-count // BATCH)):
        yield number, min(BATCH, count - number * BATCH)


def search(seed: int, number: int, size: int, play: Callable[[Case], list[Difference]]) -> Mismatch | None:
    """Plays one batch, until `play` returns a difference, and the same case another time. Raises what `play` raises."""
    trial = _Trial(play, size)
    rules = settings(
        max_examples=size + 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    with suppress(NoSuchExample, _Enough):
        find(cases().filter(is_foreseen), trial.differs, settings=rules, random=Random(f"{seed}/{number}"))
    if trial.failure:
        raise trial.failure
    if wrong := [case for case, found in trial.played.items() if found]:
        smallest = wrong[-1]  # shrinking only goes down
        found = play(smallest)
        return Mismatch(number, smallest, tuple(found or trial.played[smallest]), again=bool(found))
    return next((Mismatch(number, case, tuple(found), again=False) for case, found in trial.once.items()), None)


class _Enough(BaseException):
    """Ends hypothesis' search at once, which an Exception would not: that is something to shrink."""


@dataclass(slots=True)
class _Trial:
    """What hypothesis asks of each case. `once` are those that were otherwise when they were first played, and not when again."""

    play: Callable[[Case], list[Difference]]
    size: int
    begun: bool = False
    played: dict[Case, list[Difference]] = field(default_factory=dict)
    once: dict[Case, list[Difference]] = field(default_factory=dict)
    failure: Exception | None = None

    def differs(self, case: Case) -> bool:
        if not self.begun:  # hypothesis begins with the simplest case of all, in each batch
            self.begun = True
            return False
        if case not in self.played:
            if len(self.played) >= self.size + MOST_TRIES:
                raise _Enough
            try:
                self.played[case] = self._twice(case)
            except Exception as error:
                self.failure = error
                raise _Enough from error
        return bool(self.played[case])

    def _twice(self, case: Case) -> list[Difference]:
        found = self.play(case)
        if not found or any(self.played.values()):  # while it shrinks, once is enough
            return found
        again = self.play(case)
        if not again:
            self.once[case] = found
        return again
