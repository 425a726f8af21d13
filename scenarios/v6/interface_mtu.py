"""net.ipv6.conf.IF.mtu: an MTU of IPv6's own on an interface.

    client ──1500── r1 ──1500── server

From 1280 to the device's MTU it can be anything, and what is outside is refused (addrconf_sysctl_mtu()). It lowers what IPv6
sends by that interface, the MSS that TCP announces among it, and nothing else: IPv4 keeps the device's MTU, and so does what
comes in. A change of the device's MTU sets it anew. `all` and `default` have the setting too, and it changes no interface.
"""

from lab.judge.expect import (
    AdvertisedMss,
    Delivered,
    ErrorQueued,
    Leaves,
    Mss,
    NothingLearned,
    NoTooBig,
    Prints,
    RefusedHere,
    SocketMtu,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo, Tcp, Udp
from lab.model.story import KIB, Run, Send, SetMtu, Step, Sysctl
from lab.model.topology import IPV4, IPV6
from topologies import chain

OF = "/proc/sys/net/ipv6/conf"
NOT_IN_ROUTES = Run("client", ("sh", "-c", "ip -6 route show | grep -c mtu | sed 's/^/routes with an mtu: /'"))


def tried(value: int) -> Step:
    return Run("client", ("sh", "-c", f"echo {value} 2>/dev/null >{OF}/r1/mtu && echo taken || echo refused; cat {OF}/r1/mtu"))


TRIED = {1279: "refused 1500", 1280: "taken 1280", 1499: "taken 1499", 1501: "refused 1499", 0: "refused 1499", 1500: "taken 1500"}

ipv4, ipv6 = Udp("client", "server", discover=DO), Udp("client", "server", discover=DO, family=IPV6)
stream = Tcp("client", "server", family=IPV6)

scenario = Scenario(
    name="interface-mtu",
    title="An interface's MTU for IPv6 alone",
    topology=chain("client", "r1", "server", mtus=(1500, 1500), families=(IPV4, IPV6)),
    acts=(
        Act(
            "what is taken, and what is refused",
            story=tuple(tried(value) for value in TRIED),
            expect=tuple(Prints(text, "proc(5)", run=run) for run, text in enumerate(TRIED.values(), 1)),
        ),
        Act(
            "datagrams at 1400",
            story=(
                Sysctl("client", "net.ipv6.conf.r1.mtu", 1400),
                *(Send(ipv6, octets) for octets in (1452, 1352)),
                Send(ipv4, 1472),
                NOT_IN_ROUTES,
            ),
            expect=(
                RefusedHere(send=1),
                ErrorQueued(send=1, info=1400, offender=None),
                Leaves(1400, by="client", df=None),
                SocketMtu(1400, send=2),
                Delivered(1352, to="server", send=2),
                Leaves(1500, by="client", df=True),
                Delivered(1472, to="server", send=3),
                NoTooBig(to="client", octets=1500),
                NothingLearned(at="client", to="server"),
                Prints("routes with an mtu: 0", "ip-route(8)"),
            ),
        ),
        Act(
            "a TCP transfer at 1400",
            story=(Send(stream, 64 * KIB),),
            expect=(
                AdvertisedMss(1340, by="client"),
                AdvertisedMss(1440, by="server"),
                Mss(1328, at="client"),  # 1400 - 60 of headers - 12 of timestamps
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "what comes in",
            story=(Send(Echo("server", "client", family=IPV6), 1452),),
            expect=(Leaves(1500, by="server", df=None), Delivered(1452, to="client")),  # and the reply is in fragments
        ),
        Act(
            "the device's MTU is changed, and changed back",
            story=(
                SetMtu("client", "r1", 1300),
                NOT_IN_ROUTES,
                Send(ipv6, 1352),
                SetMtu("client", "r1", 1500),
                Send(ipv6, 1452),
            ),
            expect=(
                RefusedHere(send=1),
                ErrorQueued(send=1, info=1300, offender=None),
                Prints("routes with an mtu: 0", "ip-route(8)"),
                Delivered(1452, to="server", send=2),
            ),
        ),
        Act(
            "all and default",
            story=(
                Sysctl("client", "net.ipv6.conf.all.mtu", 1300),
                Sysctl("client", "net.ipv6.conf.default.mtu", 1300),
                Run("client", f"cat {OF}/r1/mtu"),
                Send(ipv6, 1452),
            ),
            expect=(Prints("1500", "proc(5)"), Leaves(1500, by="client", df=None), Delivered(1452, to="server")),
        ),
    ),
    covers=("bugs/33",),
)
