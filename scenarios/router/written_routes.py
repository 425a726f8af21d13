"""An `mtu` on a route: how it is written, with one nexthop or two, and what a host does with it.

    client ──1500── r1 ──1500── server
    client ──1500── r2 ──1500── server

The metrics of a route are those of all its nexthops. IPv6 also makes one route of two that are added one by one: it keeps the
metrics of each, and shows the first one's. No metric goes above 65520, and one that makes no sense is refused
(ip_fib_metrics_init()). Used, the metric is as good as the link's MTU: a datagram that may be fragmented is cut up by the client
to fit it, and no router has anything to say.
"""

from lab.judge.expect import Delivered, Exits, Expectation, Fragments, NothingLarger, NothingLearned, NoTooBig, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Echo
from lab.model.story import AddRoute, Configure, Run, Send, Step
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

NODES = (Host("client"), Router("r1"), Router("r2"), Host("server"))
LINKS = (Link("client", "r1", 1500), Link("r1", "server", 1500), Link("client", "r2", 1500), Link("r2", "server", 1500))
NET = {IPV4: "192.0.2.0/24", IPV6: "2001:db8::/64"}

# The routes to add, and what the last of them is shown to have.
EITHER = (
    (("add {net} {r1} mtu 1400",), "dev r1{metric} mtu 1400"),
    (("add {net} {r1} mtu lock 1400",), "dev r1{metric} mtu lock 1400"),
    (("add {net} {r1} mtu 70000",), "dev r1{metric} mtu 65520"),
    (("add {net} mtu 1400 nexthop {r1} nexthop {r2}",), "{net}{metric} mtu 1400{pref} nexthop {r1} weight 1 nexthop {r2} weight 1"),
)
IPV6_ALONE = (
    (("add {net} {r1} mtu 1400", "append {net} {r2}"), "{net}{metric} mtu 1400{pref} nexthop {r1} weight 1 nexthop {r2} weight 1"),
    (("add {net} {r1}", "append {net} {r2} mtu 1400"), "{net}{metric}{pref} nexthop {r1} weight 1 nexthop {r2} weight 1"),
    (
        ("add {net} {r1} mtu 1400", "append {net} {r2} mtu 1400"),
        "{net}{metric} mtu 1400{pref} nexthop {r1} weight 1 nexthop {r2} weight 1",
    ),
)


def written(family: Family) -> Act:
    """Each route is added, shown, and taken away."""
    addresses = ("10.0.0.2", "10.0.2.2") if family == IPV4 else ("fd00::2", "fd00:0:0:2::2")
    words = {f"r{i}": f"via {address} dev r{i}" for i, address in enumerate(addresses, 1)} | {"net": NET[family]}
    words |= {"metric": "", "pref": ""} if family == IPV4 else {"metric": " metric 1024", "pref": " pref medium"}
    steps: list[Step] = []
    expect: list[Expectation] = []
    for routes, text in EITHER + (IPV6_ALONE if family == IPV6 else ()):
        commands = [f"ip -{family.value} route {route.format_map(words)}" for route in routes]
        steps += [Configure("client", "\n".join(commands)), Run("client", f"ip -{family.value} route show {NET[family]}")]
        runs = sum(isinstance(step, Run) for step in steps)
        expect.append(Prints(text.format_map(words), "ip-route(8)", run=runs))
        steps.append(Configure("client", f"ip -{family.value} route flush {NET[family]}"))
    steps.append(Run("client", f"ip -{family.value} route add {NET[family]} {words['r1']} congctl lock foo"))
    expect.append(Exits(2, "ip-route(8)", run=sum(isinstance(step, Run) for step in steps)))
    return Act("routes as they are added and shown", tuple(steps), tuple(expect))


def used(family: Family) -> Act:
    """1500 octets and 8 of ICMP, in pieces whose length but for the last is a multiple of 8."""
    pieces = ((1300, 0), (248, 1280)) if family == IPV4 else ((1296, 0), (308, 1248))
    return Act(
        "an echo request that is larger than the route's mtu",
        story=(AddRoute("client", to="server", mtu=1300, family=family), Send(Echo("client", "server", family=family), 1500)),
        expect=(
            Fragments(by="client", pieces=pieces),
            NothingLarger(1500, between=("client", "r1")),
            NoTooBig(to="client", octets=1000),
            NothingLearned(at="client", to="server"),
            Delivered(1500, to="server"),
        ),
    )


scenarios = tuple(
    Scenario(
        name="written-routes" + ("-v6" if family == IPV6 else ""),
        title=f"Routes with an mtu of their own, {family}",
        topology=Topology(NODES, LINKS, (family,)),
        acts=(written(family), used(family)),
        covers=(f"fib_tests.sh/ipv{family.value}_route_metrics",),
    )
    for family in (IPV4, IPV6)
)
