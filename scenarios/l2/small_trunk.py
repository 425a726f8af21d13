"""A small link between two switches, which no host sees: the MSS does not protect TCP.

    client ──1500── sw ──1400── sw2 ──1500── server

Both hosts announce 1460, and both are wrong: the link between the switches is neither one's own. The handshake and all that is
small come through, and full segments never do (RFC 2923 §2.1). No router is there to clamp the MSS, and none to send a PTB.
What helps is to tell a host: a route with `advmss` has the server announce less, and the same transfer arrives.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Counts,
    Delivered,
    Leaves,
    Mss,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    Swallowed,
    TcpPathMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, AddRoute, Send
from topologies import chain

scenario = Scenario(
    name="small-trunk",
    title="A small link between two switches is a black hole for TCP",
    topology=chain("client", "sw", "sw2", "server", mtus=(1500, 1400, 1500), bridges=("sw", "sw2")),
    acts=(
        Act(
            "a TCP transfer",
            story=(Send(Tcp("client", "server"), 64 * KIB, within=0.5),),
            expect=(
                AdvertisedMss(1460, by="client"),
                AdvertisedMss(1460, by="server"),
                Leaves(1500, by="client", df=True),
                Swallowed(1500, at="sw"),
                Counts(at="client", counters=(("TcpExt.TCPTimeouts", 1),), or_more=True),
                Mss(1448, at="client"),
                TcpPathMtu(1500, at="client"),
                NoTooBig(to="client", octets=1500),
                NothingLearned(at="client", to="server"),
            ),
        ),
        Act(
            "what fits a small segment",
            story=(Send(Tcp("client", "server", number=2), 1000),),
            expect=(Delivered(1000, to="server"), NoTimeout(at="client"), NothingLearned(at="client", to="server")),
        ),
        Act(
            "a server whose route says advmss 1360",
            story=(AddRoute("server", "client", advmss=1360), Send(Tcp("client", "server", number=3), 64 * KIB)),
            expect=(
                AdvertisedMss(1460, by="client"),
                AdvertisedMss(1360, by="server"),
                Mss(1348, at="client"),
                Leaves(1400, by="client", df=True),
                NoTimeout(at="client"),
                NoTooBig(to="client", octets=1400),
                NothingLearned(at="client", to="server"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
    needs=("bridge",),
)
