"""There by one way, back by another: two path MTUs, one for each direction.

    client ──1500── r1 ──1400── r2 ──1500── server
    r1 ──1300── r3 ──1500── r2

r2 sends what is for the client by r3. The client's packets meet the 1400, and the server's the 1300; each host holds what is
true of its own direction (RFC 1191 §2: the path from source to destination). r1's PTB about the 1400 goes straight back to the
client, and r3's about the 1300, which comes from a router that the client's packets never meet, to the server.
"""

from lab.judge.expect import Delivered, Dropped, Leaves, Mss, NothingLearned, PathMtu, PtbOrder, TcpPathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, AddRoute, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

NODES = (Host("client"), Router("r1"), Router("r2"), Router("r3"), Host("server"))
LINKS = (
    Link("client", "r1", 1500),
    Link("r1", "r2", 1400),
    Link("r2", "server", 1500),
    Link("r1", "r3", 1300),
    Link("r3", "r2", 1500),
)


def asymmetric_return(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    df = True if family == IPV4 else None
    there = Udp("client", "server", discover=DO, family=family)
    back = Udp("server", "client", discover=DO, family=family)
    stream, answer = Tcp("client", "server", family=family), Tcp("server", "client", family=family)
    return Scenario(
        name="asymmetric-return" + ("-v6" if family == IPV6 else ""),
        title="There by one way, back by another" + (", IPv6" if family == IPV6 else ""),
        topology=Topology(NODES, LINKS, (family,)),
        acts=(
            Act(
                "from the client",
                story=(AddRoute("r2", "client", via="r3", family=family), Send(there, 1500 - headers), Send(there, 1400 - headers)),
                expect=(
                    Leaves(1500, by="client", df=df),
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Delivered(1400 - headers, to="server", send=2),
                ),
            ),
            Act(
                "from the server",
                story=(Send(back, 1500 - headers), Send(back, 1300 - headers)),
                expect=(
                    Leaves(1500, by="server", df=df),
                    Dropped(1500, at="r3"),
                    PtbOrder(to="server", order=(("r3", 1300),)),
                    PathMtu(1300, at="server", to="client"),
                    PathMtu(1400, at="client", to="server"),
                    Delivered(1300 - headers, to="client", send=2),
                ),
            ),
            Act(
                "a TCP transfer from the client",
                story=(FlushRouteCache(), Send(stream, 64 * KIB)),
                expect=(
                    PtbOrder(to="client", order=(("r1", 1400),)),
                    TcpPathMtu(1400, at="client"),
                    Mss(1400 - headers - 24, at="client"),
                    PathMtu(1400, at="client", to="server"),
                    NothingLearned(at="server", to="client"),  # its acknowledgements are small
                    Delivered(64 * KIB, to="server"),
                ),
            ),
            Act(
                "a TCP transfer from the server",
                story=(FlushRouteCache(), Send(answer, 64 * KIB)),
                expect=(
                    PtbOrder(to="server", order=(("r3", 1300),)),
                    TcpPathMtu(1300, at="server"),
                    Mss(1300 - headers - 24, at="server"),
                    PathMtu(1300, at="server", to="client"),
                    NothingLearned(at="client", to="server"),
                    Delivered(64 * KIB, to="client"),
                ),
            ),
        ),
    )


scenarios = (asymmetric_return(IPV4), asymmetric_return(IPV6))
