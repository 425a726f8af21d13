"""Which values the socket options of path MTU discovery take, and what a new socket has.

    client ──1500── r1 ──1500── server

The modes are 0 to 5, and a new socket wants discovery (1). A socket without a peer has no route and so no path MTU to read.
IPV6_MTU may be 0, which is none, or from 1280 up, whatever the interface takes; IP_MTU cannot be set. TCP_MAXSEG may be 88 to
32767, or 0, and reads 536 before there is a connection (RFC 9293 §3.7.1; do_tcp_setsockopt()).
"""

from lab.judge.expect import Prints
from lab.judge.scenario import Act, Scenario
from lab.model.story import Run
from lab.model.topology import IPV4, IPV6
from topologies import chain

PROGRAM = """
import errno, socket, sys
def tried(call):
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]
for stated in sys.argv[1:]:
    name, level, option, values = stated.split(' ', 3)
    level, option = int(level), int(option)
    family = socket.AF_INET6 if level == 41 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if level == 6 else socket.SOCK_DGRAM)
    read = tried(lambda: sock.getsockopt(level, option, 32))  # IPV6_PATHMTU ends with the number, the others are nothing else
    print(name, 'reads', read if isinstance(read, str) else int.from_bytes(read[-4:], sys.byteorder))
    for value in map(int, values.split()):
        print(name, value, tried(lambda: sock.setsockopt(level, option, value)) or 'is taken')
"""
ALL_MODES = {-1: False, 0: True, 1: True, 2: True, 3: True, 4: True, 5: True, 6: False}
OPTIONS: dict[tuple[str, int, int], tuple[int | str, dict[int, bool], str]] = {
    ("IP_MTU_DISCOVER", 0, 10): (1, ALL_MODES, "ip(7)"),
    ("IPV6_MTU_DISCOVER", 41, 23): (1, ALL_MODES, "ipv6(7)"),
    ("IP_MTU", 0, 14): ("ENOTCONN", {}, "ip(7)"),
    ("IPV6_MTU", 41, 24): ("ENOTCONN", {-1: False, 0: True, 1: False, 1279: False, 1280: True, 65536: True}, "ipv6(7)"),
    ("IPV6_PATHMTU", 41, 61): ("ENOTCONN", {}, "ipv6(7)"),
    ("UDP_SEGMENT", 17, 103): (0, {-1: False, 0: True, 1: True, 65535: True, 65536: False}, "udp(7)"),
    ("TCP_MAXSEG", 6, 2): (536, {-1: False, 0: True, 1: False, 87: False, 88: True, 32767: True, 32768: False}, "tcp(7)"),
}
"""By an option's name, level and number: what a new socket reads, which values it takes, and where that is told."""

stated = tuple(f"{name} {level} {option} {' '.join(map(str, takes))}" for (name, level, option), (_, takes, _) in OPTIONS.items())

scenario = Scenario(
    name="option-values",
    title="The values of the socket options of path MTU discovery",
    topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV4, IPV6)),
    acts=(
        Act(
            "new sockets",
            story=(Run("client", ("python3", "-c", PROGRAM, *stated)),),
            expect=(
                *(Prints(f"{name} reads {reads}", page) for (name, _, _), (reads, _, page) in OPTIONS.items()),
                *(
                    Prints(f"{name} {value} {'is taken' if taken else 'EINVAL'}", page)
                    for (name, _, _), (_, takes, page) in OPTIONS.items()
                    for value, taken in takes.items()
                ),
            ),
        ),
    ),
)
