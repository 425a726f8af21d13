"""A connection that never rests loses a few segments every ten minutes: what it has learned expires under it.

    client ──1500── r1 ──1400── r2 ──1500── server

It sends 10 KiB every ten seconds. That the exception is used does not lengthen its life: 600 s after the PTB the connection's
route has the interface's MTU again, the next segments are made for that (tcp_current_mss()), all of them are too big, and r1 says
so. Nobody waits for a timeout: they are sent again at once (tcp_simple_retransmit()). IPv6 is one round later: ip6_mtu() does not
look at the time, as ipv4_mtu() does, so the first segments of then are still small, and only their way is looked up anew.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ExpiresWithin,
    Mss,
    NothingLarger,
    NoTimeout,
    PathMtu,
    TcpPathMtu,
    ToldAgain,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Step, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

ROUNDS = 62  # ten seconds each


def busy_flow(family: Family) -> Scenario:
    stream = Tcp("client", "server", family=family)
    each: tuple[Step, ...] = (Send(stream, 10 * KIB), Wait(10))
    return Scenario(
        name="busy-flow" + ("-v6" if family == IPV6 else ""),
        title="A path MTU expires under a connection that sends" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "10 KiB every ten seconds",
                story=each * ROUNDS,
                expect=(
                    ToldAgain(by="r1", to="client", mtu=1400, low=600, high=622),
                    # Seven of the eight segments that 10 KiB make are full, twice.
                    TooBig(by="r1", to="client", mtu=1400, times=14),
                    Dropped(1500, at="r1"),
                    NothingLarger(1400, between=("r1", "r2")),
                    PathMtu(1400, at="client", to="server"),
                    ExpiresWithin(560, 600, at="client", to="server"),
                    TcpPathMtu(1400, at="client"),
                    Mss(1348 if family == IPV4 else 1328, at="client"),
                    NoTimeout(at="client"),
                    Delivered(10 * KIB, to="server"),
                    Delivered(10 * KIB, to="server", send=ROUNDS),
                ),
            ),
        ),
        lasts=10 * ROUNDS,
    )


scenarios = (busy_flow(IPV4), busy_flow(IPV6))
