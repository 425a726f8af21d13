"""Traits: what Linux kernels do differently, each found out by trying it, and never taken from a version number.

Distributions carry fixes back and forth, so a version says little. A trait is a story in a small network, and two claims about it:
what is seen where the kernel has the trait, and what is seen where it has not.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.judge.expect.base import Expectation
from lab.judge.expect.programs import Prints
from lab.judge.expect.ptb import TooBig
from lab.judge.expect.sender import Delivered, NothingLearned, PathMtu
from lab.judge.expect.state import Counts
from lab.judge.expect.wire import AdvertisedMss, Leaves
from lab.model.flow import DO, INTERFACE, WANT, Tcp, Udp
from lab.model.story import KIB, AddRoute, Configure, FlushRouteCache, ForgePtb, Quote, Run, Send, SetMtu, Step
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology


@dataclass(frozen=True, slots=True)
class Trait:
    """`says` is the statement that is true or not. `since` says where it changed, for people; nothing depends on it."""

    name: str
    says: str
    topology: Topology
    story: tuple[Step, ...]
    yes: Expectation
    no: Expectation
    since: str = ""


@dataclass(frozen=True, slots=True)
class Probed:
    """A trait that was tried: whether this kernel has it, and what was seen."""

    trait: Trait
    holds: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to one question about the kernel. `holds` is None where there is none, and then `seen` says why.

    `broken` is true where it was the lab that failed, and not that this machine lacks a program.
    """

    name: str
    says: str
    holds: bool | None
    seen: str
    broken: bool = False


def path(mtu: int, family: Family = IPV4) -> Topology:
    """a ──1500── r ──mtu── b"""
    return Topology((Host("a"), Router("r"), Host("b")), (Link("a", "r", 1500), Link("r", "b", mtu)), (family,))


def two_ways(mtu: int) -> Topology:
    """a ──1500── r1 ──mtu── b, and a ──1500── r2 ──mtu── b"""
    ways = ("r1", "r2")
    links = (*(Link("a", r, 1500) for r in ways), *(Link(r, "b", mtu) for r in ways))
    return Topology((Host("a"), *map(Router, ways), Host("b")), links)


UDP, UDP6, AT_LARGE = Udp("a", "b", DO), Udp("a", "b", DO, IPV6), Udp("a", "b", INTERFACE)
FULL = 1472  # octets of payload: 1500 with the headers of UDP and IPv4
SHARED = "192.0.2.1"
"""An address of b's that a reaches by both ways at once."""

ICMP_BUDGET = "/proc/sys/net/ipv4/icmp_msgs_per_sec"
WORDED = "sed 's/^/ways that hold it: /'"

BY_BOTH_WAYS: tuple[Step, ...] = (
    Configure("b", f"ip address add {SHARED}/32 dev lo"),
    *(Configure(r, f"ip route add {SHARED} via $b.{r}") for r in ("r1", "r2")),
    Configure("a", f"ip route add {SHARED} nexthop via $r1.a nexthop via $r2.a"),
    Send(Udp("a", "b", DO, address=SHARED), FULL),
    # Each route is asked for by the way that it leads: the listing has only what was looked up.
    Run("a", ("sh", "-c", f"for way in r1 r2; do ip route get {SHARED} oif $$way; done | grep -c 'mtu 1400' | {WORDED}")),
)
SEND_TOO_LONG = """
import errno, socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
    receiver.bind(('::1', 0))
    sender.setsockopt(socket.IPPROTO_IPV6, 23, 2)  # IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO
    sender.connect(receiver.getsockname())
    try:
        print('65528:', 'sent' if sender.send(bytes(65528)) else 'not')
    except OSError as error:
        print('65528:', errno.errorcode[error.errno])
"""
TOO_LONG: tuple[Step, ...] = (Configure("a", "ip link set lo mtu 65576"), Run("a", ("python3", "-c", SEND_TOO_LONG)))
NOBODYS: tuple[Step, ...] = (
    # Without an address of its own r neither answers ARP nor has a route to its neighbours: both are written down.
    Configure("a", "ip neighbour replace $r.a lladdr $r.a.mac dev r nud permanent"),
    Configure("r", "ip address flush dev a\nip address flush dev b\nip route add $a dev a\nip route add $b dev b"),
    Send(UDP, FULL),
)

