"""Two ways to one address, and a single lost packet.

    client ──2000── r1 ──1500── server
    client ──2000── r2 ──1500── server

The route to 192.0.2.1, which the server has, has two next hops, and a flow takes one of them by its hash. Whoever is told of a
path MTU cannot know which of its other flows go the same way, so the exception is made at both (__ip_rt_update_pmtu() since
6.13); before, only the way that the PTB's quote hashed to was marked, and `ip route get oif` by the other shows none.
"""

from lab.judge.expect import IfTrait, Leaves, PathMtu, Prints
from lab.judge.expect.base import Expectation
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Echo
from lab.model.story import Configure, Run, Send
from lab.model.topology import Host, Link, Router, Topology

SHARED = "192.0.2.1"
WAYS = ("r1", "r2")
LINKS = tuple(link for router in WAYS for link in (Link("client", router, 2000), Link(router, "server", 1500)))
TOPOLOGY = Topology((Host("client"), *map(Router, WAYS), Host("server")), LINKS)
ping = Echo("client", "server", discover=WANT, address=SHARED)

ROUTES = {
    "multipath": f"ip route add {SHARED} nexthop via $r1.client dev r1 nexthop via $r2.client dev r2",
    "multipath-nexthop": f"""
        ip nexthop add id 401 via $r1.client dev r1
        ip nexthop add id 402 via $r2.client dev r2
        ip nexthop add id 403 group 401/402
        ip route add {SHARED} nhid 403
    """,
}
COUNT = f"for way in r1 r2; do ip route get {SHARED} oif $$way; done | grep -c 'mtu 1500' | sed 's/^/ways that hold it: /'"


def holding(ways: int) -> Expectation:
    return Prints(f"ways that hold it: {ways}", "ip-route(8)")


def multipath(name: str) -> Scenario:
    return Scenario(
        name=name,
        title="A PTB about one of two ways" + (", in a group of nexthop objects" if "-" in name else ""),
        topology=TOPOLOGY,
        acts=(
            Act(
                "one echo request",
                story=(
                    Configure("server", f"ip address add {SHARED}/32 dev lo"),
                    *(Configure(r, f"ip route add {SHARED} via $server.{r}") for r in WAYS),
                    Configure("r2", "ip route replace $client via $client.r2"),
                    Configure("client", ROUTES[name]),
                    Send(ping, 1972),
                    Run("client", ("sh", "-c", COUNT)),
                ),
                expect=(
                    Leaves(2000, by="client", df=True),
                    PathMtu(1500, at="client", to=SHARED),
                    IfTrait("multipath-ptb-marks-all-nexthops", then=holding(2), otherwise=holding(1)),
                ),
            ),
        ),
        covers=("pmtu.sh/pmtu_ipv4_mp_exceptions",),
    )


scenarios = tuple(map(multipath, ROUTES))
