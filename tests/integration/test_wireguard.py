"""WireGuard over a path of 1400: by wireguard-go, a program, and by the kernel where it has it."""

from __future__ import annotations

import os
import re

import pytest

from lab.testing import Net, OpenNet
from lab.theory.linux import fragments
from lab.world.errors import Lacking
from lab.world.features import require
from tests.integration.iperf3 import measure
from tests.integration.wire import datagrams, left_by, pieces, sizes, told
from topologies import chain
from topologies.tunnels import KEYS

pytestmark = pytest.mark.tools("wg", "ip", "unshare")

INSIDE = {"client": "10.200.0.1", "server": "10.200.0.2"}
OVERHEAD = 20 + 8 + 32
OWN_MTU = 1420  # what it gives its interface by itself: 1500, less the overhead over IPv6
FULL = OWN_MTU + OVERHEAD

IN_A_PROGRAM = "mount -t tmpfs tmpfs /run && wireguard-go wg0"
"""It makes a socket below /run, which is the host's; a tmpfs over it keeps that out, and parts one node's from the other's."""
IN_THE_KERNEL = "ip link add wg0 type wireguard"
ROUTERS = ("r1", "r2")
FLIGHT = 10
"""What TCP sends before it hears anything (RFC 6928 §2): more than that shows that what was sent did arrive."""


def lay(net: Net, make: str, mtu: int) -> None:
    """A tunnel from client to server, its interfaces at `mtu`."""
    for number, (here, there) in enumerate((("client", "server"), ("server", "client"))):
        own, other = KEYS[number][0], KEYS[1 - number][1]
        peer = f"peer {other} endpoint {net.address(there)}:51820 allowed-ips {INSIDE[there]}/32"
        commands = (
            make,
            f"echo {own} | wg set wg0 listen-port 51820 private-key /dev/stdin {peer}",
            f"ip address add {INSIDE[here]}/24 dev wg0",
            f"ip link set wg0 mtu {mtu} up",
        )
        net[here].run(["unshare", "--mount", "sh", "-c", " && ".join(commands)])
    net.capture.take()


def in_a_program(net: Net, mtu: int = OWN_MTU) -> None:
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        pytest.skip(f"wireguard-go needs /dev/net/tun: {error.strerror}")
    lay(net, IN_A_PROGRAM, mtu)


def ping(net: Net, inside: int, count: int = 3) -> int:
    """How many of `count` packets of `inside` octets, sent one by one through the tunnel with DF, are answered."""
    command = ["ping", "-n", "-c", str(count), "-i", "0.1", "-W", "0.5", "-M", "do", "-s", str(inside - 28), INSIDE["server"]]
    said = net["client"].run(command, check=False).stdout
    found = re.search(r"(\d+) received", said)
    assert found, said
    return int(found[1])


@pytest.mark.tools("wireguard-go", "ping")
def test_a_full_packet_is_lost_and_the_next_goes_in_pieces(open_net: OpenNet) -> None:
    """wireguard-go leaves its socket in mode WANT. Its host is told 1400, and from then on cuts up what is too big, without DF.

    client ──1500── r1 ──1400── r2 ──1500── server

    The first echo request is lost so, the second one's answer at the other end, and the third is answered. Inside nobody is told.
    """
    net = open_net(chain("client", *ROUTERS, "server", mtus=(1500, 1400, 1500)))
    in_a_program(net)
    assert ping(net, OWN_MTU, count=4) == 2
    frames = net.capture.take()
    cut = [piece.octets for piece in fragments(FULL, 1400)]
    for host, near, answers in (("client", "r1", 4), ("server", "r2", 3)):
        sent = left_by(f"{host}:{near}", frames)
        assert [(packet.octets, packet.df) for packet in sent if packet.octets > 1400] == [(FULL, True)]
        assert told(left_by(f"{near}:{host}", frames)) == [1400]
        assert [(packet.octets, packet.df) for packet in pieces(sent)] == [(octets, False) for octets in cut] * (answers - 1)
        assert {e.to: e.mtu for e in net[host].exceptions(net.nodes)} == {
            net.address("server" if host == "client" else "client"): 1400
        }