TRAITS = {
    trait.name: trait
    for trait in (
        Trait(
            "exception-needs-socket",
            "a PTB about a UDP datagram makes a route exception only where a socket matches it",
            path(1500),
            (Send(Udp("a", "b"), 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b"))),
            yes=NothingLearned(at="a", to="b"),
            no=PathMtu(1300, at="a", to="b"),
            since="no longer so from 6.12.115",
        ),
        Trait(
            "exception-needs-socket-v6",
            "an ICMPv6 PTB about a UDP datagram makes a route exception only where a socket matches it",
            path(1500, IPV6),
            (Send(UDP6, 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b"), family=IPV6)),
            yes=NothingLearned(at="a", to="b"),
            no=PathMtu(1300, at="a", to="b"),
            since="no longer so from 6.12.117",
        ),
        Trait(
            "interface-mode-learns-nothing",
            "a PTB about a datagram of an IP_PMTUDISC_INTERFACE socket makes no route exception",
            path(1500),
            (Send(AT_LARGE, 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b", flow=AT_LARGE))),
            yes=NothingLearned(at="a", to="b"),
            no=PathMtu(1300, at="a", to="b"),
            since="3.14; no longer so from 6.12.115",
        ),
        Trait(
            "syn-mss-follows-path-mtu",
            "a SYN announces what the learned path MTU leaves room for, and not what the interface does",
            path(1300),
            (Send(UDP, FULL), Send(Tcp("a", "b"), KIB)),
            yes=AdvertisedMss(1260, by="a"),
            no=AdvertisedMss(1460, by="a"),
            since="no longer so from 6.12.111",
        ),
        Trait(
            "below-min-pmtu-locks",
            "a path MTU below net.ipv4.route.min_pmtu is held at that, and locked",
            path(400),
            (Send(Udp("a", "b", WANT), FULL),),
            yes=PathMtu(552, at="a", to="b", locked=True),
            no=PathMtu(552, at="a", to="b", locked=False),
            since="4.16, and 4.14.83",
        ),
        Trait(
            "locked-clears-df",
            "where the path MTU is locked, a socket that wants discovery sends without DF",
            path(400),
            (Send(Udp("a", "b", WANT), FULL), Send(Udp("a", "b", WANT), 524)),
            yes=Leaves(552, by="a", df=False),
            no=Leaves(552, by="a", df=True),
            since="4.16, and 4.14.83",
        ),
        Trait(
            "flush-unlocks",
            "a flush of the route cache forgets the lock together with the path MTU",
            path(400),
            (Send(Udp("a", "b", WANT), FULL), FlushRouteCache(), SetMtu("r", "b", 600), Send(Udp("a", "b", WANT), FULL)),
            yes=PathMtu(600, at="a", to="b", locked=False),
            no=PathMtu(600, at="a", to="b", locked=True),
            since="2018",
        ),
        Trait(
            "min-pmtu-per-namespace",
            "net.ipv4.route.min_pmtu is a setting of each network namespace",
            path(400),
            (Run("a", ("sh", "-c", "echo 300 >/proc/sys/net/ipv4/route/min_pmtu")), Send(Udp("a", "b", WANT), FULL)),
            yes=PathMtu(400, at="a", to="b", locked=False),
            no=PathMtu(552, at="a", to="b", locked=True),
            since="5.18, and 5.15 from 2025",
        ),
        Trait(
            "ptb-cannot-raise",
            "a PTB that says more than the learned path MTU does not raise it",
            path(1300),
            (Send(UDP, FULL), ForgePtb("r", to="a", mtu=1400, quote=Quote(to="b", flow=UDP))),
            yes=PathMtu(1300, at="a", to="b"),
            no=PathMtu(1400, at="a", to="b"),
            since="4.20",
        ),
        Trait(
            "first-hop-moves-exceptions",
            "a smaller MTU of the first hop pulls down the learned path MTUs behind it",
            path(1300),
            (Send(UDP, FULL), SetMtu("a", "r", 1200)),
            yes=PathMtu(1200, at="a", to="b"),
            no=PathMtu(1300, at="a", to="b"),
            since="4.20",
        ),
        Trait(
            "exceptions-listed",
            "the kernel lists its route exceptions (ip route show cache)",
            path(1300),
            (Send(UDP, FULL),),
            yes=PathMtu(1300, at="a", to="b"),
            no=NothingLearned(at="a", to="b"),
            since="5.3",
        ),
        Trait(
            "multipath-ptb-marks-all-nexthops",
            "one PTB makes a route exception at every nexthop of a multipath route",
            two_ways(1400),
            BY_BOTH_WAYS,
            yes=Prints("ways that hold it: 2", "ip-route(8)"),
            no=Prints("ways that hold it: 1", "ip-route(8)"),
            since="6.13, and 6.12.16",
        ),
        Trait(
            "v6-refuses-what-its-length-cannot-say",
            "a UDP datagram that IPv6's length field cannot express is refused, however large the loopback's MTU is",
            path(1500, IPV6),
            TOO_LONG,
            yes=Prints("65528: EMSGSIZE", "ipv6(7)"),
            no=Prints("65528: sent", "ipv6(7)"),
        ),
        Trait(
            "v6-ignores-ptb-below-1280",
            "an ICMPv6 PTB that says less than 1280 is ignored, and not taken for 1280",
            path(1500, IPV6),
            (Send(UDP6, 100), ForgePtb("r", to="a", mtu=1279, quote=Quote(to="b", flow=UDP6), family=IPV6)),
            yes=NothingLearned(at="a", to="b"),
            no=PathMtu(1280, at="a", to="b"),
            since="4.15, and 4.14.15",
        ),
        Trait(
            "forwarding-honours-route-mtu",
            "a router holds what it forwards against the MTU of its route, and not the interface's alone",
            path(1500),
            (AddRoute("r", to="b", mtu=1300), Send(UDP, FULL)),
            yes=TooBig(by="r", to="a", mtu=1300),
            no=Delivered(FULL, to="b"),
            since="5.9",
        ),
        Trait(
            "forwarded-counts-before-mtu-test",
            "Ip.ForwDatagrams counts also what a router then drops as too big",
            path(1300),
            (Send(UDP, FULL),),
            yes=Counts("r", (("Ip.FragFails", 1), ("Ip.ForwDatagrams", 1))),
            no=Counts("r", (("Ip.FragFails", 1), ("Ip.ForwDatagrams", 0))),
            since="6.6 or 6.7",
        ),
        Trait(
            "icmp-budget-per-namespace",
            "the limit of ICMP messages a second (net.ipv4.icmp_msgs_per_sec) is one of each network namespace",
            path(1500),
            (Run("r", ("sh", "-c", f"(echo 1000 >{ICMP_BUDGET}) 2>/dev/null && echo set here || echo not here")),),
            yes=Prints("set here", "icmp(7)"),
            no=Prints("not here", "icmp(7)"),
            since="6.12",
        ),
        Trait(
            "error-from-192.0.0.8",
            "a router without an IPv4 address sends its ICMP errors from 192.0.0.8, and not from 0.0.0.0",
            path(1300),
            NOBODYS,
            yes=TooBig(by="r", to="a", mtu=1300, source="192.0.0.8"),
            no=TooBig(by="r", to="a", mtu=1300, source="0.0.0.0"),
            since="5.13",
        ),
    )
}
