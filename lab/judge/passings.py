"""Which packet, seen to pass an interface, is which frame of the taps'."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lab.judge.calls import Means, Passing
from lab.judge.observation import Frame

NEAR = 1_000_000_000
"""Nanoseconds that a frame's time may be from its packet's passing: a processor may be taken away between."""


def match(means: Means, passings: Sequence[Passing], frames: Sequence[Frame], clock: int) -> dict[Passing, Frame]:
    """The frame of each passing that a tap saw.

    Probes tell the namespace: then it is the frame at the same interface, of the same length, in the same order. Tracepoints do
    not, and another network may have interfaces of the same names. What is sent then passes just after the tap has taken its
    time; what is received is known by the packet, which one end of a link hands to the other.
    """
    if means is Means.PROBES:
        return _paired(passings, frames, -1, clock)
    placed = _paired([p for p in passings if p.sent], [frame for frame in frames if frame.sent], 1, clock)
    return placed | dict(_handed_over(passings, frames, placed))


def _paired(passings: Sequence[Passing], frames: Sequence[Frame], side: int, clock: int) -> dict[Passing, Frame]:
    """Of each interface, direction and length passings and frames in order; where one is missing, those on the right side."""
    told = not any(passing.node is None for passing in passings)
    by_key: dict[tuple[str | None, str, bool, int], tuple[list[Passing], list[Frame]]] = {}
    for passing in passings:
        key = passing.node, passing.interface, passing.sent, passing.length
        by_key.setdefault(key, ([], []))[0].append(passing)
    for frame in frames:
        key = frame.node if told else None, frame.interface, frame.sent, frame.length
        by_key.setdefault(key, ([], []))[1].append(frame)
    placed: dict[Passing, Frame] = {}
    for its, seen in by_key.values():
        if len(its) == len(seen):
            pairs: Iterable[tuple[Passing, Frame]] = zip(its, seen, strict=True)
        else:
            pairs = _in_order(its, seen, side, clock)
        placed |= {passing: frame for passing, frame in pairs if abs(passing.time - frame.time) <= NEAR}
    return placed


def _handed_over(
    passings: Sequence[Passing], frames: Sequence[Frame], placed: Mapping[Passing, Frame]
) -> Iterator[tuple[Passing, Frame]]:
    """What is received at the other end of a link right after it was sent, with the first frame there of the same octets."""
    waiting: dict[tuple[str, str, bytes], list[Frame]] = {}
    for frame in frames:
        if not frame.sent:
            waiting.setdefault((frame.node, frame.interface, frame.octets), []).append(frame)
    sent: dict[int, Frame] = {}
    for passing in passings:
        if passing.sent:
            sent.pop(passing.skb, None)
            if passing in placed:
                sent[passing.skb] = placed[passing]
        elif (left := sent.pop(passing.skb, None)) and left.node == passing.interface:
            its = waiting.get((left.interface, left.node, left.octets), [])
            near = [(abs(passing.time - frame.time), number) for number, frame in enumerate(its)]
            if near and min(near)[0] <= NEAR:
                yield passing, its.pop(min(near)[1])


def _in_order(passings: Sequence[Passing], frames: Sequence[Frame], side: int, clock: int) -> Iterator[tuple[Passing, Frame]]:
    """Each frame with the first passing that is left on its side: behind it (1) or, from the end backwards, before it (-1)."""
    left = deque(sorted(passings, key=lambda passing: side * passing.time))
    for frame in sorted(frames, key=lambda frame: side * frame.time):
        while left and side * left[0].time < side * frame.time - clock:
            left.popleft()
        if left and side * left[0].time <= side * frame.time + NEAR:
            yield left.popleft(), frame
