"""Netlink messages that are written over from one packed before: each equals the one that pyroute2 packs anew."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_INET, AF_INET6

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl import RTM_GETLINK, RTM_GETROUTE, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from lab.model.topology import IPV4, IPV6, Family
from lab.theory.plan import Interface, Route
from lab.world.messages import (
    IFA_F_NODAD,
    IFF_UP,
    NEW,
    RTM_F_CLONED,
    get_exceptions,
    get_link,
    get_route,
    new_address,
    new_route,
    up,
)
from lab.world.netlink import NLM_F_DUMP, Message

indexes = st.integers(1, 2**31 - 1)
networks4 = st.builds(lambda a, n: IPv4Network((a, n), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32))
networks6 = st.builds(lambda a, n: IPv6Network((a, n), strict=False), st.integers(0, 2**128 - 1), st.integers(0, 128))


def anew(message: object, type: int, asks: int, attrs: Sequence[tuple[str, object]], **fields: object) -> bytes:
    return bytes(Message(message, type, asks, "", attrs, **fields).octets)


@given(indexes)
def test_links(index: int) -> None:
    assert up(index, "x").octets == anew(ifinfmsg(), RTM_NEWLINK, 0, [], index=index, flags=IFF_UP, change=IFF_UP)
    assert get_link(index, "x").octets == anew(ifinfmsg(), RTM_GETLINK, 0, [("IFLA_EXT_MASK", 8)], index=index)


@given(indexes, st.ip_addresses(v=4), st.ip_addresses(v=6))
def test_addresses(index: int, four: IPv4Address, six: IPv6Address) -> None:
    interface = Interface("a", "b", index, 1500, "02:00:00:00:00:01", {IPV4: four, IPV6: six}, 0)
    both = [("IFA_LOCAL", str(four)), ("IFA_ADDRESS", str(four))]
    assert new_address(interface, four).octets == anew(
        ifaddrmsg(), RTM_NEWADDR, NEW, both, family=AF_INET, prefixlen=24, index=index
    )
    one = [("IFA_ADDRESS", str(six)), ("IFA_FLAGS", IFA_F_NODAD)]
    assert new_address(interface, six).octets == anew(
        ifaddrmsg(), RTM_NEWADDR, NEW, one, family=AF_INET6, prefixlen=64, index=index
    )


@given(indexes, networks4, st.ip_addresses(v=4))
def test_ipv4_routes(index: int, to: IPv4Network, via: IPv4Address) -> None:
    check_route(Route(to, via, "b"), index, AF_INET)


@given(indexes, networks6, st.ip_addresses(v=6))
def test_ipv6_routes(index: int, to: IPv6Network, via: IPv6Address) -> None:
    check_route(Route(to, via, "b"), index, AF_INET6)


@given(st.ip_addresses())
def test_looking_up_a_route(to: IPv4Address | IPv6Address) -> None:
    family, length = (AF_INET, 32) if to.version == 4 else (AF_INET6, 128)
    packed = anew(rtmsg(), RTM_GETROUTE, 0, [("RTA_DST", str(to))], family=family, dst_len=length)
    assert get_route(str(to), Family(to.version)).octets == packed


@pytest.mark.parametrize(("family", "number"), [(IPV4, AF_INET), (IPV6, AF_INET6)])
def test_listing_exceptions(family: Family, number: int) -> None:
    assert get_exceptions(family).octets == anew(rtmsg(), RTM_GETROUTE, NLM_F_DUMP, [], family=number, flags=RTM_F_CLONED)


def check_route(route: Route, index: int, family: int) -> None:
    attrs = [("RTA_DST", str(route.to.network_address)), ("RTA_GATEWAY", str(route.via)), ("RTA_OIF", index)]
    message = rtmsg()
    message["type"] = 1
    packed = anew(message, RTM_NEWROUTE, NEW, attrs, family=family, dst_len=route.to.prefixlen, table=254, proto=4, scope=0)
    assert new_route(route, index).octets == packed


def test_the_words_are_the_copys_own() -> None:
    first, second = up(11, "a:b"), up(12, "b:a")
    assert (first.what, second.what) == ("set a:b up", "set b:a up")
    assert first.octets != second.octets
