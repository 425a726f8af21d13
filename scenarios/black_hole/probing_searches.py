"""net.ipv4.tcp_mtu_probing=2 starts small and searches upwards, until it is just below the truth.

    client ──1500── r1 ──m── r2 ──1500── server

The first segment has tcp_base_mss octets of payload, 1024. Then the kernel now and then sends one of a size half-way between the
largest that got through and the smallest that did not, counts it as TCPMTUPSuccess or TCPMTUPFail (tcp_mtup_probe_success(),
tcp_mtup_probe_failed() in net/ipv4/tcp_input.c), and stops where fewer than 8 octets are left. So it ends up to 7 octets below what
the path takes, never above, and no router has to say a word (RFC 4821 §7).
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    MssWithin,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    SizesInTurn,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def searches(mtu: int, sizes: tuple[int, ...], family: Family = IPV4) -> Scenario:
    headers = 52 if family == IPV4 else 72
    lost = any(size > mtu for size in sizes)
    return Scenario(
        name=f"probing-searches-{mtu}" + ("-v6" if family == IPV6 else ""),
        title=f"A search for {mtu} octets, from below" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,), silent=("r1",)),
        covers=("bugs/25",),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 2),
                    Send(Tcp("client", "server", family=family), 1024 * KIB),
                ),
                expect=(
                    SizesInTurn("client", sizes, growing=True),
                    NoTooBig(to="client", octets=sizes[0]),
                    MssWithin(mtu - headers - 7, mtu - headers, at="client"),
                    Counts(
                        at="client",
                        counters=(("TcpExt.TCPMTUPSuccess", 1), *((("TcpExt.TCPMTUPFail", 1),) if lost else ())),
                        or_more=True,
                    ),
                    TcpPathMtu(1500, at="client"),
                    NoTimeout(at="client"),
                    NothingLearned(at="client", to="server"),
                    Delivered(1024 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (
    searches(1400, (1076, 1288, 1394, 1447)),
    searches(1300, (1076, 1288, 1394)),
    searches(1500, (1076, 1288, 1394)),
    searches(1400, (1096, 1298, 1399), IPV6),
)
