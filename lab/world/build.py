"""From a plan to a network that runs: nodes, then links in place, then what is set on them."""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.model.topology import IPV6, Family
from lab.theory.plan import NodePlan, Plan
from lab.world.errors import Broken
from lab.world.messages import LOOPBACK, drop_own_ptbs, new_address, new_route, new_veth, up
from lab.world.netlink import Message, Netlink
from lab.world.offload import Offloads
from lab.world.sandbox import Sandbox

NETLINK_NETFILTER = 12  # include/uapi/linux/netlink.h


@dataclass(frozen=True, slots=True)
class Built:
    """A node that stands: its namespace, held by descriptor, and a netlink socket in it."""

    namespace: int
    netlink: Netlink

    def close(self) -> None:
        os.close(self.namespace)
        self.netlink.close()


def build(sandbox: Sandbox, plan: Plan) -> Mapping[str, Built]:
    """Builds the whole plan. Raises Broken with all that the kernel refused of one batch, Forbidden where it allows no namespaces."""
    try:
        coming = sandbox.nodes({name: node.sysctls for name, node in plan.nodes.items()})
        # The kernel makes namespaces in the holder process while we pack messages in this one.
        settings = {name: list(settings_of(node)) for name, node in plan.nodes.items()}
        built = {name: Built(namespace, Netlink(socket.socket(fileno=fd), name)) for name, namespace, fd in coming}
    except OSError as error:
        raise Broken(f"the kernel refuses a node's setting: {error.filename}: {error.strerror}") from error
    links: dict[str, list[Message]] = defaultdict(list)
    for a, b in plan.links:
        links[a.node].append(new_veth(a, b, built[b.node].namespace))
    for name, messages in links.items():
        built[name].netlink.do(messages)
    if not plan.topology.offloads:
        switch_offloads_off(plan, built)
    for name, messages in settings.items():
        built[name].netlink.do(messages)
    for name, node in plan.nodes.items():
        if not node.sends_ptb:
            silence(sandbox, name)
    sandbox.hosts(hosts_file(plan))
    return built


def settings_of(node: NodePlan) -> Iterator[Message]:
    """What makes a node of interfaces that exist. The first-written end of each link is up already (new_veth())."""
    yield up(LOOPBACK, f"{node.name}:lo")
    for interface in node.interfaces:
        yield up(interface.index, interface.end)
    for interface in node.interfaces:
        for address in interface.addresses.values():
            yield new_address(interface, address)
        if IPV6 in interface.addresses:
            yield new_address(interface, interface.link_local)
    by_name = {interface.name: interface.index for interface in node.interfaces}
    for route in node.routes:
        yield new_route(route, by_name[route.out])


def switch_offloads_off(plan: Plan, built: Mapping[str, Built]) -> None:
    offloads: Offloads | None = None
    for node in plan.nodes.values():
        fd = built[node.name].netlink.socket.fileno()
        for interface in node.interfaces:
            offloads = offloads or Offloads(fd, interface.name)
            offloads.switch_off(fd, interface.name)


def silence(sandbox: Sandbox, node: str) -> None:
    """Makes `node` drop the PTBs that it would send, as a firewall on it would."""
    try:
        netlink = Netlink(sandbox.open_socket(node, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER), node)
    except OSError as error:
        raise Broken(f"{node}: a router without PTBs needs nftables, which this kernel lacks: {error.strerror}") from error
    netlink.do(drop_own_ptbs())
    netlink.close()


def hosts_file(plan: Plan) -> str:
    """The lab's /etc/hosts: every node by name, so that `ping server` works in client."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    for family in plan.topology.families:
        lines += [f"{plan.address(name, Family(family))} {name}" for name in plan.nodes]
    return "\n".join([*lines, ""])
