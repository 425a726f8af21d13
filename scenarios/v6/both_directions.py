"""ping tests both directions under IPv6, and only one under IPv4.

    client ──1500── r1 ──1400── r2 ──1300── r3 ──1500── server

An echo reply is as large as its request. Under IPv6 the server, too, has to find its path MTU: the request gets through after two
losses, and then the reply is lost, at r3, which tells the server. The fourth is answered (icmpv6_echo_reply() lets it be
fragmented by then). An IPv4 kernel sends its echo replies without DF (icmp_reply()), and so routers cut them up: one loss, and
the client holds 1400, the first that it was told, because larger requests are fragmented by itself from then on, without DF too.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    ErrorQueued,
    Fragments,
    Leaves,
    NothingLearned,
    PathMtu,
    PtbOrder,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Echo
from lab.model.story import Send
from lab.model.topology import IPV6
from topologies import chain

MTUS = (1500, 1400, 1300, 1500)
echo, echo6 = Echo("client", "server"), Echo("client", "server", family=IPV6)

scenarios = (
    Scenario(
        name="both-directions",
        title="Echo requests and replies that discover their paths, IPv6",
        topology=chain("client", "r1", "r2", "r3", "server", mtus=MTUS, families=(IPV6,)),
        acts=(
            Act(
                "four echo requests",
                story=tuple(Send(echo6, 1452) for _ in range(4)),
                expect=(
                    PtbOrder(to="client", order=(("r1", 1400), ("r2", 1300))),
                    ErrorQueued(send=1, info=1400, offender="r1"),
                    ErrorQueued(send=2, info=1300, offender="r2"),
                    PathMtu(1300, at="client", to="server"),
                    Leaves(1500, by="server", df=None),
                    PtbOrder(to="server", order=(("r3", 1300),)),
                    Counts(at="r3", counters=(("Ip6.FragFails", 1), ("Icmp6.OutPktTooBigs", 1))),
                    PathMtu(1300, at="server", to="client"),
                    Delivered(1452, to="server", send=4),
                ),
            ),
        ),
    ),
    Scenario(
        name="both-directions-v4",
        title="Echo requests that discover their path, and replies that need not, IPv4",
        topology=chain("client", "r1", "r2", "r3", "server", mtus=MTUS),
        acts=(
            Act(
                "two echo requests",
                story=tuple(Send(echo, 1472) for _ in range(2)),
                expect=(
                    PtbOrder(to="client", order=(("r1", 1400),)),
                    PathMtu(1400, at="client", to="server"),
                    Leaves(1500, by="server", df=False),
                    Fragments(by="r3", pieces=((1300, 0), (220, 1280))),
                    NothingLearned(at="server", to="client"),
                    Delivered(1472, to="server", send=2),
                ),
            ),
        ),
    ),
)
