"""Frames to packets: `decode` reads an Ethernet frame, and never raises. `lab.model.encode` goes the other way.

Checksums are not looked at: a tap above an interface with checksum offload sees them unfinished. Lengths are taken from the headers
and not from what was captured, so a frame cut by a snap length, or a packet cut by the ICMP error that quotes it, reads the same as
long as its headers are whole. IPv4 options and IPv6 hop-by-hop, routing and destination headers are stepped over.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from struct import Struct

from lab.model.encode import checksum, encode, encode_ip, ethernet
from lab.model.packet import (
    FRAGMENTATION_NEEDED,
    Icmp,
    Icmp4,
    Icmp6,
    Packet,
    Protocol,
    TcpFlag,
    TcpHeader,
    UdpHeader,
)
from lab.model.topology import IPV4, IPV6

__all__ = [
    "FRAGMENTATION_NEEDED",
    "Icmp",
    "Icmp4",
    "Icmp6",
    "Packet",
    "Protocol",
    "TcpFlag",
    "TcpHeader",
    "UdpHeader",
    "checksum",
    "decode",
    "decode_ip",
    "decode_tcp",
    "encode",
    "encode_ip",
    "ethernet",
]

_IPV4 = Struct("!BBHHHBBxx4s4s")
_IPV6 = Struct("!IHBB16s16s")
_FRAGMENT = Struct("!BxHI")
_UDP = Struct("!HHH2x")
_TCP = Struct("!HHIIBBH4x")
_ICMP = Struct("!BBxxHH")

# Plain numbers and a table of flags: an enum's lookup costs as much as the rest of a header (0.4 us).
_TCP_NUMBER, _UDP_NUMBER = int(Protocol.TCP), int(Protocol.UDP)
_ICMP_NUMBERS = {IPV4: int(Protocol.ICMP), IPV6: int(Protocol.ICMPV6)}
_FLAGS = tuple(TcpFlag(bits) for bits in range(256))
_ICMP4_ERRORS = frozenset(
    int(t) for t in (Icmp4.UNREACHABLE, Icmp4.SOURCE_QUENCH, Icmp4.REDIRECT, Icmp4.TIME_EXCEEDED, Icmp4.PARAMETER_PROBLEM)
)
_EXTENSIBLE = {
    IPV4: (Icmp4.UNREACHABLE, Icmp4.TIME_EXCEEDED, Icmp4.PARAMETER_PROBLEM),
    IPV6: (Icmp6.UNREACHABLE, Icmp6.TIME_EXCEEDED),
}
_ECHOES = {
    IPV4: frozenset({int(Icmp4.ECHO_REQUEST), int(Icmp4.ECHO_REPLY)}),
    IPV6: frozenset({int(Icmp6.ECHO_REQUEST), int(Icmp6.ECHO_REPLY)}),
}

# IPv6 extension headers (RFC 8200 §4.1): hop-by-hop, routing and destination options have one layout, the Fragment header its own.
_FRAGMENT_HEADER = 44
_EXTENSIONS = frozenset({0, 43, 60, _FRAGMENT_HEADER})

_GRE_NUMBER = 47
_TUNNELLING = frozenset({4, 41, _GRE_NUMBER, _UDP_NUMBER})
_VXLAN_PORT, _GENEVE_PORT = (4789).to_bytes(2, "big"), (6081).to_bytes(2, "big")
_ETHERTYPES = (b"\x08\x00", b"\x86\xdd")

_TIMESTAMPS_ALONE = b"\x01\x01\x08\x0a"


def decode(frame: bytes) -> Packet | None:
    """The IP packet in an Ethernet frame; None for another EtherType (ARP, a VLAN tag) or no IP header. Never raises."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        return _ipv4(frame, 14, len(frame), False)
    if kind == b"\x86\xdd":
        return _ipv6(frame, 14, len(frame), False)
    return None


def decode_ip(octets: bytes) -> Packet | None:
    """The same for octets that begin with the IP header, as raw sockets give them."""
    version = octets[0] >> 4 if octets else 0
    if version == 4:
        return _ipv4(octets, 0, len(octets), False)
    return _ipv6(octets, 0, len(octets), False) if version == 6 else None


def decode_tcp(octets: bytes) -> TcpHeader | None:
    """A TCP header alone, as the error queue of a TCP socket begins; None where it is cut short."""
    return _tcp(octets, 0, len(octets), len(octets))


@lru_cache(maxsize=4096)
def _text(packed: bytes) -> str:
    return str(ip_address(packed))


# In the functions below `at` is where the header begins, `stop` where the captured octets of this packet end, and `said` how long
# the part from `at` on is by the IP header's word; `quoted` is true inside an ICMP error.


def _ipv4(raw: bytes, at: int, stop: int, quoted: bool) -> Packet | None:
    if stop - at < 20:
        return None
    version, tos, total, identification, bits, ttl, protocol, source, destination = _IPV4.unpack_from(raw, at)
    header = (version & 15) * 4
    if version >> 4 != 4 or header < 20 or total < header:
        return None
    offset = (bits & 0x1FFF) * 8
    stop = min(stop, at + total)
    inner = _inside(raw, at + header, stop, protocol) if protocol in _TUNNELLING and not quoted and not offset else None
    return Packet(
        IPV4,
        _text(source),
        _text(destination),
        total,
        protocol,
        None if offset else _payload(raw, at + header, stop, total - header, protocol, quoted, True),
        bits & 0x4000 != 0,
        bits & 0x2000 != 0,
        offset,
        identification,
        ttl,
        tos,
        inner,
    )


