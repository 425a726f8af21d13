"""The headers that a frame may have, as tables: where each field is, its name and Wireshark's, how its octets are written."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from lab.model.packet import TcpFlag

Row = tuple[str, str, int, int, Callable[[bytes], str]]
"""A field in a header's table: name, key, where it starts in the header, where it stops, and how its octets are written."""


def number(octets: bytes) -> str:
    return str(int.from_bytes(octets, "big"))


def hexadecimal(octets: bytes) -> str:
    return f"0x{octets.hex()}"


def mac(octets: bytes) -> str:
    return octets.hex(":")


def address(octets: bytes) -> str:
    return str(ip_address(octets))


def bits(shift: int, mask: int, unit: int = 1) -> Callable[[bytes], str]:
    """The field is some bits of its octets, and counts in `unit`s."""
    return lambda octets: str((int.from_bytes(octets, "big") >> shift & mask) * unit)


def named(names: dict[int, str]) -> Callable[[bytes], str]:
    def write(octets: bytes) -> str:
        value = int.from_bytes(octets, "big")
        return f"{value} ({names[value]})" if value in names else str(value)

    return write


def flags(octets: bytes) -> str:
    names = [str(flag.name) for flag in TcpFlag if flag & octets[-1]]
    return f"0x{int.from_bytes(octets, 'big') & 0xFFF:03x} ({', '.join(names) or 'none'})"


PROTOCOLS = {
    0: "hop-by-hop options",
    1: "ICMP",
    4: "IPv4",
    6: "TCP",
    17: "UDP",
    41: "IPv6",
    43: "routing",
    44: "fragment",
    47: "GRE",
    50: "ESP",
    58: "ICMPv6",
    59: "nothing",
    60: "destination options",
}
ICMP4 = {0: "echo reply", 3: "destination unreachable", 5: "redirect", 8: "echo request", 11: "time exceeded"}
ICMP6 = {
    1: "destination unreachable",
    2: "packet too big",
    3: "time exceeded",
    128: "echo request",
    129: "echo reply",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbour solicitation",
    136: "neighbour advertisement",
    143: "multicast listener report",
}
ETHERTYPES = {0x0800: "IPv4", 0x0806: "ARP", 0x86DD: "IPv6", 0x6558: "Ethernet"}
protocol = named(PROTOCOLS)


def ethertype(octets: bytes) -> str:
    name = ETHERTYPES.get(int.from_bytes(octets, "big"))
    return hexadecimal(octets) + (f" ({name})" if name else "")


