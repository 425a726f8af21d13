"""How IPv6 datagrams are cut up: by their source only, and only once it knows that it must.

    client ──1500── r1 ──m── server

A router does not fragment IPv6 (RFC 8200 §5): r1 drops the first datagram and says so, and the client cuts up the next. Each
fragment but the last carries as many octets as fit behind 40 of header and 8 of Fragment header, down to a multiple of 8 (§4.5).
A datagram that just fits gets no Fragment header.
"""

from lab.judge.expect import (
    Counts,
    Delivered,
    Dropped,
    ErrorQueued,
    Fragments,
    Leaves,
    NoFragments,
    PathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import Send
from lab.model.topology import IPV6
from topologies import chain

careless = Udp("client", "server", WANT, IPV6)

CUTS: dict[int, tuple[tuple[int, int], ...]] = {
    1280: ((1280, 0), (276, 1232)),
    1287: ((1280, 0), (276, 1232)),
    1288: ((1288, 0), (268, 1240)),
    1400: ((1400, 0), (156, 1352)),
    1420: ((1416, 0), (140, 1368)),
    1450: ((1448, 0), (108, 1400)),
    1480: ((1480, 0), (76, 1432)),
    1492: ((1488, 0), (68, 1440)),
    1499: ((1496, 0), (60, 1448)),
}
"""By the MTU, the pieces of 1500 octets: the length and offset of each. 1452 + 8 of UDP are 1460 octets to share out."""


def case(mtu: int) -> Scenario:
    return Scenario(
        name=f"fragmented-v6-1500-over-{mtu}",
        title=f"1500 octets over {mtu}, IPv6",
        topology=chain("client", "r1", "server", mtus=(1500, mtu), families=(IPV6,)),
        acts=(
            Act(
                "a datagram that is too large, twice, and one that fits",
                story=(Send(careless, 1452), Send(careless, 1452), Send(careless, mtu - 48)),
                expect=(
                    Dropped(1500, at="r1"),
                    TooBig(by="r1", to="client", mtu=mtu),
                    ErrorQueued(send=1, info=mtu, offender="r1"),
                    PathMtu(mtu, at="client", to="server"),
                    Fragments(by="client", pieces=CUTS[mtu]),
                    NoFragments(by="r1"),
                    Counts(at="client", counters=(("Ip6.FragOKs", 1), ("Ip6.FragCreates", 2))),
                    Counts(at="server", counters=(("Ip6.ReasmOKs", 1),)),
                    Delivered(1452, to="server", send=2),
                    Leaves(mtu, by="client", df=None),
                    Delivered(mtu - 48, to="server", send=3),
                ),
            ),
        ),
    )


scenarios = tuple(case(mtu) for mtu in CUTS)
