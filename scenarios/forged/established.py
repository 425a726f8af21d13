"""What a PTB makes of an established TCP connection, value by value.

    client ──1500── r1 ──1500── server

IPv4's host believes anything down to 552, and makes that of anything below, locked: segments then have 500 octets and no DF. 1280
is no limit there. 1500 makes an exception and changes no segment, and 9000 makes nothing. IPv6's ends at 1280, below which a PTB
is ignored, and one of the same size is no news (tcp_v6_mtu_reduced(), ip6_rt_update_pmtu()).
"""

from lab.judge.expect import Delivered, Expectation, IfTrait, Leaves, Mss, NothingLearned, PathMtu, TcpPathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import ForgePtb, Quote, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

NOTHING = NothingLearned(at="client", to="server")
HEADERS = {IPV4: 52, IPV6: 72}  # with timestamps


def learned(mtu: int, *, locked: bool = False) -> PathMtu:
    return PathMtu(mtu, at="client", to="server", locked=locked)


LOCKED = IfTrait("below-min-pmtu-locks", learned(552, locked=True), learned(552))
OUTCOMES: dict[Family, dict[int, tuple[int, Expectation]]] = {
    IPV4: {
        0: (552, LOCKED),
        68: (552, LOCKED),
        551: (552, LOCKED),
        552: (552, learned(552)),
        1279: (1279, learned(1279)),
        1280: (1280, learned(1280)),
        1500: (1500, learned(1500)),
        9000: (1500, NOTHING),
    },
    IPV6: {
        0: (1500, NOTHING),
        1279: (1500, NOTHING),
        1280: (1280, learned(1280)),
        1400: (1400, learned(1400)),
        1500: (1500, NOTHING),
        9000: (1500, NOTHING),
    },
}
"""By what the PTB says: the path MTU that the connection then goes by, and what the host holds."""


def case(value: int, family: Family) -> Scenario:
    stream = Tcp("client", "server", family=family)
    mtu, held = OUTCOMES[family][value]
    df = None if family == IPV6 else held is not LOCKED
    return Scenario(
        name=f"established-{value}" + ("-v6" if family == IPV6 else ""),
        title=f"A forged PTB that says {value} to a TCP connection" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "an idle connection, the PTB, and then more to send",
                story=(
                    Send(stream, 100),
                    ForgePtb("r1", to="client", mtu=value, quote=Quote("server", flow=stream), family=family),
                    Send(stream, 4000),
                ),
                expect=(
                    held,
                    Leaves(mtu, by="client", df=df),
                    Mss(mtu - HEADERS[family], at="client"),
                    TcpPathMtu(mtu, at="client"),
                    Delivered(4000, to="server", send=2),
                ),
            ),
        ),
    )


scenarios = tuple(case(value, family) for family in (IPV4, IPV6) for value in OUTCOMES[family])
