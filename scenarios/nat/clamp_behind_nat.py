"""A home router: it masquerades, its way out is narrower than Ethernet, and it clamps the MSS.

    client ──1500── nat ──1492── r1 ──1500── server

PPPoE takes 8 of Ethernet's 1500 octets (RFC 2516). Both hosts announce 1460. With `tcp option maxseg size set rt mtu` the nat
makes that 1452 in either direction, so that no segment is too large and the ICMP, which many firewalls swallow, is not needed:
the first act's transfer goes through without. The rule is one for SYNs, and so it does not help a datagram, which is told by the
nat itself, and it does not help without the rule: then the nat's own PTBs do.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Counts,
    Delivered,
    Dropped,
    ErrorQueued,
    Mss,
    MssArrives,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Retransmissions,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Configure, FlushRouteCache, Send
from topologies import chain

SETUP = Configure(
    "nat",
    """
    nft add table ip nat
    nft add chain ip nat out '{ type nat hook postrouting priority 100; }'
    nft add rule ip nat out oifname r1 masquerade
    nft add table ip clamp
    nft add chain ip clamp through '{ type filter hook forward priority -150; }'
    nft add rule ip clamp through tcp flags syn tcp option maxseg size set rt mtu
    """,
)
stream = Tcp("client", "server")
determined = Udp("client", "server", discover=DO)
ANNOUNCED = AdvertisedMss(1460, by="client"), AdvertisedMss(1460, by="server")

scenario = Scenario(
    name="clamp-behind-nat",
    title="A home router that masquerades and clamps the MSS",
    topology=chain("client", "nat", "r1", "server", mtus=(1500, 1492, 1500)),
    acts=(
        Act(
            "a TCP transfer",
            story=(SETUP, Send(stream, 64 * KIB)),
            expect=(
                *ANNOUNCED,
                MssArrives(1452, at="server"),
                MssArrives(1452, at="client"),
                NoTooBig(to="client", octets=1492),
                NothingLearned(at="client", to="server"),
                Mss(1440, at="client"),  # 1452 - 12 of timestamps
                Retransmissions(0, at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "a datagram, which has no MSS",
            story=(Send(determined, 1472), Send(determined, 1464)),
            expect=(
                Dropped(1500, at="nat"),
                TooBig(by="nat", to="client", mtu=1492, times=1),
                ErrorQueued(send=1, info=1492, offender="nat"),
                PathMtu(1492, at="client", to="server"),
                Delivered(1464, to="server", send=2),
            ),
        ),
        Act(
            "a TCP transfer without clamping",
            story=(FlushRouteCache(), Configure("nat", "nft delete table ip clamp"), Send(stream, 64 * KIB)),
            expect=(
                *ANNOUNCED,
                MssArrives(1460, at="server"),
                MssArrives(1460, at="client"),
                Dropped(1500, at="nat"),
                TooBig(by="nat", to="client", mtu=1492),
                Counts(at="nat", counters=(("Ip.FragFails", 1),), or_more=True),
                PathMtu(1492, at="client", to="server"),
                Mss(1440, at="client"),
                Delivered(64 * KIB, to="server"),
            ),
        ),
    ),
)
