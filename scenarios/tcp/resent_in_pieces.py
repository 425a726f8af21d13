"""What was too big goes again at once, cut at the old segments' edges or not, and nothing larger ever follows.

    client ──1500── r1 ──1200── r2 ──1500── server

Without timestamps. One segment of 1460 octets is lost, and its place in the stream is filled by 1160 and 300: all that the PTB
leaves room for, and the rest (tcp_retransmit_skb() splits what is larger than the MSS). Ten segments, in two buffers of 7300, go
again as twice six of 1160 and one of 340. From then on the connection sends nothing that is larger than what it was told, although
the server announced more.
"""

from lab.judge.expect import (
    Delivered,
    Expectation,
    Leaves,
    Mss,
    MssArrives,
    NothingLarger,
    NoTimeout,
    PathMtu,
    Retransmissions,
    SizesInTurn,
    SsthreshUncut,
    TooBig,
    WindowUncut,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import KIB, FlushRouteCache, Send
from topologies import chain

stream = Tcp("client", "server", timestamps=False)

LEARNED: tuple[Expectation, ...] = (
    Leaves(1500, by="client"),
    TooBig(by="r1", to="client", mtu=1200),
    PathMtu(1200, at="client", to="server"),
    Mss(1160, at="client"),
    NoTimeout(at="client"),
    NothingLarger(1200, between=("r1", "r2")),
)

scenario = Scenario(
    name="resent-in-pieces",
    title="What was too big for 1200 octets goes again in pieces",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 1200, 1500)),
    covers=("nplab/pmtud-1pkt-1460-to-1160", "nplab/pmtud-10pkt-1460-to-1160", "bugs/36"),
    acts=(
        Act(
            "one segment",
            story=(Send(stream, 1460),),
            expect=(
                MssArrives(1460, at="client"),
                *LEARNED,
                SizesInTurn("client", (1500, 1200, 340)),
                Retransmissions(2, at="client"),
                Delivered(1460, to="server"),
            ),
        ),
        Act(
            "ten segments, and then many",
            story=(FlushRouteCache(), Send(stream, 14600), Send(stream, 64 * KIB)),
            expect=(
                *LEARNED,
                SizesInTurn("client", (1500, 1200)),
                Retransmissions(14, at="client"),
                SsthreshUncut(at="client"),
                WindowUncut(10, at="client"),
                Delivered(14600, to="server"),
                Delivered(64 * KIB, to="server", send=2),
            ),
        ),
    ),
)
