"""Taps proved before they are believed: nothing lost, the true order, the right direction, and a loss that is never silent."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

import lab
from lab.model.flow import DO
from lab.model.topology import IPV4, IPV6
from lab.model.wire import Packet, UdpHeader, decode
from lab.testing import black_hole
from lab.world.errors import Broken
from lab.world.kept import OVERHEAD, TappedFrame
from lab.world.net import Net, Node
from tests.world.command import until
from topologies import chain

PORT = 7000
IP_MTU_DISCOVER = 10
DATAGRAMS = 2000
SIOCETHTOOL = 0x8946
# The older ethtool requests, one a feature, where the lab itself uses ETHTOOL_GFEATURES.
OLD_REQUESTS = {"rx-checksum": 0x14, "tx-checksum": 0x16, "scatter-gather": 0x18, "tso": 0x1E, "gso": 0x23, "gro": 0x2B}
ENDS = ("client:r1", "r1:client", "r1:server", "server:r1")


@pytest.fixture
def net() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400))) as net:
        yield net


@contextlib.contextmanager
def pair(net: Net) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A UDP socket at client, connected to one at server."""
    with (
        net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        net["server"].socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind((net.address("server"), PORT))
        receiver.settimeout(5)
        sender.connect((net.address("server"), PORT))
        yield sender, receiver


def datagrams(frames: list[TappedFrame]) -> list[tuple[TappedFrame, Packet, UdpHeader]]:
    decoded = ((frame, decode(frame.octets)) for frame in frames)
    return [(frame, packet, packet.payload) for frame, packet in decoded if packet and isinstance(packet.payload, UdpHeader)]


def test_nothing_is_lost_of_two_thousand_datagrams(net: Net) -> None:
    """At full speed and each of its own length, each is seen at every link end that it crosses, once, in both directions."""
    lengths = [1 + i % 1372 for i in range(DATAGRAMS)]
    with pair(net) as (sender, receiver):
        for length in lengths:
            sender.send(bytes(length))
            assert len(receiver.recv(2000)) == length
    frames = list(net.capture.take())
    for end in ENDS:
        here = [(frame, udp.octets) for frame, _, udp in datagrams(frames) if frame.interface.end == end]
        assert [octets for _, octets in here] == lengths
        # Client's and r1's second interface send; the others receive.
        assert {frame.sent for frame, _ in here} == {end in ("client:r1", "r1:server")}
    assert [tap.dropped for tap in net.capture.taps] == [0] * 4
    assert sum(tap.seen for tap in net.capture.taps) == len(frames)


def test_what_is_taken_is_retained_as_far_as_there_is_room(net: Net) -> None:
    """Of each tap the last, and of all taps together from when on all have theirs: every datagram that is there is there whole."""
    room = 4 * 100 * (1000 + 42 + OVERHEAD)  # 100 of these datagrams a tap, and their Ethernet, IP and UDP headers
    net.capture.retain(room)
    with pair(net) as (sender, receiver):
        for number in range(250):
            sender.send(number.to_bytes(2, "big") * 500)
            receiver.recv(2000)
            if number == 50:
                assert len(datagrams(list(net.capture.take()))) == 4 * 51
                assert net.capture.let_go == 0
    assert net.capture.seen()
    kept = net.capture.everything()
    assert all(frame.time > net.capture.let_go > 0 for frame in kept)
    ends = Counter(int.from_bytes(frame.octets[42:44], "big") for frame, _, _ in datagrams(list(kept)))
    whole = [number for number, times in ends.items() if times == 4]
    assert whole == list(range(250 - len(whole), 250))
    assert 98 <= len(whole) <= 100
    with pytest.raises(Broken, match=r"^\d+ frames came before these, and there was no room"):
        net.capture.take()
    assert net.capture.take() == []
    assert len(net.capture.everything()) == len(kept)


def test_where_one_tap_has_let_go_of_much_no_other_shows_what_was_before(net: Net) -> None:
    """One small datagram goes all the way, and then hundreds are lost at r1: what is kept has no first datagram half of the way."""
    net.capture.retain(4 * 100 * (1514 + OVERHEAD))
    with pair(net) as (sender, receiver), black_hole(net, "r1"):
        sender.send(b"first")
        receiver.recv(2000)
        sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, DO)
        for _ in range(250):
            sender.send(bytes(1472))
        until(lambda: net["r1"].counters()["Ip.FragFails"] == 250)
    kept = datagrams(list(net.capture.everything()))
    assert 95 < sum(frame.interface.end == "r1:client" for frame, _, _ in kept) <= 100
    assert {udp.octets for _, _, udp in kept} == {1472}


def test_a_burst_waits_in_the_sockets(net: Net) -> None:
    """As much as the driver writes before it empties the taps, in segments for Linux's least path MTU: 552 - 40 - 12 octets."""
    count = 32 * 1024 // 500
    with net.capture._lock, pair(net) as (sender, receiver):
        for _ in range(count):
            sender.send(bytes(500))
        for _ in range(count):
            receiver.recv(2000)
    seen = Counter(frame.interface.end for frame, _, _ in datagrams(list(net.capture.take())))
    assert seen == dict.fromkeys(ENDS, count)


