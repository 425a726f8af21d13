"""How many segments a sender sends again when its first flight is too big, MTU by MTU, and that its window is not cut for it.

    client ──1500── r1 ──m── r2 ──1500── server

and from jumbo frames down to ordinary ones:

    client ──9000── r1 ──1500── r2 ──9000── server

The client begins with a window of 10 segments, in two buffers of five: half of the window each, as it is told to put no less into
one (tcp_min_tso_segs); by itself it takes smaller ones where the round trip is long (tcp_tso_autosize()). r1 drops all ten and
answers each. The first PTB makes the client cut both buffers anew, for the new MSS, and send all of it again at once
(tcp_simple_retransmit()): for 1348 octets that is 2 * ceil(5 * 1448 / 1348) = 12 segments. Loss that a PTB explains is no sign of
congestion, so the slow start threshold and the window stay (RFC 1191 §6.4), no timeout passes, and each segment counts as
TCPSlowStartRetrans.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Expectation,
    Leaves,
    Mss,
    NoTimeout,
    PathMtu,
    Retransmissions,
    SsthreshUncut,
    TcpPathMtu,
    TooBig,
    WindowUncut,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

# By MTU: tcpi_snd_mss with timestamps, and tcpi_total_retrans.
IPV4_ROWS = {1492: (1440, 12), 1400: (1348, 12), 1280: (1228, 12), 576: (524, 28), 552: (500, 30), 551: (500, 30), 296: (500, 30)}
IPV6_ROWS = {1492: (1420, 12), 1400: (1328, 12), 1280: (1208, 12)}


def retransmitted(family: Family, mtu: int, mss: int, again: int) -> Scenario:
    held = max(mtu, 552)  # below min_pmtu the client settles for that, locks it, and clears DF
    family_words = ", IPv6" if family == IPV6 else ""
    lost: tuple[Expectation, ...] = (
        Counts(at="r1", counters=(("Ip.FragFails", 10), ("Icmp.OutDestUnreachs", 10)))
        if family == IPV4
        else Counts(at="r1", counters=(("Ip6.FragFails", 10), ("Icmp6.OutPktTooBigs", 10))),
    )
    return Scenario(
        name=f"retransmitted-{mtu}" + ("-v6" if family == IPV6 else ""),
        title=f"A first flight that is too big for {mtu} octets goes again as {again} segments{family_words}",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(Sysctl("client", "net.ipv4.tcp_min_tso_segs", "5"), Send(Tcp("client", "server", family=family), 200 * KIB)),
                expect=(
                    TooBig(by="r1", to="client", mtu=mtu, times=10),
                    *lost,
                    PathMtu(held, at="client", to="server", locked=held != mtu),
                    TcpPathMtu(held, at="client"),
                    Mss(mss, at="client"),
                    Leaves(held, by="client", df=None if family == IPV6 else held == mtu),
                    Retransmissions(again, at="client"),
                    Counts(at="client", counters=(("TcpExt.TCPSlowStartRetrans", again),)),
                    SsthreshUncut(at="client"),
                    WindowUncut(10, at="client"),
                    NoTimeout(at="client"),
                    Delivered(200 * KIB, to="server"),
                ),
            ),
        ),
    )


def jumbo(family: Family, mss: int) -> Scenario:
    """The program writes 32 KiB, which is three segments of 8948 octets and one of 5924, in buffers of two segments each.

    ceil(17896 / 1448) + ceil(14872 / 1448) = 13 + 11.
    """
    return Scenario(
        name="retransmitted-9000" + ("-v6" if family == IPV6 else ""),
        title="A first flight of 9000 octets goes again as 24 segments" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(9000, 1500, 9000), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(Send(Tcp("client", "server", family=family), 200 * KIB),),
                expect=(
                    TooBig(by="r1", to="client", mtu=1500, times=4),
                    PathMtu(1500, at="client", to="server"),
                    Mss(mss, at="client"),
                    Retransmissions(24, at="client"),
                    NoTimeout(at="client"),
                    Delivered(200 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (
    *(retransmitted(IPV4, mtu, *row) for mtu, row in IPV4_ROWS.items()),
    *(retransmitted(IPV6, mtu, *row) for mtu, row in IPV6_ROWS.items()),
    jumbo(IPV4, 1448),
    jumbo(IPV6, 1428),
)
