"""Which next-hop MTUs of a PTB are believed: from nothing to more than there can be.

    client ──1500── r1 ──1500── server

A router older than RFC 1191 says 0, and others may say anything (§5). IPv4: whatever is below net.ipv4.route.min_pmtu is held at
that, 552, and the path MTU is locked, which takes DF off what is sent. What is no news, 1500, is written down all the same; what
is more than the route has is not believed (__ip_rt_update_pmtu()). IPv6 believes nothing below 1280 (RFC 8201 §4) and nothing
that is no less.
"""

from lab.judge.expect import Delivered, Expectation, Fragments, IfTrait, Leaves, NothingLearned, PathMtu, SocketMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import ForgePtb, Quote, ReadSocket, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

TO_552 = (0, 1, 67, 68, 296, 508, 551)
AS_SAID = {IPV4: (552, 576, 1006, 1279, 1280, 1499), IPV6: (1280, 1281, 1400, 1499)}
NO_NEWS = {IPV4: (1501, 9000, 65535), IPV6: (1500, 1501, 9000, 65535, 65536, 0xFFFFFFFF)}
TOO_SMALL = (0, 68, 552, 1279)  # of IPv6
HEADERS = {IPV4: 28, IPV6: 48}
NOTHING = NothingLearned(at="client", to="server")


def learned(mtu: int, *, locked: bool = False) -> PathMtu:
    return PathMtu(mtu, at="client", to="server", locked=locked)


def cut(family: Family, mtu: int) -> Fragments:
    """1500 octets over `mtu`, at their source: each piece but the last has as many octets as fit, down to a multiple of 8."""
    header = 20 if family == IPV4 else 48
    total, step = 1480 if family == IPV4 else 1460, (mtu - header) // 8 * 8
    # What is left for the last piece need not be a multiple of 8.
    sizes = [mtu - header if total - at <= mtu - header else step for at in range(0, total, step)]
    return Fragments(
        "client", tuple((min(size, total - at) + header, at) for size, at in zip(sizes, range(0, total, step), strict=True))
    )


def case(value: int, family: Family, *expect: Expectation) -> Scenario:
    flow = Udp("client", "server", WANT, family)
    full = 1500 - HEADERS[family]
    return Scenario(
        name=f"mtu-values-{value}" + ("-v6" if family == IPV6 else ""),
        title=f"A forged PTB that says {value}" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a datagram, the PTB, and one of 1500 octets",
                story=(
                    Send(flow, 100),
                    ForgePtb("r1", to="client", mtu=value, quote=Quote("server", flow=flow), family=family),
                    ReadSocket(flow),  # else the next send() would be refused, with the error that is pending
                    Send(flow, full),
                ),
                expect=(*expect, Delivered(full, to="server", send=3)),
            ),
        ),
    )


def whole(family: Family) -> tuple[Expectation, ...]:
    return Leaves(1500, by="client", df=True if family == IPV4 else None), SocketMtu(1500, send=3)


def in_family(family: Family) -> tuple[Scenario, ...]:
    return (
        *(case(mtu, family, learned(mtu), cut(family, mtu), SocketMtu(mtu, send=3)) for mtu in AS_SAID[family]),
        *(case(mtu, family, NOTHING, *whole(family)) for mtu in NO_NEWS[family]),
    )


scenarios = (
    *(
        case(
            mtu,
            IPV4,
            IfTrait("below-min-pmtu-locks", learned(552, locked=True), learned(552)),
            cut(IPV4, 552),
            SocketMtu(552, send=3),
        )
        for mtu in TO_552
    ),
    case(1500, IPV4, learned(1500), *whole(IPV4)),
    *in_family(IPV4),
    *(case(mtu, IPV6, IfTrait("v6-ignores-ptb-below-1280", NOTHING, learned(1280)), *whole(IPV6)) for mtu in TOO_SMALL),
    *in_family(IPV6),
)
