"""When net.ipv4.tcp_mtu_probing=1 takes a path for a black hole, timeout by timeout.

    client ──1500── r1 ──1400── r2 ──1500── server

At each retransmission timeout the kernel asks whether so much time has passed since the first of them as tcp_retries1 + 1 timeouts
of 200 ms each would take, doubling: (2^(retries1 + 1) - 1) * 200 ms (retransmits_timed_out()). Timeout k comes (2^k - 1) RTOs after
the segment, so with the default RTO of 200 ms and tcp_retries1=0 it is the second, and with 1 the third; a route that allows an RTO
of 40 or 50 ms takes more of them, and less time. From then on a segment has tcp_base_mss octets of payload, 1024, and gets through.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    GivesUpSize,
    MssWithin,
    NothingLearned,
    NoTooBig,
    SizesInTurn,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Configure, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

# tcp_retries1, the route's least RTO in milliseconds, and the timeout at which the segment becomes smaller.
ROWS = ((0, 200, 2), (1, 200, 3), (0, 40, 3), (1, 50, 4), (2, 50, 5))


def engages(retries1: int, rto: int, timeout: int, family: Family = IPV4) -> Scenario:
    headers = 52 if family == IPV4 else 72
    return Scenario(
        name=f"probing-engages-retries-{retries1}-rto-{rto}" + ("-v6" if family == IPV6 else ""),
        title=f"tcp_retries1={retries1}, an RTO of {rto} ms: probing at timeout {timeout}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 1),
                    Sysctl("client", "net.ipv4.tcp_retries1", retries1),
                    Configure("client", f"ip route add $server via $r1.client rto_min {rto}ms"),
                    Send(Tcp("client", "server", family=family), 64 * KIB),
                ),
                expect=(
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    GivesUpSize("client", timeout, rto / 1000),
                    SizesInTurn("client", (1500, 1024 + headers)),
                    MssWithin(1024, 1400 - headers, at="client"),
                    TcpPathMtu(1500, at="client"),
                    NothingLearned(at="client", to="server"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (*(engages(*row) for row in ROWS), engages(0, 40, 3, IPV6))
