"""Netlink in batches: order, refusals in words with the kernel's reason, and answers that belong to the question."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import pytest
from pyroute2.netlink.rtnl import RTM_GETADDR, RTM_GETLINK, RTM_NEWADDR
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

import lab
from lab.model.topology import IPV4
from lab.theory.plan import Route
from lab.world.counters import moved, parse
from lab.world.errors import Broken
from lab.world.messages import NEW, get_route, new_route, up
from lab.world.net import Net
from lab.world.netfilter import NETLINK_NETFILTER, delete_table
from lab.world.netlink import HEADER, LARGEST_BATCH, NLM_F_DUMP, Message, Netlink, attribute, split
from topologies import chain

LOOPBACK = 1


@pytest.fixture
def net() -> Iterator[Net]:
    with lab.open(chain("client", "r1", "server", mtus=(1500, 1400)), taps=False) as net:
        yield net


@pytest.fixture
def netlink(net: Net) -> Iterator[Netlink]:
    """A second netlink socket in client."""
    netlink = Netlink(net["client"].socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE), "client")
    yield netlink
    netlink.close()


def address(number: int, index: int = LOOPBACK) -> Message:
    """127.1.x.y/32, from a number."""
    text = str(IPv4Address(int(IPv4Address("127.1.0.0")) + number))
    attrs = [("IFA_LOCAL", text), ("IFA_ADDRESS", text)]
    return Message(ifaddrmsg(), RTM_NEWADDR, NEW, f"add {text}", attrs, family=socket.AF_INET, prefixlen=32, index=index)


def addresses(netlink: Netlink) -> list[str]:
    dump = Message(ifaddrmsg(), RTM_GETADDR, NLM_F_DUMP, "list addresses", family=socket.AF_INET)
    return [str(answer.get_attr("IFA_LOCAL")) for answer in netlink.ask(dump, ifaddrmsg)]


def test_a_batch_larger_than_one_send_is_done_in_order(netlink: Netlink) -> None:
    messages = [address(i) for i in range(1, 1201)]
    assert sum(len(message.octets) for message in messages) > LARGEST_BATCH
    netlink.do(messages)
    ours = [text for text in addresses(netlink) if text.startswith("127.1.")]
    assert ours == [str(IPv4Address("127.1.0.0") + i) for i in range(1, 1201)]


def test_it_is_done_when_do_returns(netlink: Netlink, net: Net) -> None:
    netlink.do([address(7)])
    with net["client"].socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.1.0.7", 0))
        assert sock.getsockname()[0] == "127.1.0.7"


def test_every_refusal_of_a_batch_is_told_and_the_rest_is_done(netlink: Netlink) -> None:
    with pytest.raises(Broken) as broken:
        netlink.do([address(1), address(2, index=99), address(3), address(1), address(4)])
    first, second = str(broken.value).splitlines()
    assert first.startswith("client: add 127.1.0.2: No such device")
    assert second.startswith("client: add 127.1.0.1: File exists")
    assert [text for text in addresses(netlink) if text.startswith("127.1.")] == ["127.1.0.1", "127.1.0.3", "127.1.0.4"]


@pytest.mark.parametrize("last", [True, False])
def test_a_refusal_is_told_wherever_it_stands(netlink: Netlink, last: bool) -> None:
    good, bad = [address(1), address(2)], [address(3, index=99)]
    with pytest.raises(Broken, match=r"127\.1\.0\.3"):
        netlink.do(good + bad if last else bad + good)
    netlink.do([address(5)])
    assert "127.1.0.5" in addresses(netlink)


def test_the_kernels_own_words_are_passed_on(netlink: Netlink) -> None:
    """A route by way of a gateway that no network reaches: the errno alone would leave one to guess."""
    route = Route(IPv4Network("192.0.2.0/24"), IPv4Address("198.51.100.1"), "lo")
    with pytest.raises(Broken, match=r"client: add route to 192\.0\.2\.0/24 via 198\.51\.100\.1: .+ \(.*[Nn]exthop.*\)"):
        netlink.do([new_route(route, LOOPBACK)])


def test_nothing_to_do_is_done(netlink: Netlink) -> None:
    netlink.do([])
    assert "127.0.0.1" in addresses(netlink)


def test_a_refused_question_says_what_was_asked(net: Net) -> None:
    alone = Netlink(net["r1"].socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE), "r1")
    with pytest.raises(OSError, match=r"Network is unreachable.*r1: look up the route to 203\.0\.113\.1") as refused:
        alone.ask(get_route("203.0.113.1", IPV4), rtmsg)
    assert refused.value.errno == errno.ENETUNREACH
    alone.close()


def test_a_dump_in_many_parts_is_whole(netlink: Netlink) -> None:
    netlink.do(address(i) for i in range(1, 3001))
    assert len([text for text in addresses(netlink) if text.startswith("127.1.")]) == 3000


def test_questions_and_orders_take_turns_on_one_socket(netlink: Netlink) -> None:
    """Sequence numbers keep them apart, also after a refusal."""
    for i in range(1, 30):
        netlink.do([address(i)])
        with pytest.raises(Broken):
            netlink.do([address(i), address(i)])
        (link,) = netlink.ask(Message(ifinfmsg(), RTM_GETLINK, 0, "look at lo", index=LOOPBACK), ifinfmsg)
        assert link.get_attr("IFLA_IFNAME") == "lo"
        assert len([text for text in addresses(netlink) if text.startswith("127.1.")]) == i


def test_several_messages_of_one_read_are_split() -> None:
    octets = bytes(up(11, "a").octets) + bytes(address(1).octets)
    first, second = split(octets)
    assert (first[0], len(first[3])) == (16, 16)
    assert second[0] == RTM_NEWADDR
    assert attribute(octets[32:], 16 + 8, 2) == bytes([127, 1, 0, 1])
    assert attribute(octets[32:], 16 + 8, 77) is None


def test_counters_are_read_by_name_in_both_forms() -> None:
    """/proc/net/snmp has names over numbers; snmp6 has one pair a line."""
    assert parse("Ip: Forwarding FragFails\nIp: 2 7\nIcmp: InMsgs\nIcmp: 3\n") == {
        "Ip.Forwarding": 2,
        "Ip.FragFails": 7,
        "Icmp.InMsgs": 3,
    }
    assert parse("Ip6FragFails                    \t5\nIcmp6OutPktTooBigs\t1\nUdpLite6InErrors\t0\n") == {
        "Ip6.FragFails": 5,
        "Icmp6.OutPktTooBigs": 1,
        "UdpLite6.InErrors": 0,
    }
    assert moved({"a": 1, "b": 2}, {"a": 1, "b": 5, "c": 1, "d": 0}) == {"b": 3, "c": 1}


@pytest.mark.parametrize("family", [4, 6])
def test_counters_are_those_that_the_kernel_shows(net: Net, family: int) -> None:
    counters = net["client"].counters()
    shown = parse(net["client"].run(["cat", "/proc/net/snmp" if family == 4 else "/proc/net/snmp6"]).stdout)
    names = {"Ip.FragFails", "Icmp.InDestUnreachs", "Udp.OutDatagrams"} if family == 4 else {"Ip6.FragFails", "Icmp6.InPktTooBigs"}
    assert names <= set(shown) <= set(counters)


def test_a_transaction_that_is_refused_as_it_begins_is_not_waited_for(net: Net) -> None:
    """As where nf_tables cannot be loaded. Connection tracking knows no transactions, on any kernel."""
    opened = net["client"].socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    opened.settimeout(5)
    refused = delete_table("none")
    struct.pack_into("!H", refused[0].octets, HEADER.size + 2, 1)  # nfgenmsg.res_id: NFNL_SUBSYS_CTNETLINK
    netlink = Netlink(opened, "client")
    try:
        with pytest.raises(Broken, match=r"^client: nftables batch: \w+"):
            netlink.do(refused)
    finally:
        netlink.close()
