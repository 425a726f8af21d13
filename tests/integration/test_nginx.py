"""nginx serves, curl fetches: it is the server that sends, so it is the server's path that matters."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from lab.testing import Net, OpenNet, changing_mtu, clamp, expect_path_mtu
from lab.world.net import Node
from lab.world.process import Process
from tests.integration.wire import after_last_ptb, left_by, mss, resent, segments, sizes, told
from tests.world.command import until
from topologies import chain

pytestmark = pytest.mark.tools("nginx", "curl")

BIG, SMALL = 200_000, 1_000
HUGE = 1_000_000  # more than what fits into the buffers on the way, while nobody takes what curl has got

# One process that keeps its user: in the namespaces of an ordinary user there is no other to change to.
CONFIGURATION = """
daemon off;
master_process off;
user root;
pid {folder}/pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 80;
        root {folder};
    }}
}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What nginx serves: /big and /small. Its own files are there, too."""
    tmp_path.joinpath("big").write_bytes(os.urandom(BIG))
    tmp_path.joinpath("small").write_bytes(os.urandom(SMALL))
    tmp_path.joinpath("nginx.conf").write_text(CONFIGURATION.format(folder=tmp_path))
    return tmp_path


def serving(net: Net, folder: Path) -> Process:
    """nginx in server, once it listens."""
    process = net["server"].popen(["nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")])
    net["server"].await_listening(80, by=process)
    return process


def fetch(client: Node, folder: Path, name: str) -> bool:
    """Whether curl gets the file whole, within 10 s."""
    got = folder / f"got-{name}"
    client.run(["curl", "--silent", "--show-error", "--fail", "--max-time", "10", "--output", str(got), f"http://server/{name}"])
    return sha256(got.read_bytes()).digest() == sha256((folder / name).read_bytes()).digest()


@pytest.mark.parametrize("mtu", [1400, 576])
def test_the_server_follows_the_path(open_net: OpenNet, folder: Path, mtu: int) -> None:
    """r2 tells the server, and the file arrives whole. The client, which sends little, never hears of it.

    client ──1500── r1 ──m── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500)))
    with serving(net, folder):
        assert fetch(net["client"], folder, "big")
    frames = net.capture.take()
    sent = left_by("server:r2", frames)

    (learned,) = net["server"].exceptions(net.nodes)
    assert (learned.to, learned.mtu) == (net.address("client"), mtu)
    assert net["client"].exceptions(net.nodes) == ()
    full = [packet for packet in sent if packet.octets > mtu]
    assert {(packet.octets, packet.df) for packet in full} == {(1500, True)}
    assert told(left_by("r2:server", frames)) == [mtu] * len(full)
    assert max(packet.octets for packet in after_last_ptb("server:r2", "r2:server", frames)) == mtu


def test_a_black_hole_lets_the_small_file_through(open_net: OpenNet, folder: Path) -> None:
    """r2 drops what is too big and tells nobody. A small file arrives; of a big one curl gets not one octet.

    client ──1500── r1 ──1400── r2 ──1500── server

    The server sends the same 1500 octets again at each timeout, at 0.2 and 0.6 s and so on, for a quarter of an hour.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), silent=("r2",)))
    with serving(net, folder):
        assert fetch(net["client"], folder, "small")
        net.capture.take()
        before = net["server"].counters()["TcpExt.TCPTimeouts"]
        got = folder / "nothing"
        with net["client"].popen(["curl", "--silent", "--output", str(got), "http://server/big"]):
            until(lambda: net["server"].counters()["TcpExt.TCPTimeouts"] >= before + 2)
    frames = net.capture.take()
    again = resent(left_by("server:r2", frames))

    assert not got.exists() or got.stat().st_size == 0
    assert len(again) >= 2
    assert {packet.octets for packet in again} == {1500}
    assert segments(left_by("r2:r1", frames)) == []
    assert net["server"].exceptions(net.nodes) == ()


def test_a_link_that_shrinks_during_a_download(open_net: OpenNet, folder: Path) -> None:
    """Full packets cross r1–r2 until its MTU becomes 1400. From then on r2 tells the server, and the file arrives whole.

    client ──1500── r1 ──1500── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1500)))
    (folder / "huge").write_bytes(huge := os.urandom(HUGE))
    ours, theirs = os.pipe()
    with (
        open(ours, "rb") as body,
        serving(net, folder),
        net["client"].popen(["curl", "--silent", "http://server/huge"], stdout=theirs),
    ):
        os.close(theirs)
        got = body.read(1)
        before = net.capture.take()
        with changing_mtu(net, ("r1", "r2"), 1400):
            got += body.read()
            expect_path_mtu(net, "server", "client", 1400)
    frames = net.capture.take()

    assert got == huge
    assert max(packet.octets for packet in left_by("r2:r1", before)) == 1500
    assert set(told(left_by("r2:server", frames))) == {1400}
    assert max(packet.octets for packet in after_last_ptb("server:r2", "r2:server", frames)) == 1400


def test_a_clamp_gets_the_big_file_through(open_net: OpenNet, folder: Path) -> None:
    """r2 tells nobody anything, but lowers the MSS of each SYN to what its routes take: neither end sends what is too big.

    client ──1500── r1 ──1400── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), silent=("r2",)))
    with clamp(net, "r2"), serving(net, folder):
        assert fetch(net["client"], folder, "big")
    frames = net.capture.take()

    assert mss(left_by("client:r1", frames)) == mss(left_by("server:r2", frames)) == [1460]
    assert mss(left_by("r2:server", frames)) == mss(left_by("r2:r1", frames)) == [1360]
    assert max(packet.octets for packet in left_by("server:r2", frames)) == 1400
    assert net["server"].counters()["TcpExt.TCPTimeouts"] == 0


@pytest.mark.parametrize(
    ("probing", "mtu", "steps"),
    [
        pytest.param(1, 1400, [1500, 1076], id="when a black hole is suspected"),
        pytest.param(1, 576, [1500, 1076, 564], id="over 576"),
        pytest.param(2, 1400, [1500, 564], id="from the start"),
    ],
)
def test_probing_gets_the_big_file_through(open_net: OpenNet, folder: Path, probing: int, mtu: int, steps: list[int]) -> None:
    """With tcp_mtu_probing at the server the file arrives whole, though nobody tells it anything.

    client ──1500── r1 ──m── r2 ──1500── server

    With 1 it goes down at the second timeout (tcp_retries1 0): 1024 octets of data, then 512. With 2 it should start with 1024; but
    who accepts a connection sets its MSS before probing is switched on (tcp_mtup_init() comes without tcp_sync_mss()), so the first
    segments are as large as ever. At the timeout probing counts as on already, and what is tried is half of 1024.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), silent=("r2",)))
    net["server"].sysctl("net/ipv4/tcp_mtu_probing", probing)
    net["server"].sysctl("net/ipv4/tcp_retries1", 0)
    with serving(net, folder):
        assert fetch(net["client"], folder, "big")
    frames = net.capture.take()
    sent = segments(left_by("server:r2", frames))

    assert [octets for octets, _ in sizes(sent, min(steps))][: len(steps)] == steps
    assert max(packet.octets for packet in left_by("r2:r1", frames)) <= mtu
    assert told(left_by("r2:server", frames)) == []
    assert net["server"].exceptions(net.nodes) == ()
