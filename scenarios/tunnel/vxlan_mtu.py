"""Which MTU a VXLAN interface has, and what becomes of one that is too large.

    client ──1500── server

Told which device it goes out by, VXLAN takes 50 octets off that one's MTU, and refuses more (vxlan_change_mtu()). Told only of an
address, it takes an Ethernet's 1500 for granted. Then a full datagram makes an outer packet of 1550, which the client itself cuts
up; but while it does, the tunnel finds the route's MTU too small for what is inside, and the client learns an inner path MTU of
1450 (skb_tunnel_check_pmtu()). So the first datagram arrives, and the second is refused.
"""

from lab.judge.expect import Delivered, ErrorQueued, Exits, Fragments, PathMtu, Prints, RefusedHere
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send
from lab.model.topology import IPV4
from topologies import chain
from topologies.tunnels import INNER, UDP_TUNNEL, Tunnel, steps

THERE = INNER[IPV4][1]
make = "ip link add tun0 type vxlan id 42 local {here} remote {there} dstport 4789"
VXLAN = Tunnel("vxlan", "vxlan", IPV4, 20 + UDP_TUNNEL, make, inner=(IPV4,))
flow = Udp("client", "server", DO, address=THERE)
NAMED = "ip link add tun1 type vxlan id 43 local $client remote $server dstport 4790 dev server"

scenario = Scenario(
    name="vxlan-mtu",
    title="The MTU of a VXLAN interface",
    topology=chain("client", "server", mtus=(1500,)),
    acts=(
        Act(
            "one that knows its device",
            story=(
                *steps(VXLAN, "client", "server"),
                Configure("client", NAMED),
                Run("client", "ip link show dev tun1"),
                Run("client", "ip link set tun1 mtu 1451"),
                Run("client", "ip link set tun1 mtu 1450"),
                Send(flow, 1400),
            ),
            expect=(
                Prints("mtu 1450", "ip-link(8)", run=1),
                Exits(2, "ip-link(8)", run=2),
                Prints("Invalid argument", "ip-link(8)", run=2),
                Exits(0, "ip-link(8)", run=3),
                Delivered(1400, to="server"),
            ),
        ),
        Act(
            "one that does not",
            story=(Run("client", "ip link show dev tun0"), Send(flow, 1472), Send(flow, 1472), Send(flow, 1422)),
            expect=(
                Prints("mtu 1500", "ip-link(8)"),
                Fragments(by="client", pieces=((1500, 0), (70, 1480))),
                Delivered(1472, to="server", send=1),
                PathMtu(1450, at="client", to=THERE),
                RefusedHere(send=2),
                ErrorQueued(send=2, info=1450, offender=None),
                Delivered(1422, to="server", send=3),
            ),
        ),
    ),
    needs=("vxlan",),
)
