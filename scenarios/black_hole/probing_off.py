"""TCP in a black hole, with net.ipv4.tcp_mtu_probing=0, the default: it sends the same segment again and again.

    client ──1500── r1 ──1400── r2 ──1500── server

Small transfers pass, so the connection looks well. Of a large one nothing arrives: each timeout sends the first segment again, as
large as before, since nobody says that it is too big (RFC 2923 §2.1). The program hears of it when net.ipv4.tcp_retries2 is used
up, a quarter of an hour later. Here a second is enough, with timeouts from 50 ms on.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    Leaves,
    Mss,
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


def probing_off(family: Family) -> Scenario:
    mss = 1448 if family == IPV4 else 1428
    stream = Tcp("client", "server", family=family)
    df = True if family == IPV4 else None
    return Scenario(
        name="probing-off" + ("-v6" if family == IPV6 else ""),
        title="TCP in a black hole, without probing" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "a small request, and a large answer to it",
                story=(
                    Sysctl("client", "net.ipv4.tcp_mtu_probing", 0),
                    Configure("client", "ip route add $server via $r1.client rto_min 50ms"),
                    Send(stream, 1000),
                    Send(stream, 40 * mss, within=0.8),
                ),
                expect=(
                    Delivered(1000, to="server"),
                    Leaves(1500, by="client", df=df),
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    Stalled(send=2),
                    SizesInTurn("client", (1000 + 1500 - mss, 1500)),
                    TcpPathMtu(1500, at="client"),
                    Mss(mss, at="client"),
                ),
            ),
        ),
    )


scenarios = (probing_off(IPV4), probing_off(IPV6))
