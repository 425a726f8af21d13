"""Two equal ways to one destination, and PTBs on them, IPv6: the exception goes to one, and not always to the right one.

    client ──1500── r1 ──1400── server
    client ──1500── r2 ──m── server

The client's route to 2001:db8::9, an address of the server's, has two nexthops. IPv6 gives an exception to one of them alone.
Which one, ip6_update_pmtu() finds out by looking the route up again, from what the PTB quotes of the IP header: protocol, ports
and the interface that a socket is bound to are not in that. So a hash of the addresses names the way that is marked, and what was
sent by the other loses every large datagram, is told so each time, and never learns. The hash has a key that the kernel draws when
it starts; net.ipv4.fib_multipath_hash_seed sets it, so that each outcome can be had at will. Which seed does it is found by asking
for the route; flow labels come of a key that nothing sets, and so none are made then (ip6_make_flowlabel()). With
fib_multipath_hash_policy 1 the ports help to choose each flow's way, but not the way that is marked, and so that is always the
same. With policy 0 it is addresses and flow labels that choose; where no labels are made, the way of each destination is fixed, and
still it is the first way that is marked, whichever was gone.

Newer kernels mark the way that was gone, too (trait v6-multipath-ptb-marks-its-way).
"""

from lab.judge.expect import Counts, Delivered, Expectation, IfTrait, Prints, PrintsLines, TooBig
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


ITS_WAY = "v6-multipath-ptb-marks-its-way"


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
                    IfTrait(
                        ITS_WAY,
                        # Two, or one that marks both: the other is the way that a hash of the addresses names.
                        Counts(at="client", counters=(("Icmp6.InPktTooBigs", 1),), or_more=True),
                        Counts(at="client", counters=(("Icmp6.InPktTooBigs", 3),), or_more=True),
                    ),
                    IfTrait(ITS_WAY, Prints("ways marked: 2", "ip-route(8)"), Prints("ways marked: 1", "ip-route(8)")),
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
                    IfTrait(
                        ITS_WAY,
                        Counts(at="client", counters=(("Icmp6.InPktTooBigs", 24),)),
                        # Two more, of one that did not learn.
                        Counts(at="client", counters=(("Icmp6.InPktTooBigs", 26),), or_more=True),
                    ),
                    Delivered(1352, to="server", send=3 * len(flows) + 1),
                ),
            ),
        ),
    )


def seed(named: dict[str, str]) -> Run:
    """Sets the first seed by which the hash names these ways, each for what comes from the client's address on a way.

    It is the kernel that says which: it is asked as ip6_update_pmtu() asks. That none of 64 will do happens to nobody.
    """
    asked = " && ".join(f"ip -6 route get {SHARED} from $client.{way} | grep -q 'dev {other}'" for way, other in named.items())
    tried = f"echo $$seed >/proc/sys/net/ipv4/fib_multipath_hash_seed && {asked}"
    words = ", ".join(f"{other} for {way}" for way, other in named.items())
    return Run("client", ("sh", "-c", f"for seed in $$(seq 64); do {tried} && echo 'the hash names {words}' && break; done"))


def bound(name: str, title: str, named: dict[str, str], mtu: int, expect: tuple[Expectation, ...]) -> Scenario:
    """Two pings by each way of `named`, bound to it, after the seed. What is refused at once has nothing to wait for."""
    ways = WAYS if "r1" in named else WAYS[1:]
    pings = (Run("client", f"ping -I {way} -c1 -W{wait} -M do -s1452 {SHARED}") for way in ways for wait in (1, 0.1))
    act = Act(
        "two pings by each way",
        story=(
            *BEYOND,
            WRITTEN,
            Sysctl("client", "net.ipv6.auto_flowlabels", 0),
            seed(named),
            *pings,
            Run("client", ("sh", "-c", COUNT_WRITTEN)),
            Run("client", "ip -6 route show cache"),
        ),
        expect=(Prints("the hash names", "ip-route(8)"), *expect),
    )
    return Scenario(f"ecmp-v6-{name}", title, topology(mtu), (act,), needs=("fib_multipath_hash_seed",))


def refused(run: int) -> Prints:
    return Prints("message too long, mtu: 1400", "ping(8)", run=run)


BOUND = (
    bound(
        "own-way",
        "A PTB about a ping that is bound to its way, where the hash names that way, IPv6",
        named={"r1": "r1", "r2": "r2"},
        mtu=1400,
        expect=(
            *(TooBig(by=way, to="client", mtu=1400, times=1) for way in WAYS),
            *(Prints("Packet too big: mtu=1400", "ping(8)", run=run) for run in (2, 4)),
            *(Prints("message too long, mtu: 1400", "ping(8)", run=run) for run in (3, 5)),
            Prints("ways marked: 2", "ip-route(8)", run=6),
        ),
    ),
    bound(
        "other-way",
        "A PTB about a ping that is bound to its way, where the hash names the other way, IPv6",
        named={"r1": "r2"},
        mtu=1500,
        expect=(
            IfTrait(ITS_WAY, TooBig(by="r1", to="client", mtu=1400, times=1), TooBig(by="r1", to="client", mtu=1400, times=2)),
            Prints("Packet too big: mtu=1400", "ping(8)", run=2),
            IfTrait(ITS_WAY, refused(3), Prints("Packet too big: mtu=1400", "ping(8)", run=3)),
            # The wider way, by which no PTB has come, pays for it.
            *(IfTrait(ITS_WAY, Prints("1 received", "ping(8)", run=run), refused(run)) for run in (4, 5)),
            Prints("ways marked: 1", "ip-route(8)", run=6),
        ),
    ),
    bound(
        "unlisted",
        "What is learned of the second way is heeded, and not listed, IPv6",
        named={"r2": "r2"},
        mtu=1400,
        expect=(
            TooBig(by="r2", to="client", mtu=1400, times=1),
            Prints("Packet too big: mtu=1400", "ping(8)", run=2),
            Prints("message too long, mtu: 1400", "ping(8)", run=3),
            Prints("ways marked: 1", "ip-route(8)", run=4),
            PrintsLines(0, "ip-route(8)", run=5),
        ),
    ),
)


scenarios = (
    *BOUND,
    by_addresses(),
    hashed("hashed-written", "PTBs to flows that a hash of ports has spread all mark one way, IPv6", WRITTEN, COUNT_WRITTEN),
    hashed(
        "hashed-objects",
        "PTBs to flows that a hash of ports has spread all mark one nexthop object, IPv6",
        OBJECTS,
        COUNT_OBJECTS,
    ),
)
