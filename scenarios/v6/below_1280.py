"""A link whose MTU goes below 1280 is no link for IPv6 any more.

    client ──1500── r1 ──1500── server

IPv6 requires of every link an MTU of 1280 or more (RFC 8200 §5). So at 1279 addrconf_notify() takes IPv6 off the interface: its
addresses are gone, its routes, and its settings under /proc/sys. IPv4 stays. Back at 1280, IPv6 comes back with nothing but a new
link-local address. What an administrator had given it, he has to give it again.
"""

from lab.judge.expect import Delivered, Exits, NothingLearned, NoTooBig, Prints, PrintsLines
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Echo
from lab.model.story import Configure, Run, Send, SetMtu, Sysctl
from lab.model.topology import IPV4, IPV6
from topologies import chain

echo, echo6 = Echo("client", "server"), Echo("client", "server", family=IPV6)
ADDRESSES = Run("client", "ip -6 -oneline address show dev r1")
SETTINGS = Run("client", "test -e /proc/sys/net/ipv6/conf/r1")
PING = Run("client", "ping -c1 -W1 $server.ipv6")
# The lab gives interfaces the addresses that are planned, and keeps the kernel from making up any: here it may.
AS_USUAL = tuple(Sysctl(node, "net.ipv6.conf.default.addr_gen_mode", 0) for node in ("client", "r1"))

scenario = Scenario(
    name="below-1280",
    title="A link below 1280 loses IPv6, and keeps IPv4",
    topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV4, IPV6)),
    acts=(
        Act(
            "at 1500",
            story=(Send(echo, 1000), Send(echo6, 1000), ADDRESSES, SETTINGS),
            expect=(
                Delivered(1000, to="server"),
                Delivered(1000, to="server", send=2),
                NoTooBig(to="client", octets=1000),
                NothingLearned(at="client", to="server"),
                Prints("inet6 fd00::1/64", "ip-address(8)"),
                PrintsLines(2, "ip-address(8)"),
                Exits(0, "test(1)", run=2),
            ),
        ),
        Act(
            "at 1279",
            story=(*AS_USUAL, SetMtu("client", "r1", 1279), ADDRESSES, SETTINGS, PING, Send(echo, 1000)),
            expect=(
                PrintsLines(0, "ip-address(8)"),
                Exits(1, "test(1)", run=2),
                Prints("Network is unreachable", "ping(8)", run=3),
                Delivered(1000, to="server"),
            ),
        ),
        Act(
            "at 1280 again",
            story=(SetMtu("client", "r1", 1280), ADDRESSES, SETTINGS, PING),
            expect=(
                PrintsLines(1, "ip-address(8)"),
                Prints("inet6 fe80::", "ip-address(8)"),
                Exits(0, "test(1)", run=2),
                Prints("Network is unreachable", "ping(8)", run=3),
            ),
        ),
        Act(
            "with addresses and a route again",
            story=(
                Configure("r1", "ip address add $r1.client.ipv6/64 dev client nodad"),
                Configure(
                    "client",
                    """
                    ip address add $client.ipv6/64 dev r1 nodad
                    ip route add default via $r1.client.ipv6
                    """,
                ),
                Send(echo6, 1232),
            ),
            expect=(Delivered(1232, to="server"), NoTooBig(to="client", octets=1280), NothingLearned(at="client", to="server")),
        ),
    ),
)
