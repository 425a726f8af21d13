"""The loopback takes 65536 octets, and an IPv4 path MTU is 65535.

    client ──1500── server

No IPv4 packet is larger than 65535 octets, so that is the path MTU whatever the device says (IP_MAX_MTU,
ip_dst_mtu_maybe_forward()); under IPv6, whose length field leaves its own 40 octets out, it is the device's 65536. tracepath
and the socket options IP_MTU and IPV6_MTU agree. One datagram has 65507 octets of payload at most under IPv4, and 65488 under
IPv6 where it may not be fragmented.
"""

from lab.judge.expect import Delivered, Exits, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import Run, Send
from lab.model.topology import IPV4, IPV6
from topologies import chain

MOST = """
import socket
for host, family, level, discover, mtu, most in (
    ("127.0.0.1", socket.AF_INET, socket.IPPROTO_IP, 10, 14, 65507),
    ("::1", socket.AF_INET6, socket.IPPROTO_IPV6, 23, 24, 65488),
):
    with socket.socket(family, socket.SOCK_DGRAM) as receiver, socket.socket(family, socket.SOCK_DGRAM) as sender:
        receiver.bind((host, 0))
        receiver.settimeout(2)
        sender.setsockopt(level, discover, 2)
        sender.connect(receiver.getsockname())
        print(host, "has a path MTU of", sender.getsockopt(level, mtu))
        print(host, "gets", len(receiver.recv(70000)) if sender.send(bytes(most)) else 0)
        try:
            sender.send(bytes(most + 1))
        except OSError as error:
            print(host, "refuses", most + 1, "as", error.strerror)
"""

scenario = Scenario(
    name="loopback-mtu",
    title="The loopback's MTU and its path MTU",
    topology=chain("client", "server", mtus=(1500,), families=(IPV4, IPV6)),
    acts=(
        Act(
            "as tools and sockets tell it",
            story=(
                Run("client", "ip link show dev lo"),
                Run("client", "tracepath -n 127.0.0.1"),
                Run("client", "tracepath -6 -n ::1"),
                Run("client", ("python3", "-c", MOST)),
                Send(Udp("client", "server"), 100),
            ),
            expect=(
                Prints("mtu 65536", "ip-link(8)", run=1),
                Prints("Resume: pmtu 65535 hops 1 back 1", "tracepath(8)", run=2),
                Prints("Resume: pmtu 65536 hops 1 back 1", "tracepath(8)", run=3),
                Prints("127.0.0.1 has a path MTU of 65535", "ip(7)", run=4),
                Prints("127.0.0.1 gets 65507", "ip(7)", run=4),
                Prints("127.0.0.1 refuses 65508 as Message too long", "ip(7)", run=4),
                Prints("::1 has a path MTU of 65536", "ipv6(7)", run=4),
                Prints("::1 gets 65488", "ipv6(7)", run=4),
                Prints("::1 refuses 65489 as Message too long", "ipv6(7)", run=4),
                Exits(0, "ip(7)", run=4),
                Delivered(100, to="server"),
            ),
        ),
    ),
)
