"""A hundred and one path MTUs are learned, listed, and flushed.

    client ──1500── r1 ──1400── server

The server has a hundred more addresses, and each has an exception of its own. `ip route list cache` prints one line for each of
them, and none after `ip route flush cache` (fib_dump_info_fnhe(), rt6_dump_route()): a dump that left some out would hide what
a host believes.
"""

from lab.judge.expect import CacheHolds, Exits, Leaves, NothingLearned, PathMtu, Prints, PrintsLines, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain

MORE = 100
PREFIX = {IPV4: "192.0.2.{}", IPV6: "2001:db8::{:x}"}
NETWORK = {IPV4: "192.0.2.0/24", IPV6: "2001:db8::/64"}

ASK_EACH = """
import socket, sys
family, level, discover, receive_errors = {
    "4": (socket.AF_INET, socket.IPPROTO_IP, 10, 11),
    "6": (socket.AF_INET6, socket.IPPROTO_IPV6, 23, 25),
}[sys.argv[1]]
for number in range(int(sys.argv[4])):
    address = sys.argv[3].format(1 + number)
    with socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(level, discover, 2)
        sender.setsockopt(level, receive_errors, 1)
        sender.settimeout(5)
        sender.connect((address, 7))
        sender.send(bytes(int(sys.argv[2])))
        try:
            sender.recv(1)
        except OSError as error:
            print(address, error.strerror)
"""


def cache_dump(family: Family) -> Scenario:
    octets = 1500 - (28 if family == IPV4 else 48)  # IP and UDP
    addresses = [PREFIX[family].format(1 + i) for i in range(MORE)]
    itself = Udp("client", "server", discover=DO, family=family)
    listed = Run("client", f"ip -{family.value} -oneline route list cache")
    return Scenario(
        name="cache-dump" + ("-v6" if family == IPV6 else ""),
        title="A hundred and one path MTUs, listed and flushed" + (", IPv6" if family == IPV6 else ""),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act(
                "learned, and listed",
                story=(
                    # Every address of that network is the server's own then.
                    Configure("server", f"ip route add local {NETWORK[family]} dev lo"),
                    Configure("r1", f"ip route add {NETWORK[family]} via $server"),
                    Run("client", ("python3", "-c", ASK_EACH, str(family.value), str(octets), PREFIX[family], str(MORE))),
                    Send(itself, octets),
                    listed,
                ),
                expect=(
                    Leaves(1500, by="client", df=True if family == IPV4 else None),
                    TooBig(by="r1", to="client", mtu=1400, times=1 + MORE),
                    PathMtu(1400, at="client", to="server"),
                    PathMtu(1400, at="client", to=addresses[0]),
                    PathMtu(1400, at="client", to=addresses[-1]),
                    CacheHolds(1 + MORE, at="client"),
                    Prints(f"{addresses[-1]} Message too long", "ip(7)", run=1),
                    PrintsLines(MORE, "ip(7)", run=1),
                    PrintsLines(1 + MORE, "ip-route(8)", run=2),
                ),
            ),
            Act(
                "flushed",
                story=(Run("client", f"ip -{family.value} route flush cache"), listed, Send(itself, 100)),
                expect=(
                    Exits(0, "ip-route(8)", run=1),
                    Exits(0, "ip-route(8)", run=2),
                    PrintsLines(0, "ip-route(8)", run=2),
                    NothingLearned(at="client", to="server"),
                    CacheHolds(0, at="client"),
                ),
            ),
        ),
        covers=(f"pmtu.sh/list_flush_ipv{family.value}_exception", "bugs/13"),
    )


scenarios = (cache_dump(IPV4), cache_dump(IPV6))
