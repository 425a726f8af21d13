"""Frames as flights: each packet with the links that it crossed, one after the other, as it was.

The rule: a flight goes on where the same packet leaves the node that it has reached. What a router made of a packet (fragments, a
packet with other addresses, one inside another) is a flight of its own, which starts there.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.judge.observation import Frame
from lab.judge.passage import identity
from lab.model.packet import Packet


@dataclass(slots=True)
class Hop:
    """A link crossed from node `start` to node `end`: the frame as it was sent, and as it was received. One of them may be None."""

    start: str
    end: str
    sent: Frame | None = None
    received: Frame | None = None

    @property
    def left(self) -> int:
        """When it left, in ns since the epoch; when it arrived, where nobody saw it leave."""
        frame = self.sent or self.received
        assert frame
        return frame.time

    @property
    def numbers(self) -> tuple[int, ...]:
        """Its frames' numbers in the capture."""
        return tuple(frame.number for frame in (self.sent, self.received) if frame)


@dataclass(slots=True)
class Flight:
    """One packet's way. `hops` follow one another, and there is at least one."""

    hops: list[Hop] = field(default_factory=list)

    @property
    def first(self) -> Frame:
        """The first frame that there is of it."""
        hop = self.hops[0]
        frame = hop.sent or hop.received
        assert frame
        return frame

    @property
    def packet(self) -> Packet | None:
        return self.first.packet

    @property
    def frames(self) -> tuple[Frame, ...]:
        """In the order of time."""
        return tuple(frame for hop in self.hops for frame in (hop.sent, hop.received) if frame)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Every node on its way, in order."""
        return (self.hops[0].start, *(hop.end for hop in self.hops))


def flights(frames: Iterable[Frame]) -> list[Flight]:
    """The flights of one act's frames, each frame in exactly one of them, in the order in which they start."""
    found: list[Flight] = []
    on_link: defaultdict[tuple[str, str, bytes], deque[Flight]] = defaultdict(deque)
    at_node: defaultdict[tuple[str, bytes], deque[Flight]] = defaultdict(deque)
    for frame in frames:
        key = identity(frame) if frame.packet else frame.octets
        here, there = frame.node, frame.interface
        waiting = at_node[here, key] if frame.sent else on_link[there, here, key]
        flight = waiting.popleft() if waiting else Flight()
        if not flight.hops:
            found.append(flight)
        if frame.sent:
            flight.hops.append(Hop(here, there, sent=frame))
            on_link[here, there, key].append(flight)
            continue
        if not flight.hops or flight.hops[-1].received:
            flight.hops.append(Hop(there, here))
        flight.hops[-1].received = frame
        at_node[here, key].append(flight)
    return found
