"""Header bytes: decode and encode undo each other, known bytes read as they should, and no bytes at all make decode raise."""

from __future__ import annotations

import dataclasses
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.topology import IPV4, IPV6, Family
from lab.model.wire import (
    FRAGMENTATION_NEEDED,
    Icmp,
    Icmp4,
    Icmp6,
    Packet,
    Protocol,
    TcpFlag,
    TcpHeader,
    UdpHeader,
    decode,
    decode_ip,
    encode,
    encode_ip,
    ethernet,
)

Payload = UdpHeader | TcpHeader | Icmp | None

ports = words = st.integers(0, 0xFFFF)
longs = st.integers(0, 0xFFFFFFFF)
lengths = st.integers(0, 3000)


@st.composite
def uppers(draw: st.DrawFn, family: Family, *, errors: bool) -> tuple[int, Payload, int]:
    """A protocol number, a payload and the octets that both take, headers of the payload included."""
    octets = draw(lengths)
    layer = draw(st.sampled_from(["udp", "tcp", "echo", "other"] + ["error", "ptb"] * errors))
    icmp = Protocol.ICMP if family is IPV4 else Protocol.ICMPV6
    if layer == "udp":
        return Protocol.UDP, UdpHeader(draw(ports), draw(ports), octets), 8 + octets
    if layer == "tcp":
        mss, timestamps = draw(st.none() | words), draw(st.booleans())
        header = 20 + 4 * (mss is not None) + 12 * timestamps + 4 * draw(st.integers(0, 6))
        flags = TcpFlag(draw(st.integers(0, 255)))
        tcp = TcpHeader(draw(ports), draw(ports), draw(longs), draw(longs), flags, draw(words), octets, mss, timestamps)
        return Protocol.TCP, tcp, header + octets
    if layer == "echo":
        types = (Icmp4.ECHO_REQUEST, Icmp4.ECHO_REPLY) if family is IPV4 else (Icmp6.ECHO_REQUEST, Icmp6.ECHO_REPLY)
        return icmp, Icmp(draw(st.sampled_from(types)), 0, None, draw(words), draw(words)), 8 + octets
    if layer == "other":
        return draw(st.sampled_from([2, 47, 50, 132])), None, octets
    quoted = draw(packets(family, errors=False))
    shortest = (20 if family is IPV4 else 48) + 60  # every header whole
    size = draw(st.integers(min(shortest, quoted.octets), quoted.octets))
    if layer == "ptb":
        kind, code, mtus = (Icmp4.UNREACHABLE, FRAGMENTATION_NEEDED, words) if family is IPV4 else (Icmp6.TOO_BIG, 0, longs)
        return icmp, Icmp(kind, code, draw(mtus), quoted=quoted, quoted_octets=size), 8 + size
    time_exceeded = Icmp4.TIME_EXCEEDED if family is IPV4 else Icmp6.TIME_EXCEEDED
    return icmp, Icmp(time_exceeded, draw(st.integers(0, 1)), quoted=quoted, quoted_octets=size), 8 + size


@st.composite
def packets(draw: st.DrawFn, family: Family | None = None, *, errors: bool = True) -> Packet:
    """Any packet that encode can write, fragments included."""
    family = family or draw(st.sampled_from(Family))
    address = st.ip_addresses(v=4 if family is IPV4 else 6).map(str)
    more, offset = draw(st.booleans()), draw(st.just(0) | st.integers(0, 0x1FFF).map(lambda units: units * 8))
    fragment = more or offset > 0
    protocol, payload, octets = draw(uppers(family, errors=errors))
    if offset:
        payload = None
    identification = draw(words if family is IPV4 else longs if fragment else st.none() | longs)
    header = 20 if family is IPV4 else 40 if identification is None else 48
    return Packet(
        family,
        draw(address),
        draw(address),
        header + octets,
        protocol,
        payload,
        family is IPV4 and draw(st.booleans()),
        more,
        offset,
        identification,
        draw(st.integers(0, 255)),
        draw(st.integers(0, 255)),
    )


CLIENT, SERVER = "10.0.0.1", "10.0.1.2"
CLIENT6, SERVER6 = "fd00::1", "fd00:0:0:1::2"
UDP4 = Packet(IPV4, CLIENT, SERVER, 1500, Protocol.UDP, UdpHeader(4321, 9, 1472), df=True, identification=7)
UDP6 = Packet(IPV6, CLIENT6, SERVER6, 1500, Protocol.UDP, UdpHeader(4321, 9, 1452))
SYN = TcpHeader(1, 2, 3, 0, TcpFlag.SYN, 64240, 0, 1460, True)
SYN4 = Packet(IPV4, CLIENT, SERVER, 60, Protocol.TCP, SYN, df=True, identification=1)
PTB4 = Packet(IPV4, "10.0.0.2", CLIENT, 576, Protocol.ICMP, Icmp(3, 4, 576, quoted=UDP4, quoted_octets=548), identification=9)
PTB6 = Packet(IPV6, "fd00::2", CLIENT6, 1280, Protocol.ICMPV6, Icmp(2, 0, 1280, quoted=UDP6, quoted_octets=1232))