@pytest.mark.tools("wireguard-go", "ping", "iperf3")
def test_tcp_inside_is_never_told(open_net: OpenNet) -> None:
    """The hosts have learned 1400. TCP inside goes on at 1420, and each full segment that leaves does so in two pieces.

    client ──1500── r1 ──1400── r2 ──1500── server

    How many leave depends on the version. Since wireguard-go hands several packets to one send() (UDP_SEGMENT, Debian 13), that
    fails where they are larger than what the host has learned (udp_send_skb()), and only what goes alone gets out.
    """
    net = open_net(chain("client", *ROUTERS, "server", mtus=(1500, 1400, 1500)))
    in_a_program(net)
    ping(net, OWN_MTU)
    net.capture.take()
    report = measure(net, "--time", "1", "-b", "2M", to=INSIDE["server"])
    frames = net.capture.take()
    cut = {piece.octets for piece in fragments(FULL, 1400)}
    cut_up = pieces(left_by("client:r1", frames))

    assert {interval["streams"][0]["pmtu"] for interval in report["intervals"]} == {OWN_MTU}
    assert max(packet.octets for packet in left_by("client:r1", frames)) == max(cut)
    assert {packet.octets for packet in cut_up} >= cut
    assert {packet.df for packet in cut_up} == {False}
    assert told(left_by("r1:client", frames)) == []


@pytest.mark.tools("wireguard-go", "ping")
def test_in_a_black_hole_the_tunnel_stands_and_carries_nothing_large(open_net: OpenNet) -> None:
    """The handshake and small packets pass; of the full packets none does, and nobody is told.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", *ROUTERS, "server", mtus=(1500, 1400, 1500), silent=ROUTERS))
    in_a_program(net)
    assert ping(net, 84) == 3
    net.capture.take()
    assert ping(net, OWN_MTU) == 0
    frames = net.capture.take()
    large = [(packet.octets, packet.df) for packet in left_by("client:r1", frames) if packet.octets > 1400]
    assert large == [(FULL, True)] * 3
    assert sizes(datagrams(left_by("r1:r2", frames)), 1000) == []
    assert net["client"].path_mtu("server") == 1500


@pytest.mark.tools("wireguard-go", "ping", "iperf3")
def test_an_interface_of_1340_needs_nobody_to_tell(open_net: OpenNet) -> None:
    """With 1400 less the overhead for its MTU the tunnel fits: whole packets, through the same black hole.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", *ROUTERS, "server", mtus=(1500, 1400, 1500), silent=ROUTERS))
    in_a_program(net, 1400 - OVERHEAD)
    assert ping(net, 1400 - OVERHEAD) == 3
    assert "error" not in measure(net, "-n", "200K", to=INSIDE["server"])
    frames = net.capture.take()
    for end in ("client:r1", "server:r2"):
        assert max(packet.octets for packet in left_by(end, frames)) == 1400
        assert pieces(left_by(end, frames)) == []


@pytest.mark.tools("iperf3")
def test_the_kernels_own_sets_no_df(open_net: OpenNet) -> None:
    """The kernel's WireGuard sends without DF (send4() in drivers/net/wireguard), so that r1 cuts up what is too big.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", *ROUTERS, "server", mtus=(1500, 1400, 1500), silent=ROUTERS))
    try:
        require(net, ["wireguard"])
    except Lacking as lacking:
        pytest.skip(str(lacking))
    lay(net, IN_THE_KERNEL, OWN_MTU)
    report = measure(net, "-n", "200K", to=INSIDE["server"])
    frames = net.capture.take()
    full = [packet for packet in datagrams(left_by("client:r1", frames)) if packet.octets == FULL]

    assert "error" not in report
    assert len(full) > FLIGHT
    assert not [packet for packet in full if packet.df]
    cut = [piece.octets for piece in fragments(FULL, 1400)]
    crossed = left_by("r1:r2", frames)
    assert max(packet.octets for packet in crossed) <= 1400
    assert len([packet for packet in pieces(crossed) if packet.octets == cut[0]]) >= len(full)
