"""Mininet's side of the chain, as its API and its own router example have it: `python -m tests.bench.mininet_chain 100`.

Prints {"build": seconds}. To be run in network, mount and process namespaces of its own: whatever Mininet leaves behind ends there.
"""

from __future__ import annotations

import ctypes
import json
import socket
import sys
import time
from typing import Any

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import Node

from tests.bench.crossing import MTU, cross

CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


class LinuxRouter(Node):  # type: ignore[misc]  # Mininet is untyped
    """A node that forwards."""

    def config(self, **params: Any) -> None:
        super().config(**params)
        self.cmd("sysctl net.ipv4.ip_forward=1")


def subnet(number: int, octet: int) -> str:
    return f"10.{number >> 8}.{number & 255}.{octet}"


def build(routers: int) -> Mininet:
    """Makes the chain: MTUs with one command a node, and routes with another."""
    Mininet.inited = True  # else it raises limits of the whole machine (fixLimits())
    net = Mininet(controller=None)
    last = routers + 1
    nodes = [net.addHost(f"n{i}", cls=LinuxRouter if 0 < i < last else Node, ip=None) for i in range(last + 1)]
    for i in range(last):
        ends = {"params1": {"ip": f"{subnet(i, 1)}/24"}, "params2": {"ip": f"{subnet(i, 2)}/24"}}
        net.addLink(nodes[i], nodes[i + 1], intfName1=f"n{i}-right", intfName2=f"n{i + 1}-left", **ends)
    net.start()
    for i, node in enumerate(nodes):
        node.cmd("; ".join(f"ip link set {name} mtu {MTU}" for name in node.nameToIntf))
        routes = []
        if i < last - 1:
            routes.append(f"ip route add {subnet(last - 1, 0)}/24 via {subnet(i, 2)}")
        if i > 1:
            routes.append(f"ip route add {subnet(0, 0)}/24 via {subnet(i - 1, 1)}")
        node.cmd("; ".join(routes) or ":")
    return net


def main() -> None:
    setLogLevel("error")
    routers = int(sys.argv[1])
    started = time.perf_counter()
    net = build(routers)
    seconds = time.perf_counter() - started

    def open_socket(node: int, family: int, kind: int, protocol: int) -> socket.socket:
        with open(f"/proc/{net.hosts[node].pid}/ns/net") as namespace:
            if libc.setns(namespace.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        return socket.socket(family, kind, protocol)

    cross(open_socket, routers + 1, socket.inet_aton(subnet(0, 1)), socket.inet_aton(subnet(routers, 2)))
    print(json.dumps({"build": seconds}))


if __name__ == "__main__":
    main()
