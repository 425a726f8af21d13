"""A flush of the route cache forgets the lock together with the path MTU.

    client ──1500── r1 ──400── server

r1's 400 is below net.ipv4.route.min_pmtu, so the client holds 552, locked, and sends without DF. Then its exceptions are flushed,
and the link behind r1 grows to 600, which is no reason to lock anything. What is left of the old exception is wiped before the new
one is written into it (update_or_create_fnhe()): a lock that outlived that would keep DF off for good.
"""

from lab.judge.expect import Delivered, Leaves, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Udp
from lab.model.story import FlushRouteCache, Send, SetMtu
from topologies import chain

datagrams = Udp("client", "server", discover=WANT)

scenario = Scenario(
    name="flush-unlocks",
    title="A flush of the route cache forgets the lock, too",
    topology=chain("client", "r1", "server", mtus=(1500, 400)),
    acts=(
        Act(
            "a locked path MTU",
            story=(Send(datagrams, 1472), Send(datagrams, 524)),  # 524 + 28 = 552
            expect=(
                TooBig(by="r1", to="client", mtu=400),
                PathMtu(552, at="client", to="server", locked=True),
                Leaves(552, by="client", df=False),
                Delivered(524, to="server", send=2),
            ),
        ),
        Act(
            "after a flush, over a larger link",
            story=(FlushRouteCache(), SetMtu("r1", "server", 600), Send(datagrams, 1472), Send(datagrams, 572)),
            expect=(
                TooBig(by="r1", to="client", mtu=600),
                PathMtu(600, at="client", to="server", locked=False),
                Leaves(600, by="client", df=True),
                Delivered(572, to="server", send=2),
            ),
        ),
    ),
    covers=("bugs/02",),
)
