"""ICMP echo over the 576 router: PMTUD is not only for TCP and UDP.

    client ──1500── r1 ──576── r2 ──1500── server

The echo request has DF set, so r1 answers it with a PTB as it would any other packet (RFC 1191 §4); the exception that the client
then holds is the host's, and not of one protocol (§6.1).
"""

from lab.judge.expect import Delivered, Dropped, ErrorQueued, Leaves, PathMtu, RefusedHere, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo
from lab.model.story import Send
from topologies import chain

ping = Echo("client", "server", discover=DO)

scenario = Scenario(
    name="576-router-ping",
    title="ICMP echo over the 576 router",
    topology=chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500)),
    acts=(
        Act(
            "echo requests with DF",
            story=(Send(ping, 1472), Send(ping, 1472), Send(ping, 548)),  # as `ping -M do -s 1472`: 8 of ICMP + 20 of IP more
            expect=(
                Leaves(1500, by="client", df=True),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="client", mtu=576),
                ErrorQueued(send=1, info=576, offender="r1"),
                PathMtu(576, at="client", to="server"),
                RefusedHere(send=2),
                ErrorQueued(send=2, info=576, offender=None),
                Delivered(548, to="server", send=3),
            ),
        ),
    ),
)
