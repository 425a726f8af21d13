"""ngtcp2 has QUIC's own discovery (RFC 9000 §14.3, RFC 8899): it finds what passes, and needs nobody to tell it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.model.topology import IPV4, IPV6, Family
from lab.testing import Net, OpenNet
from lab.world.process import PIPE
from tests.integration.certificate import Certificate
from tests.integration.wire import datagrams, left_by, pieces, sizes, told
from topologies import chain

pytestmark = pytest.mark.tools("gtlsclient", "gtlsserver")

PORT = 4433
OCTETS = 100_000
BASE = 1200  # BASE_PLPMTU, RFC 8899 §5.1.2
PROBES = 3  # MAX_PROBES, RFC 8899 §5.1.2
RUNGS = (1444, 1406, 1342, 1232)
"""The sizes that ngtcp2 tries, in octets of UDP payload: links of 1492, 1454, 1390 and 1280 under IPv6. Nothing in between. It
begins with 1406, and goes up or down from there.
"""
IP_AND_UDP = {IPV4: 20 + 8, IPV6: 40 + 8}


def fetch(net: Net, folder: Path, certificate: Certificate, family: Family) -> str:
    """A file from server to client, which asks for it 3 s after the handshake. Returns what the server says."""
    (site := folder / "site").mkdir()
    (site / "file").write_bytes(os.urandom(OCTETS))
    address = net.address("server", family)
    options = ["--quiet", f"--htdocs={site}", "--mime-types-file=/dev/null"]
    with net["server"].popen(
        ["gtlsserver", *options, address, str(PORT), certificate.key, certificate.chain], stderr=PIPE
    ) as server:
        net["server"].await_listening(PORT, "udp", by=server)
        options = ["--quiet", f"--download={folder}", "--exit-on-all-streams-close", "--delay-stream=3s"]
        net["client"].run(["gtlsclient", *options, address, str(PORT), "https://server/file"], timeout=20)
        server.terminate()
        _, said = server.communicate(timeout=10)
    assert (folder / "file").read_bytes() == (site / "file").read_bytes()
    return said or ""


@pytest.mark.parametrize(
    ("family", "mtu", "before", "found"),
    [
        pytest.param(IPV4, 1500, [(1406, 1)], 1444, id="1500"),
        pytest.param(IPV4, 1400, [(1406, PROBES)], 1342, id="1400"),
        pytest.param(IPV6, 1280, [(1406, PROBES), (1342, PROBES)], 1232, id="1280 under IPv6"),
    ],
)
def test_it_finds_what_passes(
    open_net: OpenNet, tmp_path: Path, certificate: Certificate, family: Family, mtu: int, before: list[tuple[int, int]], found: int
) -> None:
    """Three probes of a size that find no answer, then the next. The file then goes in datagrams of the largest that had one.

    client ──1500── r1 ──m── r2 ──1500── server

    Both routers are silent: it is found without ICMP, before the file is asked for, and the kernels learn nothing. The largest rung
    of a ladder is not the path MTU: over 1400 it is 1370.
    """
    path = chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,), silent=("r1", "r2"))
    net = open_net(path)
    assert "Message too long" not in fetch(net, tmp_path, certificate, family)
    frames = net.capture.take()
    sent = datagrams(left_by("server:r2", frames))
    beyond = [(octets - IP_AND_UDP[family], count) for octets, count in sizes(sent, BASE + IP_AND_UDP[family] + 1)]
    probes, after = beyond[: len(before)], beyond[len(before) :]

    assert found == max(rung for rung in RUNGS if rung + IP_AND_UDP[family] <= mtu)
    assert probes == before
    assert after[0][0] == max(octets for octets, _ in after) == found
    assert sum(count for octets, count in after if octets == found) > OCTETS // found
    assert {packet.df for packet in sent} == {family == IPV4}
    assert pieces(sent) == []
    assert [exception for node in net for exception in node.exceptions(net.nodes)] == []


def test_a_ptb_makes_it_no_wiser(open_net: OpenNet, tmp_path: Path, certificate: Certificate) -> None:
    """The PTB about the first probe says 1400. ngtcp2 goes on by its ladder, to 1370: more it will not use.

    client ──1500── r1 ──1400── r2 ──1500── server

    What the kernel has learned makes the next probes of 1434 fail before they leave: EMSGSIZE, of which ngtcp2 complains.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)))
    assert "Message too long" in fetch(net, tmp_path, certificate, IPV4)
    frames = net.capture.take()
    assert sizes(datagrams(left_by("server:r2", frames)), 1229)[0] == (1434, 1)
    assert max(packet.octets for packet in datagrams(left_by("r2:r1", frames))) == 1342 + IP_AND_UDP[IPV4]
    assert told(left_by("r2:server", frames)) == [1400]
    assert net["server"].path_mtu("client") == 1400
