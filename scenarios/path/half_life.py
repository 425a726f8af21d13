"""A PTB that says nothing new lengthens an exception's life only in the second half of it.

    client ──1500── r1 ──1400── server

__ip_rt_update_pmtu() leaves an exception alone that already says the same and has more than half of mtu_expires left. Instead
of waiting five minutes for its second half, these scenarios move the half: what was learned for 600 s is in the first half of a
life of 20 s, and what was learned for 20 s is in the second half of one of 600 s.
"""

from lab.judge.expect import Delivered, ExpiresWithin, Leaves, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import PROBE, Udp
from lab.model.story import Send, Step, Sysctl
from topologies import chain

probing = Udp("client", "server", discover=PROBE)  # which sends the same again, though it knows better
EXPIRES = "net.ipv4.route.mtu_expires"
NEEDS = ("mtu-expires-per-namespace",)


def act(title: str, before: tuple[Step, ...], low: int, high: int) -> Act:
    return Act(
        title,
        story=(*before, Send(probing, 1472), Send(probing, 1372)),
        expect=(
            Leaves(1500, by="client", df=True),
            TooBig(by="r1", to="client", mtu=1400, times=1),
            PathMtu(1400, at="client", to="server"),
            ExpiresWithin(low, high, at="client", to="server"),
            Delivered(1372, to="server", send=2),
        ),
    )


scenarios = (
    Scenario(
        name="half-life",
        title="The same PTB again, in the first half of an exception's life",
        topology=chain("client", "r1", "server", mtus=(1500, 1400)),
        acts=(
            act("learned for 600 s", (), 580, 600),
            act("the same again, while half a life is 10 s", (Sysctl("client", EXPIRES, 20),), 560, 600),  # and not 20
        ),
        needs=NEEDS,
        covers=("bugs/37",),
    ),
    Scenario(
        name="half-life-second",
        title="The same PTB again, in the second half of an exception's life",
        topology=chain("client", "r1", "server", mtus=(1500, 1400)),
        acts=(
            act("learned for 20 s", (Sysctl("client", EXPIRES, 20),), 1, 20),
            act("the same again, while half a life is 300 s", (Sysctl("client", EXPIRES, 600),), 580, 600),  # and not 20
        ),
        needs=NEEDS,
        covers=("bugs/37",),
    ),
)
