"""Without DF, nobody between the ends is ever told of anything: every descent is the routers' own business.

    client ──9000── r1 ──4000── r2 ──1500── r3 ──576── r4 ──1500── server

Each router cuts what is too large for the next link, fragments of fragments included (RFC 791 §3.2), none puts anything together,
and the last link's larger MTU joins nothing. The server gets one datagram, and the client learns nothing. The answer to a ping is
the kernel's own, and has no DF either: r4 cuts it on its way back, and the server learns nothing of that.
"""

from itertools import accumulate

from lab.judge.expect import Counts, Delivered, Fragments, Leaves, NothingLarger, NothingLearned, NoTooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DONT, Echo, Udp
from lab.model.story import Send
from topologies import chain

careless, ping = Udp("client", "server", DONT), Echo("client", "server", DONT)

AT_R1 = (3996, 3996, 1048)  # 3976 is 4000 - 20, down to a multiple of 8
AT_R2 = (1500, 1500, 1036) * 2 + (1048,)  # the last one fits
AT_R3 = ((572, 572, 396) * 2 + (572, 484)) * 2 + (572, 496)


def pieces(sizes: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Sizes with their offsets: each begins where the payload of the one before it ends."""
    return tuple(zip(sizes, accumulate((size - 20 for size in sizes[:-1]), initial=0), strict=True))


scenario = Scenario(
    name="df-clear",
    title="A datagram without DF, over three descents",
    topology=chain("client", "r1", "r2", "r3", "r4", "server", mtus=(9000, 4000, 1500, 576, 1500)),
    acts=(
        Act(
            "a datagram of 9000 octets",
            story=(Send(careless, 8972),),
            expect=(
                Leaves(9000, by="client", df=False),
                NoTooBig(to="client", octets=9000),
                NothingLearned(at="client", to="server"),
                Fragments(by="r1", pieces=pieces(AT_R1)),
                Fragments(by="r2", pieces=pieces(AT_R2)),
                Fragments(by="r3", pieces=pieces(AT_R3)),
                Counts(at="r1", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 3), ("Ip.ReasmReqds", 0))),
                Counts(at="r2", counters=(("Ip.FragOKs", 2), ("Ip.FragCreates", 6), ("Ip.ReasmReqds", 0))),
                Counts(at="r3", counters=(("Ip.FragOKs", 7), ("Ip.FragCreates", 18), ("Ip.ReasmReqds", 0))),
                Counts(at="server", counters=(("Ip.ReasmReqds", 18), ("Ip.ReasmOKs", 1))),
                Delivered(8972, to="server"),
            ),
        ),
        Act(
            "a ping of 1500 octets, and its answer",
            story=(Send(ping, 1472),),
            expect=(
                Leaves(1500, by="client", df=False),
                Leaves(1500, by="server", df=False),
                Fragments(by="r3", pieces=pieces((572, 572, 396))),
                Fragments(by="r4", pieces=pieces((572, 572, 396))),
                NothingLarger(576, between=("r3", "r4")),
                NoTooBig(to="client", octets=1500),
                NoTooBig(to="server", octets=1500),
                NothingLearned(at="client", to="server"),
                NothingLearned(at="server", to="client"),
                Delivered(1472, to="server"),
            ),
        ),
    ),
)
