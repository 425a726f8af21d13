"""net.ipv4.ip_no_pmtu_disc: 0 is discovery on, and 1, 2 and 3 are three ways to switch it off.

    client ──1500── r1 ──1400── r2 ──1500── server

Whatever it is but 0, a new socket begins as IP_PMTUDISC_DONT, so its packets go without DF, and routers cut them up
(inet_create()). They differ in what becomes of a PTB that comes all the same, for a socket that has asked for IP_PMTUDISC_DO
(icmp_unreach()): 1 takes it, but as if it said 0, so that the path MTU is min_pmtu, 552, locked; 2 does not listen; 3 leaves it
to protocols that can tell a true PTB from a forged one, as TCP can by its sequence numbers, and UDP cannot.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    Fragments,
    Leaves,
    Mss,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Prints,
    RefusedHere,
    SocketMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, WANT, Tcp, Udp
from lab.model.story import KIB, FlushRouteCache, Run, Send, Sysctl
from topologies import chain

MODE = """
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as new:
    print("IP_MTU_DISCOVER is", new.getsockopt(socket.IPPROTO_IP, 10))
"""
PAGE = "ip(7)"
insists, plain, determined = Udp("client", "server", discover=DO), Tcp("client", "server"), Tcp("client", "server", discover=DO)

LARGE = 1472
SEGMENTS = 16 * 1448  # octets: all of a size, so that r1 cuts each alike
NOTHING = NothingLearned(at="client", to="server")
SEEN = (Leaves(1500, by="client", df=True), TooBig(by="r1", to="client", mtu=1400))
LEARNED = PathMtu(1400, at="client", to="server")
WAYS = {0: "is on", 1: "takes each PTB for 552", 2: "hears no PTB", 3: "hears TCP's PTBs only"}


def as_created(value: int) -> Act:
    """What a socket does that has asked for nothing."""
    off = value != 0
    expect: tuple[Expectation, ...] = (Prints(f"IP_MTU_DISCOVER is {(DONT if off else WANT).value}", PAGE),)
    if off:
        pieces = Fragments(by="r1", pieces=((1396, 0), (124, 1376)))
        expect += (Leaves(1500, by="client", df=False), pieces, NoTooBig(to="client", octets=1500), NOTHING, Mss(1448, at="client"))
    else:
        expect += (*SEEN, LEARNED, Mss(1348, at="client"), TcpPathMtu(1400, at="client"))
    story = (Sysctl("client", "net.ipv4.ip_no_pmtu_disc", value), Run("client", ("python3", "-c", MODE)), Send(plain, SEGMENTS))
    return Act("sockets as they are created", story, (*expect, Delivered(SEGMENTS, to="server")))


def datagrams(value: int) -> Act:
    """What a UDP socket in mode DO makes of the PTB."""
    then: dict[int, tuple[Expectation, ...]] = {
        0: (
            ErrorQueued(send=1, info=1400, offender="r1"),
            RefusedHere(send=2),
            SocketMtu(1400, send=3),
            LEARNED,
            Delivered(1372, to="server", send=3),
        ),
        1: (
            ErrorQueued(send=1, info=0, offender="r1"),
            RefusedHere(send=2),
            SocketMtu(552, send=3),
            PathMtu(552, at="client", to="server", locked=True),
            Delivered(524, to="server", send=3),
        ),
        2: (Dropped(1500, at="r1"), SocketMtu(1500, send=3), NOTHING, Delivered(1372, to="server", send=3)),
    }
    then[3] = then[2]
    last = 524 if value == 1 else 1372
    story = (FlushRouteCache(), Send(insists, LARGE), Send(insists, LARGE), Send(insists, last))
    return Act("datagrams with DF", story, (*SEEN, *then[value]))


def stream(value: int) -> Act:
    """What a TCP socket in mode DO makes of it: with 2 it would send the same again and again."""
    learned: tuple[Expectation, ...] = (LEARNED, TcpPathMtu(1400, at="client"), Mss(1348, at="client"))
    if value == 1:
        learned = (PathMtu(552, at="client", to="server", locked=True), TcpPathMtu(552, at="client"), Mss(500, at="client"))
    return Act(
        "a TCP transfer with DF",
        (FlushRouteCache(), Send(determined, 64 * KIB)),
        (*SEEN, *learned, Delivered(64 * KIB, to="server")),
    )


def no_pmtu_disc(value: int) -> Scenario:
    return Scenario(
        name=f"no-pmtu-disc-{value}",
        title=f"ip_no_pmtu_disc {value}: discovery {WAYS[value]}",
        topology=chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500)),
        acts=(as_created(value), datagrams(value), *((stream(value),) if value != 2 else ())),
        covers=("RHEL/ip_no_pmtu_disc_test",),
    )


scenarios = tuple(map(no_pmtu_disc, WAYS))
