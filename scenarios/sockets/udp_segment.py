"""UDP segmentation offload (UDP_SEGMENT): one send() of many datagrams, each of which has to fit.

    client ──1500── r1 ──m── server

The kernel cuts what one send() gives into datagrams of the size that was set, and never into fragments: a size that does not fit
the path MTU is refused, in mode DO, for the whole of it (udp_send_skb()). It makes no difference whether that path MTU is the
interface's, the route's own, or learned from a PTB, which the first datagram of a larger attempt then meets.
"""

from lab.judge.expect import (
    Delivered,
    ErrorQueued,
    Expectation,
    Leaves,
    NoFragments,
    NothingLearned,
    PathMtu,
    RefusedHere,
    SocketMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import AddRoute, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

HEADERS = {IPV4: 28, IPV6: 48}
NEEDS = ("segments-without-checksum-offload",)


def flows(family: Family, mtu: int, *, connected: bool = True) -> tuple[Udp, Udp, Udp]:
    """One that is not cut, one that is cut into what `mtu` takes, and one into an octet more."""
    fits = mtu - HEADERS[family]
    sizes = (None, fits, fits + 1)
    plain, full, huge = (Udp("client", "server", DO, family, connected=connected, segment=size) for size in sizes)
    return plain, full, huge


def known(family: Family, name: str, mtu: int = 1500, *, connected: bool = True) -> Scenario:
    """The path MTU is known from the start: the interface's, or less by a route."""
    plain, full, huge = flows(family, mtu, connected=connected)
    fits, df = mtu - HEADERS[family], True if family == IPV4 else None
    route: tuple[Step, ...] = (AddRoute("client", "server", mtu=mtu, family=family),) if mtu < 1500 else ()
    read: tuple[Expectation, ...] = (SocketMtu(mtu, send=1),) if connected else ()
    return Scenario(
        name=f"udp-segment-{name}" + ("-v6" if family == IPV6 else ""),
        title=f"Many datagrams by one send() over {mtu} octets, {name.replace('route-mtu', 'as a route has it')}"
        + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "what fits, and one octet more",
                story=(
                    *route,
                    Send(plain, fits),
                    Send(plain, fits + 1),
                    Send(full, 5 * fits + 7),
                    Send(huge, 2 * fits),
                    Send(huge, fits),  # a single one is not cut, so no size of segments is looked at
                ),
                expect=(
                    Delivered(fits, to="server"),
                    *read,
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=mtu, offender=None),
                    Leaves(mtu, by="client", df=df),
                    Leaves(HEADERS[family] + 7, by="client", df=df),
                    NoFragments(by="r1"),
                    Delivered(5 * fits + 7, to="server", send=3),
                    RefusedHere(send=4),
                    Delivered(fits, to="server", send=5),
                    NothingLearned(at="client", to="server"),
                ),
            ),
        ),
        needs=NEEDS,
        covers=(f"udpgso.sh/ipv{int(family)}_{name.replace('-', '_')}", "bugs/32"),
    )


def learned(family: Family) -> Scenario:
    _, full, _ = flows(family, 1500)
    _, fitting, _ = flows(family, 1400)
    large, fits = 1500 - HEADERS[family], 1400 - HEADERS[family]
    return Scenario(
        name="udp-segment-learned" + ("-v6" if family == IPV6 else ""),
        title="Many datagrams by one send(), too large for the path" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act(
                "twice too large, and then not",
                story=(Send(full, 3 * large), Send(full, 3 * large), Send(fitting, 3 * fits)),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    TooBig(by="r1", to="client", mtu=1400),
                    ErrorQueued(send=1, info=1400, offender="r1"),
                    PathMtu(1400, at="client", to="server"),
                    RefusedHere(send=2),
                    Delivered(3 * fits, to="server", send=3),
                ),
            ),
        ),
        needs=NEEDS,
    )


scenarios = tuple(
    case
    for family in (IPV4, IPV6)
    for case in (
        known(family, "connected"),
        known(family, "unconnected", connected=False),
        known(family, "route-mtu", 1400),
        learned(family),
    )
)
