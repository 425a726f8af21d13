"""What one protocol learns, all others know.

    client ──1500── r1 ──1400── r2 ──1500── server

A route exception belongs to the host and the destination, and not to who learned it (RFC 1191 §6.1, RFC 8201 §5.2). So one lost
packet of ping, UDP or TCP is enough: the other two start with 1400, and a TCP connection never has to shrink.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    Expectation,
    Leaves,
    Mss,
    NothingLarger,
    NoTooBig,
    PathMtu,
    RefusedHere,
    SocketMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo, Tcp, Udp
from lab.model.story import KIB, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

LEARNED = PathMtu(1400, at="client", to="server")


def by_datagrams(flow: Udp | Echo, headers: int) -> Act:
    """A flow that begins with what is too large, is refused, and goes on with what fits."""
    return Act(
        f"{'ping' if isinstance(flow, Echo) else 'UDP'} knows it",
        story=(Send(flow, 1500 - headers), Send(flow, 1400 - headers)),
        expect=(
            RefusedHere(send=1),
            Leaves(1400, by="client", df=True if flow.family == IPV4 else None),
            NoTooBig(to="client", octets=1400),
            SocketMtu(1400, send=2),
            LEARNED,
            Delivered(1400 - headers, to="server", send=2),
        ),
    )


def by_stream(flow: Tcp, headers: int) -> Act:
    return Act(
        "TCP knows it",
        story=(Send(flow, 64 * KIB),),
        expect=(
            Leaves(1400, by="client", df=True if flow.family == IPV4 else None),
            NothingLarger(1400, between=("client", "r1")),
            NoTooBig(to="client", octets=1400),
            TcpPathMtu(1400, at="client"),
            Mss(1400 - headers, at="client"),
            LEARNED,
            Delivered(64 * KIB, to="server"),
        ),
    )


def shared_exception(learner: str, family: Family) -> Scenario:
    ip = 20 if family == IPV4 else 40
    ping = Echo("client", "server", discover=DO, family=family)
    datagrams = Udp("client", "server", discover=DO, family=family)
    stream = Tcp("client", "server", family=family)
    know = {"ping": by_datagrams(ping, ip + 8), "udp": by_datagrams(datagrams, ip + 8), "tcp": by_stream(stream, ip + 32)}
    first = {"ping": Send(ping, 1492 - ip), "udp": Send(datagrams, 1492 - ip), "tcp": Send(stream, 64 * KIB)}[learner]
    lost: tuple[Expectation, ...] = (
        Leaves(1500, by="client", df=True if family == IPV4 else None),
        Dropped(1500, at="r1"),
        TooBig(by="r1", to="client", mtu=1400),
        LEARNED,
    )
    if learner == "tcp":
        lost += (Mss(1400 - ip - 32, at="client"), Delivered(64 * KIB, to="server"))
    others = tuple(act for name, act in know.items() if name != learner)
    return Scenario(
        name=f"shared-exception-{learner}" + ("-v6" if family == IPV6 else ""),
        title=f"What {learner if learner == 'ping' else learner.upper()} learns, all know" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500), families=(family,)),
        acts=(Act("learned", story=(first,), expect=lost), *others),
    )


scenarios = tuple(shared_exception(learner, family) for family in (IPV4, IPV6) for learner in ("ping", "udp", "tcp"))
