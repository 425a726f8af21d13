"""Links with a delay: netem at both ends.

netem is a queueing discipline: what a node sends waits in it until its time has come, and only then leaves. So a tap at the sending
end sees a frame after the delay and not before (dev_queue_xmit_nit() is called by xmit_one(), on what the discipline has given
out), and the tap at the other end sees it at once. netem takes each packet's charge off its socket (skb_orphan_partial()), so that
TCP's small queues do not hold a sender back.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from errno import ENOENT
from typing import Any

from pyroute2.netlink.rtnl import RTM_NEWQDISC
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from lab.model.features import FEATURES
from lab.theory.plan import Plan
from lab.world.errors import Broken, Lacking
from lab.world.messages import NEW
from lab.world.netlink import Message, Netlink

TC_H_ROOT = 0xFFFFFFFF
TICKS = 15_625  # a millisecond's, of 64 ns each (PSCHED_SHIFT, include/net/pkt_sched.h)
LIMIT = 1 << 30  # packets that may wait: netem drops what comes beyond, by default beyond 1000


def delay_links(plan: Plan, netlinks: Mapping[str, Netlink]) -> None:
    """Gives each link end of the plan its delay. Raises Lacking where the kernel has no netem, and Broken."""
    waiting = {name: [delayed(i.index, i.end, i.delay) for i in node.interfaces if i.delay] for name, node in plan.nodes.items()}
    waiting = {name: messages for name, messages in waiting.items() if messages}
    for name, messages in list(waiting.items())[:1]:
        # The kernel answers for the first, and looks for the module then.
        first = messages.pop(0)
        refused = netlinks[name].attempt(first)
        if refused == ENOENT:
            raise Lacking(f"this kernel has no netem ({FEATURES['netem']}), and links with a delay need it")
        if refused:
            raise Broken(f"{name}: {first.what}: {os.strerror(refused)}")
    for name, messages in waiting.items():
        netlinks[name].do(messages)


def delayed(index: int, end: str, milliseconds: int) -> Message:
    options = {"delay": milliseconds * TICKS, "limit": LIMIT, "loss": 0, "gap": 0, "duplicate": 0, "jitter": 0}
    attrs: list[tuple[str, Any]] = [("TCA_KIND", "netem"), ("TCA_OPTIONS", options)]
    return Message(tcmsg(), RTM_NEWQDISC, NEW, f"delay {end} by {milliseconds} ms", attrs, index=index, parent=TC_H_ROOT)
