"""Packets to frames: `encode` writes what `lab.model.wire.decode` reads, with correct checksums.

`Packet.octets` rules: the headers take what they need, `body` follows, and zeros fill up the rest. In a first fragment `body` may
be that of the whole datagram: the checksum is taken over all of it, and then the packet is cut to its `octets`.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from ipaddress import ip_address

from lab.model.packet import Icmp, Packet, Protocol, TcpHeader, UdpHeader
from lab.model.topology import IPV4

_FRAGMENT_HEADER = 44


def checksum(octets: bytes) -> int:
    """RFC 1071: the complement of the ones' complement sum of all 16-bit words. An odd octet is zero-padded."""
    number = int.from_bytes(octets, "big") << (len(octets) % 2 * 8)
    # 2^16 = 1 modulo 65535, so the remainder is the folded sum, except that a sum of 65535 leaves 0: only zeros have the sum 0.
    folded = number % 0xFFFF or (0xFFFF if number else 0)
    return 0xFFFF - folded


def ethernet(packet: bytes, source: str = "02:00:00:00:00:01", destination: str = "02:00:00:00:00:02") -> bytes:
    """Put an Ethernet header before an IP packet, whose version decides the EtherType. MAC addresses are text with colons."""
    ethertype = b"\x86\xdd" if packet[:1] >= b"\x60" else b"\x08\x00"
    return bytes.fromhex(destination.replace(":", "") + source.replace(":", "")) + ethertype + packet


def encode(packet: Packet, body: bytes = b"") -> bytes:
    """The Ethernet frame, with made-up MAC addresses, that carries `packet`. Raises ValueError as encode_ip does."""
    return ethernet(encode_ip(packet, body))


def encode_ip(packet: Packet, body: bytes = b"") -> bytes:
    """The octets of `packet` from its IP header on: `packet.octets` of them.

    `body` is what follows the UDP, TCP or ICMP header, or the IP header where the payload is None. An ICMP error quotes `body` if
    there is one, else `quoted`. Raises ValueError where fields contradict each other or do not fit.
    """
    _check(packet)
    room = packet.octets - (20 if packet.family is IPV4 else 40 if packet.identification is None else 48)
    if room < 0:
        raise ValueError(f"a packet of {packet.octets} octets has no room for its IP header")
    try:
        return _ip_header(packet) + _upper_layer(packet, room, body)[:room]
    except struct.error as error:
        raise ValueError(f"a field does not fit in its header: {error}") from error


def _check(packet: Packet) -> None:
    """Raise ValueError for what no packet can be."""
    payload, is_ipv4 = packet.payload, packet.family is IPV4
    icmp = Protocol.ICMP if is_ipv4 else Protocol.ICMPV6
    named = {UdpHeader: Protocol.UDP, TcpHeader: Protocol.TCP, Icmp: icmp}.get(type(payload))
    if named is not None and packet.protocol != named:
        raise ValueError(f"the payload is {named.name}, but the protocol number is {packet.protocol}")
    if payload is not None and packet.fragment_offset:
        raise ValueError("only the first fragment has an upper-layer header")
    if packet.fragment_offset not in range(0, 1 << 16, 8):
        raise ValueError(f"fragment offset {packet.fragment_offset} is not a multiple of 8 below 65536")
    if not is_ipv4 and packet.df:
        raise ValueError("IPv6 has no DF bit")
    if not is_ipv4 and packet.is_fragment and packet.identification is None:
        raise ValueError("an IPv6 fragment needs an identification")


@lru_cache(maxsize=4096)
def _packed(text: str, version: int) -> bytes:
    address = ip_address(text)
    if address.version != version:
        raise ValueError(f"{text} is not an IPv{version} address")
    return address.packed


def _addresses(packet: Packet) -> bytes:
    version = int(packet.family)
    return _packed(packet.source, version) + _packed(packet.destination, version)


