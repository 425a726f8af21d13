"""A datagram may come in very many pieces, and in very small ones.

    client ──1500── r1 ──1500── server

Eight octets are the least that a fragment other than the last can carry, since offsets count in eights (RFC 791 §3.2). That is
far from what any link needs; but Linux takes it, under both families. 60,000 octets need 43 pieces of 1400.
"""

from lab.judge.expect import Counts, Delivered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import SendPieces
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

SHAPES = {"of-8": (2000, 8), "of-1400": (60000, 1400)}
"""By name, the octets of a datagram's UDP header and payload, and of each piece."""


def cut(total: int, length: int) -> tuple[tuple[int, int], ...]:
    """First the odd ones, then the even ones, and every seventh of those twice."""
    pieces = tuple((offset, min(length, total - offset)) for offset in range(0, total, length))
    again = pieces[::14]
    return (*pieces[1::2], *again, *pieces[::2])


def case(shape: str, family: Family) -> Scenario:
    total, length = SHAPES[shape]
    pieces = cut(total, length)
    mib = "Ip" if family == IPV4 else "Ip6"
    return Scenario(
        name=f"many-pieces-{shape}" + ("-v6" if family == IPV6 else ""),
        title=f"A datagram of {total} octets, in pieces {shape.replace('-', ' ')}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "odd pieces, some that come twice, and even pieces",
                story=(SendPieces(Udp("client", "server", family=family), total - 8, pieces),),
                expect=(
                    Counts(at="server", counters=((f"{mib}.ReasmReqds", len(pieces)), (f"{mib}.ReasmOKs", 1))),
                    Delivered(total - 8, to="server"),
                ),
            ),
        ),
        covers=(f"ip_defrag.sh/ipv{int(family)}",),
    )


scenarios = tuple(case(shape, family) for family in (IPV4, IPV6) for shape in SHAPES)
