"""A host with jumbo frames and one without, on one switch.

    jumbo ──9000── sw ──1500── standard
    sw ──9000── other

All of them are one subnet, so no router stands between 9000 and 1500. Datagrams are lost without a word, one way only: what the
standard host sends, the jumbo host takes. TCP is safe all the same, because each host announces what its own interface can take
(RFC 9293 §3.7.1), and here the small MTU is the standard host's own. Between the two jumbo hosts everything is large.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    Swallowed,
    TcpPathMtu,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Send
from lab.model.topology import Bridge, Host, Link, Topology

scenario = Scenario(
    name="jumbo-segment",
    title="Jumbo and standard frames on one switch",
    topology=Topology(
        (Host("jumbo"), Bridge("sw"), Host("standard"), Host("other")),
        (Link("jumbo", "sw", 9000), Link("sw", "standard"), Link("sw", "other", 9000)),
    ),
    acts=(
        Act(
            "a jumbo datagram to a standard host",
            story=(Send(Udp("jumbo", "standard", DO), 8972, within=0.2), Send(Udp("jumbo", "standard", DO), 1472)),
            expect=(
                Leaves(9000, by="jumbo", df=True),
                Swallowed(9000, at="sw"),
                Unanswered(send=1),
                NoTooBig(to="jumbo", octets=9000),
                NothingLearned(at="jumbo", to="standard"),
                Delivered(1472, to="standard", send=2),
            ),
        ),
        Act(
            "a jumbo datagram to a jumbo host",
            story=(Send(Udp("jumbo", "other", DO), 8972),),
            expect=(
                Leaves(9000, by="jumbo", df=True),
                NoTooBig(to="jumbo", octets=9000),
                NothingLearned(at="jumbo", to="other"),
                Delivered(8972, to="other"),
            ),
        ),
        Act(
            "TCP from the jumbo host to the standard one",
            story=(Send(Tcp("jumbo", "standard"), 64 * KIB),),
            expect=(
                AdvertisedMss(8960, by="jumbo"),
                AdvertisedMss(1460, by="standard"),
                Mss(1448, at="jumbo"),
                TcpPathMtu(9000, at="jumbo"),
                NothingLarger(1500, between=("sw", "standard")),
                NoTimeout(at="jumbo"),
                NoTooBig(to="jumbo", octets=1500),
                NothingLearned(at="jumbo", to="standard"),
                Delivered(64 * KIB, to="standard"),
            ),
        ),
    ),
    needs=("bridge",),
)
