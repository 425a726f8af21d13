"""What a capture says of a link: the packets that left by one of its ends, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from lab.model.packet import Icmp, Packet, TcpFlag, TcpHeader, UdpHeader
from lab.world.kept import TappedFrame


def left_by(end: str, frames: Iterable[TappedFrame]) -> list[Packet]:
    """The packets that left a node by link end `end` ("client:r1")."""
    return [packet for frame in frames if frame.sent and frame.interface.end == end and (packet := frame.packet)]


def segments(packets: Iterable[Packet]) -> list[Packet]:
    """Those that carry data of a TCP stream."""
    return [packet for packet in packets if isinstance(packet.payload, TcpHeader) and packet.payload.octets]


def mss(packets: Iterable[Packet]) -> list[int | None]:
    """The MSS that each SYN and SYN-ACK announces; None where it has no such option."""
    headers = (packet.payload for packet in packets if isinstance(packet.payload, TcpHeader))
    return [header.mss for header in headers if header.flags & TcpFlag.SYN]


def datagrams(packets: Iterable[Packet]) -> list[Packet]:
    """Those that carry a UDP datagram, or the first piece of one."""
    return [packet for packet in packets if isinstance(packet.payload, UdpHeader)]


def pieces(packets: Iterable[Packet]) -> list[Packet]:
    """Fragments, whatever they are of."""
    return [packet for packet in packets if packet.is_fragment]


def told(packets: Iterable[Packet]) -> list[int]:
    """The next-hop MTU of each PTB."""
    return [packet.payload.mtu for packet in packets if isinstance(packet.payload, Icmp) and packet.payload.mtu is not None]


def sizes(packets: Iterable[Packet], least: int = 0) -> list[tuple[int, int]]:
    """Octets of packets that follow one another, of `least` octets or more, and how many of that size: [(1500, 10), (576, 90)]."""
    large = (packet.octets for packet in packets if packet.octets >= least)
    return [(octets, len(list(same))) for octets, same in groupby(large)]


def resent(packets: Iterable[Packet]) -> list[Packet]:
    """TCP segments that begin where an earlier one of the same connection began."""
    seen: set[tuple[int, int, int]] = set()
    again = []
    for packet in segments(packets):
        header = packet.payload
        assert isinstance(header, TcpHeader)
        begins = (header.source_port, header.destination_port, header.sequence)
        again += [packet] if begins in seen else []
        seen.add(begins)
    return again


def after_last_ptb(sender: str, teller: str, frames: Sequence[TappedFrame]) -> list[Packet]:
    """What left by link end `sender` after the last PTB came in there that had left by `teller`, at the link's other end."""
    came = [
        n
        for n, frame in enumerate(frames)
        if frame.sent and frame.interface.end == teller and frame.packet and told([frame.packet])
    ]
    return left_by(sender, frames[came[-1] + 1 :]) if came else []
