"""VXLAN's three answers to whether its packets may be fragmented on their way.

    client ──1500── r1 ──1400── server

The tunnel's interface has the 1450 that it works out for itself, but r1's next link takes 1400.

* df unset, the default: the outer packet goes without DF whatever is inside, and r1 cuts it up. Nothing is lost, nobody learns.
* df set: r1 drops it, and tells the tunnel. What comes next through the tunnel is lost there, and the client learns the inner
  path MTU, 50 less (skb_tunnel_check_pmtu()). So a datagram is lost in each of two stages, and the third is refused.
* df inherit: as the packet inside. With DF there it is as with set, and without as with unset.

A packet that has no DF inside, in a tunnel that sets it outside, is lost in both stages too; then the client cuts it up inside.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    Fragments,
    Leaves,
    NothingLearned,
    NoTooBig,
    PathMtu,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, DONT, PmtuDisc, Udp
from lab.model.story import Send
from lab.model.topology import IPV4
from topologies import chain
from topologies.tunnels import INNER, UDP_TUNNEL, Tunnel, steps

THERE = INNER[IPV4][1]
SERVER = "10.0.1.2"
FULL, SMALL = 1450 - 28, 1350 - 28
SILENCE = 0.1


def vxlan(df: str) -> Tunnel:
    make = "ip link add tun0 type vxlan id 42 local {here} remote {there} dstport 4789 df " + df
    return Tunnel("vxlan", "vxlan", IPV4, 20 + UDP_TUNNEL, make, inner=(IPV4,))


def fragmented_outside(flow: Udp) -> Act:
    return Act(
        "a datagram that fills the tunnel",
        story=(
            *steps(vxlan("inherit" if flow.discover == DONT else "unset"), "client", "server", options="dev r1"),
            Send(flow, FULL),
        ),
        expect=(
            Leaves(1500, by="client", df=False),
            Fragments(by="r1", pieces=((1396, 0), (124, 1376))),
            NoTooBig(to="client", octets=1500),
            NothingLearned(at="client", to="server"),
            Delivered(FULL, to="server"),
        ),
    )


def lost_twice(df: str, mode: PmtuDisc) -> Act:
    flow = Udp("client", "server", mode, address=THERE)
    then: tuple[Expectation, ...] = (RefusedHere(send=3), ErrorQueued(send=3, info=1350, offender=None))
    if mode == DONT:  # 1346 and 132 inside: 1326 is 1350 - 20, down to a multiple of 8, and 50 are added to each
        then = (Delivered(FULL, to="server", send=3),)
    return Act(
        "a datagram that fills the tunnel, three times, and one that fits",
        story=(
            *steps(vxlan(df), "client", "server", options="dev r1"),
            Send(flow, FULL, within=SILENCE),
            Send(flow, FULL, within=SILENCE),
            Send(flow, FULL),
            Send(flow, SMALL),
        ),
        expect=(
            Leaves(1500, by="client", df=True),
            Dropped(1500, at="r1"),
            TooBig(by="r1", to="client", mtu=1400, times=1),
            PathMtu(1400, at="client", to=SERVER),
            PathMtu(1350, at="client", to=THERE),
            *then,
            Leaves(1400, by="client", df=True),
            Delivered(SMALL, to="server", send=4),
        ),
    )


def scenario_of(name: str, title: str, act: Act) -> Scenario:
    return Scenario(name, title, chain("client", "r1", "server", mtus=(1500, 1400)), (act,), needs=("vxlan",))


scenarios = (
    scenario_of("vxlan-df-unset", "VXLAN without DF", fragmented_outside(Udp("client", "server", DO, address=THERE))),
    scenario_of("vxlan-df-set", "VXLAN with DF", lost_twice("set", DO)),
    scenario_of("vxlan-df-set-without-df-inside", "VXLAN with DF, and none inside", lost_twice("set", DONT)),
    scenario_of("vxlan-df-inherit", "VXLAN with the DF of what is inside", lost_twice("inherit", DO)),
    scenario_of(
        "vxlan-df-inherit-without-df-inside",
        "VXLAN with the DF of what is inside, and none there",
        fragmented_outside(Udp("client", "server", DONT, address=THERE)),
    ),
)