@given(packets())
def test_decode_reads_what_encode_wrote(packet: Packet) -> None:
    frame = encode(packet)
    assert decode(frame) == packet
    assert len(frame) == 14 + packet.octets
    assert decode_ip(encode_ip(packet)) == packet


@given(packets())
def test_addresses_are_canonical_text(packet: Packet) -> None:
    seen = decode(encode(packet))
    assert seen is not None
    parse = IPv4Address if packet.family is IPV4 else IPv6Address
    assert (str(parse(seen.source)), str(parse(seen.destination))) == (seen.source, seen.destination)


@given(st.binary(max_size=200), st.sampled_from([b"", bytes(12) + b"\x08\x00", bytes(12) + b"\x86\xdd"]))
def test_no_bytes_make_decode_raise(noise: bytes, start: bytes) -> None:
    assert decode(start + noise) is None or start


@given(packets(), st.lists(st.tuples(st.integers(14, 200), st.integers(0, 255)), max_size=8), st.integers(0, 250))
def test_no_damage_makes_decode_raise(packet: Packet, damage: list[tuple[int, int]], cut: int) -> None:
    frame = bytearray(encode(packet))
    for place, value in damage:
        frame[place % len(frame)] = value
    seen = decode(bytes(frame[: len(frame) - cut]))
    assert seen is None or seen.octets >= 20


@given(packets(), st.integers(14, 200))
def test_a_cut_frame_says_the_same_or_less(packet: Packet, size: int) -> None:
    frame = encode(packet)
    seen = decode(frame[:size])
    header = 14 + (20 if packet.family is IPV4 else 40)
    if len(frame[:size]) < header:
        assert seen is None
    else:
        assert seen is not None
        whole = (packet.source, packet.destination, packet.octets, packet.df)
        assert (seen.source, seen.destination, seen.octets, seen.df) == whole
        if isinstance(packet.payload, TcpHeader | UdpHeader):
            assert seen.payload in (packet.payload, None)


def test_errors_nested_in_errors_are_read_one_deep() -> None:
    # 2,000 ICMP errors, each the quotation in the one before it: the innermost is 28 octets, each other 28 more.
    frame = b""
    for depth in range(2000):
        total = 28 * (depth + 1)
        frame = encode_ip(Packet(IPV4, CLIENT, SERVER, total, 1, Icmp(3, 4, 576, quoted_octets=total - 28)), frame)
    outer = decode(ethernet(frame))
    assert outer is not None
    assert isinstance(outer.payload, Icmp)
    assert outer.payload.quoted is not None
    inner = outer.payload.quoted.payload
    assert inner == Icmp(3, 4, 576, quoted=None, quoted_octets=56000 - 56)


@pytest.mark.parametrize(("packet", "mtu", "quoted"), [(PTB4, 576, UDP4), (PTB6, 1280, UDP6)], ids=["IPv4", "IPv6"])
def test_a_ptb_names_the_mtu_and_quotes_the_packet(packet: Packet, mtu: int, quoted: Packet) -> None:
    seen = decode(encode(packet))
    assert seen is not None
    assert isinstance(seen.payload, Icmp)
    assert seen.payload.too_big
    assert (seen.payload.mtu, seen.payload.quoted) == (mtu, quoted)
    assert not seen.payload.echo_request
    assert not seen.payload.echo_reply


def test_a_ptb_may_quote_captured_octets() -> None:
    start = encode_ip(UDP4)[:28]
    forged = encode_ip(Packet(IPV4, "10.0.0.2", CLIENT, 56, 1, Icmp(3, 4, 1000, quoted_octets=28)), start)
    assert forged[28:] == start
    seen = decode_ip(forged)
    assert seen is not None
    assert seen.payload == Icmp(3, 4, 1000, quoted=UDP4, quoted_octets=28)


@pytest.mark.parametrize("code", [0, 1, 3, 13])
def test_other_unreachables_are_no_ptb(code: int) -> None:
    seen = decode(encode(dataclasses.replace(PTB4, payload=Icmp(3, code, quoted=UDP4, quoted_octets=548))))
    assert seen is not None
    assert isinstance(seen.payload, Icmp)
    assert not seen.payload.too_big
    assert seen.payload.mtu is None


def test_a_ptb_of_an_old_router_has_mtu_zero() -> None:
    seen = decode(encode(dataclasses.replace(PTB4, payload=Icmp(3, 4, 0, quoted=UDP4, quoted_octets=548))))
    assert seen is not None
    assert isinstance(seen.payload, Icmp)
    assert seen.payload.too_big
    assert seen.payload.mtu == 0


@pytest.mark.parametrize(("kind", "request_", "reply"), [(8, True, False), (0, False, True)])
def test_echo_is_told_apart(kind: int, request_: bool, reply: bool) -> None:
    icmp = Icmp(kind, 0, None, 5, 6)
    assert (icmp.echo_request, icmp.echo_reply, icmp.too_big) == (request_, reply, False)


