"""Two equal ways to one destination, and a PTB on one of them: the sender takes it for both.

    client ──2000── r1 ──1500── server
    client ──2000── r2 ──m── server

The client's route to 192.0.2.9, an address of the server's, has two nexthops, and a hash of the addresses, or of the ports too,
picks one for each flow (fib_multipath_hash_policy; fib_select_path()). A PTB does not say which way its packet went. So since
6.13 __ip_rt_update_pmtu() gives every nexthop an exception, whether they are written in the route or are objects of their own:
one loss teaches all flows. The price is that flows by r2 are held to 1500 as well, even where m is 2000.
"""

from lab.judge.expect import Counts, Delivered, Expectation, IfTrait, NothingLearned, NoTooBig, PathMtu, Prints, RefusedHere, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo, Udp
from lab.model.story import Configure, Run, Send, Step, Sysctl
from lab.model.topology import Host, Link, Router, Topology

SHARED = "192.0.2.9"
WAYS = ("r1", "r2")

BEYOND = (
    Configure("server", f"ip address add {SHARED}/32 dev lo"),
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
LOOKUPS = tuple(Run("client", f"ip route get {SHARED} oif {way}") for way in WAYS)


def topology(mtu: int) -> Topology:
    links = (Link("client", "r1", 2000), Link("r1", "server", 1500), Link("client", "r2", 2000), Link("r2", "server", mtu))
    return Topology((Host("client"), Router("r1"), Router("r2"), Host("server")), links)


echo = Echo("client", "server", address=SHARED)
flows = tuple(Udp("client", "server", discover=DO, address=SHARED, number=number) for number in range(1, 9))
MANY = len(flows)


def by_trait(then: Expectation, otherwise: Expectation) -> Expectation:
    return IfTrait("multipath-ptb-marks-all-nexthops", then, otherwise)


def case(name: str, title: str, route: Step, policy: int) -> Scenario:
    """Both ways have 1500, so that the first packet meets it whichever it takes."""
    return Scenario(
        name=f"ecmp-{name}",
        title=title,
        topology=topology(1500),
        acts=(
            Act(
                "one echo request that is too large",
                story=(*BEYOND, route, Sysctl("client", "net.ipv4.fib_multipath_hash_policy", policy), Send(echo, 1972), *LOOKUPS),
                expect=(
                    Counts(at="client", counters=(("Icmp.InDestUnreachs", 1),)),
                    PathMtu(1500, at="client", to=SHARED),
                    *(by_trait(Prints("mtu 1500", "ip-route(8)", n), Prints(SHARED, "ip-route(8)", n)) for n in (1, 2)),
                ),
            ),
            Act(
                f"{MANY} UDP flows: a datagram each that is too large, and one that fits",
                story=(*(Send(flow, 1972) for flow in flows), *(Send(flow, 1472) for flow in flows)),
                expect=(
                    *(by_trait(RefusedHere(n), Delivered(1472, to="server", send=MANY + n)) for n in range(1, MANY + 1)),
                    by_trait(NoTooBig(to="client", octets=1500), PathMtu(1500, at="client", to=SHARED)),
                    Delivered(1472, to="server", send=2 * MANY),
                ),
            ),
        ),
        covers=("pmtu.sh/pmtu_ipv4_mp_exceptions", "bugs/12"),
    )


def unequal(name: str, title: str, route: Step) -> Scenario:
    """ping is bound to the way that it is to take, and waits for what is to come, or a little, where nothing is."""
    r1, r2, refused = (
        Run("client", f"ping -I {way} -c1 -W{wait} -M do -s1972 {SHARED}") for way, wait in (("r1", 2), ("r2", 2), ("r2", 0.2))
    )
    return Scenario(
        name=f"ecmp-{name}",
        title=title,
        topology=topology(2000),
        acts=(
            Act(
                "the way by r2 takes 2000",
                story=(*BEYOND, route, r2, Send(flows[0], 1472)),
                expect=(
                    Prints("1 received", "ping(8)"),
                    NoTooBig(to="client", octets=2000),
                    NothingLearned(at="client", to=SHARED),
                    Delivered(1472, to="server"),
                ),
            ),
            Act(
                "the way by r1 does not",
                story=(r1, refused, Send(flows[0], 1472)),
                expect=(
                    Prints("mtu = 1500", "ping(8)"),
                    TooBig(by="r1", to="client", mtu=1500, times=1),
                    PathMtu(1500, at="client", to=SHARED),
                    by_trait(Prints("message too long, mtu=1500", "ping(8)", 2), Prints("1 received", "ping(8)", 2)),
                    Delivered(1472, to="server"),
                ),
            ),
        ),
    )


scenarios = (
    case("written-0", "Two nexthops in the route, chosen by addresses", WRITTEN, 0),
    case("written-1", "Two nexthops in the route, chosen by addresses and ports", WRITTEN, 1),
    case("objects-0", "A group of nexthop objects, chosen by addresses", OBJECTS, 0),
    case("objects-1", "A group of nexthop objects, chosen by addresses and ports", OBJECTS, 1),
    unequal("unequal-written", "A PTB on one way holds the wider one to it, nexthops in the route", WRITTEN),
    unequal("unequal-objects", "A PTB on one way holds the wider one to it, nexthop objects", OBJECTS),
)
