"""What `pmtulab set` is asked for, in words: what it means, and everything that is wrong with it."""

from __future__ import annotations

import pytest

from lab.model.story import Sysctl
from lab.model.topology import IPV4, IPV6, Bridge, Host, Link, Router, Topology
from lab.theory.settings import BadSettings, EndMtu, SendsPtb, Setting, settings

NODES = (Host("client"), Router("r1"), Router("r1-a"), Bridge("s1"), Host("server"), Host("a"))
LINKS = (Link("client", "r1"), Link("r1", "r1-a"), Link("r1-a", "s1"), Link("s1", "server"), Link("s1", "a"))
NETWORK = Topology(NODES, LINKS, (IPV4, IPV6))
BOTH = (EndMtu("client", "r1", 1400), EndMtu("r1", "client", 1400))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("client-r1 mtu=1400", BOTH),
        ("client–r1 mtu=1400", BOTH),
        ("r1-client mtu=1400", (BOTH[1], BOTH[0])),
        ("client:r1 mtu=1400", BOTH[:1]),
        ("r1-a-s1 mtu=1500", (EndMtu("r1-a", "s1", 1500), EndMtu("s1", "r1-a", 1500))),
        ("r1 icmp=off", (SendsPtb("r1", False),)),
        ("r1 icmp=on", (SendsPtb("r1", True),)),
        ("a net.ipv4.conf.s1.forwarding=0", (Sysctl("a", "net.ipv4.conf.s1.forwarding", "0"),)),
        ("a net.ipv4.ping_group_range=0=1", (Sysctl("a", "net.ipv4.ping_group_range", "0=1"),)),
        (
            "client:r1 mtu=1400 r1 icmp=off net.ipv4.ip_forward=0",
            (BOTH[0], SendsPtb("r1", False), Sysctl("r1", "net.ipv4.ip_forward", "0")),
        ),
        ("", ()),
    ],
)
def test_what_words_mean(words: str, meant: tuple[Setting, ...]) -> None:
    assert settings(words.split(), NETWORK) == (meant, ())


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("mtu=1400", ("mtu=1400", "first")),
        (" ", ("no such node or link",)),
        ("client-r1", ("client-r1", "KEY=VALUE")),
        ("clent-r1 mtu=1400", ("no such node or link", "near it: client-r1")),
        ("server:r1 mtu=1400", ("no such node or link",)),
        ("client mtu=1400", ("link's",)),
        ("client-r1 icmp=off", ("router's",)),
        ("client icmp=off", ("a host sends no PTB",)),
        ("s1 icmp=off", ("a bridge sends no PTB",)),
        ("r1 icmp=no", ("on or off", "'no'")),
        ("r1 speed=1", ("no 'speed'",)),
        ("client-r1 speed=1", ("no 'speed'", "only an mtu")),
        ("client-r1 net.ipv4.ip_forward=1", ("a sysctl is a node's",)),
        ("client-r1 mtu=", ("number of octets",)),
        ("client-r1 mtu=1.4k", ("number of octets", "1.4k")),
        ("client-r1 mtu=67", ("below 68", "RFC 791")),
        ("client-r1 mtu=65536", ("above 65535",)),
        ("client-r1 mtu=1279", ("below 1280", "RFC 8200")),
        ("client kernel.panic=1", ("whole machine's",)),
        ("client net/ipv4/ip_forward=1", ("with dots",)),
        ("client net.ipv4.../../kernel=1", ("with dots",)),
        ("r1-a mtu=1400", ("may be node r1-a or the link r1–a",)),
    ],
)
def test_what_is_wrong(words: str, parts: tuple[str, ...]) -> None:
    network = NETWORK if "r1-a mtu" not in words else Topology(NODES, (*LINKS, Link("r1", "a")), (IPV4,))
    found, (wrong,) = settings([""] if words == " " else words.split(), network)
    assert found == ()
    for part in parts:
        assert part in wrong


def test_everything_that_is_wrong_is_told_and_the_rest_is_read() -> None:
    found, wrong = settings(["x=1", "r1", "icmp=maybe", "icmp=off", "y", "client", "mtu=1"], NETWORK)
    assert found == (SendsPtb("r1", False),)
    assert [line.partition(":")[0] for line in wrong] == ["x=1", "r1", "y", "client"]


def test_an_mtu_below_1280_is_for_ipv4_alone_and_for_ports() -> None:
    assert settings(["client-r1", "mtu=576"], Topology(NODES, LINKS, (IPV4,)))[1] == ()
    assert settings(["s1:server", "mtu=576"], NETWORK)[1] == ()
    assert settings(["server:s1", "mtu=576"], NETWORK)[1] != ()


def test_what_is_wrong_is_a_line_each_and_says_nothing_to_a_terminal() -> None:
    wrong = settings(["client\x1b[31m", "mtu=1", "r1\n", "icmp=\a"], NETWORK)[1]
    assert len(wrong) == 2
    text = str(BadSettings(wrong))
    assert len(text.splitlines()) == 2
    assert text.replace("\n", "").isprintable()
