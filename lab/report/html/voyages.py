"""Every packet of an act that matters, followed from link to link: where it went, what it became, and where it ended.

The rule: what lab.report.html.crossings knows as one flight is one packet, and so is what a router rewrites (NAT, a clamped MSS) or
a tunnel's end unpacks. What a node cuts from a packet, puts together from fragments, or wraps around another is a packet of its
own, and names those that it was made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lab.judge.observation import Frame, Observation
from lab.judge.passage import ETHERNET_HEADER, Datagram, blocks, datagram, identity, is_for, renamed_datagrams, rewritten
from lab.model.packet import Icmp, Packet, TcpHeader, UdpHeader
from lab.report.html.crossings import Flight, Hop, flights
from lab.report.journeys import Event, Journeys, matters
from lab.report.wording import packet_words

DELIVERED, JOINED, CUT, WRAPPED, DROPPED, GONE, UNTOLD = "delivered", "joined", "cut", "wrapped", "dropped", "gone", ""
"""How a packet can end: at its receiver; there or on the way, as a piece of what is whole again; in fragments; inside a tunnel's
packet; dropped at a node; lost on a link; or nobody can tell."""

OPEN = (UNTOLD, CUT, JOINED)
"""Of a packet that came into a node: more may be made of it there."""


@dataclass(slots=True)
class Voyager:
    """A packet on its way. `number` counts from 0 in the order of departure; `made_of` are numbers of others.

    `kind` is udp, tcp, icmp, ptb, fragment or other; `to` the node that it is for, or the address where no node has it. `made` says
    in words what was made of `made_of`, and only in the first piece of it. `why` says why it was dropped, `at` at which link end
    (node, neighbour), and `limit` is the MTU there, where that was too small.
    """

    number: int
    packet: Packet
    kind: str
    words: str
    to: str
    hops: list[Hop] = field(default_factory=list)
    made_of: tuple[int, ...] = ()
    made: str = ""
    fate: str = UNTOLD
    why: str = ""
    at: tuple[str, str] | None = None
    limit: int | None = None

    @property
    def left(self) -> int:
        """When it left its origin, in ns since the epoch."""
        return self.hops[0].left

    @property
    def mtu(self) -> int | None:
        """What a PTB says."""
        return self.packet.payload.mtu if isinstance(self.packet.payload, Icmp) else None

    @property
    def frames(self) -> Iterator[int]:
        return (number for hop in self.hops for number in hop.numbers)


def follow(observation: Observation) -> list[Voyager]:
    """All packets that a timeline would tell of, in the order of departure. Raises nothing."""
    following = _Following(observation)
    for flight in flights(frame for frame in observation.frames if matters(frame.packet)):
        following.take(flight)
    following.join()
    return following.all


class _Following:
    """The packets so far, and what has come into each node and may leave it as something else."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation
        self.all: list[Voyager] = []
        self._told: dict[int, Event] = {}
        self._drops: dict[int, Event] = {}
        for event in Journeys(observation).events():
            for number in event.frames:
                (self._drops if event.drop else self._told).setdefault(number, event)
        # With offloads, what leaves a router is not what came.
        routers = () if observation.plan.topology.offloads else observation.routers
        self._came_as = {id(left): came.number for node in routers for came, left in rewritten(observation, node)}
        self._renamed = {node: renamed_datagrams(observation, node) for node in routers}
        self._by_last: dict[int, Voyager] = {}  # by the number of the frame that was seen last of it
        self._came: defaultdict[tuple[str, bytes], list[Voyager]] = defaultdict(list)
        self._unwrapped: defaultdict[tuple[str, bytes], list[Voyager]] = defaultdict(list)
        self._pieces: defaultdict[tuple[str, Datagram], list[tuple[Voyager, Frame]]] = defaultdict(list)

    def take(self, flight: Flight) -> None:
        """The next flight in the order of departure."""
        first = flight.first
        same = self._by_last.get(self._came_as.get(id(first), 0)) or _next(self._unwrapped.get((first.node, identity(first))))
        voyager = same or self._new(flight)
        voyager.hops += flight.hops
        if not same:
            self._name_makers(voyager, first)
        self._end(voyager)

    def _new(self, flight: Flight) -> Voyager:
        frame, packet = flight.first, flight.packet
        assert packet
        kind = _kind(packet)
        told = self._told.get(frame.number)
        words = told.what if told else packet_words(packet, packet.octets - 20)
        if kind == "fragment":
            words = f"fragment of {packet.octets} octets at {packet.fragment_offset}{'' if packet.more_fragments else ', the last'}"
        to = self._observation.owner(packet.destination) or packet.destination
        self.all.append(Voyager(len(self.all), packet, kind, words, to))
        return self.all[-1]

    def _name_makers(self, voyager: Voyager, frame: Frame) -> None:
        """What came into the node that this packet leaves first, and was made into it."""
        node, inside = frame.node, _inner(frame)
        wrapped = _next(self._came.get((node, identity(inside)))) if inside else None
        name, mine = datagram(frame), set(blocks(frame))
        came = self._pieces.get((node, self._renamed.get(node, {}).get(name, name)), ())
        of = [(other, blocks(piece)) for other, piece in came if other.fate in OPEN and not mine.isdisjoint(blocks(piece))]
        makers = [wrapped] if wrapped else [other for other, _ in of]
        for maker in makers:
            maker.fate = WRAPPED if wrapped else JOINED if all(mine.issuperset(its) for _, its in of) else CUT
        voyager.made_of = tuple(maker.number for maker in makers)
        told = self._told.get(frame.number)
        if makers and told and frame.number == told.frames[0]:
            voyager.made = told.what

    def _end(self, voyager: Voyager) -> None:
        """How it ends, so far as its own hops tell; and where it may be seen again as something else."""
        last = voyager.hops[-1]
        drop = next((self._drops[number] for number in last.numbers if number in self._drops), None)
        if drop and drop.lost:
            voyager.at, mtu = (drop.lost.node, drop.lost.peer), self._observation.mtu(drop.lost, drop.time)
            voyager.limit = mtu if voyager.packet.octets > mtu else None
        if last.received is None:
            voyager.fate, voyager.why = GONE, drop.what if drop else "lost on the link"
            return
        frame = last.received
        self._by_last[frame.number] = voyager
        if drop:
            voyager.fate, voyager.why = DROPPED, drop.what
            return
        voyager.fate = DELIVERED if is_for(self._observation, frame, frame.node) else UNTOLD
        self._came[frame.node, identity(frame)].append(voyager)
        self._pieces[frame.node, datagram(frame)].append((voyager, frame))
        inside = _inner(frame)
        if inside:
            wrapped = [self.all[number] for number in voyager.made_of if self.all[number].fate == WRAPPED]
            self._unwrapped[frame.node, identity(inside)] += wrapped

    def join(self) -> None:
        """Which datagrams became whole at their receiver can be told only now."""
        for pieces in self._pieces.values():
            arrived = [(voyager, frame) for voyager, frame in pieces if voyager.fate == DELIVERED and voyager.kind == "fragment"]
            if arrived and _whole([frame for _, frame in arrived]):
                for voyager, _ in arrived:
                    voyager.fate = JOINED


def _next(waiting: list[Voyager] | None) -> Voyager | None:
    return waiting.pop(0) if waiting else None


def _kind(packet: Packet) -> str:
    if packet.is_fragment:
        return "fragment"
    match packet.payload:
        case UdpHeader():
            return "udp"
        case TcpHeader():
            return "tcp"
        case Icmp() as icmp:
            return "ptb" if icmp.too_big else "icmp"
    return "other"


def _inner(frame: Frame) -> Frame | None:
    """The packet that a tunnel's packet carries, as a frame of its own."""
    packet = frame.packet
    if packet is None or packet.inner is None:
        return None
    start = ETHERNET_HEADER + packet.octets - packet.inner.octets
    return replace(frame, octets=bytes(ETHERNET_HEADER) + frame.octets[start:], packet=packet.inner)


def _whole(frames: list[Frame]) -> bool:
    """Whether the fragments leave no gap, from the first octet to the last fragment (RFC 791 §3.2)."""
    last = next((frame for frame in frames if frame.packet and not frame.packet.more_fragments), None)
    seen = {block for frame in frames for block in blocks(frame)}
    return last is not None and seen.issuperset(range(max(blocks(last), default=0) + 1))
