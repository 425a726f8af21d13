"""NTP: a question and an answer of 48 octets, 76 with their headers. They pass wherever anything passes, but for the least link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.model.packet import Packet
from lab.testing import Net, OpenNet
from lab.theory.linux import fragments
from lab.world.process import Process
from tests.integration.wire import datagrams, left_by, pieces, told
from topologies import chain

pytestmark = pytest.mark.tools("chronyd")

NTP = 20 + 8 + 48
UNTOUCHED_CLOCK = ("-x", "-d", "-u", "root")  # it sets nothing, stays in front, and has no user to change to


def serving(net: Net, folder: Path) -> Process:
    """chronyd in server, which gives out the time of its own clock, once it listens."""
    configuration = folder / "server.conf"
    configuration.write_text(f"local stratum 1\nallow all\ncmdport 0\npidfile {folder}/server.pid\n")
    process = net["server"].popen(["chronyd", *UNTOUCHED_CLOCK, "-f", str(configuration)])
    net["server"].await_listening(123, "udp", by=process)
    return process


def query(net: Net, folder: Path) -> float:
    """What chronyd in client finds its clock to be wrong by, in seconds. It asks until it has an answer, and sets nothing."""
    configuration = ("cmdport 0", f"pidfile {folder}/client.pid", "server server iburst maxsamples 1")
    said = net["client"].run(["chronyd", *UNTOUCHED_CLOCK, "-Q", "-t", "20", *configuration]).stderr
    found = re.search(r"System clock wrong by (-?[\d.]+) seconds \(ignored\)", said)
    assert found, said
    return float(found[1])


def ntp(packets: list[Packet]) -> list[tuple[int, bool]]:
    """Octets of each NTP packet, or first piece of one, and its DF bit."""
    return [(packet.octets, packet.df) for packet in datagrams(packets)]


@pytest.mark.parametrize("mtu", [1500, 576, 296, NTP])
def test_it_passes_untouched(open_net: OpenNet, tmp_path: Path, mtu: int) -> None:
    """One packet each way, with DF, and nobody has anything to say about it; down to an MTU of 76.

    client ──1500── r1 ──m── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500)))
    with serving(net, tmp_path):
        assert abs(query(net, tmp_path)) < 1
    frames = net.capture.take()
    for end in ("client:r1", "r1:r2", "server:r2", "r2:r1"):
        assert ntp(left_by(end, frames)) == [(NTP, True)], end
        assert pieces(left_by(end, frames)) == []
        assert told(left_by(end, frames)) == []
    assert [exception for node in net for exception in node.exceptions(net.nodes)] == []


def test_over_68_it_takes_pieces(open_net: OpenNet, tmp_path: Path) -> None:
    """The first question is too big for 68, the first answer too. Who is told 68 holds to 552, and sets no DF from then on.

    client ──1500── r1 ──68── r2 ──1500── server

    iburst asks every 2 s: of the first question and the second one nothing comes back, and the third is answered.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 68, 1500)))
    with serving(net, tmp_path):
        assert abs(query(net, tmp_path)) < 1
    frames = net.capture.take()
    for host, near in (("client", "r1"), ("server", "r2")):
        sent = ntp(left_by(f"{host}:{near}", frames))
        assert sent == [(NTP, True)] + [(NTP, False)] * (len(sent) - 1)
        assert told(left_by(f"{near}:{host}", frames)) == [68]
        (learned,) = net[host].exceptions(net.nodes)
        assert (learned.mtu, learned.locked) == (552, True)
    cut = [piece.octets for piece in fragments(NTP, 68)]
    assert [packet.octets for packet in pieces(left_by("r1:r2", frames))] == cut * 2
    assert [packet.octets for packet in pieces(left_by("r2:r1", frames))] == cut
