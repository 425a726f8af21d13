"""A bridge in a node whose links stand: its device, its ports, and whether it hands packets to netfilter."""

from __future__ import annotations

import os
from errno import ENOENT, EOPNOTSUPP
from typing import Any

from pyroute2.netlink.rtnl import RTM_NEWLINK
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from lab.model.features import FEATURES
from lab.theory.plan import BRIDGE_INDEX, NodePlan
from lab.world.errors import Broken, Lacking
from lab.world.messages import IFF_UP, NEW
from lab.world.netlink import Message, Netlink
from lab.world.sandbox import Sandbox

SYSCTLS = ("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables")


def make_bridge(sandbox: Sandbox, node: NodePlan, netlink: Netlink) -> None:
    """Raises Lacking where the kernel has no bridge, or no br_netfilter for one that is to call iptables; and Broken."""
    assert node.bridge
    for path in SYSCTLS:
        try:
            sandbox.sysctl(node.name, path, str(int(node.bridge.calls_iptables)))
        except OSError as error:
            # Without br_netfilter no bridge calls iptables.
            if error.errno != ENOENT:
                raise Broken(f"{node.name}: sysctl {path}: {error.strerror}") from error
            if node.bridge.calls_iptables:
                raise Lacking(f"this kernel has no br_netfilter ({FEATURES['br_netfilter']}, or modprobe br_netfilter)") from error
    refused = netlink.attempt(new_bridge(node.name))
    if refused == EOPNOTSUPP:
        raise Lacking(f"this kernel has no bridge ({FEATURES['bridge']})")
    if refused:
        raise Broken(f"{node.name}: create the bridge: {os.strerror(refused)}")
    # Up before its ports: each then forwards from the moment that it is added (br_add_if()).
    netlink.do(new_port(i.index, i.end) for i in node.interfaces)


def new_bridge(name: str) -> Message:
    """Up. It neither listens to spanning trees nor to multicast groups: all frames go to where they belong at once."""
    settings: list[tuple[str, Any]] = [("IFLA_BR_STP_STATE", 0), ("IFLA_BR_FORWARD_DELAY", 0), ("IFLA_BR_MCAST_SNOOPING", 0)]
    kind: list[tuple[str, Any]] = [("IFLA_INFO_KIND", "bridge"), ("IFLA_INFO_DATA", {"attrs": settings})]
    attrs = [("IFLA_IFNAME", name), ("IFLA_LINKINFO", {"attrs": kind})]
    return Message(ifinfmsg(), RTM_NEWLINK, NEW, f"create bridge {name}", attrs, index=BRIDGE_INDEX, flags=IFF_UP, change=IFF_UP)


def new_port(index: int, end: str) -> Message:
    return Message(ifinfmsg(), RTM_NEWLINK, 0, f"make {end} a port", [("IFLA_MASTER", BRIDGE_INDEX)], index=index)