def _ip_header(packet: Packet) -> bytes:
    """The IPv4 header with its checksum, or the IPv6 header with a Fragment header where there is an identification."""
    units, more = packet.fragment_offset // 8, int(packet.more_fragments)
    if packet.family is IPV4:
        fragment = units | packet.df << 14 | more << 13
        number, hops = packet.identification or 0, packet.hop_limit
        header = struct.pack("!BBHHHBBxx", 0x45, packet.tos, packet.octets, number, fragment, hops, packet.protocol)
        header += _addresses(packet)
        return header[:10] + checksum(header).to_bytes(2, "big") + header[12:]
    extension = b""
    if packet.identification is not None:
        extension = struct.pack("!BxHI", packet.protocol, units << 3 | more, packet.identification)
    following = _FRAGMENT_HEADER if extension else packet.protocol
    fixed = struct.pack("!BBxxHBB", 0x60 | packet.tos >> 4, packet.tos << 4 & 0xF0, packet.octets - 40, following, packet.hop_limit)
    return fixed + _addresses(packet) + extension


def _upper_layer(packet: Packet, room: int, body: bytes) -> bytes:
    """The upper-layer header with its checksum and its body: `room` octets, or more where the rest is in later fragments."""
    match packet.payload:
        case UdpHeader() as udp:
            whole = _udp(udp) + _filled(packet, body, max(udp.octets, room - 8))
            # A checksum of zero means none in UDP: it is sent as its other ones' complement form (RFC 768).
            total = _pseudo_checksum(packet, whole[: 8 + udp.octets]) or 0xFFFF
            return whole[:6] + total.to_bytes(2, "big") + whole[8:]
        case TcpHeader() as tcp:
            whole = _tcp(tcp, room - tcp.octets) + _filled(packet, body, tcp.octets)
            return whole[:16] + _pseudo_checksum(packet, whole).to_bytes(2, "big") + whole[18:]
        case Icmp() as icmp:
            if room < 8 or icmp.quoted_octets not in (0, room - 8):
                raise ValueError(f"{icmp.quoted_octets} octets are quoted, but there is room for {room - 8}")
            if not body and icmp.quoted is not None:
                body = encode_ip(icmp.quoted)[: room - 8]
            whole = _icmp(icmp) + _filled(packet, body, room - 8)
            total = checksum(whole) if packet.family is IPV4 else _pseudo_checksum(packet, whole)
            return whole[:2] + total.to_bytes(2, "big") + whole[4:]
        case None:
            if len(body) > room:
                raise ValueError(f"{len(body)} octets of body do not fit in a packet of {packet.octets}")
            return body.ljust(room, b"\0")


def _filled(packet: Packet, body: bytes, octets: int) -> bytes:
    if len(body) > octets and not packet.more_fragments:
        raise ValueError(f"{len(body)} octets of body do not fit in a packet of {packet.octets}")
    return body.ljust(octets, b"\0")


def _pseudo_checksum(packet: Packet, segment: bytes) -> int:
    """The checksum over the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1) and `segment`, whose own checksum field is zero."""
    # Both families' pseudo headers add up to the same: addresses, length and protocol, wherever the zeros are.
    return checksum(_addresses(packet) + struct.pack("!II", len(segment), packet.protocol) + segment)


def _udp(udp: UdpHeader) -> bytes:
    return struct.pack("!HHHxx", udp.source_port, udp.destination_port, udp.octets + 8)


def _tcp(tcp: TcpHeader, octets: int) -> bytes:
    """A TCP header of `octets`, the checksum left zero. Linux's layout: MSS, two NOPs, timestamps; the rest is NOPs."""
    options = b"" if tcp.mss is None else struct.pack("!BBH", 2, 4, tcp.mss)
    if tcp.timestamps:
        options += b"\x01\x01\x08\x0a" + bytes(8)
    if octets % 4 or not 20 + len(options) <= octets <= 60:
        raise ValueError(f"{octets} octets are left for a TCP header of {20 + len(options)}")
    header = struct.pack(
        "!HHIIBBHxxxx",
        tcp.source_port,
        tcp.destination_port,
        tcp.sequence,
        tcp.acknowledgment,
        octets // 4 << 4,
        int(tcp.flags),
        tcp.window,
    )
    return header + options.ljust(octets - 20, b"\x01")


def _icmp(icmp: Icmp) -> bytes:
    """An ICMP header, the checksum left zero. The MTU is the last 16 bits in ICMPv4, 32 in ICMPv6: equal below 65536."""
    if icmp.mtu is not None:
        return struct.pack("!BBxxI", icmp.type, icmp.code, icmp.mtu)
    return struct.pack("!BBxxHH", icmp.type, icmp.code, icmp.identifier or 0, icmp.sequence or 0)
