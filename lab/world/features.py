"""Whether this kernel has a feature: tried, in a node of the lab."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from errno import ENOENT, EOPNOTSUPP, EPROTONOSUPPORT
from typing import Any

from pyroute2.netlink.rtnl import RTM_DELLINK, RTM_NEWLINK, RTM_NEWQDISC
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from lab.model.features import FEATURES, LINK_KINDS
from lab.world.errors import Lacking
from lab.world.messages import LOOPBACK, NEW
from lab.world.net import Net, Node
from lab.world.netlink import Message

TC_H_ROOT = 0xFFFFFFFF
IPPROTO_SCTP = 132
NAME = "probed"


def require(net: Net, needs: Iterable[str]) -> None:
    """Raises Lacking with everything of `needs` that this kernel has not."""
    node = next(iter(net))
    absent = [f"{name} ({FEATURES[name]})" for name in needs if not has(node, name)]
    if absent:
        raise Lacking(f"this kernel has no {', no '.join(absent)}")


def has(node: Node, feature: str) -> bool:
    """Raises KeyError for a name that is no feature's."""
    if feature in LINK_KINDS:
        return has_link_kind(node, feature)
    if feature == "netem":
        attrs: list[tuple[str, Any]] = [("TCA_KIND", "netem")]
        qdisc = Message(tcmsg(), RTM_NEWQDISC, NEW, "add netem", attrs, index=LOOPBACK, parent=TC_H_ROOT)
        return node.netlink.attempt(qdisc) != ENOENT
    assert feature == "sctp"
    try:
        node.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_SCTP).close()
    except OSError as error:
        return error.errno != EPROTONOSUPPORT
    return True


def has_link_kind(node: Node, kind: str) -> bool:
    """A kind that the kernel knows may still refuse to be made of nothing; only EOPNOTSUPP means that it is unknown."""
    attrs: list[tuple[str, Any]] = [("IFLA_IFNAME", NAME), ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", kind)]})]
    why = node.netlink.attempt(Message(ifinfmsg(), RTM_NEWLINK, NEW, f"add a {kind} link", attrs))
    if why is None:
        node.netlink.attempt(Message(ifinfmsg(), RTM_DELLINK, 0, f"delete the {kind} link", [("IFLA_IFNAME", NAME)]))
    return why != EOPNOTSUPP
