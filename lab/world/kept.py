"""Frames in memory: those of one tap, until they are taken, or the last of them as long as there is room."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, islice
from operator import attrgetter

from lab.model.packet import Packet
from lab.model.wire import decode
from lab.theory.plan import Interface

OVERHEAD = 512
"""Octets of memory that a frame takes besides its own, about."""


@dataclass(frozen=True, slots=True)
class TappedFrame:
    """A frame as a tap saw it: kernel time in ns since the epoch, whether it was leaving the node, octets, and true length."""

    time: int
    interface: Interface
    sent: bool
    octets: bytes
    length: int

    @property
    def packet(self) -> Packet | None:
        """The IP packet in it, decoded; None where there is none."""
        return decode(self.octets)


class Kept:
    """What one tap saw: all that was not taken; or, with a `room` in octets, the last that it has room for, taken or not.

    `let_go` is when the last frame came that is not kept, in ns since the epoch, or 0.
    """

    def __init__(self) -> None:
        self.room = math.inf
        self.let_go = 0
        self._frames: deque[TappedFrame] = deque()
        self._held = self._taken = self._missed = 0

    def add(self, frames: list[TappedFrame]) -> None:
        self._frames += frames
        self._held += sum(len(frame.octets) + OVERHEAD for frame in frames)
        while self._held > self.room:
            oldest = self._frames.popleft()
            self._held -= len(oldest.octets) + OVERHEAD
            self.let_go = oldest.time
            if self._taken:
                self._taken -= 1
            else:
                self._missed += 1

    def new(self) -> Iterable[TappedFrame]:
        """Those that were not taken."""
        return islice(self._frames, self._taken, None)

    def after(self, time: int) -> Iterable[TappedFrame]:
        """Those that came after `time`, taken or not."""
        return (frame for frame in self._frames if frame.time > time)

    def taken(self) -> int:
        """Now all are. Gives how many were let go that never were."""
        self._taken, missed, self._missed = len(self._frames), self._missed, 0
        if self.room == math.inf:
            self._frames.clear()
            self._held = self._taken = 0
        return missed


def in_order(frames: Iterable[Iterable[TappedFrame]]) -> list[TappedFrame]:
    """The frames of several taps, all together, in the order of time."""
    return sorted(chain.from_iterable(frames), key=attrgetter("time"))
