"""Observations made by hand: packets that cross links, frame by frame, as the taps of a running lab would see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from lab.judge.observation import Event, Frame, Observation, Outcome, RouteException
from lab.model.encode import encode
from lab.model.flow import Flow
from lab.model.packet import Icmp, Packet, Protocol, TcpFlag, TcpHeader, UdpHeader
from lab.model.topology import IPV4, Family
from lab.model.wire import decode
from lab.theory.plan import Plan

START = 1_700_000_000_000_000_000
TICK = 10_000
"""Nanoseconds between one frame, or event, and the next."""


@dataclass
class Crossings:
    """An act in the making. Frames are numbered on from `first`, and the clock goes on with each of them."""

    plan: Plan
    family: Family = IPV4
    first: int = 1
    frames: list[Frame] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    _now: int = START
    _identification: int = 0

    def tick(self) -> int:
        self._now += TICK
        return self._now

    def cross(self, packet: Packet, *nodes: str, body: bytes = b"") -> Packet:
        """Takes the packet along `nodes`: one frame where it leaves each, one where it reaches the next. Gives it as it left."""
        for hop, (node, to) in enumerate(pairwise(nodes)):
            octets = encode(replace(packet, hop_limit=packet.hop_limit - hop), body)
            self.frame(node, to, octets, sent=True)
            self.frame(to, node, octets, sent=False)
        return packet

    def frame(self, node: str, interface: str, octets: bytes, *, sent: bool) -> None:
        number = self.first + len(self.frames)
        self.frames.append(Frame(number, self.tick(), node, interface, sent, octets, len(octets), decode(octets)))

    def observation(self) -> Observation:
        return Observation(self.plan, tuple(self.frames), tuple(self.events))

    def address(self, node: str) -> str:
        return str(self.plan.address(node, self.family))

    def packet(self, source: str, to: str, octets: int, protocol: int, *, df: bool = True) -> Packet:
        """An IP packet of `octets` without a payload that can be read; under IPv6 without DF."""
        self._identification += 1
        number = self._identification if self.family is IPV4 else None
        whole = Packet(self.family, self.address(source), self.address(to), octets, protocol)
        return replace(whole, df=df and self.family is IPV4, identification=number)

    def udp(self, source: str, to: str, octets: int, *, df: bool = True) -> Packet:
        """A datagram with `octets` of payload."""
        header = UdpHeader(40000, 7001, octets)
        return replace(self.packet(source, to, octets + self._header + 8, Protocol.UDP, df=df), payload=header)

    def tcp(self, source: str, to: str, octets: int, flags: TcpFlag = TcpFlag.ACK, mss: int | None = None) -> Packet:
        """A segment with `octets` of payload and timestamps, 32 octets of header, or 36 with an MSS."""
        header = TcpHeader(40000, 7001, self._now % 2**32, 1, flags, 500, octets, mss, True)
        whole = self._header + (32 if mss is None else 36) + octets
        return replace(self.packet(source, to, whole, Protocol.TCP), payload=header)

    def icmp(self, source: str, to: str, octets: int, icmp: Icmp, *, df: bool = True) -> Packet:
        """An ICMP message with `octets` behind its own 8."""
        protocol = Protocol.ICMP if self.family is IPV4 else Protocol.ICMPV6
        return replace(self.packet(source, to, self._header + 8 + octets, protocol, df=df), payload=icmp)

    def ptb(self, by: str, about: Packet, mtu: int) -> Packet:
        """What router `by` says of a packet that is too big, as large as RFC 1812 §4.3.2.3 and RFC 4443 §2.4 let it be."""
        limit, kind, code = (576, 3, 4) if self.family is IPV4 else (1280, 2, 0)
        quoted = min(about.octets, limit - self._header - 8)
        to = self.plan.owner(self.plan.address("client", self.family)) or ""
        return self.icmp(by, to, quoted, Icmp(kind, code, mtu, quoted=about, quoted_octets=quoted), df=False)

    @property
    def _header(self) -> int:
        return 20 if self.family is IPV4 else 40

    def sent(self, flow: Flow, octets: int, **rest: object) -> None:
        """An Outcome that ends now, and began with the act."""
        self.events.append(Outcome(flow, octets, START, self.tick(), **rest))  # type: ignore[arg-type]  # one field a keyword, as the test names it

    def exception(self, mtu: int, *, locked: bool = False) -> tuple[RouteException, ...]:
        return (RouteException("client", self.address("server"), mtu, locked, 599.98),)


def fragments(packet: Packet, sizes: Sequence[int]) -> list[Packet]:
    """An IPv4 packet cut into fragments of these sizes, headers and all. The last takes what is left."""
    pieces = []
    offset, left = packet.fragment_offset, packet.octets - 20
    for number, size in enumerate(sizes):
        more = packet.more_fragments or number < len(sizes) - 1
        payload = packet.payload if offset == 0 else None
        piece = replace(packet, octets=size, fragment_offset=offset, more_fragments=more, payload=payload, df=False)
        pieces.append(piece)
        offset, left = offset + size - 20, left - (size - 20)
    assert left == 0, f"{left} octets are in no fragment"
    return pieces


def repeated(observation: Observation, times: int) -> Observation:
    """The same frames so many times, one round 100 µs after the other."""
    frames = observation.frames
    rounds = ((i, frame) for i in range(times) for frame in frames)
    again = (replace(f, number=i * len(frames) + f.number, time=f.time + i * 10 * TICK) for i, f in rounds)
    return replace(observation, frames=tuple(again))