def _ipv6(raw: bytes, at: int, stop: int, quoted: bool) -> Packet | None:
    if stop - at < 40:
        return None
    word, length, protocol, hop_limit, source, destination = _IPV6.unpack_from(raw, at)
    if word >> 28 != 6:
        return None
    end = at + 40 + length
    stop = min(stop, end)
    at += 40
    identification, bits = None, 0
    while protocol in _EXTENSIONS and stop - at >= 8 and bits < 8:
        if protocol == _FRAGMENT_HEADER:
            protocol, bits, identification = _FRAGMENT.unpack_from(raw, at)
            at += 8
        else:
            protocol, at = raw[at], at + (raw[at + 1] + 1) * 8
    # The offset is the upper 13 of 16 bits, in units of 8 octets: masking the lower three leaves octets (RFC 8200 §4.5).
    offset = bits & 0xFFF8
    inner = _inside(raw, at, stop, protocol) if protocol in _TUNNELLING and not quoted and not offset else None
    return Packet(
        IPV6,
        _text(source),
        _text(destination),
        40 + length,
        protocol,
        None if offset else _payload(raw, at, stop, end - at, protocol, quoted, False),
        False,
        bits & 1 != 0,
        offset,
        identification,
        hop_limit,
        word >> 20 & 0xFF,
        inner,
    )


def _inside(raw: bytes, at: int, stop: int, protocol: int) -> Packet | None:
    """The packet in a tunnel's. One level only, as with what an ICMP error quotes."""
    kind = {4: _ETHERTYPES[0], 41: _ETHERTYPES[1]}.get(protocol, b"")
    if protocol == _GRE_NUMBER and raw[at : at + 2] == b"\0\0":  # a header without options
        kind, at = raw[at + 2 : at + 4], at + 4
    elif protocol == _UDP_NUMBER and raw[at + 2 : at + 4] in (_VXLAN_PORT, _GENEVE_PORT) and stop - at > 16:
        options = (raw[at + 8] & 0x3F) * 4 if raw[at + 2 : at + 4] == _GENEVE_PORT else 0
        at += 8 + 8 + options
        kind, at = raw[at + 12 : at + 14], at + 14
    if kind == _ETHERTYPES[0]:
        return _ipv4(raw, at, stop, True)
    return _ipv6(raw, at, stop, True) if kind == _ETHERTYPES[1] else None


def _payload(
    raw: bytes, at: int, stop: int, said: int, protocol: int, quoted: bool, ipv4: bool
) -> UdpHeader | TcpHeader | Icmp | None:
    if protocol == _TCP_NUMBER:
        return _tcp(raw, at, stop, said)
    if protocol == _UDP_NUMBER:
        return _udp(raw, at, stop)
    if protocol == _ICMP_NUMBERS[IPV4 if ipv4 else IPV6]:
        return _icmp(raw, at, stop, said, quoted, ipv4)
    return None


def _udp(raw: bytes, at: int, stop: int) -> UdpHeader | None:
    if stop - at < 8:
        return None
    source_port, destination_port, length = _UDP.unpack_from(raw, at)
    return UdpHeader(source_port, destination_port, length - 8) if length >= 8 else None


def _tcp(raw: bytes, at: int, stop: int, said: int) -> TcpHeader | None:
    if stop - at < 20:
        return None
    source_port, destination_port, sequence, acknowledgment, words, flags, window = _TCP.unpack_from(raw, at)
    header = (words >> 4) * 4
    if header < 20 or header > stop - at:
        return None
    mss, timestamps = _tcp_options(raw[at + 20 : at + header]) if header > 20 else (None, False)
    return TcpHeader(source_port, destination_port, sequence, acknowledgment, _FLAGS[flags], window, said - header, mss, timestamps)


def _tcp_options(options: bytes) -> tuple[int | None, bool]:
    """The MSS option's value and whether there is a timestamps option. Stops at the end mark and at a length that cannot be."""
    if len(options) == 12 and options.startswith(_TIMESTAMPS_ALONE):
        return None, True  # every segment of a Linux connection but its first two
    mss, timestamps, at = None, False, 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            at += 1
            continue
        length = options[at + 1] if at + 1 < len(options) else 0
        if length < 2 or at + length > len(options):
            break
        if options[at] == 2 and length == 4:
            mss = options[at + 2] << 8 | options[at + 3]
        elif options[at] == 8 and length == 10:
            timestamps = True
        at += length
    return mss, timestamps


def _icmp(raw: bytes, at: int, stop: int, said: int, quoted: bool, ipv4: bool) -> Icmp | None:
    if stop - at < 8:
        return None
    kind, code, upper, lower = _ICMP.unpack_from(raw, at)
    if kind in _ECHOES[IPV4 if ipv4 else IPV6]:
        return Icmp(kind, code, None, upper, lower)
    if not (kind in _ICMP4_ERRORS if ipv4 else kind < 128):
        return Icmp(kind, code)
    mtu: int | None = None
    if ipv4 and kind == Icmp4.UNREACHABLE and code == FRAGMENTATION_NEEDED:
        mtu = lower
    elif not ipv4 and kind == Icmp6.TOO_BIG:
        mtu = upper << 16 | lower
    # One level only: a packet made of errors in errors would otherwise nest 2,340 deep (65,535 / 28).
    inner = None if quoted else (_ipv4 if ipv4 else _ipv6)(raw, at + 8, stop, True)
    return Icmp(kind, code, mtu, None, None, inner, _quoted_octets(kind, upper, said - 8, ipv4))


def _quoted_octets(kind: int, upper: int, follow: int, ipv4: bool) -> int:
    """How many of the octets that `follow` are the quoted packet's: what the length field says, if anything (RFC 4884 §4)."""
    if kind not in _EXTENSIBLE[IPV4 if ipv4 else IPV6]:
        return follow
    length = (upper & 0xFF) * 4 if ipv4 else (upper >> 8) * 8
    return min(length or follow, follow)
