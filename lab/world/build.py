"""From a plan to a network that runs: nodes, then links in place, then what is set on them."""

from __future__ import annotations

import json
import os
import pickle
import select
import shutil
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

from lab.model.topology import IPV6, Family
from lab.theory.plan import Interface, NodePlan, Plan
from lab.world.bridge import make_bridge
from lab.world.delay import delay_links
from lab.world.errors import Broken
from lab.world.messages import LOOPBACK, get_groups, get_link, new_address, new_route, new_veth, up
from lab.world.netfilter import drop_own_ptbs, write_rules
from lab.world.netlink import HEADER, Message, Netlink, attribute
from lab.world.offload import Offloads
from lab.world.process import PIPE, Process, ready
from lab.world.sandbox import FIRST, Sandbox

Builder = Literal["netlink", "mininet"]
"""What makes nodes and links, with all that the plan says of them: the lab's own netlink messages, or Mininet."""

IFINFOMSG_LENGTH, IFLA_OPERSTATE, IF_OPER_UP = 16, 16, b"\x06"
IFADDRMSG_LENGTH, IFA_MULTICAST = 8, 7
SOLICITED_NODE = bytes.fromhex("ff0200000000000000000001ff")
LINKS_UP_WITHIN = 10.0  # seconds
MININET_WITHIN = (30.0, 1.0)  # seconds, and so many more a node: 20 times what it takes. It waits forever for a shell that ends


@dataclass(frozen=True, slots=True)
class Built:
    """A node that stands: its namespace, held by descriptor, and a netlink socket in it."""

    namespace: int
    netlink: Netlink

    def close(self) -> None:
        os.close(self.namespace)
        self.netlink.close()


def build(sandbox: Sandbox, plan: Plan, undo: ExitStack, builder: Builder) -> Mapping[str, Built]:
    """Builds the whole plan; `undo` closes what was opened for it.

    Raises Broken with all that the kernel refused of a batch, Forbidden where it allows no namespaces, Lacking where it has no
    bridge, or no netem for links with a delay.
    """
    built = by_mininet(sandbox, plan, undo) if builder == "mininet" else by_netlink(sandbox, plan, undo)
    for name, node in plan.nodes.items():
        if not node.sends_ptb:
            write_rules(sandbox, name, drop_own_ptbs())
        if node.bridge:
            make_bridge(sandbox, node, built[name].netlink)
    delay_links(plan, {name: node.netlink for name, node in built.items()})
    await_links(plan, built)
    await_groups(plan, built)
    try:
        sandbox.hosts(hosts_file(plan))
    except OSError as error:
        raise Broken(f"cannot lay the lab's names over /etc/hosts: {error.strerror}") from error
    return built


def by_netlink(sandbox: Sandbox, plan: Plan, undo: ExitStack) -> Mapping[str, Built]:
    """Nodes, then links in place, then what is set on them."""
    try:
        coming = sandbox.nodes({name: node.sysctls for name, node in plan.nodes.items()})
        # The kernel makes namespaces in the holder process while we pack messages in this one.
        already_up = {a.index for a, _ in plan.links}
        settings = {name: list(settings_of(node, already_up)) for name, node in plan.nodes.items()}
        built = standing(coming, undo)
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
    return built


def by_mininet(sandbox: Sandbox, plan: Plan, undo: ExitStack) -> Mapping[str, Built]:
    """By Mininet's API, in a program of its own that ends when the network stands: Mininet and this process share nothing."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))  # an ordinary user's lacks ip and ifconfig
    if missing := mininet_needs(path):
        raise Broken(f"the builder mininet needs {missing}")
    argv = [sys.executable, "-P", "-W", "ignore", "-m", "lab.world.mininet"]
    env = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}
    with open(os.memfd_create("plan"), "w+b") as planned:
        pickle.dump(plan, planned)
        planned.seek(0)
        with Process(sandbox, FIRST, argv, stdin=planned, stdout=PIPE, env=env) as program:
            assert program.stdout
            within = MININET_WITHIN[0] + MININET_WITHIN[1] * len(plan.nodes)
            if not ready({program.stdout.fileno(): select.POLLIN}, within):
                raise Broken(f"Mininet did not have the network within {within:.0f} s")
            said = json.loads(program.stdout.readline() or "{}")
            if "pids" in said:
                built = standing(sandbox.adopt(said["pids"]), undo)
                if not plan.topology.offloads:
                    switch_offloads_off(plan, built)
                return built
    raise Broken(said.get("refused", "the program that builds with Mininet ended; its last words, if any, are above"))


def mininet_needs(path: str) -> str:
    """What is not here of what Mininet needs, and how to get it; empty where all is. PyPI's package comes without mnexec."""
    missing = [] if find_spec("mininet") else ["Mininet: pip install 'pmtulab[mininet]'"]
    programs = [name for name in ("mnexec", "ifconfig", "ip", "bash") if not shutil.which(name, path=path)]
    if programs:
        missing.append(f"{', '.join(programs)}: apt-get install --no-install-recommends mininet iproute2 (Debian, Ubuntu)")
    return "; ".join(missing)


