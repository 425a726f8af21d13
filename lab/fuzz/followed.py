"""The acts of a case as they are played: as far as the theory foresees them, and with no patience for what is not to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.fuzz.generate import Case
from lab.model.flow import Tcp
from lab.model.story import Send, Step
from lab.theory.foresee import foresee
from lab.theory.oracle import Prediction
from lab.theory.plan import plan

PATIENCE = 5.0  # seconds, for what is to arrive
IMPATIENCE = 1.0  # the same once it is known that something does not: it is waited for in each case that shrinking tries
SILENCE = 0.06  # seconds, for a datagram that is not
TCP_SILENCE = 0.3  # the same for a segment; it is sent again after 0.2


@dataclass(frozen=True, slots=True)
class Followed:
    """An act's story, and what is foreseen of each of its Sends."""

    story: tuple[Step, ...]
    predictions: tuple[Prediction, ...]

    @property
    def sends(self) -> tuple[Send, ...]:
        return tuple(step for step in self.story if isinstance(step, Send))


def followed(case: Case, patience: float = PATIENCE) -> Iterator[Followed]:
    """Each act, up to the first Send that is not foreseen.

    The last Send is one over TCP that a black hole swallows: what came then would be mixed up with segments that are sent again.
    """
    for story, predictions in zip(case.acts, foresee(plan(case.topology), case.acts), strict=True):
        waiting = iter(predictions)
        steps: list[Step] = []  # up to the last Send that is foreseen
        ahead: list[Step] = []
        taken: list[Prediction] = []
        for step in story:
            if isinstance(step, Send):
                prediction = next(waiting)
                if prediction is None:
                    break
                silence = TCP_SILENCE if isinstance(step.flow, Tcp) else SILENCE
                step = replace(step, within=patience if prediction.delivered else silence)
                taken.append(prediction)
                steps += [*ahead, step]
                ahead = []
            else:
                ahead.append(step)
        if taken:
            yield Followed(tuple(steps), tuple(taken))
        if len(taken) < len(predictions) or (taken[-1].advertised and not taken[-1].delivered):
            return
