"""Frames as they are captured: a line for each, whatever it is, and a file that is the same in parts as in one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.encode import encode
from lab.model.packet import Icmp, Packet, Protocol, UdpHeader
from lab.model.pcapng import CapturedFrame, Statistics, load
from lab.model.topology import IPV4, IPV6
from lab.report.live import Lines, Pcapng, captured_words

NAMES = {
    "10.0.0.1": "client",
    "10.0.0.2": "r1",
    "10.0.2.2": "server",
    "fd00::1": "client",
    "fd00::2": "r1",
    "fd00:0:0:2::2": "server",
}
ENDS = ("client:r1", "r1:client")
UDP = Packet(IPV4, "10.0.0.1", "10.0.2.2", 1500, Protocol.UDP, UdpHeader(1, 2, 1472), df=True)
CUT = replace(UDP, octets=572, df=False, identification=7)
UDP6 = Packet(IPV6, "fd00::1", "fd00:0:0:2::2", 1500, Protocol.UDP, UdpHeader(1, 2, 1452))
PTB = Packet(IPV4, "10.0.0.2", "10.0.0.1", 576, Protocol.ICMP, Icmp(3, 4, 576, quoted=UDP))
PTB6 = Packet(IPV6, "fd00::2", "fd00::1", 1280, Protocol.ICMPV6, Icmp(2, 0, 1280, quoted=UDP6))
ARP = bytes(12) + b"\x08\x06" + bytes(28)


def captured(octets: bytes, time: int = 5_000_000, interface: int = 0, outbound: bool = True) -> CapturedFrame:
    return CapturedFrame(interface, time, octets, len(octets), outbound)


def line(octets: bytes) -> str:
    return Lines(ENDS, NAMES).frame(captured(octets)).decode()


@pytest.mark.parametrize(
    ("packet", "said"),
    [
        (UDP, "client → server   1500  DF  UDP, 1472 octets of payload"),
        (replace(UDP, source="192.0.2.7"), "192.0.2.7 → server   1500  DF  UDP, 1472 octets of payload"),
        (
            replace(CUT, more_fragments=True),
            "client → server    572      UDP, 1472 octets of payload, fragment at 0, more follow",
        ),
        (
            replace(CUT, payload=None, fragment_offset=552, more_fragments=True),
            "client → server    572      UDP, 552 octets, fragment at 552, more follow",
        ),
        (
            replace(CUT, payload=None, fragment_offset=1104, octets=396),
            "client → server    396      UDP, 376 octets, fragment at 1104, the last",
        ),
        (replace(CUT, payload=None, protocol=99), "client → server    572      IP protocol 99, 552 octets"),
        (PTB, "r1 → client        576      ICMP frag-needed, next-hop MTU 576, about client → server"),
        (UDP6, "client → server   1500      UDP, 1452 octets of payload"),
        (PTB6, "r1 → client       1280      ICMPv6 packet too big, MTU 1280, about client → server"),
        (
            replace(UDP6, payload=None, octets=100, fragment_offset=1232, identification=7),
            "client → server    100      UDP, 52 octets, fragment at 1232, the last",
        ),
    ],
)
def test_a_packet_in_a_line(packet: Packet, said: str) -> None:
    assert line(encode(packet)) == f"      0.00  client:r1  out  {said}\n"


def test_what_a_tunnel_carries_is_told() -> None:
    inner = replace(UDP, octets=1480, payload=UdpHeader(1, 2, 1452))
    outer = Packet(IPV4, "10.0.0.1", "10.0.2.2", 1500, 4)
    carried = encode(inner)[14:]
    said = line(encode(outer, carried))
    assert said.endswith("  1500      IP protocol 4, 1480 octets, in it UDP, 1452 octets of payload\n")


def test_what_is_no_ip_has_its_ether_type() -> None:
    assert line(ARP).split() == ["0.00", "client:r1", "out", "28", "ARP"]
    assert line(bytes(12) + b"\x12\x34" + bytes(46)).split()[-2:] == ["EtherType", "0x1234"]


def test_times_are_since_the_first_frame_and_each_end_has_its_name() -> None:
    lines = Lines(ENDS, NAMES)
    said = [
        lines.frame(captured(ARP, time, number % 2, not number % 2)).decode().split()[:3]
        for number, time in enumerate((7, 250_007))
    ]
    assert said == [["0.00", "client:r1", "out"], ["0.25", "r1:client", "in"]]


@given(st.binary(max_size=120))
def test_any_octets_are_a_line(octets: bytes) -> None:
    said = line(octets)
    assert said.endswith("\n")
    assert said[:-1].isprintable()


def test_a_file_in_parts_is_one_that_is_read() -> None:
    form = Pcapng({"client:r1": 1500, "r1:client": 1400})
    frames = (captured(encode(UDP)), captured(ARP, 6_000_000, 1, False))
    counted = [Statistics(1, 0), Statistics(9, 8)]
    whole = load(form.opening() + b"".join(map(form.frame, frames)) + form.closing(counted, 6_000_000))
    assert [(end.name, end.description) for end in whole.interfaces] == [("client:r1", "MTU 1500"), ("r1:client", "MTU 1400")]
    assert (whole.frames, whole.statistics, whole.application) == (frames, tuple(counted), "pmtulab")
    # What ends before its time can be read as well.
    assert load(form.opening() + form.frame(frames[0])).frames == frames[:1]


def test_what_was_dropped_is_said_by_link_end() -> None:
    good, bad = Statistics(7, 0), Statistics(900, 12)
    assert captured_words(7, 1.5, {"a:b": good}) == "7 frames at 1 link end in 1.50 s, none dropped"
    assert captured_words(895, 2, {"a:b": good, "b:a": bad}) == "895 frames at 2 link ends in 2.00 s; b:a dropped 12 of 900"