def test_frames_are_whole_from_the_ethernet_header_on(net: Net) -> None:
    with pair(net) as (sender, receiver):
        sender.send(bytes(range(256)))
        receiver.recv(2000)
    (first, packet, _), *_ = datagrams(list(net.capture.take()))
    client, r1 = net.plan.links[0]
    assert first.octets[:14] == bytes.fromhex(r1.mac.replace(":", "") + client.mac.replace(":", "") + "0800")
    assert (packet.octets, len(first.octets), first.length) == (28 + 256, 14 + 28 + 256, 14 + 28 + 256)
    assert first.octets[-256:] == bytes(range(256))


def test_times_are_the_kernels_and_in_the_order_of_the_path(net: Net) -> None:
    before = time.time_ns()
    with pair(net) as (sender, receiver):
        for _ in range(50):
            sender.send(b"x")
            receiver.recv(100)
    after = time.time_ns()
    frames = list(net.capture.take())
    times = [frame.time for frame in frames]
    assert times == sorted(times)
    assert before <= times[0] <= times[-1] <= after
    crossings = [frame.interface.end for frame, _, _ in datagrams(frames)]
    assert crossings == list(ENDS) * 50


def test_both_directions(net: Net) -> None:
    with pair(net) as (sender, receiver):
        sender.send(b"there")
        _, back = receiver.recvfrom(100)
        receiver.sendto(b"and back", back)
        sender.settimeout(5)
        sender.recv(100)
    seen = [(frame.interface.end, frame.sent) for frame, _, _ in datagrams(list(net.capture.take()))]
    there = list(zip(ENDS, (True, False, True, False), strict=True))
    back_again = list(zip(reversed(ENDS), (True, False, True, False), strict=True))
    assert seen == there + back_again


def test_take_gives_each_frame_once(net: Net) -> None:
    with pair(net) as (sender, receiver):
        for content in (b"1", b"22"):
            sender.send(content)
            receiver.recv(100)
            assert [udp.octets for _, _, udp in datagrams(list(net.capture.take()))] == [len(content)] * 4
    assert datagrams(list(net.capture.take())) == []


def test_dropped_packets_are_seen_where_they_got_to(net: Net) -> None:
    """A frame that goes no further is no frame that a tap lost."""
    with pair(net) as (sender, _):
        sender.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, DO
        sender.send(bytes(1472))
    seen = [frame.interface.end for frame, packet, _ in datagrams(list(net.capture.take())) if packet.octets == 1500]
    assert seen == ["client:r1", "r1:client"]


def flood(net: Net, narrow: str) -> None:
    """Sends 500 datagrams past a tap whose socket holds only a few, while nothing empties it."""
    tap = next(tap for tap in net.capture.taps if tap.interface.end == narrow)
    tap.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    with net.capture._lock, pair(net) as (sender, receiver):
        for _ in range(500):
            sender.send(bytes(1000))
            receiver.recv(2000)


def test_a_loss_is_never_silent(net: Net) -> None:
    flood(net, "r1:server")
    with pytest.raises(Broken, match=r"the tap at r1:server dropped (\d+) of (\d+) frames") as broken:
        net.capture.take()
    (tap,) = (tap for tap in net.capture.taps if tap.dropped)
    assert f"dropped {tap.dropped} of {tap.seen} frames" in str(broken.value)
    assert 0 < tap.dropped < 500 <= tap.seen


def test_a_loss_is_not_forgotten(net: Net) -> None:
    """Reading the kernel's count sets it to zero; ours stays."""
    flood(net, "client:r1")
    for _ in range(2):
        with pytest.raises(Broken, match="client:r1"):
            net.capture.take()


def offloads(node: Node, interface: str) -> dict[str, int]:
    """By name, whether the interface has each."""
    seen = {}
    with node.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for name, request in OLD_REQUESTS.items():
            value = ctypes.create_string_buffer(struct.pack("=II", request, 1), 8)
            fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), ctypes.addressof(value)))
            seen[name] = struct.unpack("=II", value.raw)[1]
    return seen


def test_offloads_are_off_unless_asked_for(net: Net) -> None:
    for node in net:
        for interface in node.planned.interfaces:
            assert offloads(node, interface.name) == dict.fromkeys(OLD_REQUESTS, 0), interface.end
    with lab.open(replace(net.plan.topology, offloads=True), taps=False) as other:
        assert offloads(other["client"], "r1")["tso"] == 1


@pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
def test_with_offloads_on_super_packets_are_seen_and_off_none(family: int) -> None:
    """The positive control for offloads=False: the same transfer, and frames larger than the MTU."""
    largest = {}
    for offloads in (False, True):
        shape = chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV4, IPV6), offloads=offloads)
        with lab.open(shape) as net:
            transfer(net, socket.AF_INET if family == IPV4 else socket.AF_INET6)
            largest[offloads] = max(frame.length for frame in net.capture.take())
    assert largest[False] == 1514
    assert largest[True] > 1514


def transfer(net: Net, family: int) -> None:
    """256 KiB over TCP."""
    address = net.address("server", IPV4 if family == socket.AF_INET else IPV6)
    with net["server"].socket(family, socket.SOCK_STREAM) as listener, net["client"].socket(family, socket.SOCK_STREAM) as sender:
        listener.bind((address, PORT))
        listener.listen()
        sender.connect((address, PORT))
        receiver, _ = listener.accept()
        with receiver:
            thread = threading.Thread(target=sender.sendall, args=(bytes(1 << 18),))
            thread.start()
            receiver.settimeout(5)
            received = 0
            while received < 1 << 18:
                received += len(receiver.recv(1 << 16))
                net.capture.drain()
            thread.join()
