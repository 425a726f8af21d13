"""What lab.testing does to a network and claims of it: true and false, undone at the end whatever happens, in both families."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

import lab
from lab.model.flow import DO
from lab.model.packet import TcpHeader
from lab.model.topology import IPV4, IPV6, Family
from lab.testing import Net, black_hole, changing_mtu, clamp, expect_path_mtu
from lab.world.messages import AF
from tests.world.command import until
from topologies import chain

FAMILIES = pytest.mark.parametrize("family", [IPV4, IPV6], ids=str)
DISCOVER = {IPV4: (socket.IPPROTO_IP, 10), IPV6: (socket.IPPROTO_IPV6, 23)}  # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER
HEADERS = {IPV4: 28, IPV6: 48}
DROPS = {IPV4: "Ip.FragFails", IPV6: "Ip6.FragFails"}


@pytest.fixture
def topology() -> object:
    return chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV4, IPV6))


@contextmanager
def sent(net: Net, octets: int, family: Family) -> Iterator[None]:
    """A packet of so many octets on its way from client to server, by a socket that stays open."""
    with net["client"].socket(AF[family], socket.SOCK_DGRAM) as sock:
        sock.setsockopt(*DISCOVER[family], DO)
        sock.connect((net.address("server", family), 9))
        sock.send(bytes(octets - HEADERS[family]))
        yield


def drops(net: Net, family: Family) -> int:
    return net["r1"].counters()[DROPS[family]]


def announced(net: Net, family: Family) -> tuple[set[int], set[int]]:
    """The MSS in each SYN of a connection: as the ends sent them, and as they came."""
    net.capture.take()
    client, server = (net[name].socket(AF[family], socket.SOCK_STREAM) for name in ("client", "server"))
    with client, server:
        server.bind((net.address("server", family), 0))
        server.listen()
        client.settimeout(5)
        client.connect(server.getsockname())
    seen: dict[bool, set[int]] = {True: set(), False: set()}
    for frame in net.capture.take():
        tcp = frame.packet.payload if frame.packet else None
        if frame.interface.node != "r1" and isinstance(tcp, TcpHeader) and tcp.mss:
            seen[frame.sent].add(tcp.mss)
    return seen[True], seen[False]


@FAMILIES
def test_a_path_mtu_is_expected_and_held(net: Net, family: Family) -> None:
    expect_path_mtu(net, "client", "server", 1500, family=family, within=0)
    with sent(net, 1500, family):
        expect_path_mtu(net, "client", "server", 1400, family=family)
    expect_path_mtu(net, "r1", "server", 1400, family=family)
    expect_path_mtu(net, "server", "client", 1400, family=family)


def test_the_first_family_is_meant_where_none_is_named(net: Net) -> None:
    with sent(net, 1500, IPV6):
        expect_path_mtu(net, "client", "server", 1400, family=IPV6)
    expect_path_mtu(net, "client", "server", 1500)


@FAMILIES
@pytest.mark.parametrize("wanted", [1300, 1500])
def test_another_path_mtu_fails_and_says_what_was_learned_of_whom(net: Net, family: Family, wanted: int) -> None:
    """In this family; what was learned in the other is no answer."""
    for each in (IPV4, IPV6):
        with sent(net, 1500, each):
            expect_path_mtu(net, "client", "server", 1400, family=each)
    with pytest.raises(AssertionError) as failed:
        expect_path_mtu(net, "client", "server", wanted, family=family, within=0.01)
    assert re.fullmatch(
        rf"client holds a path MTU of 1400 towards server \({net.address('server', family)}\), and not {wanted}\n"
        rf"  its {family} route exceptions: server mtu 1400, expires in (600|5\d\d) s\n"
        rf"  captured {family} PTBs that reached it: r1 says 1400",
        str(failed.value),
    )


def test_nothing_learned_is_said_too_and_what_is_not_known() -> None:
    with lab.open(chain("client", "server", mtus=(1500,)), taps=False) as net, pytest.raises(AssertionError) as failed:
        expect_path_mtu(net, "client", "server", 1400, within=0)
    assert str(failed.value).splitlines()[1:] == [
        "  its IPv4 route exceptions: none",
        "  captured IPv4 PTBs that reached it: not known, as this network has no taps",
    ]


@FAMILIES
def test_a_black_hole_tells_nobody_until_its_end(net: Net, family: Family) -> None:
    with black_hole(net, "r1"), sent(net, 1500, family):
        until(lambda: drops(net, family) == 1)
        with pytest.raises(AssertionError, match="PTBs that reached it: none"):
            expect_path_mtu(net, "client", "server", 1400, family=family, within=0.05)
    with sent(net, 1500, family):
        expect_path_mtu(net, "client", "server", 1400, family=family)


def test_a_black_hole_in_a_black_hole(net: Net) -> None:
    with black_hole(net, "r1"):
        with black_hole(net, "r1"):
            pass
        with sent(net, 1500, IPV4):
            until(lambda: drops(net, IPV4) == 1)
            expect_path_mtu(net, "client", "server", 1500, within=0)


@FAMILIES
@pytest.mark.parametrize(("mss", "to"), [(None, {IPV4: 1360, IPV6: 1340}), (1200, {IPV4: 1200, IPV6: 1200})], ids=str)
def test_a_clamp_lowers_the_mss_of_both_directions(net: Net, family: Family, mss: int | None, to: dict[Family, int]) -> None:
    own = {IPV4: {1460, 1360}, IPV6: {1440, 1340}}[family]
    with clamp(net, "r1", mss):
        assert announced(net, family) == (own, {to[family]})
    assert announced(net, family) == (own, own)


def test_a_clamp_raises_nothing(net: Net) -> None:
    with clamp(net, "r1", 9000):
        assert announced(net, IPV4) == ({1460, 1360}, {1460, 1360})


@pytest.mark.tools("nft")
def test_nft_reads_the_rules_as_they_are_meant(net: Net) -> None:
    def said() -> list[str]:
        return [line.strip() for line in net["r1"].run(["nft", "list", "ruleset"]).stdout.splitlines()]

    with clamp(net, "r1"), clamp(net, "r1", 1300), black_hole(net, "r1"):
        inside = said()
    assert inside.count("type filter hook forward priority mangle; policy accept;") == 2
    assert "tcp flags syn / syn,rst tcp option maxseg size set rt mtu" in inside
    assert "tcp flags syn / syn,rst tcp option maxseg size set 1300" in inside
    assert "type filter hook output priority filter; policy accept;" in inside
    assert {"icmpv6 type packet-too-big drop", "icmp type destination-unreachable icmp code frag-needed drop"} < set(inside)
    assert said() == []


@FAMILIES
def test_a_links_mtu_changes_and_comes_back(net: Net, family: Family) -> None:
    with changing_mtu(net, ("r1", "server"), 1300):
        assert (net["r1"].mtu("server"), net["server"].mtu("r1")) == (1300, 1300)
        with sent(net, 1400, family):
            expect_path_mtu(net, "client", "server", 1300, family=family)
        with changing_mtu(net, ("server", "r1"), (1290, 1280)):
            assert (net["r1"].mtu("server"), net["server"].mtu("r1")) == (1280, 1290)
        assert (net["r1"].mtu("server"), net["server"].mtu("r1")) == (1300, 1300)
    assert (net["r1"].mtu("server"), net["server"].mtu("r1")) == (1400, 1400)
    net["client"].flush_route_cache()
    with sent(net, 1400, family):
        pass
    assert net["client"].path_mtu("server", family) == 1500


CHANGES: tuple[Callable[[Net], AbstractContextManager[None]], ...] = (
    lambda net: black_hole(net, "r1"),
    lambda net: clamp(net, "r1", 1200),
    lambda net: changing_mtu(net, ("r1", "server"), 1300),
)


@pytest.mark.tools("nft")
@pytest.mark.parametrize("change", CHANGES, ids=("black_hole", "clamp", "changing_mtu"))
def test_what_fails_inside_is_undone_as_well(net: Net, change: Callable[[Net], AbstractContextManager[None]]) -> None:
    def state() -> tuple[int, str]:
        return net["r1"].mtu("server"), net["r1"].run(["nft", "list", "ruleset"]).stdout

    def fail_inside() -> None:
        with change(net):
            assert state() != (1400, "")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert state() == (1400, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda net: black_hole(net, "r2"), r"there is no node 'r2' in this network; near it: client, r1, server"),
        (lambda net: black_hole(net, "client"), r"client is no router; routers of this network: r1"),
        (lambda net: clamp(net, "sever"), r"there is no node 'sever' in this network; near it: server"),
        (lambda net: clamp(net, "r1", 0), r"an MSS of 0: use 1 to 65535"),
        (lambda net: clamp(net, "r1", 65536), r"an MSS of 65536: use 1 to 65535"),
        (lambda net: changing_mtu(net, ("client", "sever"), 1400), r"there is no node 'sever' in this network"),
        (lambda net: changing_mtu(net, ("client", "server"), 1400), r"no link joins client and server; there are client–r1, r1–s"),
        (
            lambda net: changing_mtu(net, ("server", "r1"), (1400, 1279)),
            r"link 2 \(server–r1\): MTU 1279 at r1:server is below 1280",
        ),
        (lambda net: changing_mtu(net, ("client", "r1"), 65536), r"link 1 \(client–r1\): MTU 65536 is above 65535"),
    ],
)
def test_what_the_network_does_not_have_is_refused(
    net: Net, change: Callable[[Net], AbstractContextManager[None]], said: str
) -> None:
    with pytest.raises((KeyError, ValueError), match=said), change(net):
        pass
    assert {end.end: net[end.node].mtu(end.peer) for ends in net.plan.links for end in ends} == {
        "client:r1": 1500,
        "r1:client": 1500,
        "r1:server": 1400,
        "server:r1": 1400,
    }
    assert not net.events


def test_who_is_not_there_has_no_path_mtu_and_a_bridge_has_none() -> None:
    with lab.open(chain("client", "sw", "server", mtus=(1500, 1500), bridges=("sw",)), taps=False) as net:
        with pytest.raises(AssertionError, match="its IPv4 route exceptions: none"):
            expect_path_mtu(net, "client", "server", 1400, within=0)
        with pytest.raises(ValueError, match=r"sw is a bridge: it has no address"):
            expect_path_mtu(net, "client", "sw", 1500)
        with pytest.raises(KeyError, match=r"there is no node 'sever' in this network; near it: server"):
            expect_path_mtu(net, "client", "sever", 1500)
        with pytest.raises(ValueError, match=r"this network has no IPv6: write families=\(IPV4, IPV6\)"):
            expect_path_mtu(net, "client", "server", 1500, family=IPV6)