def standing(nodes: Iterable[tuple[str, int, int]], undo: ExitStack) -> dict[str, Built]:
    """Each node as it comes from the sandbox."""
    built: dict[str, Built] = {}
    for name, namespace, fd in nodes:
        built[name] = Built(namespace, Netlink(socket.socket(fileno=fd), name))
        undo.callback(built[name].close)
    return built


def settings_of(node: NodePlan, already_up: Set[int]) -> Iterator[Message]:
    """What makes a node of interfaces that exist; the first-written end of each link is up already (new_veth())."""
    yield up(LOOPBACK, f"{node.name}:lo")
    for interface in node.interfaces:
        if interface.index not in already_up:
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


def await_links(plan: Plan, built: Mapping[str, Built]) -> None:
    """Waits until every link end is up, as the kernel itself sees it: until then it drops what is sent there (noop_qdisc).

    The end that was set up first has no carrier until the other follows, and then waits for the link watch, which on a busy machine
    may take seconds. Asking for one link runs it for that link at once (linkwatch_sync_dev(), Linux 6.8); older kernels have to
    be waited for. Raises Broken with every end that stays down.
    """
    until = time.monotonic() + LINKS_UP_WITHIN
    waiting = [(built[node.name].netlink, interface) for node in plan.nodes.values() for interface in node.interfaces]
    while waiting := [(netlink, interface) for netlink, interface in waiting if not is_up(netlink, interface)]:
        if time.monotonic() > until:
            down = ", ".join(interface.end for _, interface in waiting)
            raise Broken(f"these link ends did not come up within {LINKS_UP_WITHIN:.0f} s: {down}")
        time.sleep(0.001)


def is_up(netlink: Netlink, interface: Interface) -> bool:
    (answer,) = netlink.ask_raw(get_link(interface.index, interface.end))
    return attribute(answer, HEADER.size + IFINFOMSG_LENGTH, IFLA_OPERSTATE) == IF_OPER_UP


def await_groups(plan: Plan, built: Mapping[str, Built]) -> None:
    """Waits until every IPv6 address has joined its solicited-node group: until then nobody hears who asks for it,
    and the asker asks again only a second later.

    The kernel joins in a work item (addrconf_dad_work()), also where no duplicate is looked for. Raises Broken with every node that
    lacks one.
    """
    until = time.monotonic() + LINKS_UP_WITHIN
    waiting = {node.name: set(solicited(node)) for node in plan.nodes.values()}
    while waiting := {name: left for name, groups in waiting.items() if (left := groups and groups - joined(built[name].netlink))}:
        if time.monotonic() > until:
            raise Broken(f"these nodes did not join their groups within {LINKS_UP_WITHIN:.0f} s: {', '.join(waiting)}")
        time.sleep(0.001)


def solicited(node: NodePlan) -> Iterator[tuple[int, bytes]]:
    """The solicited-node groups of a node's addresses, each with the index of its interface."""
    for interface in node.interfaces:
        if IPV6 in interface.addresses:
            for address in (interface.addresses[IPV6], interface.link_local):
                yield interface.index, SOLICITED_NODE + address.packed[13:]


def joined(netlink: Netlink) -> set[tuple[int, bytes]]:
    """The IPv6 multicast groups of a node, each with the index of the interface that has joined it."""
    answers = netlink.ask_raw(get_groups())
    groups = ((answer, attribute(answer, HEADER.size + IFADDRMSG_LENGTH, IFA_MULTICAST)) for answer in answers)
    return {(int.from_bytes(answer[HEADER.size + 4 :][:4], sys.byteorder), group) for answer, group in groups if group}


def hosts_file(plan: Plan) -> str:
    """The lab's /etc/hosts: every node by name, so that `ping server` works in client."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    for family in plan.topology.families:
        lines += [f"{plan.address(name, Family(family))} {name}" for name, node in plan.nodes.items() if not node.bridge]
    return "\n".join([*lines, ""])
