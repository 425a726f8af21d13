"""IP_MTU of a socket that sends nothing is what its old route says, and that may be anything, as low as 68.

    client ──1500── r1 ──1400── server

The socket keeps the route by which it last sent, and only sends look whether that still holds (ip4_datagram_release_cb(),
__sk_dst_check()). Under IPv4 the learned 1400 runs out on it, so it reads 1500; and when anybody looks the route up once more,
the kernel takes the old one out of service and points it at a device that swallows all, whose MTU is 68 (dst_dev_put()). Under
IPv6 it goes on to read 1400. One datagram later both are right again: send first, then ask.
"""

from lab.judge.expect import Delivered, NothingLearned, SocketMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import ReadSocket, Run, Send, Sysctl, Wait
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain


def case(family: Family, *, expired: int, replaced: int) -> Scenario:
    """What is read when the exception has expired, and when its route has been replaced."""
    ipv6 = family == IPV6
    flow = Udp("client", "server", DO, family)
    large = 1452 if ipv6 else 1472
    return Scenario(
        name="stale-mtu" + ("-v6" if ipv6 else ""),
        title="The path MTU that an idle socket reads" + (", IPv6" if ipv6 else ""),
        needs=() if ipv6 else ("mtu-expires-per-namespace",),
        topology=chain("client", "r1", "server", mtus=(1500, 1400), families=(family,)),
        acts=(
            Act(
                "a socket that is idle for longer than a path MTU lasts",
                story=(
                    Sysctl("client", f"net.{'ipv6' if ipv6 else 'ipv4'}.route.mtu_expires", 1),
                    Send(flow, large),
                    Wait(1.2),
                    ReadSocket(flow),
                    Run("client", "ip route get $server"),
                    ReadSocket(flow),
                    Send(flow, 10),
                ),
                expect=(
                    SocketMtu(1400, send=1),
                    SocketMtu(expired, send=2),
                    SocketMtu(replaced, send=3),
                    Delivered(10, to="server", send=4),
                    SocketMtu(1500, send=4),
                    NothingLearned(at="client", to="server"),
                ),
            ),
        ),
    )


scenarios = (case(IPV4, expired=1500, replaced=68), case(IPV6, expired=1400, replaced=1400))
