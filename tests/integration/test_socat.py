"""socat: a file by TCP, and by UDP in each mode of IP_MTU_DISCOVER, which socat lets its user choose."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from lab.model.flow import DO, DONT, PROBE, WANT
from lab.model.topology import IPV4, IPV6, Family
from lab.testing import Net, OpenNet
from lab.theory.linux import fragments
from tests.integration.wire import datagrams, left_by, mss, pieces, segments, told
from tests.world.command import until
from topologies import chain

pytestmark = pytest.mark.tools("socat")

PORT = 9000
FULL = 1472
"""The payload of a datagram that fills a packet of 1500 octets."""
DATAGRAMS = 40


def copy(net: Net, folder: Path, octets: int, family: Family = IPV4, option: str = "") -> bool:
    """Whether a file goes from client to server by TCP, whole. `option` is for the client's socket: ",mss=1000"."""
    given, got = folder / "given", folder / "got"
    given.write_bytes(os.urandom(octets))
    with net["server"].popen(["socat", "-u", f"TCP{family.value}-LISTEN:{PORT}", f"CREATE:{got}"]) as server:
        net["server"].await_listening(PORT)
        net["client"].run(["socat", "-u", f"OPEN:{given}", f"TCP{family.value}:server:{PORT}{option}"], timeout=10)
        server.wait(10)
    return got.read_bytes() == given.read_bytes()


@pytest.mark.parametrize(("family", "headers"), [(IPV4, 20 + 20 + 12), (IPV6, 40 + 20 + 12)], ids=str)
def test_a_file_over_two_descents(open_net: OpenNet, tmp_path: Path, family: Family, headers: int) -> None:
    """r1 tells 1400, r2 tells 1280, and the file arrives whole.

    client ──1500── r1 ──1400── r2 ──1280── r3 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "r3", "server", mtus=(1500, 1400, 1280, 1500), families=(family,)))
    assert copy(net, tmp_path, 300_000, family)
    frames = net.capture.take()
    assert set(told(left_by("r1:client", frames))) == {1400, 1280}
    assert set(told(left_by("r2:r1", frames))) == {1280}
    assert net["client"].path_mtu("server", family) == 1280
    assert net["server"].path_mtu("client", family) == 1500
    assert max(packet.octets for packet in left_by("client:r1", frames)) == 1500
    full = [packet.octets for packet in segments(left_by("r2:r3", frames))]
    assert max(full) == 1280
    assert full.count(1280) > 300_000 // 2 // (1280 - headers)


def test_a_small_mss_passes_a_black_hole(open_net: OpenNet, tmp_path: Path) -> None:
    """r1 and r2 tell nobody anything. With `mss=1000` (TCP_MAXSEG) at one end neither end ever sends what is too big.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), silent=("r1", "r2")))
    assert copy(net, tmp_path, 300_000, option=",mss=1000")
    frames = net.capture.take()
    assert mss(left_by("client:r1", frames)) == [1000]
    assert max(packet.octets for packet in left_by("client:r1", frames)) == 1000 + 40
    assert net["client"].counters()["TcpExt.TCPTimeouts"] == 0


class Sent(NamedTuple):
    """What became of 40 datagrams of 1500 octets: socat's exit status and words, how many left whole with DF, the sizes of the
    pieces that left by each end, what the PTBs told, and how many did not arrive.
    """

    status: int
    said: str
    whole: int
    pieces: dict[str, list[int]]
    ptbs: list[int]
    missing: int


def send(net: Net, folder: Path, mode: int) -> Sent:
    """A file in datagrams from client to server, with `mtudiscover` set. What arrives has to be the end of the file."""
    given, got = folder / "given", folder / "got"
    given.write_bytes(os.urandom(FULL * DATAGRAMS))
    with net["server"].popen(["socat", "-u", f"UDP4-RECV:{PORT}", f"CREATE:{got}"]):
        net["server"].await_listening(PORT, "udp")
        to = f"UDP4-SENDTO:server:{PORT},mtudiscover={mode}"
        done = net["client"].run(["socat", "-u", f"-b{FULL}", f"OPEN:{given}", to], check=False)
        sent = datagrams(left_by("client:r1", net.capture.seen()))
        whole = [packet for packet in sent if packet.df]
        until(lambda: got.exists() and got.stat().st_size == FULL * (len(sent) - len(whole)))
    arrived, frames = got.read_bytes(), net.capture.take()
    assert given.read_bytes().endswith(arrived)
    assert {packet.octets for packet in whole} <= {1500}
    cut = {end: [packet.octets for packet in pieces(left_by(end, frames))] for end in ("client:r1", "r1:r2")}
    return Sent(done.returncode, done.stderr, len(whole), cut, told(left_by("r1:client", frames)), DATAGRAMS - len(arrived) // FULL)


PIECES = [piece.octets for piece in fragments(1500, 1400)]


def test_udp_without_discovery(open_net: OpenNet, tmp_path: Path) -> None:
    """DONT: no DF, r1 cuts up every datagram, and nobody learns anything.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)))
    sent = send(net, tmp_path, DONT)
    assert (sent.status, sent.missing, sent.whole, sent.ptbs) == (0, 0, 0, [])
    assert sent.pieces == {"client:r1": [], "r1:r2": PIECES * DATAGRAMS}
    assert net["client"].path_mtu("server") == 1500


def test_udp_as_it_is_by_default(open_net: OpenNet, tmp_path: Path) -> None:
    """WANT: what leaves before the PTB comes is lost, and what follows the client itself cuts up, without DF.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)))
    sent = send(net, tmp_path, WANT)
    assert (sent.status, sent.missing, sent.ptbs) == (0, sent.whole, [1400] * sent.whole)
    assert 1 <= sent.whole < DATAGRAMS
    assert sent.pieces["client:r1"] == sent.pieces["r1:r2"] == PIECES * (DATAGRAMS - sent.whole)
    assert net["client"].path_mtu("server") == 1400


def test_udp_that_must_not_be_cut(open_net: OpenNet, tmp_path: Path) -> None:
    """DO: after the PTB nothing of that size leaves any more. socat takes EMSGSIZE for the end.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)))
    sent = send(net, tmp_path, DO)
    assert (sent.status, sent.missing, sent.ptbs) == (1, DATAGRAMS, [1400] * sent.whole)
    assert "Message too long" in sent.said
    assert 1 <= sent.whole < DATAGRAMS
    assert sent.pieces == {"client:r1": [], "r1:r2": []}
    assert net["client"].path_mtu("server") == 1400


def test_udp_that_probes(open_net: OpenNet, tmp_path: Path) -> None:
    """PROBE: the client learns 1400 and does not heed it. Everything is sent, everything is lost, and socat sees nothing wrong.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)))
    sent = send(net, tmp_path, PROBE)
    assert (sent.status, sent.missing, sent.whole, sent.ptbs) == (0, DATAGRAMS, DATAGRAMS, [1400] * DATAGRAMS)
    assert sent.pieces == {"client:r1": [], "r1:r2": []}
    assert net["client"].path_mtu("server") == 1400
