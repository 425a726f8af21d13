"""Fragments are put together in whatever order they come, and whichever come twice.

    client ──1500── r1 ──1500── server

The header of each says where its octets belong (RFC 791 §3.2, RFC 8200 §4.5), and the kernel keeps them in a tree by that offset
(inet_frag_queue_insert()). A fragment of which every octet is there already is dropped, and the others are not.
"""

from itertools import chain as one_after_the_other

from lab.judge.expect import Counts, Delivered, NoTimeExceeded
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import SendPieces
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

OCTETS = 4792  # 8 of UDP before them make 4800: six pieces of 800
IN_ORDER = tuple((offset, 800) for offset in range(0, 4800, 800))

ORDERS: dict[str, tuple[tuple[int, int], ...]] = {
    "in-order": IN_ORDER,
    "backwards": IN_ORDER[::-1],
    "odd-then-even": (*IN_ORDER[1::2], *IN_ORDER[::2]),
    "first-comes-last": (*IN_ORDER[1:], IN_ORDER[0]),
    "last-comes-first": (IN_ORDER[-1], *IN_ORDER[:-1]),
    "each-twice": tuple(one_after_the_other.from_iterable((piece, piece) for piece in IN_ORDER))[:-1],
    "first-again-at-the-end": (*IN_ORDER[:-1], IN_ORDER[0], IN_ORDER[-1]),
    "a-piece-of-what-is-there": (*IN_ORDER[:2], (400, 800), *IN_ORDER[2:]),
    "of-unequal-length": ((0, 8), (8, 1400), (1408, 16), (1424, 1376), (2800, 1000), (3800, 1000)),
}
"""Offset and length of each piece, in the order in which they are sent."""


def case(order: str, family: Family) -> Scenario:
    flow, pieces = Udp("client", "server", family=family), ORDERS[order]
    mib = "Ip" if family == IPV4 else "Ip6"
    return Scenario(
        name=f"any-order-{order}" + ("-v6" if family == IPV6 else ""),
        title=f"Fragments: {order.replace('-', ' ')}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a datagram in pieces",
                story=(SendPieces(flow, OCTETS, pieces),),
                expect=(
                    Counts(at="server", counters=((f"{mib}.ReasmReqds", len(pieces)), (f"{mib}.ReasmOKs", 1))),
                    NoTimeExceeded(by="server", to="client"),
                    Delivered(OCTETS, to="server"),
                ),
            ),
        ),
    )


scenarios = tuple(case(order, family) for family in (IPV4, IPV6) for order in ORDERS)
