"""The netlink messages that the lab sends, as functions of the plan: links, addresses, routes, exceptions."""

from __future__ import annotations

import struct
from functools import cache
from socket import AF_INET, AF_INET6, AF_UNSPEC, inet_pton
from typing import Any

from pyroute2.netlink.rtnl import RTM_DELROUTE, RTM_GETADDR, RTM_GETLINK, RTM_GETROUTE, RTM_NEWADDR, RTM_NEWLINK, RTM_NEWROUTE
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from lab.model.topology import IPV4, IPV6, Family
from lab.theory.plan import SUBNET, Address, Interface, Route
from lab.world.netlink import NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE, Message

NEW = NLM_F_CREATE | NLM_F_EXCL
IFF_UP = 1
IFA_F_NODAD = 0x02
RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST = 254, 4, 0, 1
RTM_F_CLONED = 0x200
RTM_GETMULTICAST = 58
RTAX_MTU = 2
RTEXT_FILTER_SKIP_STATS = 8
LOOPBACK = 1  # the interface index of lo in every namespace
AF = {IPV4: AF_INET, IPV6: AF_INET6}

# pyroute2 takes 50 to 300 us to pack a message, and a long chain has fifteen a node. So each kind is packed once, and copies are
# written over at these offsets from the start of struct nlmsghdr. A test packs the same anew and compares.
LINK_INDEX = 16 + 4  # struct ifinfomsg
ADDRESS_INDEX = 16 + 4  # struct ifaddrmsg, 8 octets; attributes follow, each with 4 of header
ADDRESS_VALUES = {IPV4: (24 + 4, 32 + 4), IPV6: (24 + 4,)}
ROUTE_PREFIX_LENGTH = 16 + 1  # struct rtmsg, 12 octets
ROUTE_VALUES = {IPV4: (28 + 4, 36 + 4, 44 + 4), IPV6: (28 + 4, 48 + 4, 68 + 4)}


def new_veth(a: Interface, b: Interface, namespace_b: int) -> Message:
    """Creates both ends of a link in one request: `a` where the message is sent, and up; `b` in the namespace of that descriptor.

    The peer's interface index is given in its own ifinfmsg header: without it the kernel would choose one that may equal `a`'s,
    and an IFF_UP there is refused (rtnl_newlink() configures the peer before it has one: ENOTCONN).
    """
    peer = {
        "index": b.index,
        "attrs": [("IFLA_IFNAME", b.name), ("IFLA_MTU", b.mtu), ("IFLA_ADDRESS", b.mac), ("IFLA_NET_NS_FD", namespace_b)],
    }
    kind = [("IFLA_INFO_KIND", "veth"), ("IFLA_INFO_DATA", {"attrs": [("VETH_INFO_PEER", peer)]})]
    attrs = [("IFLA_IFNAME", a.name), ("IFLA_MTU", a.mtu), ("IFLA_ADDRESS", a.mac), ("IFLA_LINKINFO", {"attrs": kind})]
    what = f"create link {a.end} (MTU {a.mtu}) – {b.end} (MTU {b.mtu})"
    return Message(ifinfmsg(), RTM_NEWLINK, NEW, what, attrs, index=a.index, flags=IFF_UP, change=IFF_UP)


def up(index: int, name: str) -> Message:
    return _up().again(f"set {name} up", (LINK_INDEX, struct.pack("=i", index)))


@cache
def _up() -> Message:
    return Message(ifinfmsg(), RTM_NEWLINK, 0, "", flags=IFF_UP, change=IFF_UP)


def get_link(index: int, name: str) -> Message:
    """Without statistics, which are most of the answer."""
    return _get_link().again(f"look at {name}", (LINK_INDEX, struct.pack("=i", index)))


