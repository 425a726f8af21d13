"""Packets that a router changes in passing: their addresses and ports (NAT), or their TCP options (MSS clamping).

A packet is known again by what such a router has no reason to touch: its IPv4 identification, its place in the TCP stream, and
whatever it carries. Worked out from frames alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from lab.judge.observation import Frame, Observation
from lab.model.packet import Icmp, Packet, TcpHeader, UdpHeader
from lab.model.topology import IPV4

ETHERNET_HEADER = 14
UDP_HEADER = ICMP_HEADER = FRAGMENT_HEADER = 8

Essence = tuple[object, ...]
"""What a packet keeps."""

Pairs = tuple[tuple[Frame, Frame], ...]
"""Packets as they came, each with the same packet as it left."""


def identity(frame: Frame) -> bytes:
    """The packet without what any router changes: TTL and header checksum, or hop limit. Equal before and after a hop."""
    assert frame.packet
    packet = frame.octets[ETHERNET_HEADER : ETHERNET_HEADER + frame.packet.octets]
    if frame.packet.family == IPV4:
        return packet[:8] + packet[9:10] + packet[12:]
    return packet[:7] + packet[8:]


def rewritten(observation: Observation, node: str) -> Pairs:
    """Every packet that came into `node` and left it changed."""
    left: defaultdict[bytes, list[Frame]] = defaultdict(list)
    for frame in observation.sent_by(node):
        left[identity(frame)].append(frame)
    came = []
    for frame in observation.received_by(node):
        unchanged = left.get(identity(frame))
        if unchanged:
            unchanged.pop(0)
        else:
            came.append(frame)
    others: defaultdict[Essence, list[Frame]] = defaultdict(list)
    for frame in (frame for frames in left.values() for frame in frames) if came else ():
        others[essence(frame)].append(frame)
    return tuple((frame, others[key].pop(0)) for frame in came if others.get(key := essence(frame)))


def originals(observation: Observation) -> dict[bytes, Frame]:
    """Of each packet that routers have rewritten, by its identity after it: the packet as it was before the first of them."""
    found: dict[bytes, Frame] = {}
    pairs = [pair for router in observation.routers for pair in rewritten(observation, router)]
    # In the order of time, as what one router rewrote the next may rewrite again, or back.
    for came, left in sorted(pairs, key=lambda pair: pair[1].time):
        origin = found.get(identity(came), came)
        if identity(left) != identity(origin):
            found[identity(left)] = origin
    return found


def essence(frame: Frame) -> Essence:
    """Equal for a packet before and after NAT or clamping. Raises nothing, however little was captured."""
    assert frame.packet
    p = frame.packet  # not its DF bit, which may be cleared on the way
    octets = frame.octets[ETHERNET_HEADER : ETHERNET_HEADER + p.octets]
    return (p.family, p.protocol, p.tos, p.identification, p.fragment_offset, p.more_fragments, *_kept(octets, p))


def _kept(octets: bytes, packet: Packet) -> Essence:
    """What an IP packet carries, without ports, options and checksums."""
    at = (octets[0] & 15) * 4 if packet.family == IPV4 else 40 + FRAGMENT_HEADER * (packet.identification is not None)
    rest = octets[at:]
    match packet.payload:
        case TcpHeader() as tcp:
            return tcp.sequence, tcp.acknowledgment, tcp.flags, rest[(rest[12] >> 4) * 4 :]
        case UdpHeader() as udp:
            return udp.octets, rest[UDP_HEADER:]
        case Icmp(quoted=Packet() as quoted) as error:
            inner = _kept(rest[ICMP_HEADER:], replace(quoted, payload=None if isinstance(quoted.payload, Icmp) else quoted.payload))
            return error.type, error.code, error.mtu, quoted.octets, quoted.identification, *inner
        case Icmp() as icmp:  # an echo's identifier is to NAT what a port is
            return icmp.type, icmp.code, icmp.sequence, rest[ICMP_HEADER:]
    return (rest,)
