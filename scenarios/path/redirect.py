"""A redirect and a path MTU towards one destination: one exception keeps both.

    client ──1500── lan ──1500── r1
    lan ──1500── r2 ──1300── server

lan is made a bridge, so that client, r1 and r2 are neighbours. The client's route leads by r1, which knows r2 to be the shorter
way and says so (ICMP redirect). Both kinds of news are stored in the same exception (update_or_create_fnhe()), and neither may
wipe out the other, whichever comes first: what goes straight to r2 is still limited to 1300, and what is limited to 1300 still
goes straight to r2.
"""

from lab.judge.expect import Delivered, Exits, Expectation, PathMtu, Prints, PtbOrder, RefusedHere
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, FlushRouteCache, Run, Send, Step, Sysctl
from lab.model.topology import Host, Link, Router, Topology

TOPOLOGY = Topology(
    (Host("client"), Router("lan"), Router("r1"), Router("r2"), Host("server")),
    (Link("client", "lan"), Link("lan", "r1"), Link("lan", "r2"), Link("r2", "server", 1300)),
)
R1, R2, LAN = "10.0.0.11", "10.0.0.12", "10.0.0.0/24"  # in the subnet of the link between client and lan
flow = Udp("client", "server", discover=DO)

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
    Configure("r2", f"ip address add {R2}/24 dev lan\nip route replace {LAN} dev lan src {R2}"),
    Configure("r1", f"ip address add {R1}/24 dev lan\nip route replace {LAN} dev lan src {R1}\nip route replace $server via {R2}"),
    Configure("client", f"ip route replace default via {R1}"),
    Run("client", f"ping -n -c 1 -W 1 {R2}"),  # a redirect to somebody whose link address is unknown would only ask for that
)
ROUTE = Run("client", "ip route get $server")


def redirects(whether: int) -> tuple[Step, ...]:
    return tuple(Sysctl("r1", f"net.ipv4.conf.{which}.send_redirects", whether) for which in ("all", "lan"))


def route(run: int, *says: str) -> tuple[Expectation, ...]:
    return tuple(Prints(one, "ip-route(8)", run=run) for one in says)


REDIRECTED = ("<redirected>", f"via {R2}")
TOLD: tuple[Expectation, ...] = (
    PtbOrder(to="client", order=(("r2", 1300),)),
    PathMtu(1300, at="client", to="server"),
    RefusedHere(send=2),
    Delivered(1272, to="server", send=3),
)
LARGE = (Send(flow, 1472), Send(flow, 1472), Send(flow, 1272))

scenarios = (
    Scenario(
        name="redirect",
        title="A redirect, and then a PTB",
        topology=TOPOLOGY,
        acts=(
            Act(
                "r1 knows a shorter way",
                story=(*BRIDGED, ROUTE, Send(flow, 100), ROUTE),
                expect=(
                    Exits(0, "ping(8)", run=1),
                    *route(2, f"via {R1}"),
                    *route(3, *REDIRECTED),
                    Delivered(100, to="server"),
                ),
            ),
            Act("and r2 a smaller link", story=(*LARGE, ROUTE), expect=(*TOLD, *route(1, *REDIRECTED, "mtu 1300"))),
            Act(
                "flushed",
                story=(FlushRouteCache(), ROUTE, Send(flow, 100)),
                expect=(*route(1, f"via {R1}"), Delivered(100, to="server")),
            ),
        ),
        needs=("bridge",),
        covers=("icmp_redirect.sh/redirect_ipv4", "icmp_redirect.sh/redirect_mtu_ipv4", "exception_cache.sh/redirect_socket_ipv4"),
    ),
    Scenario(
        name="redirect-after-mtu",
        title="A PTB, and then a redirect",
        topology=TOPOLOGY,
        acts=(
            Act(
                "r2 has a smaller link, and r1 sends no redirects",
                story=(*BRIDGED, *redirects(0), *LARGE, ROUTE),
                expect=(*TOLD, *route(2, f"via {R1}", "mtu 1300")),
            ),
            Act(
                "r1 knows a shorter way, and says so",
                story=(*redirects(1), Send(flow, 100), Send(flow, 1472), Send(flow, 1272), ROUTE),
                expect=(
                    PathMtu(1300, at="client", to="server"),
                    *route(1, *REDIRECTED, "mtu 1300"),
                    RefusedHere(send=2),
                    Delivered(1272, to="server", send=3),
                ),
            ),
        ),
        needs=("bridge",),
        covers=("icmp_redirect.sh/mtu_ipv4", "icmp_redirect.sh/mtu_redirect_ipv4"),
    ),
)
