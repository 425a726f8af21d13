"""A program that sends 65,000 octets in one datagram with DF, and asks why that failed.

    client ──1500── r1 ──1400── server

The socket option IP_MTU tells what the kernel believes of the path (ip(7)): at first the MTU of its own interface, 1500; and
1400 once a datagram that fits the interface has been answered by r1. To 127.0.0.1 there is no such limit: the device takes
65536, the IPv4 route 65535, the largest IPv4 packet, and so 65,000 octets go through.
"""

from lab.judge.expect import Delivered, Dropped, Exits, Leaves, NothingLarger, PathMtu, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Echo, Udp
from lab.model.story import Run, Send
from topologies import chain

BIG_SENDER = """
import socket, sys
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14  # linux/in.h
to, octets = sys.argv[1], int(sys.argv[2])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
    sender.connect((to, 1060))
    try:
        sender.send(b"#" * octets)
        print("it went out in one piece")
    except OSError as error:
        print("it did not leave:", error.strerror)
    print("Actual MTU:", sender.getsockopt(socket.IPPROTO_IP, IP_MTU))
"""
PAGE = "ip(7)"


def send(to: str, octets: int = 65000) -> Run:
    return Run("client", ("python3", "-c", BIG_SENDER, to, str(octets)))


scenario = Scenario(
    name="big-sender",
    title="65,000 octets in one datagram, and the MTU that they exceed",
    topology=chain("client", "r1", "server", mtus=(1500, 1400)),
    acts=(
        Act(
            "to another host",
            story=(send("$server"), Send(Echo("client", "server", discover=WANT), 56)),
            expect=(
                Prints("it did not leave: Message too long", PAGE),
                Prints("Actual MTU: 1500", PAGE),
                Exits(0, PAGE),
                NothingLarger(84, between=("client", "r1")),
                Delivered(56, to="server"),
            ),
        ),
        Act(
            "after r1 has spoken",
            story=(Send(Udp("client", "server", discover=WANT), 1472), send("$server")),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1400),
                PathMtu(1400, at="client", to="server"),
                Prints("it did not leave: Message too long", PAGE),
                Prints("Actual MTU: 1400", PAGE),
            ),
        ),
        Act(
            "to itself",
            story=(Run("client", "ip link show dev lo"), send("127.0.0.1"), send("127.0.0.1", 65508)),
            expect=(
                Prints("mtu 65536", "ip-link(8)", run=1),
                Prints("it went out in one piece", PAGE, run=2),
                Prints("Actual MTU: 65535", PAGE, run=2),
                Prints("it did not leave: Message too long", PAGE, run=3),  # 65507 is the most: 65535 less 28
                Prints("Actual MTU: 65535", PAGE, run=3),
            ),
        ),
    ),
)