ETHERNET: tuple[Row, ...] = (
    ("destination", "eth.dst", 0, 6, mac),
    ("source", "eth.src", 6, 12, mac),
    ("type", "eth.type", 12, 14, ethertype),
)
ARP: tuple[Row, ...] = (
    ("hardware type", "arp.hw.type", 0, 2, number),
    ("protocol type", "arp.proto.type", 2, 4, ethertype),
    ("operation", "arp.opcode", 6, 8, named({1: "request", 2: "reply"})),
    ("sender", "arp.src.hw_mac", 8, 14, mac),
    ("sender", "arp.src.proto_ipv4", 14, 18, address),
    ("target", "arp.dst.hw_mac", 18, 24, mac),
    ("target", "arp.dst.proto_ipv4", 24, 28, address),
)
IPV4: tuple[Row, ...] = (
    ("version", "ip.version", 0, 1, bits(4, 15)),
    ("header length", "ip.hdr_len", 0, 1, bits(0, 15, 4)),
    ("DSCP and ECN", "ip.dsfield", 1, 2, hexadecimal),
    ("total length", "ip.len", 2, 4, number),
    ("identification", "ip.id", 4, 6, hexadecimal),
    ("don't fragment (DF)", "ip.flags.df", 6, 7, bits(6, 1)),
    ("more fragments (MF)", "ip.flags.mf", 6, 7, bits(5, 1)),
    ("fragment offset", "ip.frag_offset", 6, 8, bits(0, 0x1FFF, 8)),
    ("time to live", "ip.ttl", 8, 9, number),
    ("protocol", "ip.proto", 9, 10, protocol),
    ("header checksum", "ip.checksum", 10, 12, hexadecimal),
    ("source", "ip.src", 12, 16, address),
    ("destination", "ip.dst", 16, 20, address),
)
IPV6: tuple[Row, ...] = (
    ("version", "ipv6.version", 0, 1, bits(4, 15)),
    ("traffic class", "ipv6.tclass", 0, 4, bits(20, 0xFF)),
    ("flow label", "ipv6.flow", 1, 4, lambda octets: f"0x{int.from_bytes(octets, 'big') & 0xFFFFF:05x}"),
    ("payload length", "ipv6.plen", 4, 6, number),
    ("next header", "ipv6.nxt", 6, 7, protocol),
    ("hop limit", "ipv6.hlim", 7, 8, number),
    ("source", "ipv6.src", 8, 24, address),
    ("destination", "ipv6.dst", 24, 40, address),
)
FRAGMENT: tuple[Row, ...] = (
    ("next header", "ipv6.fraghdr.nxt", 0, 1, protocol),
    ("fragment offset", "ipv6.fraghdr.offset", 2, 4, bits(3, 0x1FFF, 8)),
    ("more fragments (M)", "ipv6.fraghdr.more", 2, 4, bits(0, 1)),
    ("identification", "ipv6.fraghdr.ident", 4, 8, hexadecimal),
)
UDP: tuple[Row, ...] = (
    ("source port", "udp.srcport", 0, 2, number),
    ("destination port", "udp.dstport", 2, 4, number),
    ("length", "udp.length", 4, 6, number),
    ("checksum", "udp.checksum", 6, 8, hexadecimal),
)
TCP: tuple[Row, ...] = (
    ("source port", "tcp.srcport", 0, 2, number),
    ("destination port", "tcp.dstport", 2, 4, number),
    ("sequence number", "tcp.seq_raw", 4, 8, number),
    ("acknowledgment number", "tcp.ack_raw", 8, 12, number),
    ("header length", "tcp.hdr_len", 12, 13, bits(4, 15, 4)),
    ("flags", "tcp.flags", 12, 14, flags),
    ("window", "tcp.window_size_value", 14, 16, number),
    ("checksum", "tcp.checksum", 16, 18, hexadecimal),
    ("urgent pointer", "tcp.urgent_pointer", 18, 20, number),
)
SACK: tuple[Row, ...] = (
    ("left edge", "tcp.options.sack_le", 0, 4, number),
    ("right edge", "tcp.options.sack_re", 4, 8, number),
)
"""A block of a TCP SACK option (RFC 2018)."""

TCP_OPTIONS: dict[int, tuple[Row, ...]] = {
    2: (("MSS", "tcp.options.mss_val", 2, 4, number),),
    3: (("window scale", "tcp.options.wscale.shift", 2, 3, number),),
    8: (
        ("timestamp", "tcp.options.timestamp.tsval", 2, 6, number),
        ("timestamp echoed", "tcp.options.timestamp.tsecr", 6, 10, number),
    ),
}
"""The fields of TCP's options, by their kind."""

ICMP: tuple[Row, ...] = (
    ("type", "icmp.type", 0, 1, named(ICMP4)),
    ("code", "icmp.code", 1, 2, number),
    ("checksum", "icmp.checksum", 2, 4, hexadecimal),
)
ICMP_ECHO: tuple[Row, ...] = (("identifier", "icmp.ident", 4, 6, number), ("sequence number", "icmp.seq", 6, 8, number))
ICMP_MTU: tuple[Row, ...] = (("next-hop MTU", "icmp.mtu", 6, 8, number),)
ICMPV6: tuple[Row, ...] = (
    ("type", "icmpv6.type", 0, 1, named(ICMP6)),
    ("code", "icmpv6.code", 1, 2, number),
    ("checksum", "icmpv6.checksum", 2, 4, hexadecimal),
)
ICMPV6_ECHO: tuple[Row, ...] = (
    ("identifier", "icmpv6.echo.identifier", 4, 6, hexadecimal),
    ("sequence number", "icmpv6.echo.sequence_number", 6, 8, number),
)
ICMPV6_MTU: tuple[Row, ...] = (("MTU", "icmpv6.mtu", 4, 8, number),)
VXLAN: tuple[Row, ...] = (("network identifier", "vxlan.vni", 4, 7, number),)
GENEVE: tuple[Row, ...] = (("network identifier", "geneve.vni", 4, 7, number),)
GRE: tuple[Row, ...] = (("carries", "gre.proto", 2, 4, ethertype),)
ESP: tuple[Row, ...] = (
    ("security parameters index", "esp.spi", 0, 4, hexadecimal),
    ("sequence number", "esp.sequence", 4, 8, number),
)
EXTENSION: tuple[Row, ...] = (
    ("next header", "", 0, 1, protocol),
    ("length", "", 1, 2, lambda octets: str((octets[0] + 1) * 8)),
)
