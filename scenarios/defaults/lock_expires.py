"""What a PTB below 552 has locked is unlocked after 600 s, and DF is back.

    client ──1500── r1 ──400── server

A path MTU below net.ipv4.route.min_pmtu is held at 552 and locked, and a socket in mode WANT sends without DF
(__ip_rt_update_pmtu(), ip_dont_fragment()). The lock goes with the exception: the next datagram has DF, and is lost.
"""

from lab.judge.expect import Delivered, Dropped, ExpiresWithin, Fragments, Leaves, NothingLearned, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import Send, Wait
from topologies import chain

flow = Udp("client", "server", discover=WANT)
told = (
    Leaves(1500, by="client", df=True),
    Dropped(1500, at="r1"),
    TooBig(by="r1", to="client", mtu=400, times=1),
)

scenario = Scenario(
    name="lock-expires",
    title="A lock goes after 600 s",
    topology=chain("client", "r1", "server", mtus=(1500, 400)),
    acts=(
        Act(
            "locked",
            story=(Send(flow, 1472), Send(flow, 524)),
            expect=(
                *told,
                PathMtu(552, at="client", to="server", locked=True),
                Leaves(552, by="client", df=False),
                Fragments(by="r1", pieces=((396, 0), (176, 376))),
                Delivered(524, to="server", send=2),
            ),
        ),
        Act(
            "598 s later",
            story=(Wait(598), Send(flow, 524)),
            expect=(
                Leaves(552, by="client", df=False),
                PathMtu(552, at="client", to="server", locked=True),
                ExpiresWithin(0, 2, at="client", to="server"),
                Delivered(524, to="server"),
            ),
        ),
        Act(
            "three more",
            story=(Wait(3), Send(flow, 372)),
            expect=(
                Leaves(400, by="client", df=True),
                NothingLearned(at="client", to="server"),
                Delivered(372, to="server"),
            ),
        ),
        Act("locked again", story=(Send(flow, 1472),), expect=(*told, PathMtu(552, at="client", to="server", locked=True))),
    ),
    lasts=601,
)
