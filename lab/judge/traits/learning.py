"""What a host learns from a PTB, where it keeps it, and what it takes for a lie."""

from __future__ import annotations

from lab.judge.expect.programs import Prints
from lab.judge.expect.sender import NothingLearned, PathMtu
from lab.judge.traits.networks import AS_WANTED, FULL, FULL6, UDP, UDP6, path, two_ways
from lab.judge.traits.trait import Trait
from lab.model.flow import DO, INTERFACE, Udp
from lab.model.rfc import Kernel
from lab.model.story import Configure, FlushRouteCache, ForgePtb, Quote, Run, Send, SetMtu, Step, Sysctl
from lab.model.topology import IPV6

AT_LARGE = Udp("a", "b", INTERFACE)
SHARED = "192.0.2.1"
"""An address of b's that a reaches by both ways at once."""

WORDED = "sed 's/^/ways that hold it: /'"

BY_BOTH_WAYS: tuple[Step, ...] = (
    Configure("b", f"ip address add {SHARED}/32 dev lo"),
    *(Configure(r, f"ip route add {SHARED} via $b.{r}") for r in ("r1", "r2")),
    # Which way the datagram goes is drawn at each boot. It comes from the first address of a, to which r2 has no way back.
    Configure("r2", "ip route add $a via $a.r2"),
    Configure("a", f"ip route add {SHARED} nexthop via $r1.a nexthop via $r2.a"),
    Send(Udp("a", "b", DO, address=SHARED), FULL),
    # Each route is asked for by the way that it leads: the listing has only what was looked up.
    Run("a", ("sh", "-c", f"for way in r1 r2; do ip route get {SHARED} oif $$way; done | grep -c 'mtu 1400' | {WORDED}")),
)

SHARED6 = "2001:db8::9"
"""The same, in IPv6."""
BY_PORTS = tuple(Udp("a", "b", DO, IPV6, address=SHARED6, number=number) for number in range(1, 25))
"""That the hash of their ports sends all of these by one way happens once in 8 million runs."""
SPREAD6: tuple[Step, ...] = (
    Configure("b", f"ip address add {SHARED6}/128 dev lo nodad"),
    *(Configure(r, f"ip route add {SHARED6} via $b.{r}") for r in ("r1", "r2")),
    Configure("r2", "ip route add $a via $a.r2"),
    Configure("a", f"ip route add {SHARED6} nexthop via $r1.a nexthop via $r2.a"),
    Sysctl("a", "net.ipv6.fib_multipath_hash_policy", 1),
    *(Send(flow, FULL6) for flow in BY_PORTS for _ in range(2)),
    Run("a", ("sh", "-c", f"for way in r1 r2; do ip route get {SHARED6} oif $$way; done | grep -c 'mtu 1400' | {WORDED}")),
)

LEARN_MANY = """
import socket, struct

MANY, SEVERAL = 16384, 6 * 2048  # so many are told, to 2048 buckets (FNHE_HASH_SIZE), which held six each
own = socket.inet_aton('$a')

def address(number):
    return struct.pack('!BBH', 198, 18, number)

def ptb(number, checksum):
    quoted = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 1500, 0, 0x4000, 64, 1, 0, own, address(number))
    # An echo reply needs no socket. Its identifier and number make up for the address: all have one checksum.
    reply = struct.pack('!BBH', 0, 0, 0) + bytes(255 - octet for octet in address(number))
    return struct.pack('!BBHHH', 3, 4, checksum, 0, 1300) + quoted + reply

total = sum(struct.unpack('!18H', ptb(0, 0)))
total = (total & 0xFFFF) + (total >> 16)
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
    for number in range(MANY):
        sender.sendto(ptb(number, 0xFFFF - total), ('$a', 0))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    held = 0
    for number in range(MANY):
        asking.connect((socket.inet_ntoa(address(number)), 9))
        held += asking.getsockopt(socket.IPPROTO_IP, 14) == 1300  # IP_MTU
# Nobody need list so many again.
with open('/proc/sys/net/ipv4/route/flush', 'w') as flush:
    flush.write('1')
print(f'of {MANY} path MTUs', f'more than {SEVERAL} are held' if held > SEVERAL else f'{held} are held, and no more')
"""
MANY_LEARNED: tuple[Step, ...] = (
    Configure("a", "ip route add 198.18.0.0/16 via $r.a"),
    Run("a", ("python3", "-c", LEARN_MANY), within=120),
)

