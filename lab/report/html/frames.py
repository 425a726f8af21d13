"""Rows of the sequence diagram: every packet with the links that it crossed, and between them what no tap sees.

Rows alike are folded into groups, as in a timeline: a row joins one of the last few groups that shows the same. The diagram draws a
group as one arrow until somebody unfolds it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, takewhile
from typing import Any

from lab.judge.observation import Frame, Observation
from lab.judge.passage import ETHERNET_HEADER
from lab.model.packet import Icmp, Packet, TcpFlag, TcpHeader, UdpHeader
from lab.model.topology import IPV4
from lab.report.html.crossings import Flight
from lab.report.html.headers import ICMP4, ICMP6
from lab.report.journeys import Event, Journeys, matters
from lab.report.timeline import EVERYONE, RECENT, kernel_events
from lab.report.wording import packet_words
from lab.theory.linux import IP_HEADER

_ARP = b"\x08\x06"


@dataclass(frozen=True, slots=True)
class Looks:
    """What a group of rows shows.

    `kind` is udp, tcp, icmp, fragment, other, or note for what is no packet but was done or learned `at` a node. `path` has the
    places of the nodes on the way, `octets` is the packet's size, `ptb` the MTU that a PTB tells. `fate` says why a packet was
    lost, and `quiet` that a timeline would not tell of it.
    """

    kind: str
    what: str
    path: tuple[int, ...] = ()
    octets: int | None = None
    df: bool = False
    ptb: int | None = None
    fate: str = ""
    at: str = ""
    quiet: bool = False


@dataclass(slots=True)
class Group:
    """Rows that look alike. A row is the time since the act began (ns), what else there is to say, and its frames.

    Of each link on the way the frames are the one sent and the one received, 0 for one that is not there.
    """

    looks: Looks
    rows: list[tuple[int, str, tuple[int, ...]]] = field(default_factory=list)


def sequence(
    observation: Observation, flown: Iterable[Flight], nodes: Sequence[str], shown: Collection[int] | None = None
) -> list[Group]:
    """The act's groups, in the order of their first rows. `flown` are its flights, `shown` the frames to show (None: all)."""
    start = beginning(observation)
    events = [event for event in Journeys(observation).events() if event.frames]
    fates = {event.frames[0]: event.what for event in events if event.drop}
    streams = _Streams()
    made: list[tuple[int, Looks, str, tuple[int, ...]]] = []
    for flight in flown:
        more = streams.place(flight.packet)
        if shown is not None and not any(frame.number in shown for frame in flight.frames):
            continue
        looks = _looks(flight, [nodes.index(node) for node in flight.nodes], fates)
        numbers = (frame.number if frame else 0 for hop in flight.hops for frame in (hop.sent, hop.received))
        made.append((flight.first.time - start, looks, more, tuple(numbers)))
    notes = [event for event in events if "⇉" in event.who or "⇄" in event.who]
    notes += (event for event in kernel_events(observation) if not event.what.startswith("│"))  # what programs print has its place
    made += [(event.time - start, _note(event, nodes), "", ()) for event in notes]
    made.sort(key=lambda row: row[0])
    return _fold(made)


def beginning(observation: Observation) -> int:
    """The time from which the act's times count, as in its timeline: that of the first frame told of, else of what came first."""
    told = (frame.time for frame in observation.frames if matters(frame.packet))
    first = (event.time for event in kernel_events(observation))
    return next(chain(told, first, (frame.time for frame in observation.frames)), 0)


