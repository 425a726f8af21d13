"""What a router says where the route by which it would forward has an MTU of its own.

    client ──1500── r1 ──1500── server

Every link takes 1500, but r1's route to the server has the metric `mtu`, as an administrator sets it for a path that he knows to
be narrower. r1 holds what it forwards against that, locked or not (ip_forward()), and says it as it is, from the address that
faces the client: 400 too, though no host goes below 552 on its word. A metric above the interface's MTU makes no packet too
large.

IPv6 says the same, but elsewhere: where the metric is locked in ip6_forward(), else in ip6_fragment(), as `drop-counters` shows.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    IfTrait,
    Leaves,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Prints,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import AddRoute, Run, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def told(mtu: int, learned: PathMtu, family: Family, locked: bool) -> tuple[Expectation, ...]:
    """r1 drops what is larger than `mtu` and says so; then the client knows, and ping, run next, is told by its own kernel.

    Before Linux 5.9, IPv4 heeded only a locked metric when it forwarded.
    """
    source, equals = ("10.0.0.2", "=") if family == IPV4 else ("fd00::2", ": ")
    here = NoTooBig(to="client", octets=1500)
    claims: tuple[tuple[Expectation, Expectation], ...] = (
        (Dropped(1500, at="r1"), Delivered(1472, to="server")),
        (TooBig(by="r1", to="client", mtu=mtu, times=1, source=source), here),
        (ErrorQueued(send=1, info=mtu, offender="r1"), here),
        (learned, NothingLearned(at="client", to="server")),
        (Prints(f"message too long, mtu{equals}{learned.mtu}", "ping(8)"), Prints("1 received", "ping(8)")),
    )
    if family == IPV4 and not locked:
        return tuple(IfTrait("forwarding-honours-route-mtu", then=now, otherwise=before) for now, before in claims)
    return tuple(now for now, _ in claims)


def case(name: str, title: str, mtu: int, learned: PathMtu | None, locked: bool = False, family: Family = IPV4) -> Scenario:
    headers = 28 if family == IPV4 else 48
    flow = Udp("client", "server", discover=DO, family=family)
    full = 1500 - headers
    if learned is None:
        expect: tuple[Expectation, ...] = (
            NoTooBig(to="client", octets=1500),
            NothingLearned(at="client", to="server"),
            Delivered(full, to="server"),
        )
    else:
        expect = told(mtu, learned, family, locked)
    return Scenario(
        name=f"route-mtu-{name}" + ("-v6" if family == IPV6 else ""),
        title=title + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(family,)),
        acts=(
            Act(
                "a datagram that every link would take, and an echo request",
                story=(
                    AddRoute("r1", to="server", mtu=mtu, locked=locked, family=family),
                    Send(flow, full),
                    Run("client", f"ping -c1 -W0.1 -M do -s {full} $server"),
                ),
                expect=(Leaves(1500, by="client", df=True if family == IPV4 else None), *expect),
            ),
        ),
        covers=("bugs/08",) if name == "1300" else (),
    )


LEARNED = PathMtu(1300, at="client", to="server")
LOCKED = PathMtu(552, at="client", to="server", locked=True)

scenarios = (
    case("1300", "The router's route has mtu 1300", 1300, LEARNED),
    case("1300", "The router's route has mtu 1300", 1300, LEARNED, family=IPV6),
    case("lock-1300", "The router's route has mtu lock 1300", 1300, LEARNED, locked=True),
    case("lock-1300", "The router's route has mtu lock 1300", 1300, LEARNED, locked=True, family=IPV6),
    case("400", "The router's route has an mtu below what hosts go down to", 400, LOCKED),
    case("2000", "The router's route has an mtu above its interface's", 2000, None),
    case("2000", "The router's route has an mtu above its interface's", 2000, None, family=IPV6),
)
