"""An MSS that promises more than the link carries: net.ipv4.route.min_adv_mss.

    client ──1500── r1 ──1500── r2 ──m── server

A host announces at least min_adv_mss (256, and 1220 under IPv6), even where its own link takes less (ipv4_default_advmss()). Set to
1000 it makes the server of a 576-octet link promise what it cannot take. So the client sends that, r2 has to say that it is too
big, and path MTU discovery mends what the announcement broke. Under IPv6 a floor of 1300 does so on a link of 1280.
"""

from lab.judge.expect import AdvertisedMss, Delivered, Dropped, Leaves, Mss, PathMtu, TcpPathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Send, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def announced_floor(family: Family, floor: int, mtu: int, mss: int) -> Scenario:
    large = floor + (40 if family == IPV4 else 60)
    return Scenario(
        name="announced-floor" + ("-v6" if family == IPV6 else ""),
        title="A server announces more than its link takes" + (", IPv6" if family == IPV6 else ""),
        needs=("min-adv-mss-per-namespace",) if family == IPV4 else (),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1500, mtu), families=(family,)),
        acts=(
            Act(
                "a TCP transfer",
                story=(
                    Sysctl("server", f"net.ipv{family.value}.route.min_adv_mss", floor),
                    Send(Tcp("client", "server", family=family), 16 * KIB),
                ),
                expect=(
                    AdvertisedMss(floor, by="server"),
                    Leaves(large, by="client", df=True if family == IPV4 else None),
                    Dropped(large, at="r2"),
                    TooBig(by="r2", to="client", mtu=mtu),
                    PathMtu(mtu, at="client", to="server"),
                    TcpPathMtu(mtu, at="client"),
                    Mss(mss, at="client"),
                    Delivered(16 * KIB, to="server"),
                ),
            ),
        ),
    )


scenarios = (announced_floor(IPV4, 1000, 576, 524), announced_floor(IPV6, 1300, 1280, 1208))
