"""A DNS answer of 1400 octets over a path of 1280: dnsmasq answers, dig asks."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from lab.model.topology import IPV4, IPV6, Family
from lab.testing import Net, OpenNet
from lab.theory.linux import fragments
from lab.world.process import Process
from tests.integration.wire import datagrams, left_by, mss, pieces, segments, sizes, told
from topologies import chain

pytestmark = pytest.mark.tools("dnsmasq", "dig")

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
NAME = "big.test"
ANSWER = 1400
STRINGS = (214, 214, 214, 214, 214, 215)
"""What the answer's TXT records hold. Beside it there are 12 octets of header, 14 of question, 13 a record and 11 of OPT."""
IP_AND_UDP = {IPV4: 20 + 8, IPV6: 40 + 8}
IP_AND_TCP = {IPV4: 20 + 20 + 12, IPV6: 40 + 20 + 12}
NO_ANSWER = 9  # dig's exit status
FLAG_DAY = 1232  # what 1280 leaves under IPv6 and UDP


class Asked(NamedTuple):
    """What dig says: its exit status, octets of the answer it took in the end, and how often it waited in vain for one."""

    status: int
    octets: int | None
    timeouts: int
    truncated: bool


def answering(net: Net) -> Process:
    """dnsmasq in server, once it listens."""
    assert sum(STRINGS) + 12 + 14 + 13 * len(STRINGS) + 11 == ANSWER
    records = [f"--txt-record={NAME},{letter * octets}" for letter, octets in zip("abcdef", STRINGS, strict=True)]
    # --no-daemon: it stays what it is, an ordinary user where we are one.
    alone = ("--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts")
    process = net["server"].popen(["dnsmasq", *alone, "--edns-packet-max=4096", *records])
    net["server"].await_listening(53, "udp", by=process)
    return process


def ask(net: Net, family: Family, buffer: int, tries: int = 1) -> Asked:
    """Asks from client; `buffer` is the largest answer by UDP that it says it takes (EDNS, RFC 6891 §6.2.3)."""
    options = (f"+bufsize={buffer}", "+nocookie", "+timeout=1", f"+tries={tries}")
    done = net["client"].run(["dig", f"-{family.value}", f"@{net.address('server', family)}", NAME, "TXT", *options], check=False)
    octets = re.search(r"MSG SIZE +rcvd: (\d+)", done.stdout)
    return Asked(done.returncode, int(octets[1]) if octets else None, done.stdout.count("timed out"), "Truncated" in done.stdout)


@FAMILIES
def test_the_first_answer_is_lost_and_the_second_comes_in_pieces(open_net: OpenNet, family: Family) -> None:
    """dnsmasq leaves its sockets in mode WANT. r2 drops the first answer and tells 1280; dig asks again after a second.

    client ──1500── r1 ──1280── r2 ──1500── server

    The second answer the server's own kernel cuts up, IPv4's without DF. So does each later one: nobody has told dnsmasq anything.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), families=(family,)))
    with answering(net):
        assert ask(net, family, 4096, tries=2) == Asked(0, ANSWER, timeouts=1, truncated=False)
        frames = net.capture.take()
        assert ask(net, family, 4096) == Asked(0, ANSWER, timeouts=0, truncated=False)
    again = left_by("server:r2", net.capture.take())
    answers = datagrams(left_by("server:r2", frames))

    first, second = answers
    assert (first.octets, first.df, first.is_fragment) == (ANSWER + IP_AND_UDP[family], family == IPV4, False)
    assert told(left_by("r2:server", frames)) == [1280]
    assert (second.more_fragments, second.df) == (True, False)
    cut = [(piece.octets, False) for piece in fragments(first.octets, 1280, family)]
    for packets in (left_by("server:r2", frames), again):
        assert [(packet.octets, packet.df) for packet in pieces(packets)] == cut
    assert [exception.mtu for exception in net["server"].exceptions(net.nodes)] == [1280]
    assert not [packet for packet in datagrams(left_by("client:r1", frames)) if packet.df]


@FAMILIES
def test_in_a_black_hole_no_answer_comes(open_net: OpenNet, family: Family) -> None:
    """r2 drops the answers and tells nobody: the server answers each question, and the client hears nothing.

    client ──1500── r1 ──1280── r2 ──1500── server
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), families=(family,), silent=("r2",)))
    with answering(net):
        assert ask(net, family, 4096) == Asked(NO_ANSWER, None, timeouts=1, truncated=False)
    frames = net.capture.take()
    assert sizes(datagrams(left_by("server:r2", frames))) == [(ANSWER + IP_AND_UDP[family], 1)]
    assert datagrams(left_by("r2:r1", frames)) == []
    assert net["server"].exceptions(net.nodes) == ()


@FAMILIES
@pytest.mark.parametrize("silent", [(), ("r2",)], ids=["told", "black hole"])
def test_a_buffer_of_1232_needs_nobody_to_tell(open_net: OpenNet, family: Family, silent: tuple[str, ...]) -> None:
    """dig says that it takes 1232 octets: dnsmasq sends what fits and sets TC, and dig asks again by TCP. Nothing is too big.

    client ──1500── r1 ──1280── r2 ──1500── server

    That TCP gets through, too, is dig's doing: its SYN announces an MSS of 1220 (TCP_MAXSEG), on a link of 1500.
    """
    net = open_net(chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), families=(family,), silent=silent))
    with answering(net):
        assert ask(net, family, FLAG_DAY) == Asked(0, ANSWER, timeouts=0, truncated=True)
    frames = net.capture.take()
    sent = left_by("server:r2", frames)

    assert max(packet.octets for packet in datagrams(sent)) <= 1280
    assert mss(left_by("client:r1", frames)) == [1220]
    assert max(packet.octets for packet in segments(sent)) == 1220 - 12 + IP_AND_TCP[family]
    assert pieces(sent) == []
    assert told(left_by("r2:server", frames)) == []
