"""A 576-octet link behind an Ethernet first hop.

    client ──1500── r1 ──576── r2 ──1500── server

The client starts from its own link's MTU, so its first full-sized packet meets the 576 link at r1. With DF set, r1 must say so
(RFC 1191 §4), and the client must believe it (§3): for datagrams in its socket, for TCP in its segment size. Without DF, r1 cuts
the datagram into fragments instead, nobody is told, and the server puts it together again (RFC 791 §3.2).
"""

from lab.judge.expect import (
    AdvertisedMss,
    Counts,
    Delivered,
    Dropped,
    ErrorQueued,
    Fragments,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    PathMtu,
    PtbQuotes,
    RefusedHere,
    SocketMtu,
    SsthreshUncut,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Send
from topologies import chain

determined = Udp("client", "server", discover=DO)
stream = Tcp("client", "server")
careless = Udp("client", "server", discover=DONT)

scenario = Scenario(
    name="576-router",
    title="A 576-octet link behind an Ethernet first hop",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)),
    acts=(
        Act(
            "a datagram with DF",
            story=(
                Send(determined, 1472),  # 1472 + 8 of UDP + 20 of IP = 1500
                Send(determined, 1472),
                Send(determined, 548),  # 548 + 28 = 576
            ),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=576),
                PtbQuotes(by="r1", octets=576, quoted=548),
                ErrorQueued(send=1, info=576, offender="r1"),
                PathMtu(576, at="client", to="server"),
                RefusedHere(send=2),
                ErrorQueued(send=2, info=576, offender=None),
                SocketMtu(576, send=2),
                Leaves(576, by="client", df=True),
                Delivered(548, to="server", send=3),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(FlushRouteCache(), Send(stream, 64 * KIB)),
            expect=(
                AdvertisedMss(1460, by="client"),
                AdvertisedMss(1460, by="server"),
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=576),
                PathMtu(576, at="client", to="server"),
                Mss(524, at="client"),  # 576 - 40 of headers - 12 of timestamps
                TcpPathMtu(576, at="client"),
                NothingLarger(576, between=("r1", "r2")),
                NoTimeout(at="client"),
                SsthreshUncut(at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "a datagram without DF",
            story=(FlushRouteCache(), Send(careless, 1472)),
            expect=(
                Leaves(1500, by="client", df=False),
                NoTooBig(to="client", octets=1500),
                NothingLearned(at="client", to="server"),
                Fragments(by="r1", pieces=((572, 0), (572, 552), (396, 1104))),  # 552 is 576 - 20, down to a multiple of 8
                Counts(at="r1", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 3))),
                Counts(at="server", counters=(("Ip.ReasmOKs", 1),)),
                Delivered(1472, to="server"),
            ),
        ),
    ),
)
