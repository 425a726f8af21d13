"""A redirect and a path MTU towards one destination, under IPv6: a later redirect makes the host forget the path MTU.

    client ──1500── lan ──1500── r1
    lan ──1500── r2 ──1300── server

lan is made a bridge, so that client, r1 and r2 are neighbours. The client's route leads by r1, which knows r2 to be the shorter
way and says so (ICMPv6 redirect). A PTB that comes after that finds the redirect's exception, and adds its MTU to it. A
redirect that comes after the PTB makes a new exception in the old one's place (rt6_do_redirect()), and that has no MTU: one
more packet is lost to learn it again.
"""

from lab.judge.expect import Delivered, Expectation, Leaves, NothingLearned, PathMtu, Prints, PtbOrder, RefusedHere
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo
from lab.model.story import Configure, FlushRouteCache, Run, Send, Step, Sysctl
from lab.model.topology import IPV6, Host, Link, Router, Topology

TOPOLOGY = Topology(
    (Host("client"), Router("lan"), Router("r1"), Router("r2"), Host("server")),
    (Link("client", "lan"), Link("lan", "r1"), Link("lan", "r2"), Link("r2", "server", 1300)),
    (IPV6,),
)
# A redirect is between link-local addresses (RFC 4861): those that the plan gives to r1 and r2 on their links to lan.
R1, R2 = "fe80::e", "fe80::10"
# UDP would not do: what a redirect says of a datagram is only held against routes of the device that its socket is bound to
# (ip6_sk_redirect()).
flow = Echo("client", "server", discover=DO, family=IPV6)

BRIDGED: tuple[Step, ...] = (
    Configure(
        "lan",
        """
        ip link add br0 type bridge
        ip address flush dev client
        ip link set client master br0
        ip link set r1 master br0
        ip link set r2 master br0
        ip link set br0 up
        """,
    ),
    Configure("r2", "ip address add fd00::12/64 dev lan nodad"),
    Configure("r1", f"ip address add fd00::11/64 dev lan nodad\nip route replace $server via {R2} dev lan"),
    Configure("client", f"ip -6 route replace default via {R1} dev lan"),
)
ROUTE = Run("client", "ip route get $server")


def route(run: int, *says: str) -> tuple[Expectation, ...]:
    return tuple(Prints(one, "ip-route(8)", run=run) for one in says)


TOLD: tuple[Expectation, ...] = (
    PtbOrder(to="client", order=(("r2", 1300),)),
    PathMtu(1300, at="client", to="server"),
    RefusedHere(send=2),
    Delivered(1252, to="server", send=3),
)
LARGE = (Send(flow, 1452), Send(flow, 1452), Send(flow, 1252))

scenarios = (
    Scenario(
        name="redirect-v6",
        title="A redirect, and then a PTB, IPv6",
        topology=TOPOLOGY,
        acts=(
            Act(
                "r1 knows a shorter way",
                story=(*BRIDGED, ROUTE, Send(flow, 100), ROUTE),
                expect=(*route(1, f"via {R1}"), *route(2, f"via {R2}"), Delivered(100, to="server")),
            ),
            Act("and r2 a smaller link", story=(*LARGE, ROUTE), expect=(*TOLD, *route(1, f"via {R2}", "mtu 1300"))),
            Act(
                "flushed",
                story=(FlushRouteCache(), ROUTE, Send(flow, 100)),
                expect=(*route(1, f"via {R1}"), Delivered(100, to="server")),
            ),
        ),
        needs=("bridge",),
        covers=("icmp_redirect.sh/redirect_ipv6", "icmp_redirect.sh/redirect_mtu_ipv6"),
    ),
    Scenario(
        name="redirect-v6-after-mtu",
        title="A PTB, and then a redirect that wipes it out, IPv6",
        topology=TOPOLOGY,
        acts=(
            Act(
                "r2 has a smaller link, and the client listens to no redirects",
                story=(*BRIDGED, Sysctl("client", "net.ipv6.conf.lan.accept_redirects", 0), *LARGE, ROUTE),
                expect=(*TOLD, *route(1, f"via {R1}", "mtu 1300")),
            ),
            Act(
                "r1 knows a shorter way, and is listened to",
                story=(
                    Sysctl("client", "net.ipv6.conf.lan.accept_redirects", 1),
                    Send(flow, 100),
                    ROUTE,
                    Send(flow, 100),
                ),
                expect=(
                    *route(1, f"via {R2}"),
                    NothingLearned(at="client", to="server"),
                    Delivered(100, to="server", send=2),
                ),
            ),
            Act("learned again", story=LARGE, expect=(Leaves(1500, by="client", df=None), *TOLD)),
        ),
        needs=("bridge",),
        covers=("icmp_redirect.sh/mtu_ipv6", "icmp_redirect.sh/mtu_redirect_ipv6"),
    ),
)
