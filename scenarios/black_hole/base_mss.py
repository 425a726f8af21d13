"""Where probing begins: net.ipv4.tcp_base_mss.

    client ──m── r1 ──m── server

With tcp_mtu_probing=2 a connection starts with segments of tcp_base_mss, whatever it could send: 1340 makes packets of 1392 octets,
512 of 564. A base above what the path takes changes nothing. A probe needs a window of 11 segments and data for four more: where a
route gives both from the start, the first segment of all is a probe, half-way between 552 and 1500: 1026 octets, 986 of payload
(tcp_mtu_to_mss()). When it has arrived, all segments have that size.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Leaves,
    Mss,
    MssWithin,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    SizesInTurn,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Configure, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def begins(base: int, size: int, family: Family = IPV4) -> Scenario:
    """`size` is that of the first segment as a packet."""
    headers = 52 if family == IPV4 else 72
    return Scenario(
        name=f"base-mss-{base}" + ("-v6" if family == IPV6 else ""),
        title=f"Probing begins with {base} octets of payload" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 2),
                    Sysctl("client", "net.ipv4.tcp_base_mss", base),
                    Send(Tcp("client", "server", family=family), 64 * KIB),
                ),
                expect=(
                    SizesInTurn("client", (size,)),
                    Leaves(size, by="client", df=True if family == IPV4 else None),
                    MssWithin(size - headers, 1500 - headers, at="client"),
                    TcpPathMtu(1500, at="client"),
                    NoTooBig(to="client", octets=size),
                    NothingLearned(at="client", to="server"),
                    NoTimeout(at="client"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
        ),
    )


def first_segment(family: Family) -> Scenario:
    """A probe goes out before anything else where the window allows 11 segments. MTU 1520 makes IPv6's the same size as IPv4's."""
    headers, mtu = (40, 1500) if family == IPV4 else (60, 1520)
    probe = 986 + headers
    stream = Tcp("client", "server", timestamps=False, family=family)
    return Scenario(
        name="base-mss-first-segment" + ("-v6" if family == IPV6 else ""),
        title="The first segment of all is a probe" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(mtu, mtu), families=(family,)),
        covers=(f"packetdrill/mtu_probe-basic-v{family.value}",),
        acts=(
            Act(
                "4000 octets, and once they have arrived 2000 more",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 2),
                    Sysctl("client", "net.ipv4.tcp_base_mss", 512),
                    Configure("client", "ip route add $server via $r1.client initcwnd 11"),
                    Send(stream, 4000),
                    Send(stream, 2000),
                ),
                expect=(
                    SizesInTurn("client", (probe, 512 + headers)),
                    Leaves(probe, by="client", df=True if family == IPV4 else None),
                    Counts(at="client", counters=(("TcpExt.TCPMTUPSuccess", 1), ("TcpExt.TCPMTUPFail", 0))),
                    Mss(986, at="client"),
                    NoTooBig(to="client", octets=probe),
                    NothingLearned(at="client", to="server"),
                    NoTimeout(at="client"),
                    Delivered(4000, to="server"),
                    Delivered(2000, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = (
    begins(1340, 1392),
    begins(512, 564),
    begins(4096, 1500),
    begins(512, 584, IPV6),
    first_segment(IPV4),
    first_segment(IPV6),
)
