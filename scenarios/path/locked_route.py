"""A route with `mtu lock 1500`: its owner knows better than any router.

    client ──1500── r1 ──1400── r2 ──1500── server

Under IPv4 a locked MTU is not to be discovered: no exception is made, whatever a PTB says (__ip_rt_update_pmtu()). Packets go
without DF, so r1 cuts them up and all arrives; a socket that insists on DF loses everything. IPv6 has routers that may not cut,
so its discovery cannot be switched off: the lock has no effect (ip6_rt_update_pmtu()). Without `lock` the route's MTU is where
discovery starts from.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Fragments,
    Leaves,
    Mss,
    NoFragments,
    NothingLearned,
    NoTimeout,
    NoTooBig,
    PathMtu,
    Prints,
    RefusedHere,
    SocketMtu,
    TcpPathMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, WANT, Tcp, Udp
from lab.model.story import KIB, AddRoute, Run, Send
from lab.model.topology import IPV6
from topologies import chain

want, insists = Udp("client", "server", discover=WANT), Udp("client", "server", discover=DO)
stream, datagrams6 = Tcp("client", "server"), Udp("client", "server", discover=DO, family=IPV6)
MTUS = (1500, 1400, 1500)
NOTHING = NothingLearned(at="client", to="server")

ipv4 = Scenario(
    name="locked-route",
    title="A route with a locked MTU",
    topology=chain("client", "r1", "r2", "server", mtus=MTUS),
    acts=(
        Act(
            "a datagram",
            story=(AddRoute("client", "server", mtu=1500, locked=True), Send(want, 1472)),
            expect=(
                Leaves(1500, by="client", df=False),
                Fragments(by="r1", pieces=((1396, 0), (124, 1376))),
                NoTooBig(to="client", octets=1500),
                NOTHING,
                SocketMtu(1500, send=1),
                Delivered(1472, to="server"),
            ),
        ),
        Act(
            "a TCP transfer",
            story=(Send(stream, 64 * KIB),),
            expect=(
                Leaves(1500, by="client", df=False),
                NoTooBig(to="client", octets=1500),
                Mss(1448, at="client"),
                TcpPathMtu(1500, at="client"),
                NoTimeout(at="client"),
                NOTHING,
                Delivered(64 * KIB, to="server"),
            ),
        ),
        Act(
            "datagrams with DF",
            story=(Send(insists, 1472), Send(insists, 1472)),
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1400, times=2),
                ErrorQueued(send=1, info=1400, offender="r1"),
                ErrorQueued(send=2, info=1400, offender="r1"),  # not refused here: it is sent again
                NOTHING,
                SocketMtu(1500, send=2),
            ),
        ),
    ),
    covers=("RHEL/ip_mtu_lock",),
)

smaller = Scenario(
    name="locked-route-smaller",
    title="A route with a locked MTU below the interface's",
    topology=chain("client", "r1", "r2", "server", mtus=MTUS),
    acts=(
        Act(
            "datagrams with DF, and one without",
            story=(
                AddRoute("client", "server", mtu=1450, locked=True),
                Send(insists, 1472),
                Send(insists, 1422),  # 1422 + 28 = 1450
                Send(insists, 1372),
                Send(want, 1422),
                Run("client", "ip route get $server"),
            ),
            expect=(
                RefusedHere(send=1),
                ErrorQueued(send=1, info=1450, offender=None),
                TooBig(by="r1", to="client", mtu=1400, times=1),
                ErrorQueued(send=2, info=1400, offender="r1"),
                Delivered(1372, to="server", send=3),
                Fragments(by="r1", pieces=((1396, 0), (74, 1376))),
                Delivered(1422, to="server", send=4),
                NOTHING,
                SocketMtu(1450, send=4),
                Prints("mtu lock 1450", "ip-route(8)"),
            ),
        ),
    ),
)

ipv6 = Scenario(
    name="locked-route-v6",
    title="A route with a locked MTU, IPv6",
    topology=chain("client", "r1", "r2", "server", mtus=MTUS, families=(IPV6,)),
    acts=(
        Act(
            "datagrams",
            story=(
                AddRoute("client", "server", mtu=1500, locked=True, family=IPV6),
                Send(datagrams6, 1452),
                Send(datagrams6, 1452),
                Send(datagrams6, 1352),
            ),
            expect=(
                Leaves(1500, by="client", df=None),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=1400, times=1),
                NoFragments(by="r1"),
                PathMtu(1400, at="client", to="server", locked=True),  # the exception is a copy of the route, its lock too
                RefusedHere(send=2),
                SocketMtu(1400, send=3),
                Delivered(1352, to="server", send=3),
            ),
        ),
    ),
)

unlocked = Scenario(
    name="locked-route-not",
    title="A route with an MTU that is not locked",
    topology=chain("client", "r1", "r2", "server", mtus=MTUS),
    acts=(
        Act(
            "datagrams",
            story=(AddRoute("client", "server", mtu=1450), Send(insists, 1422), Send(insists, 1372)),
            expect=(
                Leaves(1450, by="client", df=True),
                Dropped(1450, at="r1"),
                TooBig(by="r1", to="client", mtu=1400, times=1),
                PathMtu(1400, at="client", to="server"),
                SocketMtu(1400, send=2),
                Delivered(1372, to="server", send=2),
            ),
        ),
    ),
)

scenarios = (ipv4, smaller, ipv6, unlocked)
