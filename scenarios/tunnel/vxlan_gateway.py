"""A VXLAN gateway knows what fits into its tunnel, and does not tell.

    a ──1500── gw1 ──1500── r1 ──1400── gw2 ──1500── b

gw1 forwards packets of a into a tunnel whose own packets carry DF. When r1 tells it that 1400 is all, gw1 learns that, and of the
next packet also that 1350 are left inside. But it learns that as a host does, in a route exception, and a router forwards by the
interface's MTU and not by what it has learned (ip_forward(); net.ipv4.ip_forward_use_pmtu is 0): it goes on forwarding 1450 octets
into the tunnel, where they are dropped. a, which has been told of 1450, is told nothing more: a black hole (RFC 2923 §2.1). With
ip_forward_use_pmtu at 1 gw1 tells a of the 1350.
"""

from dataclasses import replace

from lab.judge.expect import Delivered, Dropped, Leaves, Mss, NoTooBig, PathMtu, PtbOrder, TooBig, Unanswered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Configure, FlushRouteCache, Send, Sysctl
from lab.model.topology import IPV4
from topologies import chain
from topologies.tunnels import VXLAN, steps

flow = Udp("a", "b", DO)
TUNNEL = (
    *steps(replace(VXLAN, inner=(IPV4,)), "gw1", "gw2", link="r1", options="dev r1"),
    Configure("gw1", "ip route add $b via 10.200.0.2"),
    Configure("gw2", "ip route add $a via 10.200.0.1"),
)

scenario = Scenario(
    name="vxlan-gateway",
    title="A VXLAN gateway is a black hole when the path below it is narrow",
    topology=chain("a", "gw1", "r1", "gw2", "b", mtus=(1500, 1500, 1400, 1500)),
    acts=(
        Act(
            "what fills the links, and then what fills the tunnel",
            story=(*TUNNEL, Send(flow, 1472), Send(flow, 1422, within=0.1), Send(flow, 1422, within=0.1)),
            expect=(
                Leaves(1500, by="a", df=True),
                TooBig(by="gw1", to="a", mtu=1450, times=1),
                Dropped(1500, at="r1"),
                TooBig(by="r1", to="gw1", mtu=1400, times=1),
                Unanswered(send=2),
                Unanswered(send=3),
                PathMtu(1400, at="gw1", to="10.0.2.2"),
                PathMtu(1450, at="a", to="b"),
            ),
        ),
        Act(
            "it again, with all of that known",
            story=(Send(flow, 1422, within=0.1), Send(flow, 1322)),
            expect=(
                Dropped(1450, at="gw1"),
                Unanswered(send=1),
                NoTooBig(to="a", octets=1450),
                PathMtu(1350, at="gw1", to="b"),
                PathMtu(1450, at="a", to="b"),
                Leaves(1400, by="gw1", df=True),
                Delivered(1322, to="b", send=2),
            ),
        ),
        Act(
            "a gateway that forwards by what it has learned",
            story=(Sysctl("gw1", "net.ipv4.ip_forward_use_pmtu", 1), Send(flow, 1422), Send(flow, 1322)),
            expect=(
                TooBig(by="gw1", to="a", mtu=1350, times=1),
                PathMtu(1350, at="a", to="b"),
                Leaves(1400, by="gw1", df=True),
                Delivered(1322, to="b", send=2),
            ),
        ),
        Act(
            "TCP through it",
            story=(FlushRouteCache(), Send(Tcp("a", "b"), 64 * KIB)),
            expect=(
                PtbOrder(to="a", order=(("gw1", 1450), ("gw1", 1350))),
                PathMtu(1350, at="a", to="b"),
                Mss(1298, at="a"),
                Delivered(64 * KIB, to="b"),
            ),
        ),
    ),
    needs=("vxlan",),
)
