"""Expectations about the packet that a PTB quotes."""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.convergence import told
from lab.judge.expect.base import Expectation, Seen, either, listed, nothing, numbers
from lab.judge.observation import Observation
from lab.model.packet import Icmp
from lab.model.rfc import Citation, Rfc
from lab.model.topology import Family


@dataclass(frozen=True, slots=True)
class Quotes(Expectation):
    """Every PTB, at least one, that reaches `at` quotes a packet from `source` to `destination`: nodes, or addresses."""

    source: str
    destination: str
    at: str

    def claim(self) -> str:
        return f"the PTB that reaches {self.at} quotes a packet from {self.source} to {self.destination}"

    def cites(self, family: Family) -> Citation:
        return either(family, Rfc(1812, "4.3.2.3"), Rfc(4443, "3.2"))

    def see(self, observation: Observation) -> Seen:
        heard = [f for f in observation.received_by(self.at) if told(f) is not None]
        if not heard:
            return nothing(f"PTB reaches {self.at}")
        quoted = [f.packet.payload.quoted for f in heard if f.packet and isinstance(f.packet.payload, Icmp)]
        ends = [(p.source, p.destination) if p else None for p in quoted]
        words = listed(f"{end[0]} to {end[1]}" if end else "nothing that can be read" for end in ends)
        wanted = (self.source, self.destination)
        holds = all(
            end is not None and all(w in (e, observation.owner(e)) for w, e in zip(wanted, end, strict=True)) for end in ends
        )
        return Seen(holds, words, numbers(heard))
