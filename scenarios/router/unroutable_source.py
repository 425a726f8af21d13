"""A PTB whose source address does not lead back where it came from, and a client that checks (rp_filter).

    client ──1500── r1 ──1400── server
    client ──1500── r2

r1 sends its errors from 172.16.9.9, which the client reaches by way of r2 or not at all. With rp_filter 1 the client wants a
route to the source by the very interface that the packet came in by (RFC 3704 §2.2); with 2, by any (§2.4); with 0 it does not
ask. What fails is dropped in ip_rcv_finish_core() and counted, and the PTB with it: the client never learns, and no program is
told.
"""

from lab.judge.expect import Counts, Delivered, Dropped, ErrorQueued, Expectation, NothingLearned, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Send, Step, Sysctl
from lab.model.topology import Host, Link, Router, Topology

SOURCE = "172.16.9.9"
TOPOLOGY = Topology(
    (Host("client"), Router("r1"), Router("r2"), Host("server")),
    (Link("client", "r1", 1500), Link("r1", "server", 1400), Link("client", "r2", 1500)),
)
FROM_ELSEWHERE = Configure(
    "r1",
    f"""
    ip address add {SOURCE}/32 dev lo
    ip route replace 10.0.0.0/24 dev client src {SOURCE}
    """,
)
BY_R2 = Configure("client", f"ip route add {SOURCE} via $r2.client")
flow = Udp("client", "server", discover=DO)


def case(name: str, title: str, rp_filter: int, accepted: bool, *route: Step) -> Scenario:
    """The stricter of `all` and the interface's own setting counts, for 0 as for 1 (IN_DEV_RPFILTER)."""
    settings = (Sysctl("client", f"net.ipv4.conf.{which}.rp_filter", rp_filter) for which in ("all", "r1"))
    refused = Counts(at="client", counters=(("TcpExt.IPReversePathFilter", 0 if accepted else 1),))
    fate: tuple[Expectation, ...] = (
        (
            ErrorQueued(send=1, info=1400, offender="r1"),
            PathMtu(1400, at="client", to="server"),
            Counts(at="client", counters=(("Icmp.InDestUnreachs", 1),)),
        )
        if accepted
        else (NothingLearned(at="client", to="server"), Counts(at="client", counters=(("Icmp.InDestUnreachs", 0),)))
    )
    return Scenario(
        name=f"unroutable-source-{name}",
        title=title,
        topology=TOPOLOGY,
        acts=(
            Act(
                "a datagram that is too large, and one that fits",
                story=(FROM_ELSEWHERE, *route, *settings, Send(flow, 1472, within=1), Send(flow, 1372)),
                expect=(
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=1400, times=1, source=SOURCE),
                    refused,
                    *fate,
                    Delivered(1372, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = (
    case("0", "rp_filter 0: a PTB from an address without a route is believed", 0, True),
    case("1", "rp_filter 1: a PTB from an address that is reached another way is dropped", 1, False, BY_R2),
    case("2", "rp_filter 2: a PTB from an address that is reached another way is believed", 2, True, BY_R2),
    case("2-no-route", "rp_filter 2: a PTB from an address without a route is dropped", 2, False),
)
