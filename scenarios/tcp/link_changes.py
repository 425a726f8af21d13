"""A link's MTU changes under a connection: the sender's own it notices, any other it has to be told of.

    client ──1500── r1 ──1500── r2 ──1500── server

When a link further on becomes smaller, the next flight is lost at the router before it, and a PTB says why. When it becomes larger
again, nobody says so, and the connection keeps to what it has learned. When the client's own link shrinks, its route has a smaller
MTU at once, and no segment is lost for it (tcp_current_mss() asks the route before each buffer).
"""

from lab.judge.expect import (
    Delivered,
    Leaves,
    Mss,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    PathMtu,
    TcpPathMtu,
    ToldDuring,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, FlushRouteCache, Send, SetMtu
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def link_changes(family: Family) -> Scenario:
    headers = 40 if family == IPV4 else 60
    df = True if family == IPV4 else None
    stream = Tcp("client", "server", family=family)
    return Scenario(
        name="link-changes" + ("-v6" if family == IPV6 else ""),
        title="Links change their MTU under a connection" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1500), families=(family,)),
        acts=(
            Act(
                "the middle link shrinks, and grows again",
                story=(
                    Send(stream, 16 * KIB),
                    SetMtu("r1", "r2", 1300),
                    Send(stream, 16 * KIB),
                    SetMtu("r1", "r2", 1500),
                    Send(stream, 16 * KIB),
                ),
                expect=(
                    Leaves(1500, by="client", df=df),
                    TooBig(by="r1", to="client", mtu=1300),
                    ToldDuring(2, by="r1", mtu=1300),
                    PathMtu(1300, at="client", to="server"),
                    TcpPathMtu(1300, at="client"),
                    Mss(1300 - headers - 12, at="client"),
                    NoTimeout(at="client"),
                    Delivered(16 * KIB, to="server", send=3),
                ),
            ),
            Act(
                "the client's own link shrinks",
                story=(
                    FlushRouteCache(),
                    Send(stream, 16 * KIB),
                    SetMtu("client", "r1", 1400),
                    Send(stream, 16 * KIB),
                ),
                expect=(
                    Leaves(1500, by="client", df=df),
                    Leaves(1400, by="client", df=df),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    TcpPathMtu(1400, at="client"),
                    Mss(1400 - headers - 12, at="client"),
                    NoTimeout(at="client"),
                    Delivered(16 * KIB, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = (link_changes(IPV4), link_changes(IPV6))
