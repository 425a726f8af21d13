"""A link in the middle grows again, and nobody says so.

    client ──1500── r1 ──1400── r2 ──1500── server

No router tells a host that more would fit by now: what was learned stays until it expires, after ten minutes (RFC 1191 §6.3),
or is flushed. Until then even a connection that begins long after the link has grown sends no more than 1400 octets.
"""

from lab.judge.expect import (
    Delivered,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    RefusedHere,
    SocketMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send, SetMtu
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def grows_mid_flow(family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    segment = 52 if family == IPV4 else 72  # IP and TCP, with timestamps
    df = True if family == IPV4 else None
    flow = Udp("client", "server", discover=DO, family=family)
    stream = Tcp("client", "server", family=family)
    learned, large = PathMtu(1400, at="client", to="server"), 1500 - headers
    return Scenario(
        name="grows-mid-flow" + ("-v6" if family == IPV6 else ""),
        title="A link grows, and nobody says so" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "the link grows under a socket that was told of 1400",
                story=(
                    Send(flow, large),
                    SetMtu("r1", "r2", 1500),
                    Send(flow, large),
                    Send(flow, 1400 - headers),
                ),
                expect=(
                    TooBig(by="r1", to="client", mtu=1400, times=1),
                    RefusedHere(send=2),
                    Delivered(1400 - headers, to="server", send=3),
                    SocketMtu(1400, send=3),
                    learned,
                ),
            ),
            Act(
                "a connection that begins now",
                story=(Send(stream, 64 * KIB),),
                expect=(
                    Leaves(1400, by="client", df=df),
                    NothingLarger(1400, between=("client", "r1")),
                    NoTooBig(to="client", octets=1400),
                    TcpPathMtu(1400, at="client"),
                    Mss(1400 - segment, at="client"),
                    learned,
                    Delivered(64 * KIB, to="server"),
                ),
            ),
            Act(
                "flushed",
                story=(FlushRouteCache(), Send(flow, large), Send(stream, 64 * KIB)),
                expect=(
                    Leaves(1500, by="client", df=df),
                    NoTooBig(to="client", octets=1500),
                    Delivered(large, to="server", send=1),
                    SocketMtu(1500, send=1),
                    TcpPathMtu(1500, at="client"),
                    Mss(1500 - segment, at="client"),
                    NothingLearned(at="client", to="server"),
                    Delivered(64 * KIB, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = (grows_mid_flow(IPV4), grows_mid_flow(IPV6))
