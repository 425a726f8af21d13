"""What became of packets on their way: passed on, fragmented, or lost at a router. Worked out from frames alone."""

from __future__ import annotations

from collections import Counter

from lab.judge.observation import Frame, Observation
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
    """Frames whose packet came into `node`, was for somebody else, and never left it: neither whole nor as fragments."""
    left = Counter(identity(frame) for frame in observation.sent_by(node))
    fragmented = {datagram(frame) for frame in observation.sent_by(node) if frame.packet and frame.packet.is_fragment}
    lost = []
    for frame in observation.received_by(node):
        assert frame.packet
        key = identity(frame)
        if left[key]:
            left[key] -= 1
        elif observation.owner(frame.packet.destination) != node and datagram(frame) not in fragmented:
            lost.append(frame)
    return tuple(lost)


def datagram(frame: Frame) -> tuple[str, str, int, int | None]:
    """What all fragments of one datagram have in common (RFC 791 §3.2)."""
    assert frame.packet
    return frame.packet.source, frame.packet.destination, frame.packet.protocol, frame.packet.identification
