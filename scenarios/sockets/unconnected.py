"""A UDP socket that names its peer with each datagram (sendto()) discovers as a connected one does, but has no path MTU to read.

    client ──1500── r1 ──1400── server

With IP_RECVERR its error queue has what r1 says, and what its own host says of the next datagram. IP_MTU is ENOTCONN throughout,
as the socket keeps no route (do_ip_getsockopt()).
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Expectation,
    Fragments,
    Leaves,
    NoSocketMtu,
    PathMtu,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, WANT, PmtuDisc, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

PIECES = {IPV4: ((1396, 0), (124, 1376)), IPV6: ((1400, 0), (156, 1352))}


def case(mode: PmtuDisc, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48
    large, fits = 1500 - headers, 1400 - headers
    flow = Udp("client", "server", mode, family, connected=False)
    then: tuple[Expectation, ...] = (RefusedHere(send=2), ErrorQueued(send=2, info=1400, offender=None))
    if mode == WANT:
        then = (Fragments(by="client", pieces=PIECES[family]), Delivered(large, to="server", send=2))
    return Scenario(
        name=f"unconnected-{mode.name.lower()}" + ("-v6" if family == IPV6 else ""),
        title=f"A socket without a peer in mode IP_PMTUDISC_{mode.name}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act(
                "the path MTU is learned, and kept to",
                story=(Send(flow, large), Send(flow, large), Send(flow, fits)),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    TooBig(by="r1", to="client", mtu=1400),
                    ErrorQueued(send=1, info=1400, offender="r1"),
                    PathMtu(1400, at="client", to="server"),
                    *then,
                    Delivered(fits, to="server", send=3),
                    NoSocketMtu(send=3),
                ),
            ),
        ),
    )


scenarios = tuple(case(mode, family) for family in (IPV4, IPV6) for mode in (WANT, DO))
