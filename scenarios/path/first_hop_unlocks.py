"""The first link falls below a locked path MTU, and unlocks it.

    client ──1500── r1 ──400── server

r1's 400 is below net.ipv4.route.min_pmtu, so the client holds 552, locked: it sends without DF, and leaves the rest to r1. With
a first link of 500 the host itself knows its path MTU, so that takes the place of the 552 and there is nothing to lock
(fib_nhc_update_mtu()). Told of the 400 again, it locks what it has, 500; and a locked value follows its link down, but never
up.
"""

from lab.judge.expect import Delivered, Leaves, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import WANT, Echo
from lab.model.story import Send, SetMtu
from topologies import chain

ping = Echo("client", "server", discover=WANT)
SMALL = 400 - 28  # IP and echo

TOLD = Act(
    "r1 says 400",
    story=(Send(ping, 1372),),
    expect=(
        Leaves(1400, by="client", df=True),
        TooBig(by="r1", to="client", mtu=400),
        PathMtu(552, at="client", to="server", locked=True),
    ),
)
SHRUNK = Act(
    "the first link shrinks to 500",
    story=(SetMtu("client", "r1", 500), Send(ping, SMALL)),
    expect=(
        PathMtu(500, at="client", to="server"),
        Leaves(400, by="client", df=True),  # it was locked, and without DF
        Delivered(SMALL, to="server"),
    ),
)
GROWN = Act(
    "it grows to 1500",
    story=(SetMtu("client", "r1", 1500), Send(ping, SMALL)),
    expect=(PathMtu(1500, at="client", to="server"), Leaves(400, by="client", df=True), Delivered(SMALL, to="server")),
)
TOLD_AGAIN = Act(
    "r1 says 400 again",
    story=(Send(ping, 1372), Send(ping, SMALL)),
    expect=(
        TooBig(by="r1", to="client", mtu=400),
        PathMtu(552, at="client", to="server", locked=True),
        Leaves(400, by="client", df=False),
        Delivered(SMALL, to="server", send=2),
    ),
)
LOCKED_AT_500 = Act(
    "r1 says 400 while the first link has 500",
    story=(Send(ping, 472), Send(ping, 472)),
    expect=(
        TooBig(by="r1", to="client", mtu=400),
        PathMtu(500, at="client", to="server", locked=True),  # the lesser of 500 and 552
        Delivered(472, to="server", send=2),  # without DF, so r1 cuts it up
    ),
)
STAYS = Act(
    "the first link grows to 1500, and what is locked stays",
    story=(SetMtu("client", "r1", 1500), Send(ping, 472)),
    expect=(
        Leaves(500, by="client", df=False),
        PathMtu(500, at="client", to="server", locked=True),
        Delivered(472, to="server"),
    ),
)

scenarios = (
    Scenario(
        name="first-hop-unlocks",
        title="The first link falls below a locked path MTU",
        topology=chain("client", "r1", "server", mtus=(1500, 400)),
        acts=(TOLD, SHRUNK, GROWN, TOLD_AGAIN),
        covers=("pmtu.sh/pmtu_ipv4_exception",),
    ),
    Scenario(
        name="first-hop-unlocks-and-locks",
        title="What is locked below 552 does not follow its link up",
        topology=chain("client", "r1", "server", mtus=(1500, 400)),
        acts=(TOLD, SHRUNK, LOCKED_AT_500, STAYS),
    ),
)