def as_json(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """For the page. What a group does not have is left out."""
    return [
        {"kind": group.looks.kind, "what": group.looks.what}
        | {
            name: value
            for name in ("path", "octets", "df", "ptb", "fate", "at", "quiet")
            if (value := getattr(group.looks, name)) not in ((), None, False, "")
        }
        | {"rows": group.rows}
        for group in groups
    ]


def _fold(made: Sequence[tuple[int, Looks, str, tuple[int, ...]]]) -> list[Group]:
    groups: list[Group] = []
    for time, looks, more, numbers in made:
        recent: Iterable[Group] = reversed(groups[-RECENT:])
        if looks.kind == "note":  # what is learned again after a packet was sent is no repetition
            recent = takewhile(lambda group: group.looks.kind == "note", recent)
        group = next((group for group in recent if group.looks == looks), None)
        if group is None:
            groups.append(group := Group(looks))
        group.rows.append((time, more, numbers))
    return groups


def _looks(flight: Flight, path: list[int], fates: dict[int, str]) -> Looks:
    packet = flight.packet
    fate = next((fates[frame.number] for frame in flight.frames if frame.number in fates), "")
    last = flight.hops[-1]
    if last.received is None and not fate:
        fate = "lost on the link"
    quiet = not matters(packet)
    if packet is None:
        return Looks("other", _without_ip(flight.first), tuple(path), flight.first.length - ETHERNET_HEADER, quiet=quiet, fate=fate)
    ptb = packet.payload.mtu if isinstance(packet.payload, Icmp) else None
    return Looks(_kind(packet), _words(packet, flight.first), tuple(path), packet.octets, packet.df, ptb, fate, quiet=quiet)


def _kind(packet: Packet) -> str:
    if packet.is_fragment:
        return "fragment"
    match packet.payload:
        case UdpHeader():
            return "udp"
        case TcpHeader():
            return "tcp"
        case Icmp():
            return "icmp"
    return "other"


def _words(packet: Packet, frame: Frame) -> str:
    headers = (frame.octets[ETHERNET_HEADER] & 15) * 4 if packet.family == IPV4 else 40 + 8 * (packet.identification is not None)
    words = _of(packet, packet.octets - headers)
    return f"{words}, carrying {_of(packet.inner, packet.inner.octets - IP_HEADER[packet.inner.family])}" if packet.inner else words


def _of(packet: Packet, carried: int) -> str:
    """What a packet is that carries so many octets."""
    if packet.is_fragment:
        return f"fragment: {carried} octets at {packet.fragment_offset}" + ("" if packet.more_fragments else ", the last")
    match packet.payload:
        case TcpHeader(octets=octets, flags=flags) if octets and not flags & (TcpFlag.SYN | TcpFlag.RST):
            return f"TCP, {octets} octets of payload"
        case Icmp(mtu=None, identifier=None) as icmp if icmp.type in (names := ICMP4 if packet.family == IPV4 else ICMP6):
            return f"ICMP{'' if packet.family == IPV4 else 'v6'} {names[icmp.type]}" + (f", code {icmp.code}" if icmp.code else "")
    return packet_words(packet, carried)


def _without_ip(frame: Frame) -> str:
    if frame.octets[12:14] != _ARP or len(frame.octets) < 42:
        return f"EtherType {frame.octets[12:14].hex()}"
    sender, target = ((".".join(map(str, frame.octets[at : at + 4]))) for at in (28, 38))
    return f"ARP: who has {target}?" if frame.octets[21] == 1 else f"ARP: {sender} is here"


def _note(event: Event, nodes: Sequence[str]) -> Looks:
    """What a node did or learned, told on its lifeline; what everyone did, or nobody in the network, on all of them."""
    who = event.who.partition(" ")[0]
    if who == EVERYONE:
        return Looks("note", event.what)
    return Looks("note", event.what, (nodes.index(who),) if who in nodes else (), at=who)


class _Streams:
    """Where TCP's segments are in their streams: numbers count from each side's SYN, or from the first segment seen."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, int, str, int], int] = {}

    def place(self, packet: Packet | None) -> str:
        """The segment's sequence numbers and what it acknowledges; empty for what is no segment."""
        if packet is None or not isinstance(packet.payload, TcpHeader):
            return ""
        tcp = packet.payload
        here = packet.source, tcp.source_port, packet.destination, tcp.destination_port
        there = here[2:] + here[:2]
        first = tcp.sequence if tcp.flags & TcpFlag.SYN else self._first.get(here, tcp.sequence - 1)
        self._first[here] = first
        place = (tcp.sequence - first) % 2**32
        words = [f"seq {place}–{place + tcp.octets - 1}"] if tcp.octets else []
        if tcp.flags & TcpFlag.ACK:
            words.append(f"ack {(tcp.acknowledgment - self._first.setdefault(there, tcp.acknowledgment - 1)) % 2**32}")
        return ", ".join(words)
