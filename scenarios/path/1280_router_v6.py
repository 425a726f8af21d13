"""The 576 router's IPv6 sibling: a link of the least MTU that IPv6 may have.

    client ──1500── r1 ──1280── r2 ──1500── server

There is no DF bit, as no router ever fragments: what is too big is always answered with an ICMPv6 Packet Too Big (RFC 4443 §3.2).
Who does not want to shrink fragments at the source (RFC 8200 §5), as the third act shows.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Dropped,
    ErrorQueued,
    Fragments,
    Leaves,
    Mss,
    NoFragments,
    NothingLarger,
    NoTimeout,
    PathMtu,
    PtbQuotes,
    RefusedHere,
    SocketMtu,
    SsthreshUncut,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, WANT, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from lab.model.topology import IPV6
from topologies import chain

determined = Udp("client", "server", discover=DO, family=IPV6)
stream = Tcp("client", "server", family=IPV6)
willing = Udp("client", "server", discover=WANT, family=IPV6)

scenario = Scenario(
    name="1280-router-v6",
    title="A 1280-octet link, and no router fragments, IPv6",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 1280, 1500), families=(IPV6,)),
    acts=(
        Act(
            "a datagram that may not be fragmented",
            story=(
                Send(determined, 1452),  # 1452 + 8 of UDP + 40 of IPv6 = 1500
                Send(determined, 1452),
                Send(determined, 1232),  # 1232 + 48 = 1280
            ),
            expect=(
                Leaves(1500, by="client", df=None),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1280),
                PtbQuotes(by="r1", octets=1280, quoted=1232),
                ErrorQueued(send=1, info=1280, offender="r1"),
                PathMtu(1280, at="client", to="server"),
                RefusedHere(send=2),
                ErrorQueued(send=2, info=1280, offender=None),
                SocketMtu(1280, send=2),
                Delivered(1232, to="server", send=3),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(FlushRouteCache(), Send(stream, 64 * KIB)),
            expect=(
                AdvertisedMss(1440, by="client"),
                AdvertisedMss(1440, by="server"),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1280),
                PathMtu(1280, at="client", to="server"),
                Mss(1208, at="client"),  # 1280 - 60 of headers - 12 of timestamps
                TcpPathMtu(1280, at="client"),
                NothingLarger(1280, between=("r1", "r2")),
                NoTimeout(at="client"),
                SsthreshUncut(at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "a datagram that may be fragmented",
            story=(FlushRouteCache(), Send(willing, 1452), Send(willing, 1452)),
            expect=(
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1280),
                PathMtu(1280, at="client", to="server"),
                Fragments(by="client", pieces=((1280, 0), (276, 1232))),  # 1280 - 40 - 8 of Fragment header = 1232
                NoFragments(by="r1"),
                Delivered(1452, to="server", send=2),
            ),
        ),
    ),
)
