"""A PTB that says less than every IPv6 link must take.

    client ──1500── r1 ──1500── server

No link that carries IPv6 has an MTU below 1280 (RFC 8200 §5), and so a PTB that says less is wrong, and is not obeyed (RFC 8201
§4): __ip6_rt_update_pmtu() leaves the route as it is. 1280 is the least that counts. The program is told in either case, by
whatever the PTB says: its next send() fails with that error once (udpv6_err()), and what it does then is its own affair.
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Expectation,
    IfTrait,
    Leaves,
    NothingLearned,
    PathMtu,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV6
from topologies import chain

LEAST = 1280
flow = Udp("client", "server", discover=DO, family=IPV6)
RAISED = PathMtu(LEAST, at="client", to="server")  # as kernels took it before 4.15


def case(said: int) -> Scenario:
    """Small, the PTB, small twice, as large as the interface takes, and 1280 octets."""
    full: tuple[Expectation, ...] = (RefusedHere(send=4), PathMtu(said, at="client", to="server"))
    if said < LEAST:
        full = tuple(
            IfTrait("v6-ignores-ptb-below-1280", then=now, otherwise=before)
            for now, before in (
                (Delivered(1452, to="server", send=4), RefusedHere(send=4)),
                (NothingLearned(at="client", to="server"), RAISED),
            )
        )
    return Scenario(
        name=f"too-small-ptb-{said}",
        title=f"A PTB that says {said}, IPv6",
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,)),
        acts=(
            Act(
                "datagrams before and after a PTB",
                story=(
                    Send(flow, 1000),
                    ForgePtb(by="r1", to="client", mtu=said, quote=Quote(to="server", flow=flow), family=IPV6),
                    *(Send(flow, octets) for octets in (1000, 1000, 1452, 1232)),
                ),
                expect=(
                    Delivered(1000, to="server"),
                    TooBig(by="r1", to="client", mtu=said, times=1),
                    ErrorQueued(send=2, info=said, offender="r1"),
                    Leaves(1048, by="client", df=None),  # without a Fragment header, which has 8
                    Delivered(1000, to="server", send=3),
                    *full,
                    Delivered(1232, to="server", send=5),
                ),
            ),
        ),
    )


scenarios = tuple(case(said) for said in (0, 68, 1279, 1280, 1281))
