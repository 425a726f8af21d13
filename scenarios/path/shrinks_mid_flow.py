"""A link in the middle shrinks, twice, while a flow is under way.

    client ──1500── r1 ──1500── r2 ──1500── server

The path MTU is never negotiated: it is found out anew by each packet that is too big. So a flow that has had the whole 1500 for
a while notices the 1400, and then the 1000, by nothing but the next packet that r1 drops (RFC 1191 §3). A UDP program is told,
and sends less; TCP sends what was lost again at once, in smaller segments, on the same connection (tcp_v4_mtu_reduced()).

Every segment of TCP's is a full one: a shorter one behind them would pass the link. Its selective acknowledgement and the PTBs may
both come while the program is still in send(), and then TCP hears the acknowledgement first, for the PTBs wait until send() is over
(tcp_release_cb()): it takes the loss for congestion, and cuts its window, though it was told the reason in time.
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Leaves,
    Mss,
    NoTimeout,
    PathMtu,
    PtbOrder,
    SocketMtu,
    SsthreshUncut,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Send, SetMtu
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

LINKS = {IPV4: (1400, 1000), IPV6: (1400, 1280)}
"""What the link between r1 and r2 shrinks to."""
SEGMENTS = 20  # one send(), and no more than the window has grown to


def scenario_of(what: str, family: Family, act: Act) -> Scenario:
    return Scenario(
        name=f"shrinks-mid-flow-{what}" + ("-v6" if family == IPV6 else ""),
        title=f"A link shrinks while {what.upper()} is under way" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, 1500), families=(family,)),
        acts=(act,),
    )


def udp(family: Family) -> Scenario:
    first, second = LINKS[family]
    headers = 28 if family == IPV4 else 48  # IP and UDP
    flow = Udp("client", "server", discover=DO, family=family)
    df = True if family == IPV4 else None
    act = Act(
        "datagrams, each as large as the program was last told",
        story=(
            Send(flow, 1500 - headers),
            SetMtu("r1", "r2", first),
            Send(flow, 1500 - headers),
            Send(flow, first - headers),
            SetMtu("r1", "r2", second),
            Send(flow, first - headers),
            Send(flow, second - headers),
        ),
        expect=(
            Delivered(1500 - headers, to="server", send=1),
            SocketMtu(1500, send=1),
            PtbOrder(to="client", order=(("r1", first), ("r1", second))),
            ErrorQueued(send=2, info=first, offender="r1"),
            Leaves(first, by="client", df=df),
            Delivered(first - headers, to="server", send=3),
            SocketMtu(first, send=3),
            ErrorQueued(send=4, info=second, offender="r1"),
            Leaves(second, by="client", df=df),
            Delivered(second - headers, to="server", send=5),
            SocketMtu(second, send=5),
            PathMtu(second, at="client", to="server"),
        ),
    )
    return scenario_of("udp", family, act)


def tcp(family: Family) -> Scenario:
    first, second = LINKS[family]
    headers = 52 if family == IPV4 else 72  # with timestamps
    stream = Tcp("client", "server", family=family)
    full = SEGMENTS * (1500 - headers)
    fewer = SEGMENTS * (first - headers)
    act = Act(
        "one connection, before and after",
        story=(
            Send(stream, 64 * KIB),
            SetMtu("r1", "r2", first),
            Send(stream, full),
            SetMtu("r1", "r2", second),
            Send(stream, fewer),
        ),
        expect=(
            Leaves(1500, by="client", df=True if family == IPV4 else None),
            Delivered(64 * KIB, to="server", send=1),
            PtbOrder(to="client", order=(("r1", first), ("r1", second))),
            Delivered(full, to="server", send=2),
            Delivered(fewer, to="server", send=3),
            PathMtu(second, at="client", to="server"),
            TcpPathMtu(second, at="client"),
            Mss(second - headers, at="client"),
            NoTimeout(at="client"),
            SsthreshUncut(at="client"),
        ),
    )
    return scenario_of("tcp", family, act)


scenarios = tuple(case(family) for family in (IPV4, IPV6) for case in (udp, tcp))
