"""A router advertisement may lower the MTU of a whole link, for IPv6, and any neighbour may send one.

    client ──1500── r1 ──1500── server

Its MTU option is believed from 1280 up to what the interface takes (ndisc_router_discovery(), accept_ra_mtu): here 1492. Nothing
is lost by it, and no exception made: new segments and announcements are smaller, and the connection's old segments still pass.
What is below 1280, or above the interface's own MTU, changes nothing.
"""

from lab.judge.expect import AdvertisedMss, Delivered, Leaves, Mss, NothingLearned, NoTooBig, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import Run, Send
from lab.model.topology import IPV6
from topologies import chain

ADVERTISE = """
import socket, struct, sys
sock = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
index = socket.if_nametoindex('client')
sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
for mtu in map(int, sys.argv[1:]):
    # Type 134, no default router, and one option: type 5, the MTU. The kernel fills in the checksum.
    sock.sendto(struct.pack('!BBHBBHIIBBHI', 134, 0, 0, 64, 0, 0, 0, 0, 5, 1, 0, mtu), ('ff02::1', 0, 0, index))
"""
READ = "cat /proc/sys/net/ipv6/conf/r1/mtu"

stream = Tcp("client", "server", family=IPV6)


def advertise(*mtus: int) -> Run:
    return Run("r1", ("python3", "-c", ADVERTISE, *map(str, mtus)))


scenario = Scenario(
    name="router-advertisement",
    title="A router advertisement with an MTU",
    topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV6,)),
    acts=(
        Act(
            "1279 and 1501, which are not believed",
            story=(advertise(1279, 1501), Run("client", READ), Send(stream, 3000)),
            expect=(
                Prints("1500", "ipv6(7)", run=2),
                AdvertisedMss(1440, by="client"),
                Leaves(1500, by="client", df=None),
                Mss(1428, at="client"),
                Delivered(3000, to="server"),
            ),
        ),
        Act(
            "1492, while a connection is there",
            story=(Send(stream, 3000), advertise(1492), Run("client", READ), Send(stream, 3000)),
            expect=(
                Prints("1492", "ipv6(7)", run=2),
                AdvertisedMss(1440, by="client"),
                Leaves(1492, by="client", df=None),
                Mss(1420, at="client"),
                NoTooBig(to="client", octets=1492),
                NothingLearned(at="client", to="server"),
                Delivered(3000, to="server", send=2),
            ),
        ),
        Act(
            "a new connection",
            story=(Send(stream, 3000),),
            expect=(AdvertisedMss(1432, by="client"), Mss(1420, at="client"), Delivered(3000, to="server")),
        ),
    ),
    covers=("nplab/icmpv6-ra",),
)
