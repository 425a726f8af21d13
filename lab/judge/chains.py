"""Calls of the kernel's functions beside the frames of the same run: one chain of calls a packet, at each node it comes to.

What ties a call to a packet is the address of its struct sk_buff, and what ties that to a frame is that it passed an interface when
a tap saw the frame there. Within a trace the order is the kernel's own: frames stand where their packets passed, so that no clock
is asked whether a call came before a frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.judge.calls import Call, Passing, Trace
from lab.judge.observation import Frame
from lab.judge.passings import match
from lab.judge.rewritten import ETHERNET_HEADER
from lab.theory.calls import BEGINNINGS, DROP, ERRORS, FRAGMENTS, OUTPUTS, Purpose, in_order, purposes


@dataclass(slots=True)
class Chain:
    """The calls for one packet at one node, and the frames that it came and left in. The first entry is the oldest."""

    purpose: Purpose
    node: str
    cpu: int
    task: int
    entries: list[Call | Frame] = field(default_factory=list)

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Call))

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Frame))

    @property
    def time(self) -> int:
        return self.entries[0].time


@dataclass(frozen=True, slots=True)
class Aligned:
    """A trace beside its frames.

    `unplaced` are frames of its time that no packet was seen to pass for, `apart` is the farthest that a frame's time was from the
    passing of its packet, in ns.
    """

    chains: tuple[Chain, ...]
    unplaced: tuple[Frame, ...]
    apart: int


def align(trace: Trace, frames: Sequence[Frame]) -> Aligned:
    """The chains of a run, in the order of their beginnings. Raises nothing."""
    placed = match(trace.means, [event for event in trace.events if isinstance(event, Passing)], frames, trace.clock)
    chains = _Chains(placed)
    for event in trace.events:
        if isinstance(event, Passing):
            chains.passing(event)
        else:
            chains.call(event)
    found = {frame.number for frame in placed.values()}
    began, ended = (trace.events[0].time, trace.events[-1].time) if trace.events else (0, 0)
    unplaced = (frame for frame in frames if frame.number not in found and began <= frame.time <= ended)
    apart = max((abs(passing.time - frame.time) for passing, frame in placed.items()), default=0)
    return Aligned(tuple(chains.all), tuple(unplaced), apart)


class _Chains:
    """Chains while they are made.

    `by_skb` has the chain that a packet is in at a node, `arrived` the frame in which it came there; `last` is the chain that last
    called anything on a processor, at a node; `where` the node that a packet was last seen at, None where that is none of ours.
    """

    def __init__(self, placed: Mapping[Passing, Frame]) -> None:
        self.placed = placed
        self.all: list[Chain] = []
        self.by_skb: dict[tuple[int, str], Chain] = {}
        self.arrived: dict[tuple[int, str], Frame] = {}
        self.last: dict[tuple[int, str], Chain] = {}
        self.where: dict[int, str | None] = {}

    def passing(self, passing: Passing) -> None:
        frame = self.placed.get(passing)
        self.where[passing.skb] = frame.node if frame else None
        if frame is None:
            return
        key = passing.skb, frame.node
        if not passing.sent:
            self.arrived[key] = frame
            self.by_skb.pop(key, None)
            return
        known = self.by_skb.pop(key, None)
        if known and known.purpose is Purpose.RECEPTION:  # its packet is gone, and the memory used again
            known = None
        chain = self._maker(passing, frame.node) or known
        if chain and frame.packet:
            chain.entries.append(frame)

    def _maker(self, passing: Passing, node: str) -> Chain | None:
        """The chain whose last call makes packets of its own, or sends what is cut up only at the interface (GSO)."""
        chain = self.last.get((passing.cpu, node))
        if chain is None:
            return None
        last = chain.calls[-1]
        larger = last.function in OUTPUTS and int(dict(last.values).get("len", 0)) > passing.length - ETHERNET_HEADER
        return chain if larger or last.function in (*FRAGMENTS, *ERRORS) else None

    def call(self, call: Call) -> None:
        node = call.node or (self.where.get(call.skb) if call.skb else None)
        if node is None:
            return
        chain = self._chain(call, node)
        if chain is None:
            return
        chain.entries.append(call)
        self.last[call.cpu, node] = chain
        if call.skb is not None:
            if call.function == DROP:
                self.by_skb.pop((call.skb, node), None)
            else:
                self.by_skb[call.skb, node] = chain

    def _chain(self, call: Call, node: str) -> Chain | None:
        """The chain that a call is of, a new one where it is of none; None for the drop of a packet that is in no chain."""
        function, last = call.function, self.last.get((call.cpu, node))
        own = self.by_skb.get((call.skb, node)) if call.skb is not None else None
        nested = last if last and _follows(last, call) else None
        if nested and nested.purpose is Purpose.FORWARDING:
            return nested  # an ICMP error takes the way of anything that is sent
        begins = BEGINNINGS.get(function)
        if function in ERRORS and not own and not _says_too_big(call):
            return None
        if begins in (Purpose.SENDING, Purpose.FORWARDING):
            return self._begin(begins, call, node)
        if own and (function == DROP or _has(own, function)):
            return own
        if nested:
            return nested
        if function == DROP:
            return None if call.skb is None or call.node else self._dropped(call, node)
        return self._begin(begins or (purposes(function) or (Purpose.SOCKET,))[0], call, node)

    def _dropped(self, call: Call, node: str) -> Chain | None:
        """A drop says itself in which function it was: without that function's call, it begins the chain."""
        location = str(dict(call.values).get("location", ""))
        purpose = BEGINNINGS.get(location)
        return self._begin(purpose, call, node) if purpose is Purpose.FORWARDING else None

    def _begin(self, purpose: Purpose, call: Call, node: str) -> Chain:
        chain = Chain(purpose, node, call.cpu, call.task)
        came = self.arrived.pop((call.skb, node), None) if call.skb is not None else None
        if came and purpose in (Purpose.FORWARDING, Purpose.RECEPTION):
            chain.entries.append(came)
        self.all.append(chain)
        return chain


def _says_too_big(call: Call) -> bool:
    """Whether an ICMP error is a PTB, of either family."""
    values = dict(call.values)
    return (values.get("type"), values.get("code")) in ((3, 4), (2, 0))


def _follows(chain: Chain, call: Call) -> bool:
    """Whether a call that names no packet of the chain's is one of its calls: on its behalf, on its processor, next in order."""
    last = chain.calls[-1]
    if (last.task, last.softirq) != (call.task, call.softirq) or last.cpu != call.cpu:
        return False
    if chain.purpose is Purpose.FORWARDING:
        inside = any(made.function in ERRORS for made in chain.calls) and chain.calls[-1].function != DROP
        return inside and Purpose.SENDING in purposes(call.function) and not isinstance(chain.entries[-1], Frame)
    if call.function in BEGINNINGS and BEGINNINGS[call.function] is not Purpose.SOCKET:
        return False
    same = last.sk is None or call.sk is None or last.sk == call.sk
    return same and _may_follow(chain, call.function) and not isinstance(chain.entries[-1], Frame)


def _may_follow(chain: Chain, function: str) -> bool:
    """Whether a function is one of this purpose's, and none that was to come before the last."""
    return _has(chain, function) and in_order(chain.calls[-1].function, function)


def _has(chain: Chain, function: str) -> bool:
    """Whether a function is one of this purpose's; what is passed on is sent, too."""
    its = purposes(function)
    return chain.purpose in its or (chain.purpose is Purpose.FORWARDING and Purpose.SENDING in its)
