"""Tunnels: what is inside a packet is read, and is told apart from what is lost; and the commands that lay one."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.judge.convergence import carries
from lab.judge.observation import Frame, Observation
from lab.judge.passage import lost_at
from lab.model.flow import Echo, Tcp, Udp
from lab.model.packet import Packet, Protocol, UdpHeader
from lab.model.topology import IPV4, IPV6, Family
from lab.model.wire import decode, decode_ip, encode_ip, ethernet
from lab.report.html.voyages import DELIVERED, follow
from lab.report.journeys import Journeys
from lab.theory.plan import plan
from topologies import chain
from topologies.tunnels import GRE, INNER, SIT, VXLAN, VXLAN6, WIREGUARD, WIREGUARD6, Tunnel, steps

HEADER = {IPV4: 20, IPV6: 40}
ENDS = {IPV4: ("10.0.1.1", "10.0.2.2"), IPV6: ("fd00:0:0:1::1", "fd00:0:0:2::2")}
HOSTS = {IPV4: ("10.0.0.1", "10.0.3.2"), IPV6: ("fd00::1", "fd00:0:0:3::2")}
ETHERNET = bytes(12)
TYPE = {IPV4: b"\x08\x00", IPV6: b"\x86\xdd"}


def udp(family: Family, addresses: tuple[str, str], port: int, octets: int) -> Packet:
    return Packet(
        family,
        *addresses,
        HEADER[family] + 8 + octets,
        Protocol.UDP,
        UdpHeader(5000, port, octets),
        identification=None if family == IPV6 else 7,
    )


def wrapped(how: str, outer: Family, inner: Packet) -> bytes:
    """The octets of a packet that carries `inner`."""
    octets = encode_ip(inner)
    if how == "vxlan":
        body = struct.pack("!II", 0x08000000, 42 << 8) + ETHERNET + TYPE[inner.family] + octets
        return encode_ip(udp(outer, ENDS[outer], 4789, len(body)), body)
    if how == "geneve":
        body = struct.pack("!BBHI", 2, 0, 0x6558, 42 << 8) + bytes(8) + ETHERNET + TYPE[inner.family] + octets
        return encode_ip(udp(outer, ENDS[outer], 6081, len(body)), body)
    protocol, body = (47, b"\0\0" + TYPE[inner.family] + octets) if how == "gre" else (4 if inner.family == IPV4 else 41, octets)
    identification = None if outer == IPV6 else 7
    return encode_ip(Packet(outer, *ENDS[outer], HEADER[outer] + len(body), protocol, identification=identification), body)


@pytest.mark.parametrize("inside", [IPV4, IPV6])
@pytest.mark.parametrize("outer", [IPV4, IPV6])
@pytest.mark.parametrize("how", ["vxlan", "geneve", "gre", "ip"])
def test_what_is_inside_is_read(how: str, outer: Family, inside: Family) -> None:
    inner = udp(inside, HOSTS[inside], 7, 100)
    packet = decode_ip(wrapped(how, outer, inner))
    assert packet
    assert packet.family == outer
    assert packet.inner == inner


def test_other_datagrams_have_nothing_inside() -> None:
    inner = udp(IPV4, HOSTS[IPV4], 7, 100)
    octets = bytearray(wrapped("vxlan", IPV4, inner))
    octets[20 + 3] ^= 1
    packet = decode_ip(bytes(octets))
    assert packet
    assert packet.inner is None


def test_one_level_is_read() -> None:
    """Else a packet of packets would be as deep as it is long."""
    deep = wrapped("ip", IPV4, udp(IPV4, HOSTS[IPV4], 7, 0))
    for _ in range(2000):
        deep = encode_ip(Packet(IPV4, *ENDS[IPV4], 20 + len(deep), 4, identification=7))[:20] + deep
    packet = decode_ip(deep)
    assert packet
    assert packet.inner
    assert packet.inner.inner is None


@given(st.binary(max_size=80), st.sampled_from([4, 41, 47, 17]), st.sampled_from([IPV4, IPV6]))
def test_no_octets_inside_make_it_raise(body: bytes, protocol: int, family: Family) -> None:
    identification = None if family == IPV6 else 7
    head = encode_ip(Packet(family, *ENDS[family], HEADER[family] + len(body), protocol, identification=identification))
    assert decode_ip(head[: HEADER[family]] + body)
    ports = struct.pack("!HHHH", 1, 4789, 8 + len(body), 0)
    assert decode_ip(encode_ip(udp(family, ENDS[family], 4789, len(body)))[: HEADER[family]] + ports + body)


PLAN = plan(chain("a", "gw1", "r1", "gw2", "b", mtus=(1500,) * 4, families=(IPV4, IPV6)))


def seen(number: int, node: str, interface: str, sent: bool, octets: bytes) -> Frame:
    frame = ethernet(octets)
    return Frame(number, number * 1000, node, interface, sent, frame, len(frame), decode(frame))


def through_a_tunnel(how: str, outer: Family, inside: Family) -> Observation:
    """A datagram of a that gw1 puts into another one, and gw2 takes out again."""
    first = udp(inside, HOSTS[inside], 7, 100)
    last = replace(first, hop_limit=62)
    inner, outside = encode_ip(first), wrapped(how, outer, replace(first, hop_limit=63))
    frames = (
        seen(1, "a", "gw1", True, inner),
        seen(2, "gw1", "a", False, inner),
        seen(3, "gw1", "r1", True, outside),
        seen(4, "r1", "gw1", False, outside),
        seen(5, "r1", "gw2", True, outside),
        seen(6, "gw2", "r1", False, outside),
        seen(7, "gw2", "b", True, encode_ip(last)),
        seen(8, "b", "gw2", False, encode_ip(last)),
    )
    return Observation(PLAN, frames)


@pytest.mark.parametrize("inside", [IPV4, IPV6])
@pytest.mark.parametrize("how", ["vxlan", "gre", "ip"])
def test_a_packet_that_enters_a_tunnel_is_not_lost(how: str, inside: Family) -> None:
    whole = through_a_tunnel(how, IPV4, inside)
    assert lost_at(whole, "gw1") == lost_at(whole, "gw2") == lost_at(whole, "r1") == ()
    assert not [event for event in Journeys(whole).events() if "dropped" in event.what]
    cut = replace(whole, frames=whole.frames[:2])
    assert [frame.number for frame in lost_at(cut, "gw1")] == [2]
    other = replace(whole, frames=(*whole.frames[:2], *through_a_tunnel(how, IPV4, IPV6 if inside == IPV4 else IPV4).frames[2:]))
    assert [frame.number for frame in lost_at(other, "gw1")] == [2]


@pytest.mark.parametrize("inside", [IPV4, IPV6])
@pytest.mark.parametrize("how", ["vxlan", "gre", "ip"])
def test_on_the_stage_a_packet_goes_into_a_tunnel_and_comes_out_as_itself(how: str, inside: Family) -> None:
    datagram, tunnels = follow(through_a_tunnel(how, IPV4, inside))
    assert [(hop.start, hop.end) for hop in datagram.hops] == [("a", "gw1"), ("gw2", "b")]
    assert [(hop.start, hop.end) for hop in tunnels.hops] == [("gw1", "r1"), ("r1", "gw2")]
    assert (datagram.fate, datagram.to, tunnels.made_of, tunnels.to) == (DELIVERED, "b", (datagram.number,), "gw2")


def test_a_packet_that_ends_in_a_tunnel_has_arrived() -> None:
    """gw2 itself is the destination: nothing leaves the tunnel in the clear."""
    inner = udp(IPV4, ("10.0.0.1", "10.200.0.2"), 7, 100)
    outside = wrapped("vxlan", IPV4, replace(inner, hop_limit=63))
    frames = (
        seen(1, "a", "gw1", True, encode_ip(inner)),
        seen(2, "gw1", "r1", True, outside),
        seen(3, "gw2", "r1", False, outside),
    )
    observation = Observation(PLAN, frames, addresses={"10.200.0.2": "gw2"})
    (first, *_) = Journeys(observation).events()
    assert first.note == "delivered"
    (first, *_) = Journeys(replace(observation, frames=frames[:2])).events()
    assert first.note == "lost"


def test_a_flow_is_known_inside_a_tunnel() -> None:
    observation = Observation(PLAN)
    packet = decode_ip(wrapped("vxlan", IPV6, udp(IPV4, HOSTS[IPV4], 7, 100)))
    assert carries(observation, Udp("a", "b"), packet)
    assert not carries(observation, Udp("a", "b", family=IPV6), packet)
    assert not carries(observation, Tcp("a", "b"), packet)
    assert not carries(observation, Echo("a", "b"), packet)
    assert not carries(observation, Udp("gw1", "gw2", family=IPV6), packet)


def lines(tunnel: Tunnel, number: int = 0, **how: str) -> list[str]:
    return steps(tunnel, "gw1", "gw2", **how)[number].commands.splitlines()


def test_a_tunnel_is_laid_from_both_ends() -> None:
    assert lines(GRE, link="r1") == [
        "ip link add tun0 type gre local $gw1.r1.ipv4 remote $gw2.r1.ipv4 ttl 64",
        "ip address add 10.200.0.1/24 dev tun0",
        "ip -6 address add fd99::1/64 dev tun0 nodad",
        "ip -6 address add fe80::1/64 dev tun0 nodad",
        "ip link set tun0 up",
    ]
    assert lines(GRE, 1)[0] == "ip link add tun0 type gre local $gw2.ipv4 remote $gw1.ipv4 ttl 64"
    assert not [line for line in lines(SIT) if "10.200" in line]
    assert lines(VXLAN, options="dev r1")[0].endswith(" df set dev r1")
    assert "$gw1.ipv6 remote $gw2.ipv6" in lines(VXLAN6)[0]
    assert "endpoint $gw2.ipv4:51820" in lines(WIREGUARD)[1]
    assert "endpoint [$gw1.ipv6]:51820" in lines(WIREGUARD6, 1)[1]


def test_overheads() -> None:
    assert [tunnel.overhead for tunnel in (VXLAN, VXLAN6, GRE, SIT, WIREGUARD, WIREGUARD6)] == [50, 70, 24, 20, 60, 80]
    assert (WIREGUARD.less, GRE.less) == (80, 24)
    assert INNER[IPV4] == ("10.200.0.1", "10.200.0.2")
