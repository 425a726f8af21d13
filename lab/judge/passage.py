"""What became of packets on their way: passed on, rewritten, fragmented, or lost at a router. Worked out from frames alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lab.judge.observation import Frame, Observation, read_address
from lab.judge.rewritten import ETHERNET_HEADER, identity, originals, rewritten
from lab.model.topology import IPV4

__all__ = [
    "ETHERNET_HEADER",
    "Datagram",
    "blocks",
    "datagram",
    "identity",
    "is_for",
    "lost_at",
    "originals",
    "renamed_datagrams",
    "rewritten",
]

Datagram = tuple[str, str, int, int | None]
"""What the fragments of one datagram have in common: addresses, protocol, identification."""


def lost_at(observation: Observation, node: str) -> tuple[Frame, ...]:
    """Frames whose packet came into `node`, was for somebody else, and never left it: neither whole nor in fragments, and neither
    rewritten nor inside another.
    """
    left = Counter(identity(frame) for frame in observation.sent_by(node))
    changed = {id(came) for came, _ in rewritten(observation, node)}
    renamed = renamed_datagrams(observation, node)
    in_pieces: dict[Datagram, set[int]] = {}
    for frame in observation.sent_by(node):
        if frame.packet and frame.packet.is_fragment:
            key = datagram(frame)
            in_pieces.setdefault(renamed.get(key, key), set()).update(blocks(frame))
    tunnels = [frame for frame in observation.sent_by(node) if frame.packet and frame.packet.inner]
    lost = []
    for frame in observation.received_by(node):
        same = identity(frame)
        if left[same]:
            left[same] -= 1
        elif id(frame) in changed or is_for(observation, frame, node) or enters_tunnel(frame, tunnels):
            continue
        elif in_pieces.get(datagram(frame), set()).isdisjoint(blocks(frame)):
            lost.append(frame)
    return tuple(lost)


def enters_tunnel(frame: Frame, tunnels: Sequence[Frame]) -> bool:
    """Whether this frame's packet is inside one of `tunnels`, frames that its node sent: all but TTL and checksum is."""
    assert frame.packet
    # What changes at a hop is before the addresses in both families.
    at = ETHERNET_HEADER + (12 if frame.packet.family == IPV4 else 8)
    same = frame.octets[at : ETHERNET_HEADER + frame.packet.octets]
    return any(f.packet and f.packet.inner and f.packet.inner.octets == frame.packet.octets and same in f.octets for f in tunnels)


def renamed_datagrams(observation: Observation, node: str) -> dict[Datagram, Datagram]:
    """Fragments that leave `node` under addresses under which none came: by what they are called then, what they were before."""
    leaving = {datagram(f) for f in observation.sent_by(node) if f.packet and f.packet.is_fragment}
    came = {datagram(f) for f in observation.received_by(node)} if leaving else set()
    before = {key[2:]: key for key in came}
    return {key: before[key[2:]] for key in leaving - came if key[2:] in before}


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


def datagram(frame: Frame) -> Datagram:
    """What all fragments of one datagram have in common (RFC 791 §3.2)."""
    assert frame.packet
    return frame.packet.source, frame.packet.destination, frame.packet.protocol, frame.packet.identification
