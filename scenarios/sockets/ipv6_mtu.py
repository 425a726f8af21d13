"""IPV6_MTU, as it is set: the size of the fragments that a socket makes, and of the largest datagram that it does not have to.

    client ──1500── r1 ──1500── server

What is read is the path MTU of the route, whatever was set (do_ipv6_getsockopt()). Whether a datagram has to be cut up is a
matter of the route's MTU, too: with 1280 set, one of 1500 octets leaves whole, and one more octet makes fragments of 1280. Only a
socket that must not fragment holds every datagram against what was set (__ip6_append_data()). More than the route takes changes
nothing.
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Expectation,
    Fragments,
    Leaves,
    NothingLearned,
    RefusedHere,
    SocketMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, WANT, Udp
from lab.model.story import Send
from lab.model.topology import IPV6
from topologies import chain

PIECES = {1280: ((1280, 0), (277, 1232)), 1400: ((1400, 0), (157, 1352)), 9000: ((1496, 0), (61, 1448))}


def case(mtu: int) -> Scenario:
    may, must_not = (Udp("client", "server", mode, IPV6, mtu=mtu) for mode in (WANT, DO))
    limit = min(mtu, 1500)
    quiet: tuple[Expectation, ...] = (NothingLearned(at="client", to="server"),)
    return Scenario(
        name=f"ipv6-mtu-{mtu}",
        title=f"A socket that sets IPV6_MTU to {mtu}",
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,)),
        acts=(
            Act(
                "fragments are allowed",
                story=(Send(may, 1452), Send(may, 1453)),
                expect=(
                    Leaves(1500, by="client", df=None),
                    SocketMtu(1500, send=1),
                    Delivered(1452, to="server"),
                    Fragments(by="client", pieces=PIECES[mtu]),
                    Delivered(1453, to="server", send=2),
                    *quiet,
                ),
            ),
            Act(
                "fragments are not",
                story=(Send(must_not, limit - 48), Send(must_not, limit - 47)),
                expect=(
                    Leaves(limit, by="client", df=None),
                    Delivered(limit - 48, to="server"),
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=limit, offender=None),
                    SocketMtu(1500, send=2),
                    *quiet,
                ),
            ),
        ),
    )


scenarios = tuple(case(mtu) for mtu in PIECES)
