"""A bridge that calls iptables, with a tunnel of a small MTU for a port.

    c ──1500── gw ──1500── server

gw bridges c's link with a VXLAN interface of MTU 1000, and hands what it bridges to netfilter, as Linux does by default. So it cuts
up what is too large for the tunnel (br_nf_dev_queue_xmit()), although neither c nor the server knows of any path between them but a
wire: 996 and 524 octets, each in a packet of its own that is 50 larger. With DF it drops the datagram and tells nobody.
"""

from dataclasses import replace

from lab.judge.expect import Counts, Delivered, Leaves, NothingLearned, NoTooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, Udp
from lab.model.story import Configure, Send, Sysctl
from lab.model.topology import IPV4
from topologies import chain
from topologies.tunnels import INNER, VXLAN, steps

THERE = INNER[IPV4][1]
BRIDGE = (
    *steps(replace(VXLAN, inner=(IPV4,)), "gw", "server", link=""),
    Configure(
        "gw",
        """
        ip address flush dev tun0
        ip link set tun0 mtu 1000
        ip link add br0 type bridge mcast_snooping 0
        ip link set tun0 master br0
        ip link set c master br0
        ip link set br0 up
        """,
    ),
    Sysctl("gw", "net.bridge.bridge-nf-call-iptables", 1),
    Configure("c", "ip address add 10.200.0.3/24 dev gw"),
)

scenario = Scenario(
    name="netfilter-bridge",
    title="A bridge that calls iptables fragments for a tunnel",
    topology=chain("c", "gw", "server", mtus=(1500, 1500)),
    acts=(
        Act(
            "a datagram without DF",
            story=(*BRIDGE, Send(Udp("c", "server", DONT, address=THERE), 1472)),
            expect=(
                Leaves(1500, by="c", df=False),
                Counts(at="gw", counters=(("Ip.FragOKs", 1), ("Ip.FragCreates", 2))),
                Leaves(1046, by="gw", df=True),
                Leaves(574, by="gw", df=True),
                Counts(at="server", counters=(("Ip.ReasmOKs", 1),)),
                NoTooBig(to="c", octets=1500),
                NothingLearned(at="c", to=THERE),
                Delivered(1472, to="server"),
            ),
        ),
        Act(
            "one with DF",
            story=(Send(Udp("c", "server", DO, address=THERE), 1472, within=0.1), Send(Udp("c", "server", DO, address=THERE), 972)),
            expect=(
                Leaves(1500, by="c", df=True),
                Counts(at="gw", counters=(("Ip.FragFails", 1),)),
                Unanswered(send=1),
                NoTooBig(to="c", octets=1500),
                NothingLearned(at="c", to=THERE),
                Leaves(1050, by="gw", df=True),
                Delivered(972, to="server", send=2),
            ),
        ),
    ),
    needs=("bridge", "br_netfilter", "vxlan"),
)
