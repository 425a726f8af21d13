"""A router that clamps the MSS in one direction only: the wrong half of the transfer is saved.

    client ──1500── r1 ──1400── r2 ──1500── server

A rule for what leaves by r1's interface towards r2 sees the client's SYN, and not the server's SYN-ACK. An MSS is about what comes
back: the server then sends small segments, and the client, which hears 1460, sends large ones and loses its first flight, as it
would without any rule. Where PTBs are filtered, too, it is a black hole with a clamp in place.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Leaves,
    Mss,
    MssArrives,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PeerMss,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, Configure, FlushRouteCache, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

TOWARDS_R2 = """
    nft add table inet clamp
    nft add chain inet clamp forward '{ type filter hook forward priority 0; }'
    nft add rule inet clamp forward oifname r2 tcp flags syn tcp option maxseg size set rt mtu
"""


def one_direction_only(family: Family) -> Scenario:
    headers = 40 if family == IPV4 else 60
    df = True if family == IPV4 else None
    clamped, announced = 1400 - headers, 1500 - headers
    return Scenario(
        name="one-direction-only" + ("-v6" if family == IPV6 else ""),
        title="The MSS is clamped in one direction only" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(
            Act(
                "from the client",
                story=(Configure("r1", TOWARDS_R2), Send(Tcp("client", "server", family=family), 64 * KIB)),
                expect=(
                    MssArrives(clamped, at="server"),
                    MssArrives(announced, at="client"),
                    PeerMss(clamped - 12, at="server"),
                    Leaves(1500, by="client", df=df),
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Mss(clamped - 12, at="client"),
                    Delivered(64 * KIB, to="server"),
                ),
            ),
            Act(
                "from the server, on a connection that the server makes",
                story=(FlushRouteCache(), Send(Tcp("server", "client", family=family), 64 * KIB)),
                expect=(
                    AdvertisedMss(announced, by="client"),
                    MssArrives(clamped, at="server"),
                    MssArrives(announced, at="client"),
                    NothingLarger(1400, between=("r2", "server")),
                    Leaves(1400, by="server", df=df),
                    NoTooBig(to="server", octets=1400),
                    NothingLearned(at="server", to="client"),
                    Mss(clamped - 12, at="server"),
                    Delivered(64 * KIB, to="client"),
                ),
            ),
        ),
    )


scenarios = (one_direction_only(IPV4), one_direction_only(IPV6))
