"""aioquic has no path MTU discovery of its own: it sends datagrams of one size, and leaves the rest to the kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.model.topology import IPV4, IPV6, Family
from lab.testing import Net, OpenNet
from lab.theory.linux import fragments
from tests.integration.certificate import Certificate
from tests.integration.wire import datagrams, left_by, pieces, sizes, told
from topologies import chain

QUIC = str(Path(__file__).with_name("programs") / "quic.py")
PORT = 4433
OCTETS = 100_000
DEFAULT = 1200
"""aioquic's max_datagram_size, in octets of UDP payload: the least that RFC 9000 §14 lets an Initial have."""
IP_AND_UDP = {IPV4: 20 + 8, IPV6: 40 + 8}


def fetch(
    net: Net, folder: Path, certificate: Certificate, *, client: int = DEFAULT, server: int = DEFAULT
) -> subprocess.CompletedProcess[str]:
    """A file from server to client, with the max_datagram_size of each. Fails where it arrives and is not what was sent."""
    given, got = folder / "given", folder / "got"
    given.write_bytes(os.urandom(OCTETS))
    serve = ["serve", net.address("server"), str(PORT), certificate.chain, certificate.key, str(given), str(server)]
    with net["server"].popen([sys.executable, QUIC, *serve]) as serving:
        net["server"].await_listening(PORT, "udp", by=serving)
        fetching = ["fetch", "server", str(PORT), certificate.chain, str(got), str(client)]
        done = net["client"].run([sys.executable, QUIC, *fetching], check=False)
    assert done.returncode or got.read_bytes() == given.read_bytes()
    return done


@pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
@pytest.mark.parametrize("mtu", [1500, 1280])
def test_it_never_looks_for_more_than_1200(
    open_net: OpenNet, tmp_path: Path, certificate: Certificate, mtu: int, family: Family
) -> None:
    """Full datagrams have 1200 octets from the first to the last, also where 1500 would pass. In a path of 1280 they pass untold.

    client ──1500── r1 ──m── r2 ──1500── server

    Both routers are silent, so nothing else could get through. IPv4 packets have DF: the kernel's default, WANT.
    """
    path = chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,), silent=("r1", "r2"))
    net = open_net(path)
    assert fetch(net, tmp_path, certificate).returncode == 0
    frames = net.capture.take()
    full = DEFAULT + IP_AND_UDP[family]
    for end in ("client:r1", "server:r2"):
        sent = datagrams(left_by(end, frames))
        assert max(packet.octets for packet in sent) == full
        assert {packet.df for packet in sent} == {family == IPV4}
    assert len([packet for packet in datagrams(left_by("r2:r1", frames)) if packet.octets == full]) >= OCTETS // DEFAULT


def test_what_is_too_big_the_kernel_cuts_up(open_net: OpenNet, tmp_path: Path, certificate: Certificate) -> None:
    """With max_datagram_size 1452 the first Initial of each side is lost, and what follows goes in two pieces, to the last.

    client ──1500── r1 ──1280── r2 ──1500── server

    aioquic hears of no PTB. The kernels do, and cut up its datagrams from then on, without DF: RFC 9000 §14 says that this MUST NOT
    be, and that DF MUST be set.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500)))
    assert fetch(net, tmp_path, certificate, client=1452, server=1452).returncode == 0
    frames = net.capture.take()
    cut = tuple(piece.octets for piece in fragments(1480, 1280))
    for host, near in (("client", "r1"), ("server", "r2")):
        sent = left_by(f"{host}:{near}", frames)
        whole = [packet for packet in datagrams(sent) if packet.octets > 1280]
        assert {(packet.octets, packet.df) for packet in whole} == {(1480, True)}
        assert told(left_by(f"{near}:{host}", frames)) == [1280] * len(whole)
        assert {packet.octets for packet in pieces(sent)} >= set(cut)
        assert not [packet for packet in pieces(sent) if packet.df]
        assert net[host].path_mtu("server" if host == "client" else "client") == 1280
    assert len(pieces(left_by("server:r2", frames))) >= 2 * (OCTETS // 1452)


@pytest.mark.parametrize("sender", ["client", "server"])
def test_what_is_too_big_ends_in_a_black_hole(open_net: OpenNet, tmp_path: Path, certificate: Certificate, sender: str) -> None:
    """With max_datagram_size 1452 at one side and no PTB there is no connection: its Initials vanish, one after the other.

    client ──1500── r1 ──1280── r2 ──1500── server

    A stack with discovery starts from 1200 and finds out (RFC 9000 §14.3).
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), silent=("r1", "r2")))
    near, far = ("r1", "r2") if sender == "client" else ("r2", "r1")
    done = fetch(net, tmp_path, certificate, **{sender: 1452})
    assert (done.returncode, "no connection" in done.stderr) == (1, True)
    frames = net.capture.take()
    sent = [packet for packet in datagrams(left_by(f"{sender}:{near}", frames)) if packet.octets > 1280]
    assert len(sent) >= 3
    assert {(packet.octets, packet.df) for packet in sent} == {(1480, True)}
    assert sizes(datagrams(left_by(f"{near}:{far}", frames)), 1280) == []
    assert [exception for node in net for exception in node.exceptions(net.nodes)] == []