@cache
def _get_link() -> Message:
    return Message(ifinfmsg(), RTM_GETLINK, 0, "", [("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)])


def set_mtu_of(index: int, name: str, mtu: int) -> Message:
    return Message(ifinfmsg(), RTM_NEWLINK, 0, f"set the MTU of {name} to {mtu}", [("IFLA_MTU", mtu)], index=index)


def new_address(interface: Interface, address: Address) -> Message:
    """IFA_F_NODAD, as duplicate address detection would hold an IPv6 address back for a second."""
    family = Family(address.version)
    return _new_address(family).again(
        f"add address {address}/{SUBNET[family]} to {interface.end}",
        (ADDRESS_INDEX, struct.pack("=I", interface.index)),
        *((offset, address.packed) for offset in ADDRESS_VALUES[family]),
    )


@cache
def _new_address(family: Family) -> Message:
    attrs: list[tuple[str, Any]] = [("IFA_LOCAL", "0.0.0.0"), ("IFA_ADDRESS", "0.0.0.0")]
    if family == IPV6:
        attrs = [("IFA_ADDRESS", "::"), ("IFA_FLAGS", IFA_F_NODAD)]
    return Message(ifaddrmsg(), RTM_NEWADDR, NEW, "", attrs, family=AF[family], prefixlen=SUBNET[family])


def new_route(route: Route, index: int) -> Message:
    """A route out of the interface `index`."""
    family = Family(route.to.version)
    to, via, out = ROUTE_VALUES[family]
    return _new_route(family).again(
        f"add route to {route.to} via {route.via}",
        (ROUTE_PREFIX_LENGTH, bytes([route.to.prefixlen])),
        (to, route.to.network_address.packed),
        (via, route.via.packed),
        (out, struct.pack("=I", index)),
    )


@cache
def _new_route(family: Family) -> Message:
    none = "0.0.0.0" if family == IPV4 else "::"
    message = rtmsg()
    message["type"] = RTN_UNICAST
    fields = {"table": RT_TABLE_MAIN, "proto": RTPROT_STATIC, "scope": RT_SCOPE_UNIVERSE}
    attrs = [("RTA_DST", none), ("RTA_GATEWAY", none), ("RTA_OIF", 0)]
    return Message(message, RTM_NEWROUTE, NEW, "", attrs, family=AF[family], dst_len=0, **fields)


def host_route(to: Address, via: Address | None, index: int, mtu: int | None, locked: bool, advmss: int | None) -> Message:
    """A route to one address, with metrics, in the place of one that there is (`ip route replace`)."""
    family = Family(to.version)
    metrics: list[tuple[str, int]] = [("RTAX_LOCK", 1 << RTAX_MTU)] if locked else []
    metrics += [("RTAX_MTU", mtu)] if mtu else []
    metrics += [("RTAX_ADVMSS", advmss)] if advmss else []
    attrs: list[tuple[str, Any]] = [("RTA_DST", str(to)), ("RTA_OIF", index)]
    attrs += [("RTA_GATEWAY", str(via))] if via else []
    attrs += [("RTA_METRICS", {"attrs": metrics})] if metrics else []
    message = rtmsg()
    message["type"] = RTN_UNICAST
    fields = {"table": RT_TABLE_MAIN, "proto": RTPROT_STATIC, "scope": RT_SCOPE_UNIVERSE}
    fields |= {"family": AF[family], "dst_len": to.max_prefixlen}
    return Message(message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, f"set the route to {to}", attrs, **fields)


def get_addresses() -> Message:
    return Message(ifaddrmsg(), RTM_GETADDR, NLM_F_DUMP, "list addresses", family=AF_UNSPEC)


def get_groups() -> Message:
    return Message(ifaddrmsg(), RTM_GETMULTICAST, NLM_F_DUMP, "list multicast groups", family=AF_INET6)


def get_route(to: str, family: Family) -> Message:
    """Asks which route a packet to `to` would take, exceptions included (`ip route get`)."""
    return _get_route(family).again(f"look up the route to {to}", (ROUTE_VALUES[family][0], inet_pton(AF[family], to)))


@cache
def _get_route(family: Family) -> Message:
    length, none = (32, "0.0.0.0") if family == IPV4 else (128, "::")
    return Message(rtmsg(), RTM_GETROUTE, 0, "", [("RTA_DST", none)], family=AF[family], dst_len=length)


def get_exceptions(family: Family) -> Message:
    """Asks for every cached exception (`ip route show cache`)."""
    return _get_exceptions(family).again("list route exceptions")


@cache
def _get_exceptions(family: Family) -> Message:
    return Message(rtmsg(), RTM_GETROUTE, NLM_F_DUMP, "", family=AF[family], flags=RTM_F_CLONED)


def forget_exception(to: str, index: int) -> Message:
    """Deletes one IPv6 exception (ip6_del_cached_rt())."""
    attrs: list[tuple[str, Any]] = [("RTA_DST", to), ("RTA_OIF", index)]
    what = f"forget the exception for {to}"
    return Message(rtmsg(), RTM_DELROUTE, 0, what, attrs, family=AF_INET6, dst_len=128, flags=RTM_F_CLONED)
