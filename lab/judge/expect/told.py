"""Expectations about PTBs of the act's flows, seen one by one: when they come, how far, and what they are about."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.convergence import told
from lab.judge.expect.base import Expectation, Seen, either, listed, many, nothing, nth, numbers
from lab.judge.expect.ptb import ptbs_sent
from lab.judge.observation import Observation
from lab.model.packet import Icmp
from lab.model.rfc import Citation, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class ToldDuring(Expectation):
    """While the act's n-th `send` lasts, `by` tells its sender of this next-hop MTU, once or more."""

    send: int
    by: str
    mtu: int

    def claim(self) -> str:
        return f"during send {self.send}, {self.by} says that the next-hop MTU is {self.mtu}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "6.3"), Rfc(8201, "5.3"))

    def see(self, observation: Observation) -> Seen:
        outcome = nth(observation, self.send)
        if outcome is None:
            return nothing(f"send {self.send}")
        said = [f for f in ptbs_sent(observation, self.by, outcome.flow.source) if outcome.started <= f.time <= outcome.ended]
        if not said:
            return nothing(f"PTB leaves {self.by} during send {self.send}")
        return Seen(all(told(f) == self.mtu for f in said), f"{many(len(said), 'PTB')}: {listed(map(told, said))}", numbers(said))


@dataclass(frozen=True, slots=True)
class PtbHeard(Expectation):
    """A PTB of this next-hop MTU reaches the interface of `at`, whatever becomes of it there."""

    mtu: int
    at: str

    def claim(self) -> str:
        return f"a PTB with a next-hop MTU of {self.mtu} reaches {self.at}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1191, "4"), Rfc(4443, "3.2"))

    def see(self, observation: Observation) -> Seen:
        heard = [f for f in observation.received_by(self.at) if told(f) is not None]
        if not heard:
            return nothing(f"PTB reaches {self.at}")
        return Seen(self.mtu in map(told, heard), f"{many(len(heard), 'PTB')}: {listed(map(told, heard))}", numbers(heard))


@dataclass(frozen=True, slots=True)
class PtbAbout(Expectation):
    """Every PTB from `by` is about a packet of `octets` octets, as the quoted header says: a super-packet's is above any MTU."""

    by: str
    octets: int

    def claim(self) -> str:
        return f"{self.by}'s PTBs are about packets of {self.octets} octets"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1812, "4.3.2.3"), Rfc(4443, "3.2"))

    def see(self, observation: Observation) -> Seen:
        about = [
            (f, f.packet.payload.quoted.octets)
            for f in observation.sent_by(self.by)
            if f.packet and told(f) is not None and isinstance(f.packet.payload, Icmp) and f.packet.payload.quoted
        ]
        if not about:
            return nothing(f"PTB leaves {self.by}")
        return Seen(
            {octets for _, octets in about} == {self.octets}, listed(octets for _, octets in about), numbers(f for f, _ in about)
        )
