"""A running network looked at: what the kernel says of it now, by netlink, and not what was planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pyroute2.netlink.rtnl import RTM_GETLINK, RTM_GETROUTE
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from lab.judge.inspection import Inspection, InterfaceState, LinkState, NodeState, RouteState
from lab.model.topology import Bridge, Family, Router
from lab.world.diag import tcp_sockets
from lab.world.messages import (
    AF,
    IFF_UP,
    LOOPBACK,
    RT_TABLE_MAIN,
    RTEXT_FILTER_SKIP_STATS,
    RTM_F_CLONED,
    RTN_UNICAST,
    get_addresses,
)
from lab.world.net import RTAX_LOCK, RTAX_MTU, RTAX_MTU_NUMBER, Net, Node, metrics
from lab.world.netlink import NLM_F_DUMP, Message
from lab.world.silence import is_silent


def inspect(net: Net) -> Inspection:
    """Looks at everything once, node by node. Raises Broken where the kernel cannot tell of sockets."""
    nodes = tuple(node_state(net, node) for node in net)
    mtus = {(node.name, interface.name): interface.mtu for node in nodes for interface in node.interfaces}
    links = tuple(
        LinkState(link.a, link.b, (mtus.get((link.a, link.b)), mtus.get((link.b, link.a)))) for link in net.plan.topology.links
    )
    return Inspection(nodes, links)


def node_state(net: Net, node: Node) -> NodeState:
    written = next(n for n in net.plan.topology.nodes if n.name == node.name)
    kind = "router" if isinstance(written, Router) else "bridge" if isinstance(written, Bridge) else "host"
    links = {link["index"]: link for link in node.netlink.ask(get_links(), ifinfmsg)}
    names = {index: link.get_attr("IFLA_IFNAME") for index, link in links.items()}
    return NodeState(
        node.name,
        kind,
        kind == "router" and is_silent(net.sandbox, node.name),
        tuple(interfaces(node, links)),
        tuple(route for family in net.plan.topology.families for route in routes(node, family, names)),
        node.exceptions([host.name for host in net.plan.topology.hosts]),
        tuple(tcp_sockets(net.sandbox, node.name)),
    )


def interfaces(node: Node, links: dict[int, Any]) -> Iterator[InterfaceState]:
    """All but the loopback, and but those that the kernel puts into every namespace and nobody uses (tunl0)."""
    addresses: dict[int, list[str]] = defaultdict(list)
    for address in node.netlink.ask(get_addresses(), ifaddrmsg):
        text = address.get_attr("IFA_LOCAL") or address.get_attr("IFA_ADDRESS")
        if not text.startswith("fe80:"):
            addresses[address["index"]].append(f"{text}/{address['prefixlen']}")
    planned = {interface.index for interface in node.planned.interfaces}
    for index, link in sorted(links.items()):
        up = bool(link["flags"] & IFF_UP)
        if index != LOOPBACK and (up or index in planned):
            yield InterfaceState(link.get_attr("IFLA_IFNAME"), link.get_attr("IFLA_MTU"), up, tuple(addresses[index]))


def routes(node: Node, family: Family, names: dict[int, str]) -> Iterator[RouteState]:
    """Of the main table; link-local ones are left out."""
    for route in node.netlink.ask(get_routes(family), rtmsg):
        to = route.get_attr("RTA_DST")
        table = route.get_attr("RTA_TABLE") or route["table"]
        cloned = route["flags"] & RTM_F_CLONED
        if table != RT_TABLE_MAIN or route["type"] != RTN_UNICAST or cloned or (to or "").startswith("fe80:"):
            continue
        own = metrics(route)
        prefix = f"{to}/{route['dst_len']}" if to else "default"
        locked = bool(own.get(RTAX_LOCK, 0) & 1 << RTAX_MTU_NUMBER)
        yield RouteState(prefix, route.get_attr("RTA_GATEWAY"), names.get(route.get_attr("RTA_OIF")), own.get(RTAX_MTU), locked)


def get_links() -> Message:
    return Message(ifinfmsg(), RTM_GETLINK, NLM_F_DUMP, "list links", [("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)])


def get_routes(family: Family) -> Message:
    return Message(rtmsg(), RTM_GETROUTE, NLM_F_DUMP, "list routes", family=AF[family])
