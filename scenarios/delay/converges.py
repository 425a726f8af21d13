"""Each descent costs a round trip to the router that tells of it, and not one to the destination.

    client ──1500,10ms── r1 ──1500,20ms── r2 ──1500,30ms── server

    client ──1500,10ms── r1 ──1400,20ms── r2 ──1500,30ms── server

    client ──1500,10ms── r1 ──1400,20ms── r2 ──1300,30ms── server

A sender of datagrams with DF hears from r1 after 20 ms, as nothing can tell it sooner that 1400 octets are the most; it shrinks,
and then hears from r2 after another 60. What fits at last takes 60 to the server. So two descents cost three round trips, the last
of which is the delivery: 20 + 60 + 60 = 140 ms at the least (RFC 1191 §3). The first packet to each neighbour takes longer, as the
neighbour's address has to be asked for, at the link's own delay.
"""

from lab.judge.expect import Converges, Delivered, ErrorQueued, Expectation, NothingLearned, PathMtu, PtbOrder, Took
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

DELAYS = (10, 20, 30)
# From client to each router and back, and to the server.
TO_R1, TO_R2, TO_SERVER = 2 * 10, 2 * (10 + 20), 10 + 20 + 30


def converges(mtus: tuple[int, int, int], descents: int, family: Family) -> Scenario:
    sizes = sorted(set(mtus), reverse=True)
    headers = 28 if family == IPV4 else 48
    told = (("r1", 1400, TO_R1), ("r2", 1300, TO_R2))[:descents]
    after = sum(trip for _, _, trip in told) + TO_SERVER
    learned: tuple[Expectation, ...] = (NothingLearned(at="client", to="server"),)
    if told:
        learned = (PathMtu(sizes[-1], at="client", to="server"), PtbOrder("client", tuple((by, mtu) for by, mtu, _ in told)))
    return Scenario(
        name=("converges-at-once", "converges-after-one-descent", "converges")[descents] + ("-v6" if family == IPV6 else ""),
        title=f"{('No descent', 'A descent', 'Two descents')[descents]}, no sooner than {after} ms" + ", IPv6" * (family == IPV6),
        topology=chain("client", "r1", "r2", "server", mtus=mtus, delays=DELAYS, families=(family,)),
        acts=(
            Act(
                "datagrams, each as large as the last PTB allows",
                story=tuple(Send(Udp("client", "server", DO, family), mtu - headers) for mtu in sizes),
                expect=(
                    *(ErrorQueued(send, mtu, offender=by) for send, (by, mtu, _) in enumerate(told, 1)),
                    *(Took(send, trip) for send, (_, _, trip) in enumerate(told, 1)),
                    Took(descents + 1, TO_SERVER),
                    Delivered(sizes[-1] - headers, to="server", send=descents + 1),
                    *learned,
                    Converges("client", "server", round_trips=descents + 1, after=after),
                ),
            ),
        ),
        needs=("netem",),
    )


scenarios = tuple(
    converges(mtus, descents, family)
    for descents, mtus in ((2, (1500, 1400, 1300)), (1, (1500, 1400, 1500)), (0, (1500, 1500, 1500)))
    for family in (IPV4, IPV6)
)
