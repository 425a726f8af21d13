"""The sizes that net.ipv4.tcp_mtu_probing=1 tries on its way down, until one gets through.

    client ──1500── r1 ──m── r2 ──1500── server

After tcp_base_mss (1024) each timeout tries half of the last: 512, 256, 128 octets of payload. Timestamps come on top, so packets
have 1076, 564, 308 and 180 octets (1064 and 552 without; 1096 under IPv6). It stops at net.ipv4.tcp_mtu_probe_floor: with a floor
of 512 a path that takes only 500 stays a black hole. What is found is this connection's own: tcpi_pmtu says 1500 throughout, and
no exception is made, so the next connection starts all over again. Timeouts begin at 34 ms here, to be done sooner.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    Expectation,
    Mss,
    MssWithin,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    SizesInTurn,
    Stalled,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import Configure, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def descends(
    mtu: int, sizes: tuple[int, ...], mss: int, *, timestamps: bool = True, family: Family = IPV4, floor: int = 48
) -> Scenario:
    """`sizes` are the packets tried, the last of which gets through unless that is the floor's; `mss` its payload."""
    full = 1500 - (40 if family == IPV4 else 60) - (12 if timestamps else 0)
    saved = sizes[-1] <= mtu
    octets = 3 * full
    end: tuple[Expectation, ...] = (
        (
            MssWithin(mss, mss + mtu - sizes[-1], at="client"),
            NothingLarger(mtu, between=("r1", "r2")),
            Delivered(octets, to="server"),
        )
        if saved
        else (Mss(mss, at="client"), Stalled(send=1))
    )
    name = f"probing-descends-{mtu}" + ("" if timestamps else "-without-timestamps") + ("-v6" if family == IPV6 else "")
    return Scenario(
        name=name + ("" if saved else "-floor"),
        title=f"A black hole of {mtu} octets: {', '.join(map(str, sizes))}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, mtu, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 1),
                    Sysctl("client", "net.ipv4.tcp_mtu_probe_floor", floor),
                    Sysctl("client", "net.ipv4.tcp_retries1", 0),
                    Configure("client", "ip route add $server via $r1.client rto_min 34ms"),
                    Send(Tcp("client", "server", timestamps, family), octets, within=5.0 if saved else 1.3),
                ),
                expect=(
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    SizesInTurn("client", (1500, *sizes)),
                    TcpPathMtu(1500, at="client"),
                    NothingLearned(at="client", to="server"),
                    *end,
                ),
            ),
        ),
    )


scenarios = (
    descends(1076, (1076,), 1024),
    descends(1075, (1076, 564), 512),
    descends(563, (1076, 564, 308), 256),
    descends(307, (1076, 564, 308, 180), 128),
    descends(600, (1064, 552), 512, timestamps=False),
    descends(1300, (1096,), 1024, family=IPV6),
    descends(500, (1076, 564), 512, floor=512),
)
