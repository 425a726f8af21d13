"""The host's own link changes under what was learned beyond it: exceptions are pulled along.

    client ──2000── r1 ──1400── server
    client ──2000── r2 ──1500── other
    r1 ──2000── r2

A path MTU cannot be larger than the first link's MTU. When that falls below an exception, the exception falls with it. When it
rises again, an exception that was equal to it rises, too, since then it was the first link that was the limit
(fib_nhc_update_mtu(), rt6_mtu_change()). The 1400 behind it is forgotten by that, and has to be learned once more. The other
way out, by r2, is not touched.
"""

from lab.judge.expect import Delivered, Dropped, Leaves, NoTooBig, PathMtu, PtbOrder, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Echo
from lab.model.story import Configure, Send, SetMtu, Step
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

LINKS = (
    Link("client", "r1", 2000),
    Link("r1", "server", 1400),
    Link("client", "r2", 2000),
    Link("r2", "other", 1500),
    Link("r1", "r2", 2000),
)
NODES = (Host("client"), Router("r1"), Router("r2"), Host("server"), Host("other"))

BY_NEXTHOP = Configure(
    "client",
    """
    ip nexthop add id 41 via $r1.client dev r1
    ip nexthop add id 42 via $r2.client dev r2
    ip route add $server nhid 41
    ip route add $other nhid 42
    """,
)


def first_hop(family: Family, objects: bool) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and echo
    df = True if family == IPV4 else None
    ping = Echo("client", "server", discover=WANT, family=family)
    elsewhere = Echo("client", "other", discover=WANT, family=family)
    untouched = PathMtu(1500, at="client", to="other")
    before: tuple[Step, ...] = (BY_NEXTHOP,) if objects else ()
    return Scenario(
        name="first-hop" + "-nexthop" * objects + ("-v6" if family == IPV6 else ""),
        title="The first link changes under a learned path MTU" + ", nexthop objects" * objects + ", IPv6" * (family == IPV6),
        topology=Topology(NODES, LINKS, (family,)),
        acts=(
            Act(
                "what lies beyond is learned",
                story=(*before, Send(ping, 2000 - headers), Send(elsewhere, 2000 - headers)),
                expect=(
                    Leaves(2000, by="client", df=df),
                    PtbOrder(to="client", order=(("r1", 1400), ("r2", 1500))),
                    PathMtu(1400, at="client", to="server"),
                    untouched,
                ),
            ),
            Act(
                "the first link shrinks to 1300",
                story=(SetMtu("client", "r1", 1300), Send(ping, 1300 - headers)),
                expect=(
                    PathMtu(1300, at="client", to="server"),
                    untouched,
                    Leaves(1300, by="client", df=df),
                    NoTooBig(to="client", octets=1300),
                    Delivered(1300 - headers, to="server"),
                ),
            ),
            Act(
                "it grows to 1700",
                story=(SetMtu("client", "r1", 1700), Send(ping, 1400 - headers)),
                expect=(
                    PathMtu(1700, at="client", to="server"),
                    untouched,
                    Leaves(1400, by="client", df=df),
                    Delivered(1400 - headers, to="server"),
                ),
            ),
            Act(
                "what lies beyond is learned again",
                story=(Send(ping, 1700 - headers), Send(elsewhere, 1500 - headers)),
                expect=(
                    Leaves(1700, by="client", df=df),
                    Dropped(1700, at="r1"),
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    untouched,
                    Delivered(1500 - headers, to="other", send=2),
                ),
            ),
        ),
        covers=(f"pmtu.sh/pmtu_ipv{family.value}_exception", "RHEL/mtu_firsthop", "bugs/04"),
    )


scenarios = tuple(first_hop(family, objects) for objects in (False, True) for family in (IPV4, IPV6))
