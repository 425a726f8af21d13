"""iperf3: TCP follows the path; its UDP test takes the path's size from TCP, and believes what it is not told."""

from __future__ import annotations

import pytest

from lab.testing import OpenNet
from tests.integration.iperf3 import measure
from tests.integration.wire import after_last_ptb, datagrams, left_by, resent, segments, sizes, told
from topologies import chain

pytestmark = pytest.mark.tools("iperf3")

MTUS = (1500, 576, 1500)
FIRST_SIZE = 1500 - 20 - 20 - 12
"""The payload of a segment before anything is learned, and of iperf3's UDP datagrams: it takes it from its TCP connection."""
CONTROL = 500
"""No packet of iperf3's other connection, by which it arranges the test, has so many octets."""


@pytest.mark.parametrize("sender", ["client", "server"])
def test_tcp_over_576(open_net: OpenNet, sender: str) -> None:
    """Whoever sends is told 576, and sends nothing larger from then on; the other learns nothing.

    client ──1500── r1 ──576── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=MTUS))
    receiver, near, far = ("server", "r1", "r2") if sender == "client" else ("client", "r2", "r1")
    # With buffers of 2 × 64 KiB at each end (tcp(7)) the receiver must have read more than half of it before the sender is done.
    report = measure(net, "-n", "600K", "--window", "64K", *(("--reverse",) if sender == "server" else ()))
    frames = net.capture.take()
    sent, ptbs = left_by(f"{sender}:{near}", frames), told(left_by(f"{near}:{sender}", frames))

    assert "error" not in report
    assert report["end"]["sum_sent"]["bytes"] >= 600 << 10
    # The receiver counts until it hears of the end, and the last of it may come later.
    assert report["end"]["sum_received"]["bytes"] > 10 * FIRST_SIZE
    assert [(e.node, e.to, e.mtu, e.locked) for node in net for e in node.exceptions(net.nodes)] == [
        (sender, net.address(receiver), 576, False)
    ]
    full = [packet for packet in sent if packet.octets > 576]
    assert {packet.octets for packet in full} == {1500}
    assert ptbs == [576] * len(full)
    after = after_last_ptb(f"{sender}:{near}", f"{near}:{sender}", frames)
    assert max(packet.octets for packet in after) == 576
    assert sum(packet.octets for packet in segments(after)) > report["end"]["sum_received"]["bytes"]
    assert max(packet.octets for packet in left_by(f"{near}:{far}", frames)) == 576
    if sender == "client":
        assert report["intervals"][-1]["streams"][0]["pmtu"] == 576


def test_tcp_into_a_black_hole(open_net: OpenNet) -> None:
    """r1 drops what is too big and tells nobody. iperf3 connects, sends the same 1500 octets for a second, and not one arrives.

    client ──1500── r1 ──576── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=MTUS, silent=("r1",)))
    report = measure(net, "--time", "1")
    frames = net.capture.take()
    again = [packet.octets for packet in resent(left_by("client:r1", frames)) if packet.octets > CONTROL]

    assert report["end"]["sum_received"]["bytes"] == 0
    assert len(again) >= 2
    assert set(again) == {1500}
    assert max(packet.octets for packet in left_by("r1:r2", frames)) < 576
    assert told(left_by("r1:client", frames)) == []
    assert net["client"].exceptions(net.nodes) == ()


def test_probing_finds_the_way_round_a_black_hole(open_net: OpenNet) -> None:
    """tcp_mtu_probing 1: after two timeouts (tcp_retries1 0) segments of 1024, then of half as much, and those arrive.

    client ──1500── r1 ──576── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=MTUS, silent=("r1",)))
    net["client"].sysctl("net/ipv4/tcp_mtu_probing", 1)
    net["client"].sysctl("net/ipv4/tcp_retries1", 0)
    report = measure(net, "-n", "200K")
    sent = left_by("client:r1", frames := net.capture.take())

    assert "error" not in report
    steps = [octets for octets, _ in sizes(segments(sent), 564)]
    assert steps[:3] == [1500, 1076, 564]
    assert 564 <= max(packet.octets for packet in left_by("r1:r2", frames)) <= 576
    assert told(left_by("r1:client", frames)) == []
    assert net["client"].exceptions(net.nodes) == ()


def test_who_connects_probes_from_the_start(open_net: OpenNet) -> None:
    """tcp_mtu_probing 2 at the client, which connects: its first segment has 1024 octets, and nothing waits for a timeout.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), silent=("r1",)))
    net["client"].sysctl("net/ipv4/tcp_mtu_probing", 2)
    before = net["client"].counters()
    report = measure(net, "-n", "200K")
    sent = left_by("client:r1", frames := net.capture.take())

    assert "error" not in report
    assert report["start"]["tcp_mss_default"] == 1024
    steps = [octets for octets, _ in sizes(segments(sent), 1076)]
    assert steps[:2] == [1076, 1288]
    assert max(packet.octets for packet in left_by("r1:r2", frames)) <= 1400
    counters = net["client"].counters()
    assert counters["TcpExt.TCPTimeouts"] == before["TcpExt.TCPTimeouts"]
    assert counters["TcpExt.TCPMTUPSuccess"] > before["TcpExt.TCPMTUPSuccess"]


def test_udp_ends_at_the_first_ptb(open_net: OpenNet) -> None:
    """iperf3's datagrams fill the packets of its TCP connection, which has sent nothing large so far and knows nothing.

    client ──1500── r1 ──576── r2 ──1500── server

    The PTB about the first datagram is an error of the next write, and after that iperf3 sends no more. 3.12 says why and ends, and
    3.18 is silent. A second run finds 576 learned, and its datagrams fit.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=MTUS))
    first = measure(net, "--udp", "--time", "1", "-b", "10M")
    sent = datagrams(left_by("client:r1", frames := net.capture.take()))
    assert first["start"]["test_start"]["blksize"] == FIRST_SIZE
    assert "Message too long" in first.get("error", "Message too long")
    ((octets, lost),) = sizes(sent, 576)
    assert octets == FIRST_SIZE + 28
    assert told(left_by("r1:client", frames)) == [576] * lost
    assert net["client"].path_mtu("server") == 576

    second = measure(net, "--udp", "-n", "20K", "-b", "0")
    sent = datagrams(left_by("client:r1", frames := net.capture.take()))
    assert "error" not in second
    assert second["start"]["test_start"]["blksize"] == 524
    assert sizes(sent, 524) == [(552, second["end"]["sum"]["packets"])]
    assert second["end"]["sum"]["lost_packets"] == 0
    assert told(left_by("r1:client", frames)) == []


def test_udp_into_a_black_hole_reports_no_loss(open_net: OpenNet) -> None:
    """The receiver counts as lost what is missing before the last datagram that came. Of none that came, none is missing.

    client ──1500── r1 ──576── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=MTUS, silent=("r1",)))
    report = measure(net, "--udp", "-n", "20K", "-b", "0")
    frames = net.capture.take()

    assert "error" not in report
    assert sizes(datagrams(left_by("client:r1", frames)), 576) == [(FIRST_SIZE + 28, report["end"]["sum"]["packets"])]
    assert sizes(datagrams(left_by("r1:r2", frames)), 576) == []
    assert report["end"]["sum"]["lost_percent"] == 0
