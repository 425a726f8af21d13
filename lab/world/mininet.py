"""The second builder: Mininet. The same plan as Mininet's own classes, and the program that builds it for the lab.

The lab runs it in its first network namespace (lab.world.build) with a pickled Plan for stdin. It makes nodes, links, addresses and
routes by Mininet's API, prints one line of JSON, {"pids": {NODE: pid of its shell}} or {"refused": what and why}, and waits to be
killed: by then the lab holds the nodes' namespaces, and needs no shell to keep them.

topologies/mn.py shows the same classes to Mininet's own command. So this file imports nothing that needs more than Mininet.
"""

from __future__ import annotations

import json
import pickle
import signal
import sys
from typing import TYPE_CHECKING, Any

from mininet.link import Intf, Link
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Node
from mininet.topo import Topo

from lab.model.topology import IPV4, IPV6
from lab.theory.plan import SUBNET

if TYPE_CHECKING:
    from lab.theory.plan import Interface, NodePlan, Plan

# Mininet's first network of a process raises limits of the whole machine, unless it believes that it has (Mininet.init()).
Mininet.inited = True


class Refused(Exception):
    """A command in a node said something; those that do as they are told say nothing."""


def tell(node: Node, command: str) -> None:
    heed(node, command, node.cmd(command))


def heed(node: Node, command: str, said: str) -> None:
    if said.strip():
        raise Refused(f"{node.name}: {command}: {said.strip()}")


class PlannedNode(Node):  # type: ignore[misc]  # Mininet is untyped
    """A host or router. It has its sysctls before it has interfaces, and its routes once all have addresses."""

    def __init__(self, name: str, planned: NodePlan, **params: Any) -> None:
        super().__init__(name, **params)
        self.planned = planned
        for path, value in planned.sysctls.items():
            tell(self, f"echo {value} > /proc/sys/{path}")

    def config(self, **params: Any) -> dict[str, Any]:
        results: dict[str, Any] = super().config(**params)  # sets lo up
        for route in self.planned.routes:
            tell(self, f"ip -{route.to.version} route add {route.to} via {route.via} dev {route.out} proto static")
        return results


class PlannedIntf(Intf):  # type: ignore[misc]  # Mininet is untyped
    """A link end. IPv4 is Mininet's own affair; of IPv6 its API knows nothing."""

    def config(self, planned: Interface, **params: Any) -> None:
        if not self.isUp(setUp=True):
            raise Refused(f"{planned.end}: cannot be set up")
        if IPV4 in planned.addresses:
            ipv4 = f"{planned.addresses[IPV4]}/{SUBNET[IPV4]}"
            heed(self.node, f"ifconfig {self.name} {ipv4}", self.setIP(ipv4))
        if IPV6 in planned.addresses:
            for address in (planned.addresses[IPV6], planned.link_local):
                tell(self.node, f"ip -6 address add {address}/{SUBNET[IPV6]} dev {self.name} nodad")


class PlannedLink(Link):  # type: ignore[misc]  # Mininet is untyped
    """A veth pair with both MTUs and both interface indexes from the first: a link of 576 octets never was one of 1500."""

    def __init__(self, *nodes: Node, params1: dict[str, Interface], params2: dict[str, Interface], **params: Any) -> None:
        self.ends = params1["planned"], params2["planned"]
        super().__init__(*nodes, params1=params1, params2=params2, **params)

    def makeIntfPair(self, name1: str, name2: str, mac1: str, mac2: str, node1: Node, node2: Node, **_: Any) -> None:
        a, b = (f"index {end.index} mtu {end.mtu}" for end in self.ends)
        peer = f"type veth peer name {name2} {b} address {mac2} netns {node2.pid}"
        tell(node1, f"ip link add name {name1} {a} address {mac1} {peer}")


class PlannedTopo(Topo):  # type: ignore[misc]  # Mininet is untyped
    """A plan, as Mininet wants it."""

    def build(self, planned: Plan) -> None:
        for node in planned.nodes.values():
            self.addHost(node.name, cls=PlannedNode, planned=node, ip=None)
        for a, b in planned.links:
            names = {"intfName1": a.name, "intfName2": b.name, "addr1": a.mac, "addr2": b.mac}
            ends = {"params1": {"planned": a}, "params2": {"planned": b}}
            self.addLink(a.node, b.node, cls=PlannedLink, intf=PlannedIntf, **names, **ends)


def main() -> None:
    setLogLevel("critical")
    planned = pickle.load(sys.stdin.buffer)
    try:
        net = Mininet(topo=PlannedTopo(planned), controller=None)
        print(json.dumps({"pids": {node.name: node.pid for node in net.hosts}}), flush=True)
    except Refused as error:
        print(json.dumps({"refused": str(error)}), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