LEARNING = (
    Trait(
        "exception-needs-socket",
        "a PTB about a UDP datagram makes a route exception only where a socket matches it",
        path(1500),
        (Send(Udp("a", "b"), 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b"))),
        yes=NothingLearned(at="a", to="b"),
        no=PathMtu(1300, at="a", to="b"),
        cites=Kernel("ipv4_sk_update_pmtu", "net/ipv4/route.c"),
        since="no longer so from 6.12.115, and in 6.1.192",
    ),
    Trait(
        "exception-needs-socket-v6",
        "an ICMPv6 PTB about a UDP datagram makes a route exception only where a socket matches it",
        path(1500, IPV6),
        (Send(UDP6, 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b"), family=IPV6)),
        yes=NothingLearned(at="a", to="b"),
        no=PathMtu(1300, at="a", to="b"),
        cites=Kernel("ip6_sk_update_pmtu", "net/ipv6/route.c"),
        since="no longer so from 6.12.117",
    ),
    Trait(
        "interface-mode-learns-nothing",
        "a PTB about a datagram of an IP_PMTUDISC_INTERFACE socket makes no route exception",
        path(1500),
        (Send(AT_LARGE, 100), ForgePtb("r", to="a", mtu=1300, quote=Quote(to="b", flow=AT_LARGE))),
        yes=NothingLearned(at="a", to="b"),
        no=PathMtu(1300, at="a", to="b"),
        cites=Kernel("ipv4_sk_update_pmtu", "net/ipv4/route.c"),
        since="3.14; no longer so from 6.12.115, and in 6.1.192",
    ),
    Trait(
        "below-min-pmtu-locks",
        "a path MTU below net.ipv4.route.min_pmtu is held at that, and locked",
        path(400),
        (Send(AS_WANTED, FULL),),
        yes=PathMtu(552, at="a", to="b", locked=True),
        no=PathMtu(552, at="a", to="b", locked=False),
        cites=Kernel("__ip_rt_update_pmtu", "net/ipv4/route.c"),
        since="4.16, and 4.14.83",
    ),
    Trait(
        "flush-unlocks",
        "a flush of the route cache forgets the lock together with the path MTU",
        path(400),
        (Send(AS_WANTED, FULL), FlushRouteCache(), SetMtu("r", "b", 600), Send(AS_WANTED, FULL)),
        yes=PathMtu(600, at="a", to="b", locked=False),
        no=PathMtu(600, at="a", to="b", locked=True),
        cites=Kernel("update_or_create_fnhe", "net/ipv4/route.c"),
        since="2018",
    ),
    Trait(
        "ptb-cannot-raise",
        "a PTB that says more than the learned path MTU does not raise it",
        path(1300),
        (Send(UDP, FULL), ForgePtb("r", to="a", mtu=1400, quote=Quote(to="b", flow=UDP))),
        yes=PathMtu(1300, at="a", to="b"),
        no=PathMtu(1400, at="a", to="b"),
        cites=Kernel("__ip_rt_update_pmtu", "net/ipv4/route.c"),
        since="4.20",
    ),
    Trait(
        "v6-ignores-ptb-below-1280",
        "an ICMPv6 PTB that says less than 1280 is ignored, and not taken for 1280",
        path(1500, IPV6),
        (Send(UDP6, 100), ForgePtb("r", to="a", mtu=1279, quote=Quote(to="b", flow=UDP6), family=IPV6)),
        yes=NothingLearned(at="a", to="b"),
        no=PathMtu(1280, at="a", to="b"),
        cites=Kernel("__ip6_rt_update_pmtu", "net/ipv6/route.c"),
        since="4.15, and 4.14.15",
    ),
    Trait(
        "first-hop-moves-exceptions",
        "a smaller MTU of the first hop pulls down the learned path MTUs behind it",
        path(1300),
        (Send(UDP, FULL), SetMtu("a", "r", 1200)),
        yes=PathMtu(1200, at="a", to="b"),
        no=PathMtu(1300, at="a", to="b"),
        cites=Kernel("fib_nhc_update_mtu", "net/ipv4/fib_semantics.c"),
        since="4.20",
    ),
    Trait(
        "exceptions-listed",
        "the kernel lists its route exceptions (ip route show cache)",
        path(1300),
        (Send(UDP, FULL),),
        yes=PathMtu(1300, at="a", to="b"),
        no=NothingLearned(at="a", to="b"),
        cites=Kernel("fib_dump_info_fnhe", "net/ipv4/route.c"),
        since="5.3",
    ),
    Trait(
        "multipath-ptb-marks-all-nexthops",
        "one PTB makes a route exception at every nexthop of a multipath route",
        two_ways(1400),
        BY_BOTH_WAYS,
        yes=Prints("ways that hold it: 2", "ip-route(8)"),
        no=Prints("ways that hold it: 1", "ip-route(8)"),
        cites=Kernel("__ip_rt_update_pmtu", "net/ipv4/route.c"),
        since="6.13, 6.12.16, and 6.1.176 or before",
    ),
    Trait(
        "v6-multipath-ptb-marks-its-way",
        "an ICMPv6 PTB about a UDP datagram makes a route exception at the nexthop that this went by",
        two_ways(1400, IPV6),
        SPREAD6,
        yes=Prints("ways that hold it: 2", "ip-route(8)"),
        no=Prints("ways that hold it: 1", "ip-route(8)"),
        cites=Kernel("ip6_update_pmtu", "net/ipv6/route.c"),
        since="between 6.1.192 and 6.12.118, and not in 6.18.44",
    ),
    Trait(
        "exceptions-bounded-by-chance",
        "how many route exceptions a bucket of their hash holds is drawn by chance, so that nobody can count them from afar",
        path(1500),
        MANY_LEARNED,
        yes=Prints("of 16384 path MTUs more than 12288 are held", "python3(1)"),
        no=Prints("are held, and no more", "python3(1)"),
        cites=Kernel("update_or_create_fnhe", "net/ipv4/route.c"),
        since="5.15",
    ),
)
"""Traits of hosts that are told."""
