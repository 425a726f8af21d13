"""Three servers behind one router, and three path MTUs that stay apart.

    client ──1500── r1 ──1300── s1
    r1 ──1350── s2
    r1 ──1400── s3

All three are reached by the same next hop. A path MTU belongs to a destination address, not to the route that leads there (RFC
1191 §6.2; fnhe_daddr of an exception): what is learned for one does not touch the others, also where all three routes share one
nexthop object. When that is deleted, the exceptions go with it, and nothing holds it up.
"""

from lab.judge.expect import CacheHolds, Delivered, Exits, Leaves, NothingLearned, PathMtu, PtbOrder
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send, Step
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Node, Router, Topology

MTUS = {"s1": 1300, "s2": 1350, "s3": 1400}
NODES: tuple[Node, ...] = (Host("client"), Router("r1"), *map(Host, MTUS))
LINKS = (Link("client", "r1", 1500), *(Link("r1", name, mtu) for name, mtu in MTUS.items()))
DELETED_WITHIN = 5.0  # seconds: an emulated kernel takes two, and one that leaks complains after ten (netdev_wait_allrefs())

SHARED = Configure(
    "client",
    """
    ip nexthop add id 4 via $r1.client dev r1
    ip route add $s1 nhid 4
    ip route add $s2 nhid 4
    ip route add $s3 nhid 4
    """,
)


def several_destinations(family: Family, objects: bool) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    flows = {name: Udp("client", name, discover=DO, family=family) for name in MTUS}
    before: tuple[Step, ...] = (SHARED,) if objects else ()
    acts: tuple[Act, ...] = (
        Act(
            "each learns its own",
            story=(*before, *(Send(flow, 1500 - headers) for flow in flows.values())),
            expect=(
                Leaves(1500, by="client", df=True if family == IPV4 else None),
                PtbOrder(to="client", order=tuple(("r1", mtu) for mtu in MTUS.values())),
                *(PathMtu(mtu, at="client", to=name) for name, mtu in MTUS.items()),
                CacheHolds(3, at="client"),
            ),
        ),
        Act(
            "and keeps to it",
            story=tuple(Send(flow, MTUS[name] - headers) for name, flow in flows.items()),
            expect=(
                *(Delivered(mtu - headers, to=name, send=n) for n, (name, mtu) in enumerate(MTUS.items(), 1)),
                *(Leaves(mtu, by="client", df=True if family == IPV4 else None) for mtu in MTUS.values()),
                *(PathMtu(mtu, at="client", to=name) for name, mtu in MTUS.items()),
            ),
        ),
    )
    if objects:
        gone = Act(
            "the nexthop object is deleted",
            story=(Run("client", "ip nexthop delete id 4"), *(Send(flow, 100) for flow in flows.values())),
            expect=(
                Exits(0, "ip-nexthop(8)", within=DELETED_WITHIN),
                *(NothingLearned(at="client", to=name) for name in MTUS),
                *(Delivered(100, to=name, send=n) for n, name in enumerate(MTUS, 1)),  # by the default route
            ),
        )
        acts += (gone,)
    covers = (f"fib_nexthop_multiprefix.sh/ipv{family.value}",)
    return Scenario(
        name="several-destinations" + "-nexthop" * objects + ("-v6" if family == IPV6 else ""),
        title="Three path MTUs behind one next hop" + " object" * objects + (", IPv6" if family == IPV6 else ""),
        topology=Topology(NODES, LINKS, (family,)),
        acts=acts,
        covers=(*covers, "fib_nexthop_multiprefix.sh/cleanup", "bugs/11") if objects else (),
    )


scenarios = tuple(several_destinations(family, objects) for objects in (False, True) for family in (IPV4, IPV6))
