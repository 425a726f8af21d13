"""Two equal ways to one destination, and PTBs on them, IPv6: the exception goes to one, and not always to the right one.

    client ──1500── r1 ──1400── server
    client ──1500── r2 ──m── server

The client's route to 2001:db8::9, an address of the server's, has two nexthops. IPv6 gives an exception to one of them alone.
Which one, ip6_update_pmtu() finds out by looking the route up again, from what the PTB quotes of the IP header: protocol and
ports are not in that. A socket that is bound to its interface is found the right way. But with fib_multipath_hash_policy 1 the
ports help to choose each flow's way, and so the way that is marked is always the same: every flow by the other one loses all its
large datagrams, and is told so each time, and never learns. With policy 0 it is addresses and flow labels that choose; where no
labels are made, the way of each destination is fixed, and still it is the first way that is marked, whichever was gone.
"""

from lab.judge.expect import Counts, Delivered, Prints, PrintsLines, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send, Step, Sysctl
from lab.model.topology import IPV6, Host, Link, Router, Topology

SHARED = "2001:db8::9"
WAYS = ("r1", "r2")

BEYOND = (
    Configure("server", f"ip address add {SHARED}/128 dev lo nodad"),
    *(Configure(way, f"ip route add {SHARED} via $server.{way}") for way in WAYS),
    Configure("r2", "ip route add $client via $client.r2"),
)
WRITTEN = Configure("client", f"ip route add {SHARED} nexthop via $r1.client nexthop via $r2.client")
OBJECTS = Configure(
    "client",
    f"""
    ip nexthop add id 1 via $r1.client dev r1
    ip nexthop add id 2 via $r2.client dev r2
    ip nexthop add id 3 group 1/2
    ip route add {SHARED} nhid 3
    """,
)
# By the way that each leads: of nexthops that are written in a route, the cache's listing has the first one's exceptions alone.
COUNT_WRITTEN = f"for way in r1 r2; do ip route get {SHARED} oif $$way; done | grep -c 'mtu 1400' | sed 's/^/ways marked: /'"
# A lookup by way does not tell objects apart, but the listing has them all.
COUNT_OBJECTS = "ip -6 route show cache | grep -c 'mtu 1400' | sed 's/^/ways marked: /'"

flows = tuple(Udp("client", "server", discover=DO, family=IPV6, address=SHARED, number=number) for number in range(1, 25))


def topology(mtu: int) -> Topology:
    links = (Link("client", "r1", 1500), Link("r1", "server", 1400), Link("client", "r2", 1500), Link("r2", "server", mtu))
    return Topology((Host("client"), Router("r1"), Router("r2"), Host("server")), links, (IPV6,))


def hashed(name: str, title: str, route: Step, count: str) -> Scenario:
    """24 flows: that all take one way happens once in 8 million runs. Were each way marked, there would be two PTBs at most."""
    return Scenario(
        name=f"ecmp-v6-{name}",
        title=title,
        topology=topology(1400),
        acts=(
            Act(
                "24 UDP flows, two datagrams each that are too large",
                story=(
                    *BEYOND,
                    route,
                    Sysctl("client", "net.ipv6.fib_multipath_hash_policy", 1),
                    *(Send(flow, 1452) for flow in flows for _ in range(2)),
                    Run("client", ("sh", "-c", count)),
                    Send(flows[0], 1352),
                ),
                expect=(
                    Counts(at="client", counters=(("Icmp6.InPktTooBigs", 3),), or_more=True),
                    Prints("ways marked: 1", "ip-route(8)"),
                    Delivered(1352, to="server", send=2 * len(flows) + 1),
                ),
            ),
        ),
    )


