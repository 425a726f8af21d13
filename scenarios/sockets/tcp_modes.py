"""What a TCP connection does in each mode of IP_MTU_DISCOVER (IPV6_MTU_DISCOVER).

    client ──1500── r1 ──1400── r2 ──1500── server

Only WANT and DO set DF, and PROBE, unlike for UDP, does not (ip_dont_fragment()): then r1 cuts each segment in two, and nobody
learns. A PTB is believed in every IPv4 mode and makes an exception, as TCP updates the route before it looks at the mode; but
only WANT, DO and PROBE take it for their segments at once (tcp_v4_mtu_reduced()), the others when they next send
(tcp_current_mss()). Under IPv6 INTERFACE and OMIT do not believe it at all, and lose every full segment to the 1400.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    Expectation,
    Fragments,
    Leaves,
    Mss,
    NothingLearned,
    NoTooBig,
    PathMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc, Tcp
from lab.model.story import FlushRouteCache, ForgePtb, Quote, ReadSocket, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

SETS_DF = (WANT, DO)
AT_ONCE = (WANT, DO, PROBE)
DEAF = (INTERFACE, OMIT)  # to PTBs, under IPv6
FORGED = 1300
FULL = {IPV4: 1448, IPV6: 1428}  # payload of a full segment: 1500 - 40 or 60 of headers - 12 of timestamps


def over_1400(mode: PmtuDisc, family: Family) -> tuple[Expectation, ...]:
    """What four full segments meet."""
    if family == IPV4 and mode not in SETS_DF:
        return (
            Leaves(1500, by="client", df=False),
            Fragments(by="r1", pieces=((1396, 0), (124, 1376))),
            NoTooBig(to="client", octets=1500),
            NothingLearned(at="client", to="server"),
            Mss(1448, at="client"),
            Delivered(4 * 1448, to="server"),
        )
    lost = (
        Leaves(1500, by="client", df=True if family == IPV4 else None),
        Dropped(1500, at="r1"),
        TooBig(by="r1", to="client", mtu=1400),
    )
    if family == IPV6 and mode in DEAF:
        return (*lost, NothingLearned(at="client", to="server"), Mss(1428, at="client"), TcpPathMtu(1500, at="client"))
    learned = PathMtu(1400, at="client", to="server")
    return (*lost, learned, Mss(FULL[family] - 100, at="client"), Delivered(4 * FULL[family], to="server"))


def forged(mode: PmtuDisc, family: Family, *, later: bool) -> tuple[Expectation, ...]:
    """What a PTB makes of the connection: while it is idle, or when it has sent again."""
    if family == IPV6 and mode in DEAF:
        return NothingLearned(at="client", to="server"), Mss(1428, at="client"), TcpPathMtu(1500, at="client")
    heeded = later or mode in AT_ONCE or family == IPV6
    return (
        PathMtu(FORGED, at="client", to="server"),
        Mss(FULL[family] - (1500 - FORGED if heeded else 0), at="client"),
        TcpPathMtu(FORGED if heeded else 1500, at="client"),
    )


def case(mode: PmtuDisc, family: Family) -> Scenario:
    stream = Tcp("client", "server", family=family, discover=mode)
    swallowed = family == IPV6 and mode in DEAF
    told = (Send(stream, 100), ForgePtb("r1", to="client", mtu=FORGED, quote=Quote("server", flow=stream), family=family))
    return Scenario(
        name=f"tcp-modes-{mode.name.lower()}" + ("-v6" if family == IPV6 else ""),
        title=f"TCP in mode IP_PMTUDISC_{mode.name}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "four full segments",
                story=(Send(stream, 4 * FULL[family], within=0.3 if swallowed else 5.0),),
                expect=over_1400(mode, family),
            ),
            Act(
                "a PTB while the connection is idle",
                story=(FlushRouteCache(), *told, ReadSocket(stream)),
                expect=(Delivered(100, to="server"), *forged(mode, family, later=False)),
            ),
            Act(
                "a PTB, and then more to send",
                story=(FlushRouteCache(), *told, Send(stream, 1200)),
                expect=(*forged(mode, family, later=True), Delivered(1200, to="server", send=2)),
            ),
        ),
    )


scenarios = tuple(case(mode, family) for family in (IPV4, IPV6) for mode in (DONT, WANT, DO, PROBE, INTERFACE, OMIT))
