"""Waits until IPv6 neighbours can be found: until each address has joined its solicited-node multicast group.

An address is there at once, but its group is joined later, by a work item (addrconf_dad_work()). A neighbour solicitation that
comes before is dropped, and the next follows a second later. Seen in 1 of 35 networks that were used as soon as they stood.
"""

from __future__ import annotations

import os
import time

from lab.model.topology import IPV6
from lab.theory.plan import NodePlan, Plan
from lab.world.errors import Broken
from lab.world.sandbox import Sandbox

JOINED_WITHIN = 10.0  # seconds
LARGEST = 1 << 16
SOLICITED_NODE = "ff0200000000000000000001ff"  # ff02::1:ff00:0/104; the address' last 24 bits follow


def await_groups(sandbox: Sandbox, plan: Plan) -> None:
    """Raises Broken where an address has not joined within JOINED_WITHIN."""
    until = time.monotonic() + JOINED_WITHIN
    for name, node in plan.nodes.items():
        wanted = groups(node)
        if not wanted:
            continue
        (fd,) = sandbox.open(name, "/proc/net/igmp6")
        try:
            while missing := wanted - joined(os.pread(fd, LARGEST, 0).decode()):
                if time.monotonic() > until:
                    raise Broken(f"{name}: {len(missing)} addresses joined no multicast group within {JOINED_WITHIN:.0f} s")
                time.sleep(0.001)
        finally:
            os.close(fd)


def groups(node: NodePlan) -> set[tuple[str, str]]:
    """Interface and group of each IPv6 address, as /proc/net/igmp6 writes them."""
    own = [(i.name, address) for i in node.interfaces if IPV6 in i.addresses for address in (i.addresses[IPV6], i.link_local)]
    return {(name, SOLICITED_NODE + address.packed[-3:].hex()) for name, address in own}


def joined(text: str) -> set[tuple[str, str]]:
    """Interface and group in each line: "11 r1 ff02...01ff000001 1 00000004 0"."""
    return {(words[1], words[2]) for line in text.splitlines() if len(words := line.split()) > 2}