def by_addresses() -> Scenario:
    """24 destinations, three datagrams each: 24 PTBs would do, were each way marked. That all take the first is as unlikely."""
    network = "2001:db8::/64"
    to = [f"2001:db8::{number}" for number in range(1, 25)]
    flows = [Udp("client", "server", discover=DO, family=IPV6, address=address) for address in to]
    return Scenario(
        name="ecmp-v6-by-addresses",
        title="PTBs about destinations that addresses have spread all mark the first way, IPv6",
        topology=topology(1400),
        acts=(
            Act(
                "24 destinations, three datagrams each that are too large",
                story=(
                    Configure("server", "\n".join(f"ip address add {address}/128 dev lo nodad" for address in to)),
                    *(Configure(way, f"ip route add {network} via $server.{way}") for way in WAYS),
                    Configure("r2", "ip route add $client via $client.r2"),
                    Configure("client", f"ip route add {network} nexthop via $r1.client nexthop via $r2.client"),
                    Sysctl("client", "net.ipv6.fib_multipath_hash_policy", 0),
                    Sysctl("client", "net.ipv6.auto_flowlabels", 0),
                    *(Send(flow, 1452) for flow in flows for _ in range(3)),
                    Send(flows[0], 1352),
                ),
                expect=(
                    TooBig(by="r1", to="client", mtu=1400),
                    TooBig(by="r2", to="client", mtu=1400),
                    Counts(
                        at="client", counters=(("Icmp6.InPktTooBigs", 26),), or_more=True
                    ),  # 24 and two of one that did not learn
                    Delivered(1352, to="server", send=3 * len(flows) + 1),
                ),
            ),
        ),
    )


scenarios = (
    Scenario(
        name="ecmp-v6-bound",
        title="A PTB to a socket that is bound to its way marks that way alone, IPv6",
        topology=topology(1500),
        acts=(
            Act(
                "a ping by each way",
                story=(
                    *BEYOND,
                    WRITTEN,
                    # The second is refused at once, and has nothing to wait for.
                    *(
                        Run("client", f"ping -I {way} -c1 -W{wait} -M do -s1452 {SHARED}")
                        for way, wait in (("r1", 2), ("r1", 0.1), ("r2", 2))
                    ),
                    *(Run("client", f"ip route get {SHARED} oif {way}") for way in WAYS),
                    Run("client", ("sh", "-c", COUNT_WRITTEN)),
                ),
                expect=(
                    Prints("mtu=1400", "ping(8)"),
                    TooBig(by="r1", to="client", mtu=1400, times=1),
                    Prints("message too long, mtu: 1400", "ping(8)", run=2),
                    Prints("1 received", "ping(8)", run=3),
                    Prints("mtu 1400", "ip-route(8)", run=4),
                    Prints("ways marked: 1", "ip-route(8)", run=6),
                ),
            ),
        ),
    ),
    Scenario(
        name="ecmp-v6-unlisted",
        title="What is learned of the second way is heeded, and not listed, IPv6",
        topology=topology(1400),
        acts=(
            Act(
                "two pings by the second way",
                story=(
                    *BEYOND,
                    WRITTEN,
                    *(Run("client", f"ping -I r2 -c1 -W{wait} -M do -s1452 {SHARED}") for wait in (2, 0.1)),
                    Run("client", f"ip route get {SHARED} oif r2"),
                    Run("client", "ip -6 route show cache"),
                ),
                expect=(
                    Prints("mtu=1400", "ping(8)"),
                    TooBig(by="r2", to="client", mtu=1400, times=1),
                    Prints("message too long, mtu: 1400", "ping(8)", run=2),
                    Prints("mtu 1400", "ip-route(8)", run=3),
                    PrintsLines(0, "ip-route(8)", run=4),
                ),
            ),
        ),
    ),
    by_addresses(),
    hashed("hashed-written", "PTBs to flows that a hash of ports has spread all mark one way, IPv6", WRITTEN, COUNT_WRITTEN),
    hashed(
        "hashed-objects", "PTBs to flows that a hash of ports has spread all mark one nexthop object, IPv6", OBJECTS, COUNT_OBJECTS
    ),
)
