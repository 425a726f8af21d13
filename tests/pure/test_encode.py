"""What encode writes: octets worked out by hand, checksums, and what it refuses to write."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.encode import checksum, encode, encode_ip, ethernet
from lab.model.packet import Icmp, Packet, Protocol, TcpFlag, TcpHeader, UdpHeader
from lab.model.topology import IPV4, IPV6
from lab.model.wire import decode

CLIENT, SERVER = "10.0.0.1", "10.0.1.2"
CLIENT6, SERVER6 = "fd00::1", "fd00:0:0:1::2"
UDP4 = Packet(IPV4, CLIENT, SERVER, 1500, Protocol.UDP, UdpHeader(4321, 9, 1472), df=True, identification=7)
UDP6 = Packet(IPV6, CLIENT6, SERVER6, 1500, Protocol.UDP, UdpHeader(4321, 9, 1452))
SYN = TcpHeader(1, 2, 3, 0, TcpFlag.SYN, 64240, 0, 1460, True)
SYN4 = Packet(IPV4, CLIENT, SERVER, 60, Protocol.TCP, SYN, df=True, identification=1)
PTB4 = Packet(IPV4, "10.0.0.2", CLIENT, 576, Protocol.ICMP, Icmp(3, 4, 576, quoted=UDP4, quoted_octets=548), identification=9)


def test_bytes_worked_out_by_hand() -> None:
    # 45 00 001d: 29 octets; 4000: DF; 40 11: TTL 64, UDP. Sum of its words: 4500+001d+0007+4000+4011+0a00+0001+0a00+0102
    # = 0xda38, complement 0x25c7. UDP: 000a+0014 ports, 0009 length, 4100 the octet "A" with its padding.
    header = bytes.fromhex("4500001d 00074000 401125c7 0a000001 0a000102")
    udp = bytes.fromhex("000a0014 0009")
    # Pseudo header 0a00+0001+0a00+0102+0011+0009 = 0x151d, UDP 000a+0014+0009+4100 = 0x4127: together 5644, complement a9bb.
    whole = ethernet(header + udp + bytes.fromhex("a9bb") + b"A")
    packet = Packet(IPV4, CLIENT, SERVER, 29, 17, UdpHeader(10, 20, 1), df=True, identification=7)
    assert encode(packet, b"A") == whole
    assert decode(whole) == packet


def test_checksum_of_the_example_in_rfc_1071() -> None:
    # RFC 1071 §3: 0001 f203 f4f5 f6f7 sum to ddf2.
    assert checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert checksum(b"") == 0xFFFF
    assert checksum(b"\xff\xff") == 0
    assert checksum(b"\x01") == checksum(b"\x01\x00")


@given(st.binary(max_size=99))
def test_checksum_is_that_of_a_loop(octets: bytes) -> None:
    total = 0
    padded = octets + bytes(len(octets) % 2)
    for i in range(0, len(padded), 2):
        total += padded[i] << 8 | padded[i + 1]
        total = (total & 0xFFFF) + (total >> 16)
    assert checksum(octets) == 0xFFFF - total


def test_a_udp_checksum_of_zero_is_sent_as_ones() -> None:
    # The port makes the sum come out at ffff: with port 0 the checksum is what is missing.
    ports = Packet(IPV4, CLIENT, SERVER, 28, 17, UdpHeader(0, 0, 0))
    missing = int.from_bytes(encode_ip(ports)[26:28], "big")
    exact = dataclasses.replace(ports, payload=UdpHeader(missing, 0, 0))
    assert encode_ip(exact)[26:28] == b"\xff\xff"


@given(st.integers(0, 3000), st.integers(1, 60).map(lambda units: units * 8))
def test_the_first_fragment_carries_the_checksum_of_the_whole(octets: int, cut: int) -> None:
    body = bytes(i % 251 for i in range(octets))
    whole = Packet(IPV4, CLIENT, SERVER, 28 + octets, 17, UdpHeader(1, 2, octets), identification=5)
    raw = encode_ip(whole, body)
    size = min(cut, 8 + octets)
    first = dataclasses.replace(whole, octets=20 + size, more_fragments=True)
    assert encode_ip(first, body)[20:] == raw[20 : 20 + size]


def test_octets_behind_a_datagram_are_not_in_its_checksum() -> None:
    exact = dataclasses.replace(UDP4, octets=31, payload=UdpHeader(1, 2, 3))
    longer = dataclasses.replace(exact, octets=40)
    assert encode_ip(longer, b"abcxyz")[20:31] == encode_ip(exact, b"abc")[20:]


CONTRADICTIONS = {
    "protocol": (dataclasses.replace(UDP4, protocol=6), "the payload is UDP"),
    "family of the address": (dataclasses.replace(UDP4, source=CLIENT6), "is not an IPv4 address"),
    "no address": (dataclasses.replace(UDP4, source="client"), "does not appear to be an IPv4 or IPv6 address"),
    "DF in IPv6": (dataclasses.replace(UDP6, df=True), "no DF bit"),
    "offset not in units": (dataclasses.replace(UDP4, payload=None, fragment_offset=4), "fragment offset 4"),
    "offset too large": (dataclasses.replace(UDP4, payload=None, fragment_offset=65536), "fragment offset 65536"),
    "offset with a header": (dataclasses.replace(UDP4, fragment_offset=8), "only the first fragment"),
    "IPv6 fragment": (dataclasses.replace(UDP6, more_fragments=True), "needs an identification"),
    "no room for IP": (dataclasses.replace(UDP4, octets=19), "no room for its IP header"),
    "too large for IP": (dataclasses.replace(UDP4, octets=65536), "does not fit in its header"),
    "port": (dataclasses.replace(UDP4, payload=UdpHeader(65536, 1, 0)), "does not fit in its header"),
    "hop limit": (dataclasses.replace(UDP4, hop_limit=256), "does not fit in its header"),
    "no room for options": (dataclasses.replace(SYN4, octets=52), "32 octets are left for a TCP header of 36"),
    "header not in words": (dataclasses.replace(SYN4, octets=59), "39 octets are left for a TCP header"),
    "quoted octets": (dataclasses.replace(PTB4, octets=600), "548 octets are quoted, but there is room for 572"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradictions_are_refused(name: str) -> None:
    packet, message = CONTRADICTIONS[name]
    with pytest.raises(ValueError, match=message):
        encode(packet)


@pytest.mark.parametrize("packet", [UDP4, SYN4, dataclasses.replace(UDP4, protocol=47, payload=None)])
def test_a_body_that_does_not_fit_is_refused(packet: Packet) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        encode(packet, bytes(1490))
