"""What became of packets on their way: passed on, fragmented, or lost at a router. Worked out from frames alone."""

from __future__ import annotations

from collections import Counter

from lab.judge.observation import Frame, Observation, read_address
from lab.model.topology import IPV4

ETHERNET_HEADER = 14


def identity(frame: Frame) -> bytes:
    """The packet without what a router changes: TTL and header checksum, or hop limit. Equal before and after a hop."""
    assert frame.packet
    packet = frame.octets[ETHERNET_HEADER : ETHERNET_HEADER + frame.packet.octets]
    if frame.packet.family == IPV4:
        return packet[:8] + packet[9:10] + packet[12:]
    return packet[:7] + packet[8:]


def lost_at(observation: Observation, node: str) -> tuple[Frame, ...]:
    """Frames whose packet came into `node`, was for somebody else, and never left it: neither whole nor in fragments."""
    left = Counter(identity(frame) for frame in observation.sent_by(node))
    in_pieces: dict[tuple[str, str, int, int | None], set[int]] = {}
    for frame in observation.sent_by(node):
        if frame.packet and frame.packet.is_fragment:
            in_pieces.setdefault(datagram(frame), set()).update(blocks(frame))
    lost = []
    for frame in observation.received_by(node):
        assert frame.packet
        key = identity(frame)
        if left[key]:
            left[key] -= 1
        elif not is_for(observation, frame, node) and in_pieces.get(datagram(frame), set()).isdisjoint(blocks(frame)):
            lost.append(frame)
    return tuple(lost)


def is_for(observation: Observation, frame: Frame, node: str) -> bool:
    """Whether this frame's packet goes no further than `node` by its own address: the node's, a link-local or a multicast one."""
    assert frame.packet
    to = read_address(frame.packet.destination)
    return to.is_multicast or to.is_link_local or observation.owner(frame.packet.destination) == node


def blocks(frame: Frame) -> range:
    """Which 8-octet blocks of its datagram's payload a packet carries (RFC 791 §3.2)."""
    assert frame.packet
    packet = frame.packet
    headers = (frame.octets[ETHERNET_HEADER] & 15) * 4 if packet.family == IPV4 else 48  # IPv6's, where it is a fragment
    return range(packet.fragment_offset // 8, (packet.fragment_offset + packet.octets - headers + 7) // 8)


def datagram(frame: Frame) -> tuple[str, str, int, int | None]:
    """What all fragments of one datagram have in common (RFC 791 §3.2)."""
    assert frame.packet
    return frame.packet.source, frame.packet.destination, frame.packet.protocol, frame.packet.identification
