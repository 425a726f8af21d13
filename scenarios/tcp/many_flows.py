"""Twenty connections at once, over one path: each is told, and what one has learned all the others share.

    client ──1500── r1 ──1400── r2 ──1500── server

Connections that are open already each lose their first flight and get PTBs of their own; whichever comes first makes the exception,
one for all, as it belongs to the route and not to a socket. A connection that is made later starts with it: nothing of it is lost.
"""

from lab.judge.expect import (
    CacheHolds,
    Delivered,
    EveryMss,
    Leaves,
    Mss,
    NothingLarger,
    NoTimeout,
    NoTooBig,
    PathMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, SendTogether
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

FLOWS = 20


def many_flows(family: Family) -> Scenario:
    mss = 1348 if family == IPV4 else 1328
    flows = tuple(Tcp("client", "server", family=family, number=number) for number in range(1, FLOWS + 1))
    return Scenario(
        name="many-flows" + ("-v6" if family == IPV6 else ""),
        title="Twenty connections at once" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "all at once",
                story=(SendTogether(flows, 16 * KIB),),
                expect=(
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    CacheHolds(1, at="client"),
                    EveryMss(mss, at="client", flows=FLOWS),
                    NoTimeout(at="client"),
                    NothingLarger(1400, between=("r1", "r2")),
                    Delivered(16 * KIB, to="server"),
                    Delivered(16 * KIB, to="server", send=FLOWS),
                ),
            ),
            Act(
                "one more",
                story=(Send(Tcp("client", "server", family=family, number=99), 16 * KIB),),
                expect=(
                    Leaves(1400, by="client", df=True if family == IPV4 else None),
                    NoTooBig(to="client", octets=1400),
                    TcpPathMtu(1400, at="client"),
                    Mss(mss, at="client"),
                    PathMtu(1400, at="client", to="server"),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (many_flows(IPV4), many_flows(IPV6))
