"""The MTU of a bridge's own device is not that of the frames it passes on.

    client ──1500── sw ──1500── server

`ip link set sw mtu 1000` looks as if it made a 1000-octet switch. It is for what the bridge's node sends itself, and for nothing
that only passes: br_dev_queue_push_xmit() asks the port alone. A bridge that calls iptables is another
matter: what is too large for a port it cuts for this MTU.
"""

from lab.judge.expect import Delivered, Exits, Leaves, NothingLearned, NoTooBig, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send
from topologies import chain

FULL = Act(
    "full-sized datagrams through a bridge of 1000",
    story=(
        Configure("sw", "ip link set sw mtu 1000"),
        Run("sw", "ip link show dev sw"),
        Send(Udp("client", "server", DO), 1472),
    ),
    expect=(
        Exits(0, "ip-link(8)"),
        Prints("mtu 1000", "ip-link(8)"),
        Leaves(1500, by="client", df=True),
        NoTooBig(to="client", octets=1500),
        NothingLearned(at="client", to="server"),
        Delivered(1472, to="server"),
    ),
)

scenario = Scenario(
    name="own-mtu",
    title="The MTU of a bridge's own device limits nothing that it passes on",
    topology=chain("client", "sw", "server", mtus=(1500, 1500), bridges=("sw",)),
    acts=(FULL,),
    needs=("bridge",),
)
