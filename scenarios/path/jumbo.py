"""Jumbo frames at both ends, and Ethernet between.

    client ──9000── r1 ──1500── r2 ──9000── server

Both hosts announce what their own links can take, 8960 octets (8940 under IPv6), and neither can know of the 1500 between.
"""

from lab.judge.expect import AdvertisedMss, Delivered, Dropped, Mss, NothingLarger, PathMtu, TcpPathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def jumbo(name: str, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48  # IP and UDP
    datagrams = Udp("client", "server", discover=DO, family=family)
    stream = Tcp("client", "server", family=family)
    return Scenario(
        name=name,
        title="Jumbo frames at both ends, Ethernet between" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(9000, 1500, 9000), families=(family,)),
        acts=(
            Act(
                "datagrams",
                story=(Send(datagrams, 9000 - headers), Send(datagrams, 1500 - headers)),
                expect=(
                    Dropped(9000, at="r1"),
                    TooBig(by="r1", to="client", mtu=1500),
                    PathMtu(1500, at="client", to="server"),
                    Delivered(1500 - headers, to="server", send=2),
                ),
            ),
            Act(
                "a TCP transfer",
                story=(FlushRouteCache(), Send(stream, 256 * KIB)),
                expect=(
                    AdvertisedMss(9000 - headers - 12, by="client"),
                    AdvertisedMss(9000 - headers - 12, by="server"),
                    Dropped(9000, at="r1"),
                    TooBig(by="r1", to="client", mtu=1500),
                    PathMtu(1500, at="client", to="server"),
                    TcpPathMtu(1500, at="client"),
                    Mss(1500 - headers - 24, at="client"),
                    NothingLarger(1500, between=("r1", "r2")),
                    Delivered(256 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (jumbo("jumbo", IPV4), jumbo("jumbo-v6", IPV6))
