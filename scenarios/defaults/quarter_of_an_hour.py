"""A TCP black hole to its end: a quarter of an hour, fifteen times the same segment, and ETIMEDOUT.

    client ──1500── r1 ──1400── r2 ──1500── server

With tcp_mtu_probing=0, the default, the segment is sent again as large as it was, after 0.2 s, 0.4 s and so on up to 120 s
(TCP_RTO_MAX). net.ipv4.tcp_retries2, 15, stands for the time that so many of them would take: 924.6 s (tcp_model_timeout()), and
the first timeout after that ends the connection. That is the least: each timer is a little late (RFC 6298 asks for no more than
that it is not early), by up to an eighth of itself where the timer wheel is coarse, so that the end comes at some 938 s. Until then
nobody hears of anything. `probing-off` shows its first second.
"""

from lab.judge.expect import BacksOff, Delivered, Dropped, GivesUp, Leaves, NothingLearned, NoTooBig, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def quarter_of_an_hour(family: Family) -> Scenario:
    stream = Tcp("client", "server", family=family)
    mss = 1448 if family == IPV4 else 1428  # ten of them fill the window, and no smaller one gets through
    return Scenario(
        name="quarter-of-an-hour" + ("-v6" if family == IPV6 else ""),
        title="TCP in a black hole, until it gives up" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,), silent=("r1",)),
        acts=(
            Act(
                "a small request, and a large answer to it",
                story=(Send(stream, 1000), Send(stream, 10 * mss, within=1100)),
                expect=(
                    Delivered(1000, to="server"),
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    Dropped(1500, at="r1"),
                    NoTooBig(to="client", octets=1500),
                    NothingLearned(at="client", to="server"),
                    BacksOff("client", times=15),
                    GivesUp(send=2, low=924.6, high=1040),
                    TcpPathMtu(1500, at="client"),
                ),
            ),
        ),
        lasts=940,
    )


scenarios = (quarter_of_an_hour(IPV4), quarter_of_an_hour(IPV6))
