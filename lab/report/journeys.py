"""What became of each packet, as events in the order of time: sent and delivered, lost at a router or on a link, fragmented.

The rule: a packet is told once, where its origin sent it. What a router did to it is told only where it did not just pass it on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lab.judge.observation import Event as Observed
from lab.judge.observation import Frame, Observation, RouteException, read_address
from lab.judge.passage import ETHERNET_HEADER, Datagram, datagram, identity, lost_at, originals, renamed_datagrams, rewritten
from lab.model.packet import Icmp, Packet, Protocol, TcpFlag, TcpHeader
from lab.model.topology import IPV4
from lab.report.wording import fragments_words, packet_words, rewriting_words
from lab.theory.plan import Interface

DELIVERED, LOST = "delivered", "lost"

# Of ICMPv6, multicast listener discovery (RFC 2710, RFC 3810) and neighbour discovery (RFC 4861): housekeeping of one link.
_HOUSEKEEPING = frozenset({130, 131, 132, 133, 134, 135, 136, 137, 143})

Pieces = dict[int, tuple[int, bool]]
"""Fragments of one datagram: by offset, the octets that each carries and whether more follow."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, at `time` (nanoseconds since the epoch).

    `octets` is the size of the IP packet, None where the event is no packet; `segment` the payload of a TCP segment that has some.
    `frames` are numbers in the capture: of the packet as it was sent, as it reached the router that lost it, or of its fragments.
    `drop`: a packet ended here, at the link end `lost` that it should have left by, or come in by (None where none can be told).
    `of` is what the kernel or the lab reported, where the event is no packet.
    """

    time: int
    who: str
    what: str
    octets: int | None = None
    df: bool = False
    note: str = ""
    frames: tuple[int, ...] = ()
    segment: int | None = None
    drop: bool = False
    lost: Interface | None = None
    of: Observed | RouteException | None = None


def matters(packet: Packet | None) -> bool:
    """Whether a timeline tells of this packet. Hidden: no IP, multicast, a link's housekeeping, TCP's bare ACKs and FINs."""
    if packet is None or read_address(packet.destination).is_multicast:
        return False
    if isinstance(packet.payload, TcpHeader):
        return packet.payload.octets > 0 or bool(packet.payload.flags & (TcpFlag.SYN | TcpFlag.RST))
    return not (packet.protocol == Protocol.ICMPV6 and isinstance(packet.payload, Icmp) and packet.payload.type in _HOUSEKEEPING)


class Journeys:
    """The frames of one act, indexed."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation
        self._plan = observation.plan
        self._shown = [frame for frame in observation.frames if matters(frame.packet)]
        self._arrived: Counter[bytes] = Counter()
        self._arrived_pieces: defaultdict[Datagram, Pieces] = defaultdict(dict)
        self._received: defaultdict[tuple[str, str], Counter[bytes]] = defaultdict(Counter)
        self._sent_pieces: defaultdict[tuple[str, Datagram], list[Frame]] = defaultdict(list)
        self._errors: defaultdict[str, set[object]] = defaultdict(set)
        self._rewritten: list[tuple[Frame, Frame]] = []
        self._before: dict[bytes, bytes] = {}  # what a rewritten packet was when its origin sent it
        self._datagram_before: dict[Datagram, Datagram] = {}
        if not self._resegmented:
            self._index_rewritten()
        self._not_its_own = {id(left) for _, left in self._rewritten}
        for frame in self._shown:
            self._index(frame)

    def _index_rewritten(self) -> None:
        for router in self._observation.routers:
            self._rewritten += rewritten(self._observation, router)
            self._datagram_before |= renamed_datagrams(self._observation, router)
        self._before = {key: identity(frame) for key, frame in originals(self._observation).items()}

    def _key(self, frame: Frame) -> bytes:
        """The same for a packet wherever it is seen on its way."""
        key = identity(frame)
        return self._before.get(key, key)

    def _datagram(self, frame: Frame) -> Datagram:
        key = datagram(frame)
        return self._datagram_before.get(key, key)

    def _index(self, frame: Frame) -> None:
        packet = _packet(frame)
        if frame.sent:
            if packet.is_fragment:
                self._sent_pieces[frame.node, datagram(frame)].append(frame)
            if isinstance(packet.payload, Icmp) and packet.payload.quoted:
                self._errors[frame.node].add(_quotable(packet.payload.quoted))
            return
        self._received[frame.node, frame.interface][identity(frame)] += 1
        if packet.inner and self._owner(packet.inner.destination) == frame.node:
            # A tunnel's packet ends with the one that it carries.
            start = ETHERNET_HEADER + packet.octets - packet.inner.octets
            self._arrived[identity(replace(frame, octets=bytes(ETHERNET_HEADER) + frame.octets[start:], packet=packet.inner))] += 1
        if self._owner(packet.destination) == frame.node:
            self._arrived[self._key(frame)] += 1
            if packet.is_fragment:
                self._arrived_pieces[self._datagram(frame)][packet.fragment_offset] = _carried(frame), packet.more_fragments

    def events(self) -> Iterator[Event]:
        """Everything worth telling, in no order. Of one moment, what was sent comes before what became of it."""
        yield from self._sent()
        if self._resegmented:
            return
        for router in self._observation.routers:
            for frame in lost_at(self._observation, router):
                if matters(frame.packet):
                    yield self._lost_at_router(frame)
            yield from self._fragmented(router)
        for came, left in self._rewritten:
            if matters(came.packet):
                words = rewriting_words(_packet(came), _packet(left))
                yield Event(left.time, f"{left.node} ⇄ {left.interface}", words, frames=(came.number, left.number))
        yield from self._lost_on_links()

    @property
    def _resegmented(self) -> bool:
        """With offloads, a router cuts super-packets into segments, and what it sent is no longer what it received."""
        return self._plan.topology.offloads

    def _owner(self, address: str) -> str | None:
        return self._observation.owner(address)

    def _named(self, address: str) -> str:
        return self._owner(address) or address

    def _sent(self) -> Iterator[Event]:
        told = set()
        for frame in self._shown:
            packet = _packet(frame)
            owner = self._owner(packet.source)
            # A host forwards nothing, so what it sends in another's name is forged, and its own.
            if id(frame) in self._not_its_own:
                continue
            if not frame.sent or (owner != frame.node and self._plan.nodes[frame.node].forwards):
                continue
            if not packet.is_fragment:
                yield self._whole(frame)
            elif (key := datagram(frame)) not in told:
                told.add(key)
                yield from self._in_fragments(self._sent_pieces[frame.node, key])

    def _whole(self, frame: Frame) -> Event:
        packet = _packet(frame)
        key = self._key(frame)
        delivered = self._arrived[key] > 0
        self._arrived[key] -= delivered
        delivered = delivered or _complete(self._arrived_pieces.get(self._datagram(frame), {}))
        segment = packet.payload.octets if isinstance(packet.payload, TcpHeader) else 0
        return Event(
            frame.time,
            self._to(frame),
            packet_words(packet, _carried(frame)),
            packet.octets,
            packet.df,
            self._fate(packet, delivered),
            (frame.number,),
            segment or None,
        )

    def _fate(self, packet: Packet, delivered: bool) -> str:
        """What to say of it: a handshake or an ICMP error that arrives is no news."""
        if self._resegmented:
            return ""
        payload = packet.payload
        quiet = isinstance(payload, TcpHeader) and not payload.octets
        if isinstance(payload, Icmp):
            quiet = not (payload.echo_request or payload.echo_reply)
        return ("" if quiet else DELIVERED) if delivered else LOST

    def _in_fragments(self, frames: list[Frame]) -> Iterator[Event]:
        """A datagram that its own source fragmented: what it is, and then its pieces."""
        first = min(frames, key=lambda frame: _packet(frame).fragment_offset)
        packet = _packet(first)
        octets = sum(map(_carried, frames))
        fate = DELIVERED if _complete(self._arrived_pieces.get(self._datagram(first), {})) else LOST
        yield Event(frames[0].time, self._to(first), packet_words(packet, octets), note=fate, frames=_numbers(frames))
        yield self._cut(frames)

    def _to(self, frame: Frame) -> str:
        """Who sends to whom."""
        packet = _packet(frame)
        source = self._named(packet.source)
        pretends = f" (as {source})" if source != frame.node else ""
        return f"{frame.node}{pretends} → {self._named(packet.destination)}"

    def _cut(self, frames: list[Frame]) -> Event:
        """The pieces that a node made of one packet."""
        first = frames[0]
        packets = [_packet(frame) for frame in frames]
        words = fragments_words([p.octets for p in packets], [p.fragment_offset for p in packets])
        return Event(first.time, f"{first.node} ⇉ {first.interface}", words, frames=_numbers(frames))

    def _fragmented(self, router: str) -> Iterator[Event]:
        """What `router` cut up: fragments that left it and had not come into it."""
        came: Counter[bytes] = Counter()
        for (node, _), keys in self._received.items():
            if node == router:
                came += keys
        for (node, _), frames in self._sent_pieces.items():
            made = [
                frame for frame in frames if node == router and not came[identity(frame)] and id(frame) not in self._not_its_own
            ]
            if made and self._owner(_packet(made[0]).source) != router:
                yield self._cut(made)

    def _lost_at_router(self, frame: Frame) -> Event:
        packet = _packet(frame)
        silent = "" if _quotable(packet) in self._errors[frame.node] else ", and says nothing"
        end = self._egress(frame.node, packet)
        words = self._why(frame, packet, end) + silent
        return Event(frame.time, f"{frame.node} ✗", words, frames=(frame.number,), drop=True, lost=end)

    def _why(self, frame: Frame, packet: Packet, egress: Interface | None) -> str:
        if egress is None:
            return f"no route to {self._named(packet.destination)}"
        if packet.hop_limit <= 1:
            return "TTL used up" if packet.family is IPV4 else "hop limit used up"
        mtu = self._observation.mtu(egress, frame.time)
        link = f"{egress.node}–{egress.peer} ({mtu})"
        if packet.octets > mtu:
            return f"too big for {link}"
        return f"dropped, though it fits {link}"

    def _egress(self, router: str, packet: Packet) -> Interface | None:
        """The interface by which the planned routes send this packet on."""
        owner = self._owner(packet.destination)
        try:
            if self._plan.nodes[router].bridge:
                source = self._owner(packet.source)
                way = self._plan.path(source, owner, packet.family) if source and owner else ()
                return next((hop for hop in way if hop.node == router), None)
            return self._plan.path(router, owner, packet.family)[0] if owner else None
        except LookupError:
            return None

    def _lost_on_links(self) -> Iterator[Event]:
        """What left one end of a link and did not reach the other: an interface takes little more than its own MTU."""
        for frame in self._shown:
            if not frame.sent:
                continue
            received = self._received[frame.interface, frame.node]
            key = identity(frame)
            if received[key]:
                received[key] -= 1
                continue
            end = self._plan.nodes[frame.interface].interface(frame.node)
            too_big = _packet(frame).octets > (mtu := self._observation.mtu(end, frame.time))
            words = f"too big for {frame.interface}'s end of the link ({mtu})" if too_big else "lost on the link"
            who, words = f"{frame.node} ✗ {frame.interface}", f"{words}, and nobody says so"
            yield Event(frame.time, who, words, frames=(frame.number,), drop=True, lost=end)


def _packet(frame: Frame) -> Packet:
    assert frame.packet
    return frame.packet


def _numbers(frames: Iterable[Frame]) -> tuple[int, ...]:
    return tuple(frame.number for frame in frames)


def _carried(frame: Frame) -> int:
    """Octets behind the IP header; of an IPv6 packet, behind its 40 octets and a Fragment header's 8."""
    packet = _packet(frame)
    if packet.family is IPV4:
        return packet.octets - (frame.octets[ETHERNET_HEADER] & 15) * 4
    return packet.octets - (40 if packet.identification is None else 48)


def _complete(pieces: Pieces) -> bool:
    """Whether the fragments make up their whole datagram (RFC 791 §3.2)."""
    reached = 0
    for offset, (octets, more) in sorted(pieces.items()):
        if offset > reached:
            return False
        reached = max(reached, offset + octets)
        if not more:
            return True
    return False


def _quotable(packet: Packet) -> object:
    """What an ICMP error repeats of a packet's IP header, so far as it tells packets apart."""
    return packet.source, packet.destination, packet.protocol, packet.identification, packet.octets
