"""A receiver with a small window gets small segments, whatever the path would take.

    client ──1500── r1 ──m── r2 ──1500── server

A segment takes at most half of the largest window that the receiver has shown (tcp_bound_to_half_wnd()), so that two can be under
way. The server's buffer has 4096 octets, the least that all kernels allow, and its window never more than half of that: it begins
with 1448 octets (IPv6: 1428), for segments of 724, 776 as packets, and no segment is larger than 1024. On a link of 1400 they fit,
and nobody learns of the 1400. On a link of 576 they do not: the two that the window holds are lost, and both ends of the bargain
then hold, as the path leaves room for 524.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Expectation,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def small_window(name: str, mtu: int, then: tuple[Expectation, ...], family: Family = IPV4) -> Scenario:
    first, largest = (776, 1024 + 52) if family == IPV4 else (786, 1024 + 72)
    return Scenario(
        name=name,
        title=f"A small window over a link of {mtu}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("server", "net.ipv4.tcp_rmem", "4096 4096 4096"),
                    Send(Tcp("client", "server", family=family), 20000),
                ),
                expect=(
                    AdvertisedMss(1460 if family == IPV4 else 1440, by="server"),
                    Leaves(first, by="client", df=True if family == IPV4 else None),
                    NothingLarger(largest, between=("client", "r1")),
                    *then,
                    Delivered(20000, to="server"),
                ),
            ),
        ),
    )


NEVER_LEARNED = (NothingLearned(at="client", to="server"), TcpPathMtu(1500, at="client"))
LEARNED = (
    TooBig(by="r1", to="client", mtu=576, times=2),
    PathMtu(576, at="client", to="server"),
    TcpPathMtu(576, at="client"),
    Mss(524, at="client"),
)

scenarios = (
    small_window("small-window", 1400, (*NEVER_LEARNED, NoTooBig(to="client", octets=776))),
    small_window("small-window-v6", 1400, (*NEVER_LEARNED, NoTooBig(to="client", octets=786)), IPV6),
    small_window("small-window-576", 576, LEARNED),
)
