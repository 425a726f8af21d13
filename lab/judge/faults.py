"""Faults: one fact broken in the world, to prove that scenarios notice.

A scenario that passes shows little unless it fails where it should. A fault is steps that are played before the first act, and not
observed; some also change steps of the story itself. What a run with a fault finds says nothing about the kernel. PTBs that a story
forges at a router are hit as well as its own, and where one does not arrive as it was written, the run is BROKEN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from lab.model.story import AddRoute, Configure, Step, Sysctl
from lab.model.topology import IPV4
from lab.theory.linux import MTU_EXPIRES
from lab.theory.plan import Plan

WRONG_MTU, WRONG_MTU6 = 1000, 1300
"""Next-hop MTUs that are no link's; IPv6 would ignore one below 1280."""

EXPIRES = {"net.ipv4.route.mtu_expires", "net.ipv6.route.mtu_expires"}
SLOWER = 10
FEWER = 8


def unchanged(step: Step) -> Step:
    return step


@dataclass(frozen=True, slots=True)
class Fault:
    """`says` is what is broken, in a line. `before` is what is played first, in a network so planned; `alter` changes a step."""

    name: str
    says: str
    before: Callable[[Plan], tuple[Step, ...]]
    alter: Callable[[Step], Step] = unchanged


def skip_icmp(plan: Plan) -> tuple[Step, ...]:
    ipv4 = "icmp type destination-unreachable icmp code frag-needed drop"
    return at_routers(plan, "output", ipv4, "icmpv6 type packet-too-big drop")


def wrong_mtu(plan: Plan) -> tuple[Step, ...]:
    # nft sums up the checksum anew. Code 4 alone has an MTU there.
    ipv4 = f"icmp type destination-unreachable icmp code frag-needed icmp mtu set {WRONG_MTU}"
    return at_routers(plan, "output", ipv4, f"icmpv6 type packet-too-big icmpv6 mtu set {WRONG_MTU6}")


def df_cleared(plan: Plan) -> tuple[Step, ...]:
    # All that DF shares its 16 bits with is 0 where it is set: a fragment has no DF.
    return tuple(step for node in hosts(plan) for step in filtering(node, "postrouting", ("ip frag-off 0x4000 ip frag-off set 0",)))


def smaller_fragments(plan: Plan) -> tuple[Step, ...]:
    """A route's mtu is the one way to make a router cut smaller than its link allows, and its PTBs say so, too."""
    steps = []
    for router in routers(plan):
        for host in hosts(plan) if IPV4 in plan.topology.families else ():
            with suppress(LookupError):  # no route from there
                steps.append(AddRoute(router, host, mtu=plan.path(router, host, IPV4)[0].mtu - FEWER))
    return tuple(steps)


def late_expiry(plan: Plan) -> tuple[Step, ...]:
    names = [name for name in sorted(EXPIRES) if any(f"ipv{family.value}" in name for family in plan.topology.families)]
    return tuple(Sysctl(node, name, MTU_EXPIRES * SLOWER) for node in hosts(plan) for name in names)


def later(step: Step) -> Step:
    if isinstance(step, Sysctl) and step.name in EXPIRES:
        return replace(step, value=int(step.value) * SLOWER)
    return step


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("skip-icmp", "no router sends a PTB", skip_icmp),
        Fault("wrong-mtu", f"every router's PTBs say {WRONG_MTU}, or {WRONG_MTU6} in ICMPv6", wrong_mtu),
        Fault("df-cleared", "DF is cleared as a packet leaves its host", df_cleared),
        Fault("smaller-fragments", f"routers send IPv4 as if each MTU were {FEWER} octets less", smaller_fragments),
        Fault("late-expiry", f"hosts keep route exceptions {SLOWER} times as long", late_expiry, later),
    )
}
"""By name."""


def hosts(plan: Plan) -> tuple[str, ...]:
    return tuple(host.name for host in plan.topology.hosts)


def routers(plan: Plan) -> tuple[str, ...]:
    return tuple(router.name for router in plan.topology.routers)


def at_routers(plan: Plan, hook: str, *rules: str) -> tuple[Step, ...]:
    return tuple(step for router in routers(plan) for step in filtering(router, hook, rules))


def filtering(at: str, hook: str, rules: Iterable[str]) -> tuple[Step, ...]:
    """nft rules for both families, in a table of their own."""
    chain = f"inet pmtulab-fault {hook}"
    commands = ("nft add table inet pmtulab-fault", f"nft add chain {chain} '{{ type filter hook {hook} priority 0; }}'")
    return (Configure(at, "\n".join((*commands, *(f"nft add rule {chain} {rule}" for rule in rules)))),)