def test_a_fragment_that_is_not_the_first_has_no_ports() -> None:
    second = Packet(IPV4, CLIENT, SERVER, 48, 17, None, fragment_offset=1480, identification=5)
    seen = decode(encode(second, encode_ip(UDP4)[20:48]))
    assert seen == second
    assert seen.is_fragment


def test_an_atomic_fragment_is_not_a_fragment() -> None:
    atomic = dataclasses.replace(UDP6, octets=1508, identification=3)
    seen = decode(encode(atomic))
    assert seen == atomic
    assert not seen.is_fragment


def test_ipv6_extension_headers_are_stepped_over() -> None:
    raw = encode_ip(UDP6)
    hop_by_hop, routing = bytes([43, 0, 5, 2, 0, 0, 1, 0]), bytes([17, 1]) + bytes(14)
    longer = raw[:4] + (1460 + 24).to_bytes(2, "big") + b"\x00" + raw[7:40] + hop_by_hop + routing + raw[40:]
    assert decode(ethernet(longer)) == dataclasses.replace(UDP6, octets=1524)


def test_ipv4_options_are_stepped_over() -> None:
    raw = encode_ip(UDP4)
    longer = b"\x46\x00" + (1504).to_bytes(2, "big") + raw[4:20] + bytes(4) + raw[20:]
    assert decode(ethernet(longer)) == dataclasses.replace(UDP4, octets=1504)


@pytest.mark.parametrize(
    ("options", "mss"),
    [
        ("0101010101010204", None),  # the value is missing
        ("01010101020405b4", 1460),
        ("0200000000000000", None),  # a length of zero would never end
        ("0201000000000000", None),
        ("0205010203000000", None),  # a length that is not the MSS option's
        ("0101010101010108", None),  # the length is missing
        ("080a000000000000", None),  # longer than the header
        ("ff020204000a0000", 10),  # an unknown option is stepped over
        ("000300020405b400", None),  # behind the end mark, whatever it may say its length is
    ],
)
def test_tcp_options_are_read_as_far_as_they_make_sense(options: str, mss: int | None) -> None:
    raw = encode_ip(dataclasses.replace(SYN4, octets=48, payload=dataclasses.replace(SYN, mss=None, timestamps=False)))
    seen = decode_ip(raw[:40] + bytes.fromhex(options))
    assert seen is not None
    assert isinstance(seen.payload, TcpHeader)
    assert (seen.payload.mss, seen.payload.timestamps) == (mss, False)


def test_linux_syn_options_are_read() -> None:
    # MSS 1460, SACK permitted, timestamps, NOP, window scale 7: the options of a Linux SYN.
    options = bytes.fromhex("020405b4 0402 080a0000000100000000 01 030307")
    raw = encode_ip(SYN4)
    seen = decode_ip(raw[:40] + options)
    assert seen == SYN4


def test_trailing_octets_of_a_short_frame_are_not_payload() -> None:
    ack = TcpHeader(1, 2, 3, 4, TcpFlag.ACK, 500, 0)
    short = Packet(IPV4, CLIENT, SERVER, 40, 6, ack, identification=0)
    assert decode(encode(short) + bytes(6)) == short


def test_lengths_that_cannot_be() -> None:
    raw = encode_ip(UDP4)
    assert decode_ip(raw[:2] + b"\x00\x13" + raw[4:]) is None  # an IP packet shorter than its header
    assert decode_ip(raw[:24] + b"\x00\x07" + raw[26:]) == dataclasses.replace(UDP4, payload=None)  # a datagram shorter than its
    cut = raw[:2] + b"\x00\x18" + raw[4:]  # 24 octets of IP, and what follows them is not part of it
    assert decode_ip(cut) == dataclasses.replace(UDP4, octets=24, payload=None)


def test_an_extension_header_cut_short_ends_the_walk() -> None:
    raw = encode_ip(UDP6)
    hop_by_hop = raw[:6] + b"\x00" + raw[7:]
    for size in range(40, 48):
        assert decode_ip(hop_by_hop[:size]) == dataclasses.replace(UDP6, protocol=0, payload=None)


def test_what_follows_a_later_fragments_header_is_no_extension_header() -> None:
    later = dataclasses.replace(UDP6, protocol=60, payload=None, fragment_offset=1232, identification=3)
    assert decode(encode(later, bytes([17, 0]))) == later


def test_the_mtu_of_an_icmpv6_ptb_has_32_bits() -> None:
    huge = dataclasses.replace(PTB6, payload=Icmp(2, 0, 0x12345678, quoted=UDP6, quoted_octets=1232))
    assert encode_ip(huge)[44:48] == bytes.fromhex("12345678")
    assert decode(encode(huge)) == huge


def test_other_ethertypes_are_no_packet() -> None:
    raw = encode(UDP4)
    assert decode(raw[:12] + b"\x08\x06" + raw[14:]) is None
    assert decode(raw[:12] + b"\x81\x00\x00\x01\x08\x00" + raw[14:]) is None
    assert decode(raw[:12] + b"\x86\xdd" + raw[14:]) is None
    assert decode_ip(b"") is None
