"""Where a round trip is longer than a flight, all of the first is lost, and there are as many PTBs as it had segments.

    client ──1500,20ms── r1 ──m,10ms── r2 ──1500,10ms── server

All that the initial window allows is on its way before the first PTB can be back: ten segments, or what the route says (initcwnd),
so r1 drops exactly that many, and sends exactly that many PTBs. Without a delay that is a race. The first of them makes TCP send
all of it again, in smaller segments and at once; the others come while none of those is acknowledged, quote what is still
outstanding, and so none of them is out of the window (tcp_v4_err()); they say nothing new. No timeout is needed, and the slow start
threshold is not cut. The queue holds buffers of two segments, as TCP then makes them for what it would send in a millisecond, and
never less (tcp_tso_autosize()), but for no more than half the window (tcp_cwnd_test()); each buffer is cut up for itself. The route
allows an RTO of 2 s and more, so that a machine which stands still for a while shows none of its own; and a datagram goes first,
and one comes back, so that neither a SYN nor its answer has to wait for a neighbour's address.
"""

from lab.judge.expect import (
    Converges,
    Counts,
    Delivered,
    Mss,
    NoTimeout,
    PathMtu,
    Retransmissions,
    SizesInTurn,
    SsthreshUncut,
    TooBig,
    WindowUncut,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp, Udp
from lab.model.story import Configure, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

DELAYS = (20, 10, 10)
AFTER = 2 * 20 + 20 + 10 + 10  # to r1 and back, and then to the server


def first_flight(mtu: int, initcwnd: int = 10, family: Family = IPV4) -> Scenario:
    headers = 52 if family == IPV4 else 72
    full, mss = 1500 - headers, mtu - headers
    buffer = min(2, max(initcwnd // 2, 1))
    again = initcwnd // buffer * -(-buffer * full // mss)
    ip, version = ("ip", "ipv4") if family == IPV4 else ("ip -6", "ipv6")
    octets = initcwnd * full
    return Scenario(
        name=f"first-flight-{mtu}" + (f"-initcwnd-{initcwnd}" if initcwnd != 10 else "") + ("-v6" if family == IPV6 else ""),
        title=f"A first flight of {initcwnd} segments meets {mtu} octets" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), delays=DELAYS, families=(family,)),
        acts=(
            Act(
                "a TCP transfer of one flight",
                story=(
                    Configure("client", f"{ip} route add $server via $r1.client.{version} initcwnd {initcwnd} rto_min 2s"),
                    Send(Udp("client", "server", family=family), 100),
                    Send(Udp("server", "client", family=family), 100),
                    Send(Tcp("client", "server", family=family), octets, within=20.0),
                ),
                expect=(
                    TooBig(by="r1", to="client", mtu=mtu, times=initcwnd),
                    Counts("r1", ((f"{'Ip' if family == IPV4 else 'Ip6'}.FragFails", initcwnd),)),
                    Counts("client", (("TcpExt.OutOfWindowIcmps", 0),)),
                    PathMtu(mtu, at="client", to="server"),
                    Mss(mss, at="client"),
                    SizesInTurn("client", (1500, mtu)),
                    Retransmissions(again, at="client"),
                    NoTimeout(at="client"),
                    SsthreshUncut(at="client"),
                    WindowUncut(initcwnd, at="client"),
                    Delivered(100, to="server"),
                    Delivered(100, to="client", send=2),
                    Delivered(octets, to="server", send=3),
                    Converges("client", "server", round_trips=2, after=AFTER),
                ),
            ),
        ),
        needs=("netem",),
    )


scenarios = (
    first_flight(1400),
    first_flight(576),
    first_flight(1280, family=IPV6),
    first_flight(1400, initcwnd=3),
    first_flight(1400, initcwnd=20),
    first_flight(1400, initcwnd=20, family=IPV6),
)
