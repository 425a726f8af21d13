"""The largest datagrams that there are, from a host to itself, where only the numbers in the headers limit them.

    client ──1500── r1 ──1500── server

The loopback device has an MTU of 65536. IPv4's length field ends at 65535, and so does the path MTU that a socket reads
(ip_dst_mtu() is clamped to IP_MAX_MTU): 65507 of payload. IPv6's counts from behind its header, so that only a socket that must
not fragment is held to the 65536, and others to what UDP's own length field holds: 65527. A loopback device of 1500 makes
fragments as any other.

Where a mode goes by the device alone, and that takes more than a header can say, send() succeeds and nothing arrives: in mode
INTERFACE over IPv4, and with a loopback device of 65576 over IPv6.
"""

from lab.judge.expect import Counts, Expectation, IfTrait, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, INTERFACE, OMIT, PROBE, WANT, PmtuDisc
from lab.model.story import Configure, Run
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

PROGRAM = """
import errno, socket, sys
host, wait, sizes = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
family, level, discover, mtu = (socket.AF_INET6, 41, 23, 24) if ':' in host else (socket.AF_INET, 0, 10, 14)
receiver = socket.socket(family, socket.SOCK_DGRAM)
receiver.bind((host, 0))
receiver.settimeout(wait)
for mode, size in (map(int, stated.split(':')) for stated in sizes):
    sender = socket.socket(family, socket.SOCK_DGRAM)
    sender.setsockopt(level, discover, mode)
    sender.connect(receiver.getsockname())
    print('path MTU', sender.getsockopt(level, mtu))
    try:
        print(f'mode {mode}:', sender.send(bytes(size)), 'sent,', len(receiver.recv(1 << 17)), 'received')
    except OSError as error:
        print(f'mode {mode}:', size, errno.errorcode.get(error.errno, error))
"""
HOST = {IPV4: "127.0.0.1", IPV6: "::1"}
PAGE = {IPV4: "ip(7)", IPV6: "ipv6(7)"}
MOST = {
    IPV4: {DONT: 65507, WANT: 65507, DO: 65507, PROBE: 65507, OMIT: 65507},
    IPV6: {DONT: 65527, WANT: 65527, DO: 65488, PROBE: 65488, INTERFACE: 65488, OMIT: 65527},
}
"""The most octets of payload that each mode sends."""


def to_itself(family: Family, *sizes: tuple[PmtuDisc, int], wait: float = 5) -> Run:
    return Run("client", ("python3", "-c", PROGRAM, HOST[family], str(wait), *(f"{int(mode)}:{size}" for mode, size in sizes)))


def passes(mode: PmtuDisc, octets: int, family: Family) -> Expectation:
    return Prints(f"mode {int(mode)}: {octets} sent, {octets} received", PAGE[family])


def refused(mode: PmtuDisc, octets: int, family: Family) -> Expectation:
    return Prints(f"mode {int(mode)}: {octets} EMSGSIZE", PAGE[family])


def lost(mode: PmtuDisc, octets: int, family: Family) -> Expectation:
    return Prints(f"mode {int(mode)}: {octets} timed out", PAGE[family])


def reads(mtu: int, family: Family) -> Expectation:
    return Prints(f"path MTU {mtu}", PAGE[family])


def largest(family: Family) -> Act:
    most = MOST[family]
    return Act(
        "the largest, and one octet more, in each mode",
        story=(to_itself(family, *((mode, size) for mode in most for size in (most[mode], most[mode] + 1))),),
        expect=(
            reads(65535 if family == IPV4 else 65536, family),
            *(passes(mode, most[mode], family) for mode in most),
            *(refused(mode, most[mode] + 1, family) for mode in most),
        ),
    )


scenarios = (
    Scenario(
        name="loopback",
        title="The largest datagrams to oneself",
        topology=chain("client", "r1", "server", mtus=(1500, 1500)),
        acts=(
            largest(IPV4),
            Act(
                "IP_PMTUDISC_INTERFACE, which goes by the device's 65536",
                story=(to_itself(IPV4, (INTERFACE, 65507), (INTERFACE, 65508), wait=0.2),),
                expect=(
                    passes(INTERFACE, 65507, IPV4),
                    IfTrait("refuses-what-its-length-cannot-say", refused(INTERFACE, 65508, IPV4), lost(INTERFACE, 65508, IPV4)),
                ),
            ),
            Act(
                "a loopback device that takes more than IPv4 can say",
                story=(Configure("client", "ip link set lo mtu 65556"), to_itself(IPV4, (PROBE, 65507), (PROBE, 65528))),
                expect=(reads(65535, IPV4), passes(PROBE, 65507, IPV4), refused(PROBE, 65528, IPV4)),
            ),
        ),
        covers=("cork_fragsize.py/test_udp_ipv4",),
    ),
    Scenario(
        name="loopback-v6",
        title="The largest datagrams to oneself, IPv6",
        topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,)),
        acts=(
            largest(IPV6),
            Act(
                "a loopback device of 1500",
                story=(Configure("client", "ip link set lo mtu 1500"), to_itself(IPV6, (WANT, 8192))),
                expect=(
                    reads(1500, IPV6),
                    passes(WANT, 8192, IPV6),
                    Counts(at="client", counters=(("Ip6.FragCreates", 6), ("Ip6.ReasmOKs", 1))),  # 8200 / 1448, rounded up
                ),
            ),
            Act(
                "a loopback device that takes more than IPv6 can say",
                story=(Configure("client", "ip link set lo mtu 65576"), to_itself(IPV6, (DO, 65488), (DO, 65528), wait=0.2)),
                expect=(
                    IfTrait("v6-refuses-what-its-length-cannot-say", reads(65575, IPV6), reads(65576, IPV6)),
                    passes(DO, 65488, IPV6),
                    # 65528 and 8 of UDP are 65536, and the length field ends at 65535: send() succeeds, and nothing arrives.
                    IfTrait("v6-refuses-what-its-length-cannot-say", refused(DO, 65528, IPV6), lost(DO, 65528, IPV6)),
                ),
            ),
        ),
        covers=("ipv6_fragmentation.c/ipv6_fragmentation", "cork_fragsize.py/test_udp_ipv6", "bugs/24"),
    ),
)
