"""When net.ipv4.tcp_mtu_probing=1 takes a path for a black hole: the longer the round trip, the fewer timeouts it takes.

    client ──1500,dms── r1 ──1400,dms── r2 ──1500,dms── server

With all settings as they are by default. Timeout k comes (2^k - 1) RTOs after the segment, and the kernel holds the time since the
first timeout against 3 s, which is four timeouts that begin at 200 ms: (2^k - 2) RTO >= 3 s (retransmits_timed_out()). The RTO is a
round trip and 200 ms, or three round trips where that is more (tcp_rtt_estimator()). So without a delay it is the fifth timeout,
6.3 s after the segment; from an RTO of 214 ms on it is the fourth, as at a round trip of 48 ms, after 3.7 s; and from one of 500 ms
on the third, as at 240 ms, where it is 5.0 s. A datagram goes first, and one comes back: where a SYN or its answer is what has to
ask for a neighbour's address, TCP measures that, too, and the round trip is up to twice as long.
"""

from lab.judge.expect import Delivered, Dropped, GivesUpSize, MssWithin, NothingLearned, NoTooBig, SizesInTurn, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp, Udp
from lab.model.story import Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def timetable(delay: int, timeout: int, family: Family) -> Scenario:
    headers = 52 if family == IPV4 else 72
    trip = 6 * delay  # three links, there and back
    octets = 2 * (1500 - headers)
    return Scenario(
        name=f"probing-timetable-{trip}ms" + ("-v6" if family == IPV6 else ""),
        title=f"A round trip of {trip} ms: probing at timeout {timeout}" + (", IPv6" if family == IPV6 else ""),
        topology=chain(
            "client", "r1", "r2", "server", mtus=(1500, 1400, 1500), delays=(delay,) * 3, families=(family,), silent=("r1",)
        ),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 1),
                    Send(Udp("client", "server", family=family), 100),
                    Send(Udp("server", "client", family=family), 100),
                    Send(Tcp("client", "server", family=family), octets, within=20.0),
                ),
                expect=(
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    GivesUpSize("client", timeout, rto=max(trip + 200, 3 * trip) / 1000),
                    SizesInTurn("client", (1500, 1024 + headers)),
                    TcpPathMtu(1500, at="client"),
                    NothingLearned(at="client", to="server"),
                    MssWithin(1024, 1400 - headers, at="client"),
                    Delivered(100, to="server"),
                    Delivered(100, to="client", send=2),
                    Delivered(octets, to="server", send=3),
                ),
            ),
        ),
        needs=("netem",),
    )


scenarios = tuple(timetable(delay, timeout, family) for delay, timeout in ((8, 4), (40, 3)) for family in (IPV4, IPV6))
