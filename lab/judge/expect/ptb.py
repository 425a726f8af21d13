"""Expectations about PTBs: who sends them, what they say, in which order, and that none come."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from lab.judge.convergence import told
from lab.judge.expect.base import Expectation, Seen, either, family_of, is_at, joined, listed, many, nothing, numbers
from lab.judge.observation import Frame, Observation
from lab.model.packet import Icmp
from lab.model.rfc import Citation, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class TooBig(Expectation):
    """Router `by` sends PTBs to host `to`: at least one, or exactly `times`, all with this next-hop MTU.

    Each comes from the address `source`, by default that of the interface by which it leaves the router, and is of the flows'
    family, or of `family` where a tunnel's is another: ICMPv4 type 3 code 4, or ICMPv6 type 2.
    """

    by: str
    to: str
    mtu: int
    times: int | None = None
    source: str | None = None
    family: Family | None = None

    def claim(self) -> str:
        times = "" if self.times is None else f", in {many(self.times, 'PTB')}"
        source = "" if self.source is None else f", from {self.source}"
        over = "" if self.family is None else f", by {self.family}"
        return f"{self.by} tells {self.to} that the next-hop MTU is {self.mtu}{times}{source}{over}"

    def cites(self, family: Family) -> Citation:
        return either(self.family or family, Rfc(1191, "4"), Rfc(4443, "3.2"))

    def see(self, observation: Observation) -> Seen:
        sent = ptbs_sent(observation, self.by, self.to, self.source)
        if not sent:
            return nothing(f"PTB leaves {self.by} for {self.to}")
        frames = numbers(sent)
        if any(told(f) != self.mtu for f in sent):
            return Seen(False, f"it says {listed(told(f) for f in sent)}", frames)
        for frame in sent:
            assert frame.packet
            interface = observation.plan.nodes[self.by].interface(frame.interface)
            own = self.source or str(interface.addresses.get(frame.packet.family))
            if frame.packet.source != own:
                return Seen(False, f"it comes from {frame.packet.source} and not from {own}", frames)
            if frame.packet.family != (self.family or family_of(observation)):
                return Seen(False, f"it is {frame.packet.family}", frames)
        words = f"{many(len(sent), 'PTB')}, next-hop MTU {self.mtu}"
        return Seen(self.times in (None, len(sent)), words, frames)


@dataclass(frozen=True, slots=True)
class PtbQuotes(Expectation):
    """Every PTB from `by` is `octets` octets long, and quotes `quoted` octets of the packet that it is about."""

    by: str
    octets: int
    quoted: int

    def claim(self) -> str:
        return f"{self.by}'s PTB has {self.octets} octets and quotes {self.quoted} of the packet"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1812, "4.3.2.3"), Rfc(4443, "3.2"))

    def see(self, observation: Observation) -> Seen:
        ptbs = [f for f in observation.sent_by(self.by) if told(f) is not None]
        # Not those that another router sent and that only pass through.
        sent = [f for f in ptbs if f.packet and observation.owner(f.packet.source) in (self.by, None)]
        if not sent:
            return nothing(f"PTB leaves {self.by}")
        sizes = [(f.packet.octets, f.packet.payload.quoted_octets) for f in sent if f.packet and isinstance(f.packet.payload, Icmp)]
        words = listed(f"{octets} octets quoting {quoted}" for octets, quoted in sizes)
        return Seen(set(sizes) == {(self.octets, self.quoted)}, words, numbers(sent))


@dataclass(frozen=True, slots=True)
class PtbOrder(Expectation):
    """Host `to` hears PTBs in this order, each from the router named and with the MTU said; repetitions of one count once."""

    to: str
    order: tuple[tuple[str, int], ...]

    def claim(self) -> str:
        return f"{self.to} hears, in this order: {joined(f'{mtu} from {router}' for router, mtu in self.order)}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "3"), Rfc(8201, "4"))

    def see(self, observation: Observation) -> Seen:
        heard = [f for f in observation.received_by(self.to) if told(f) is not None]
        if not heard:
            return nothing(f"PTB reaches {self.to}")
        # News only: while a flight is still on its way, a router may repeat itself after the next one has spoken.
        said = list(dict.fromkeys((observation.owner(f.packet.source), told(f)) for f in heard if f.packet))
        words = joined(f"{mtu} from {router}" for router, mtu in said)
        return Seen(tuple(said) == self.order, words, numbers(next(group) for _, group in groupby(heard, key=told)))


@dataclass(frozen=True, slots=True)
class NoTooBig(Expectation):
    """Host `to` hears no PTB, while packets of its own of `octets` octets or more go out and so could have caused one."""

    to: str
    octets: int

    def claim(self) -> str:
        return f"{self.to} sends {self.octets} octets and hears no PTB"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "4"), Rfc(4443, "3.2"))

    def see(self, observation: Observation) -> Seen:
        large = [
            f
            for f in observation.sent_by(self.to)
            if f.packet and f.packet.octets >= self.octets and observation.owner(f.packet.source) == self.to
        ]
        if not large:
            return nothing(f"packet of {self.octets} octets or more leaves {self.to}, so nothing is shown")
        heard = [f for f in observation.received_by(self.to) if told(f) is not None]
        if heard:
            return Seen(False, f"{many(len(heard), 'PTB')}: {listed(told(f) for f in heard)}", numbers(heard))
        return Seen(True, f"{many(len(large), 'packet')} and no PTB", numbers(large))


def ptbs_sent(observation: Observation, by: str, to: str, source: str | None = None) -> list[Frame]:
    """PTBs as they leave router `by` for host `to`, of its own making; or in another's name, where that is given as `source`."""
    return [
        f
        for f in observation.sent_by(by)
        if f.packet
        and told(f) is not None
        and (observation.owner(f.packet.source) in (by, None) or f.packet.source == source)
        and is_at(observation, f.packet.destination, to)
    ]
