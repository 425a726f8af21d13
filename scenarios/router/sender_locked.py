"""A sender whose own route has `mtu lock`: it hears the PTB, and does not learn from it.

    client ──1500── r1 ──1300── server

`mtu lock` says that the administrator knows the path MTU, and here he is wrong. __ip_rt_update_pmtu() leaves a locked route
alone, so the client sends 1400 octets each time, r1 drops them each time and tells it each time: a black hole of the sender's own
making, for a socket that insists on DF. One that merely wants path MTU discovery sends without DF over a locked route, and r1
cuts its datagrams up. IPv6 has no such clause: there the client learns all the same (ip6_rt_update_pmtu()), and the exception
inherits the lock.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Fragments,
    Leaves,
    NothingLearned,
    NoTooBig,
    PathMtu,
    Prints,
    RefusedHere,
    SocketMtu,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, WANT, Udp
from lab.model.story import AddRoute, Run, Send
from lab.model.topology import IPV6
from topologies import chain

determined = Udp("client", "server", discover=DO)
willing = Udp("client", "server", discover=WANT)
determined6 = Udp("client", "server", discover=DO, family=IPV6)

scenarios = (
    Scenario(
        name="sender-locked",
        title="A sender with mtu lock 1400 on a path of 1300",
        topology=chain("client", "r1", "server", mtus=(1500, 1300)),
        acts=(
            Act(
                "datagrams that must not be fragmented",
                story=(
                    AddRoute("client", to="server", mtu=1400, locked=True),
                    Send(determined, 1472),
                    Send(determined, 1372),  # 1372 + 28 = 1400
                    Send(determined, 1372),
                    Send(determined, 1272),
                    Run("client", "ip route get $server"),
                ),
                expect=(
                    RefusedHere(send=1),
                    ErrorQueued(send=1, info=1400, offender=None),
                    Leaves(1400, by="client", df=True),
                    Dropped(1400, at="r1"),
                    TooBig(by="r1", to="client", mtu=1300, times=2),
                    ErrorQueued(send=2, info=1300, offender="r1"),
                    ErrorQueued(send=3, info=1300, offender="r1"),
                    SocketMtu(1400, send=3),
                    NothingLearned(at="client", to="server"),
                    Prints("mtu lock 1400", "ip-route(8)"),
                    Delivered(1272, to="server", send=4),
                ),
            ),
            Act(
                "a datagram that may be fragmented",
                story=(Send(willing, 1372),),
                expect=(
                    Leaves(1400, by="client", df=False),
                    Fragments(by="r1", pieces=((1300, 0), (120, 1280))),
                    NoTooBig(to="client", octets=1400),
                    NothingLearned(at="client", to="server"),
                    Delivered(1372, to="server"),
                ),
            ),
        ),
        covers=("RHEL/ip_mtu_lock",),
    ),
    Scenario(
        name="sender-locked-v6",
        title="A sender with mtu lock 1400 on a path of 1300, IPv6",
        topology=chain("client", "r1", "server", mtus=(1500, 1300), families=(IPV6,)),
        acts=(
            Act(
                "datagrams that must not be fragmented",
                story=(
                    AddRoute("client", to="server", mtu=1400, locked=True, family=IPV6),
                    Send(determined6, 1352),  # 1352 + 48 = 1400
                    Send(determined6, 1352),
                    Send(determined6, 1252),
                ),
                expect=(
                    Leaves(1400, by="client", df=None),
                    Dropped(1400, at="r1"),
                    TooBig(by="r1", to="client", mtu=1300, times=1),
                    ErrorQueued(send=1, info=1300, offender="r1"),
                    PathMtu(1300, at="client", to="server", locked=True),
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=1300, offender=None),
                    Delivered(1252, to="server", send=3),
                ),
            ),
        ),
    ),
)
