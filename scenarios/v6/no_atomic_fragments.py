"""No packet gets a Fragment header that is not a fragment.

    client ──1500── r1 ──1500── server

RFC 2460 had a sender answer a PTB below 1280 by a Fragment header in every packet, for translators to IPv4 behind the link.
Anybody could so turn whole packets into fragments, which are often dropped, by one forged PTB (RFC 8021; CVE-2016-10142). RFC
8200 has none of it, and Linux sends none: a packet has the size it would have had, and what is cut up at 1280 is cut in two at
least. The PTBs here quote an echo reply of the server's, and a segment of the client's.
"""

from lab.judge.expect import (
    Delivered,
    Fragments,
    IfTrait,
    Leaves,
    Mss,
    NoFragments,
    NothingLarger,
    NothingLearned,
    PathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Echo, Tcp
from lab.model.story import FlushRouteCache, ForgePtb, Quote, Send
from lab.model.topology import IPV6
from topologies import chain

ICMPV6 = 58
echo, stream = Echo("client", "server", family=IPV6), Tcp("client", "server", family=IPV6)


def about_a_reply(mtu: int) -> ForgePtb:
    return ForgePtb(by="r1", to="server", mtu=mtu, quote=Quote(to="client", protocol=ICMPV6, reply=True), family=IPV6)


def about_the_stream(mtu: int) -> ForgePtb:
    return ForgePtb(by="r1", to="client", mtu=mtu, quote=Quote(to="server", flow=stream), family=IPV6)


IGNORED = IfTrait(
    "v6-ignores-ptb-below-1280",
    then=NothingLearned(at="server", to="client"),
    otherwise=PathMtu(1280, at="server", to="client"),
)

scenario = Scenario(
    name="no-atomic-fragments",
    title="A PTB never makes a host send atomic fragments, IPv6",
    topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,)),
    acts=(
        Act(
            "a PTB that says 1272, about an echo reply",
            story=(Send(echo, 1200), about_a_reply(1272), Send(echo, 1200)),
            expect=(
                TooBig(by="r1", to="server", mtu=1272, times=1),
                Leaves(1248, by="server", df=None),
                NothingLarger(1248, between=("r1", "server")),  # 1256 with a Fragment header
                IGNORED,
                Delivered(1200, to="server", send=2),
            ),
        ),
        Act(
            "a PTB that says 1280, about an echo reply",
            story=(Send(echo, 1200), about_a_reply(1280), Send(echo, 1200)),
            expect=(
                TooBig(by="r1", to="server", mtu=1280, times=1),
                Leaves(1248, by="server", df=None),
                NothingLarger(1248, between=("r1", "server")),
                PathMtu(1280, at="server", to="client"),
                Delivered(1200, to="server", send=2),
            ),
        ),
        Act(
            "a larger reply after that",
            story=(Send(echo, 1400),),
            expect=(
                Fragments(by="server", pieces=((1280, 0), (224, 1232))),
                NoFragments(by="r1"),
                Delivered(1400, to="server"),
            ),
        ),
        Act(
            "PTBs about a TCP segment, 1272 first and then 1280",
            story=(
                FlushRouteCache(),
                Send(stream, 10_000),
                about_the_stream(1272),
                Send(stream, 10_000),
                about_the_stream(1280),
                Send(stream, 10_000),
            ),
            expect=(
                Leaves(1500, by="client", df=None),
                Leaves(1280, by="client", df=None),
                NothingLarger(1500, between=("client", "r1")),
                Mss(1208, at="client"),  # 1280 - 60 of headers - 12 of timestamps
                PathMtu(1280, at="client", to="server"),
                Delivered(10_000, to="server", send=2),
                Delivered(10_000, to="server", send=3),
            ),
        ),
    ),
    covers=("bugs/19",),
)
