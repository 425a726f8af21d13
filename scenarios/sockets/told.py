"""What a UDP socket makes of a PTB, by its mode of IP_MTU_DISCOVER (IPV6_MTU_DISCOVER), and of a path MTU that others learned.

    client ──1500── r1 ──1400── server

r1 forges a PTB about a datagram of the socket's, so that each mode has one to judge, those without DF as well. INTERFACE and OMIT
do not believe it (ip_sk_accept_pmtu(), ip6_sk_accept_pmtu()), though under IPv4 their error queue has it; DONT believes it, and
tells its application only under IPv6 (__udp4_lib_err(), __udp6_lib_err()). What any socket has learned is the host's: IP_MTU then
reads it in every mode, also in those which go by the interface's MTU when they send.
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Expectation,
    Fragments,
    IfTrait,
    Leaves,
    NothingLearned,
    NothingQueued,
    PathMtu,
    RefusedHere,
    SocketMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc, Udp
from lab.model.story import FlushRouteCache, ForgePtb, Quote, ReadSocket, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

FORGED = 1300
SOCKET_NEEDED = {IPV4: "interface-mode-learns-nothing", IPV6: "exception-needs-socket-v6"}
BELIEVE = (DONT, WANT, DO, PROBE)
PIECES = {IPV4: ((1396, 0), (124, 1376)), IPV6: ((1400, 0), (156, 1352))}
HEADERS = {IPV4: 28, IPV6: 48}


def told(mode: PmtuDisc, family: Family) -> tuple[Expectation, ...]:
    """What the host learns of the forged PTB, and what the socket's error queue has of it."""
    learned = PathMtu(FORGED, at="client", to="server")
    unless = IfTrait(SOCKET_NEEDED[family], NothingLearned(at="client", to="server"), learned)
    queue = mode != DONT if family == IPV4 else mode in BELIEVE
    return (
        learned if mode in BELIEVE else unless,
        ErrorQueued(send=2, info=FORGED, offender="r1") if queue else NothingQueued(send=2),
    )


def sends(mode: PmtuDisc, family: Family) -> tuple[Expectation, ...]:
    """What becomes of 1500 octets where 1400 are known."""
    if mode == DO:
        return RefusedHere(send=2), ErrorQueued(send=2, info=1400, offender=None)
    if mode in (DONT, WANT):
        octets = 1500 - HEADERS[family]
        return Fragments(by="client", pieces=PIECES[family]), Delivered(octets, to="server", send=2)
    if mode == PROBE:
        return Leaves(1500, by="client", df=True if family == IPV4 else None), ErrorQueued(send=2, info=1400, offender="r1")
    if family == IPV4:  # without DF: r1 sees to it
        return Fragments(by="r1", pieces=PIECES[family]), Delivered(1472, to="server", send=2)
    return Leaves(1500, by="client", df=None), NothingQueued(send=2)


def case(mode: PmtuDisc, family: Family) -> Scenario:
    flow, other = Udp("client", "server", mode, family), Udp("client", "server", DO, family, number=2)
    ipv6 = family == IPV6
    named = {OMIT: ("exception_cache.sh/pmtu_omit_ipv6" if ipv6 else "exception_cache.sh/pmtu_omit_ipv4",)}
    named[WANT] = ("nplab/ipv6_recverr" if ipv6 else "nplab/ip_recverr",)
    return Scenario(
        name=f"told-{mode.name.lower()}" + ("-v6" if ipv6 else ""),
        title=f"A PTB for a UDP socket in mode IP_PMTUDISC_{mode.name}" + (", IPv6" if ipv6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act(
                "a PTB about a datagram of the socket's own",
                story=(
                    Send(flow, 100),
                    ForgePtb("r1", to="client", mtu=FORGED, quote=Quote("server", flow=flow), family=family),
                    ReadSocket(flow),
                ),
                expect=(Delivered(100, to="server"), *told(mode, family)),
            ),
            Act(
                "a path MTU that another socket learned",
                story=(FlushRouteCache(), Send(other, 1500 - HEADERS[family]), Send(flow, 1500 - HEADERS[family])),
                expect=(PathMtu(1400, at="client", to="server"), SocketMtu(1400, send=2), *sends(mode, family)),
            ),
        ),
        covers=named.get(mode, ()),
    )


scenarios = tuple(case(mode, family) for family in (IPV4, IPV6) for mode in (DONT, WANT, DO, PROBE, INTERFACE, OMIT))
