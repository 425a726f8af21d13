"""A VLAN tag is outside of the MTU.

    client ──1500── server

802.1Q puts 4 octets into the Ethernet header, and a VLAN interface has the whole MTU of the link below, and no more: devices,
switches and veth take 4 octets more for its sake. So a full datagram goes through untouched, and nobody has to learn anything.
"""

from lab.judge.expect import Delivered, ErrorQueued, Exits, Leaves, NothingLearned, Prints, RefusedHere
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send
from topologies import chain

flow = Udp("client", "server", DO, address="10.200.0.2")


def tagged(at: str, link: str, address: str) -> Configure:
    return Configure(
        at,
        f"""
        ip link add link {link} name tagged type vlan id 42
        ip address add {address}/24 dev tagged
        ip link set tagged up
        """,
    )


scenario = Scenario(
    name="vlan",
    title="A VLAN tag takes nothing from the MTU",
    topology=chain("client", "server", mtus=(1500,)),
    acts=(
        Act(
            "a datagram that fills the link, and one that is larger",
            story=(
                tagged("client", "server", "10.200.0.1"),
                tagged("server", "client", "10.200.0.2"),
                Run("client", "ip link show dev tagged"),
                Run("client", "ip link set tagged mtu 1501"),
                Send(flow, 1472),
                Send(flow, 1473),
            ),
            expect=(
                Prints("mtu 1500", "ip-link(8)", run=1),
                Exits(2, "ip-link(8)", run=2),
                Leaves(1500, by="client", df=True),
                Delivered(1472, to="server"),
                RefusedHere(send=2),
                ErrorQueued(send=2, info=1500, offender=None),
                NothingLearned(at="client", to="server"),
            ),
        ),
    ),
    needs=("vlan",),
)
