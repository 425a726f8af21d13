"""Two routes to one server, chosen by DSCP, and a path MTU for each.

    client ──2000── r1 ──1400── server
    client ──2000── r2 ──1500── server

A rule sends packets with DSCP 1 (dsfield 0x04) by r2. Which route a PTB is about, the client finds out by the quoted packet's
own dsfield, less its two ECN bits (ipv4_sk_update_pmtu() looks the route up by that header): so 0x04 and 0x06 are the same
route, and the news lands there and not at the other.
"""

from lab.judge.expect import Dropped, Leaves, PathMtu, Prints, PrintsLines, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.story import Configure, FlushRouteCache, Run, Step
from lab.model.topology import Host, Link, Router, Topology

LINKS = (Link("client", "r1", 2000), Link("r1", "server", 1400), Link("client", "r2", 2000), Link("r2", "server", 1500))
TOPOLOGY = Topology((Host("client"), Router("r1"), Router("r2"), Host("server")), LINKS)

RULED: tuple[Step, ...] = (
    Configure("r2", "ip route replace $server via $server.r2\nip route replace $client via $client.r2"),
    Configure("client", "ip rule add dsfield 0x04 table 100\nip route add default via $r2.client dev r2 src $client table 100"),
)
UDP = """
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
sender.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR: an error may be waited for
sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(sys.argv[2], 16))
sender.settimeout(1)
sender.connect((sys.argv[1], 7))
sender.send(bytes(1972))
try:
    sender.recv(1)
except OSError as error:
    print(error)
"""


def sent(by: str, dsfield: str) -> Run:
    ping = f"ping -n -c 1 -W 1 -M want -Q {dsfield} -s 1972 $server"
    return Run("client", ping if by == "ping" else ("python3", "-c", UDP, "$server", dsfield))


def learned(packets: str = "") -> Run:
    """Prints what is known of the route that such packets take; nothing where no path MTU is."""
    return Run("client", ("sh", "-c", f"ip route get $server{packets} | grep mtu || true"))


def by_dscp(by: str, dsfield: str) -> Scenario:
    marked, unmarked = learned(" dsfield 0x04"), learned()
    return Scenario(
        name=f"by-dscp-{by}-{dsfield}",
        title=f"A path MTU for each of two routes, {'ping' if by == 'ping' else 'UDP'} with dsfield {dsfield}",
        topology=TOPOLOGY,
        acts=(
            Act(
                "by the rule's route",
                story=(*RULED, sent(by, dsfield), marked, unmarked),
                expect=(
                    Leaves(2000, by="client", df=True),
                    Dropped(2000, at="r2"),
                    TooBig(by="r2", to="client", mtu=1500),
                    PathMtu(1500, at="client", to="server"),
                    Prints("mtu 1500", "ip-route(8)", run=2),
                    PrintsLines(0, "ip-route(8)", run=3),
                ),
            ),
            Act(
                "by the other",
                story=(FlushRouteCache(), sent(by, "0x00"), unmarked, marked),
                expect=(
                    Leaves(2000, by="client", df=True),
                    Dropped(2000, at="r1"),
                    TooBig(by="r1", to="client", mtu=1400),
                    PathMtu(1400, at="client", to="server"),
                    Prints("mtu 1400", "ip-route(8)", run=2),
                    PrintsLines(0, "ip-route(8)", run=3),
                ),
            ),
        ),
        covers=(f"pmtu.sh/pmtu_ipv4_dscp_{'icmp' if by == 'ping' else 'udp'}_exception", "bugs/10"),
    )


scenarios = tuple(by_dscp(by, dsfield) for by in ("ping", "udp") for dsfield in ("0x04", "0x06"))
