"""Expectations about fragments at their destination: put together or not, and whether their sender is told when time runs out."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation, Seen, either, is_at, listed, many, nothing, nth, numbers
from lab.judge.observation import Frame, Observation
from lab.model.packet import Icmp, Icmp4, Icmp6
from lab.model.rfc import Citation, Kernel, Rfc
from lab.model.topology import IPV4, Family

REASSEMBLY = 1  # code of time exceeded, in both families: 0 is the hop limit's


@dataclass(frozen=True, slots=True)
class NotReassembled(Expectation):
    """Fragments of the act's n-th `send` reach its receiver, whose application gets nothing of it."""

    send: int

    def claim(self) -> str:
        return f"fragments of send {self.send} arrive, and no datagram"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(791, "3.2"), Rfc(8200, "4.5"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        meanwhile = [f for f in observation.received_by(outcome.flow.to) if outcome.started <= f.time <= outcome.ended]
        came = [f for f in meanwhile if is_own_fragment(observation, f, outcome.flow.source, outcome.flow.to)]
        if not came:
            return nothing(f"fragment of send {self.send} reaches {outcome.flow.to}")
        words = f"{many(len(came), 'fragment')}, {outcome.delivered} of {outcome.octets} octets delivered"
        return Seen(outcome.delivered == 0, words, numbers(came))


@dataclass(frozen=True, slots=True)
class TimeExceeded(Expectation):
    """`by` tells `to`, so many `times`, that the time for reassembly ran out: ICMPv4 type 11 code 1, ICMPv6 type 3 code 1.

    The error quotes a first fragment, with offset 0.
    """

    by: str
    to: str
    times: int = 1

    def claim(self) -> str:
        return f"{self.by} tells {self.to} that reassembly took too long, in {many(self.times, 'error')}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1122, "3.3.2"), Rfc(8200, "4.5"))

    def see(self, observation: Observation) -> Seen:
        sent = time_exceeded(observation, self.by, self.to)
        if not sent:
            return nothing(f"time exceeded leaves {self.by} for {self.to}")
        quoted = [f.packet.payload.quoted for f in sent if f.packet and isinstance(f.packet.payload, Icmp)]
        first = all(q and q.more_fragments and q.fragment_offset == 0 for q in quoted)
        words = f"{many(len(sent), 'error')}, quoting offset {listed(q.fragment_offset if q else None for q in quoted)}"
        return Seen(len(sent) == self.times and first, words, numbers(sent))


@dataclass(frozen=True, slots=True)
class NoTimeExceeded(Expectation):
    """Fragments from `to` reach `by`, their receiver, and it says nothing of any time that ran out."""

    by: str
    to: str

    def claim(self) -> str:
        return f"{self.by} gets fragments of {self.to}'s, and does not say that reassembly took too long"

    def cites(self, family: Family) -> Citation:
        ipv6 = Kernel("ip6_frag_expire", "net/ipv6/reassembly.c")
        return either(family, Kernel("ip_expire", "net/ipv4/ip_fragment.c"), ipv6)

    def see(self, observation: Observation) -> Seen:
        came = [f for f in observation.received_by(self.by) if is_own_fragment(observation, f, self.to, self.by)]
        if not came:
            return nothing(f"fragment reaches {self.by}, so nothing is shown")
        sent = time_exceeded(observation, self.by, self.to)
        return Seen(not sent, f"{many(len(came), 'fragment')}, {many(len(sent), 'error')}", numbers(sent or came))


def is_own_fragment(observation: Observation, frame: Frame, source: str, to: str) -> bool:
    packet = frame.packet
    if packet is None or not packet.is_fragment:
        return False
    return (observation.owner(packet.source), observation.owner(packet.destination)) == (source, to)


def time_exceeded(observation: Observation, by: str, to: str) -> list[Frame]:
    """Errors that say so, as they leave `by` for `to`."""

    def says_so(frame: Frame) -> bool:
        packet = frame.packet
        if packet is None or not isinstance(packet.payload, Icmp) or observation.owner(packet.source) != by:
            return False
        type = Icmp4.TIME_EXCEEDED if packet.family == IPV4 else Icmp6.TIME_EXCEEDED
        return (packet.payload.type, packet.payload.code) == (type, REASSEMBLY) and is_at(observation, packet.destination, to)

    return [f for f in observation.sent_by(by) if says_so(f)]
