"""A router's route with an `mtu` changes no SYN that passes.

    client ──1500── r1 ──1500── server

It is often set there in the hope that hosts will send smaller segments. But an MSS is the business of the two ends: the client
announces what its own link takes, r1 forwards that as it is, and the first flight is lost at r1, which then says 1300
(ip_forward()). Two things do change the SYN: a rule at r1 that clamps it to this very route, in both directions
(nft_rt_get_eval()), and a route of the client's own (RFC 9293 §3.7.1).
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Dropped,
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
from lab.model.story import KIB, AddRoute, Configure, FlushRouteCache, Send
from topologies import chain

CLAMP = """
    nft add table inet clamp
    nft add chain inet clamp forward '{ type filter hook forward priority 0; }'
    nft add rule inet clamp forward tcp flags syn tcp option maxseg size set rt mtu
"""
transfer = Tcp("client", "server")
NOBODY_SAYS = (
    NoTooBig(to="client", octets=1300),
    NothingLearned(at="client", to="server"),
    NothingLarger(1300, between=("client", "r1")),
)

scenario = Scenario(
    name="route-is-no-clamp",
    title="What makes a SYN announce less: not an mtu on a router's route",
    topology=chain("client", "r1", "server", mtus=(1500, 1500)),
    acts=(
        Act(
            "the router's route has mtu 1300",
            # Locked, as before Linux 5.9 a router heeded no other.
            story=(AddRoute("r1", to="server", mtu=1300, locked=True), Send(transfer, 64 * KIB)),
            expect=(
                AdvertisedMss(1460, by="client"),
                MssArrives(1460, at="server"),
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1300),
                PathMtu(1300, at="client", to="server"),
                Mss(1248, at="client"),
                PeerMss(1448, at="server"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "the router clamps to that route, too",
            story=(FlushRouteCache(), Configure("r1", CLAMP), Send(transfer, 64 * KIB)),
            expect=(
                AdvertisedMss(1460, by="client"),
                MssArrives(1260, at="server"),
                MssArrives(1260, at="client"),
                *NOBODY_SAYS,
                Mss(1248, at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "the client's own route has mtu 1300",
            story=(
                Configure("r1", "nft delete table inet clamp"),
                AddRoute("client", to="server", mtu=1300),
                Send(transfer, 64 * KIB),
            ),
            expect=(
                AdvertisedMss(1260, by="client"),
                MssArrives(1260, at="server"),
                MssArrives(1460, at="client"),
                *NOBODY_SAYS,
                Mss(1248, at="client"),
                PeerMss(1248, at="server"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
)
