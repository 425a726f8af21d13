"""Datagrams without DF through an IPIP tunnel over a narrow path, with a router that puts fragments together.

    client ──1500── gw1 ──1500── r1 ──1400── gw2 ──1500── server

The tunnel leaves DF as it is inside (nopmtudisc), so a datagram of 1428 octets without it goes out as 1448 without it, and r1 cuts
that up for the 1400. gw2 puts it together, as the tunnel ends there, and the server gets it whole; connection tracking at both
gateways, which itself puts fragments together, changes nothing of that. With DF, and so with tracepath, the path MTU is found: 1480
for the tunnel, and 1380 for the path below it.
"""

from lab.judge.expect import Delivered, Exits, Fragments, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DONT, Udp
from lab.model.story import Configure, FlushRouteCache, Run, Send
from topologies import chain

flow = Udp("client", "server", DONT)
TUNNEL = (
    Configure(
        "gw1",
        """
        ip link add tun0 type ipip local $gw1.r1 remote $gw2.r1 nopmtudisc
        ip link set tun0 up
        ip route add $server dev tun0
        """,
    ),
    Configure(
        "gw2",
        """
        ip link add tun0 type ipip local $gw2.r1 remote $gw1.r1 nopmtudisc
        ip link set tun0 up
        ip route add $client dev tun0
        """,
    ),
)
TRACKING = tuple(
    Configure(
        gateway,
        """
        nft add table ip tracking
        nft add chain ip tracking in '{ type filter hook prerouting priority 0; }'
        nft add rule ip tracking in ct state new counter
        """,
    )
    for gateway in ("gw1", "gw2")
)
WHOLE = tuple(Delivered(1400, to="server", send=send) for send in (1, 2, 3))

scenario = Scenario(
    name="ipip-conntrack",
    title="IPIP over a narrow path, with connection tracking and without",
    topology=chain("client", "gw1", "r1", "gw2", "server", mtus=(1500, 1500, 1400, 1500)),
    acts=(
        Act(
            "three datagrams",
            story=(*TUNNEL, *(Send(flow, 1400) for _ in range(3))),
            expect=(*WHOLE, Fragments(by="r1", pieces=((1396, 0), (72, 1376)))),  # 1428 + 20 = 1448
        ),
        Act(
            "three more, through connection tracking",
            story=(*TRACKING, *(Send(flow, 1400) for _ in range(3))),
            expect=WHOLE,
        ),
        Act(
            "tracepath",
            story=(FlushRouteCache(), Run("client", "tracepath -n server")),
            expect=(
                Exits(0, "tracepath(8)"),
                Prints("pmtu 1500", "tracepath(8)"),
                Prints("pmtu 1480", "tracepath(8)"),
                Prints("Resume: pmtu 1380", "tracepath(8)"),
            ),
        ),
    ),
    needs=("ipip",),
    covers=("conntrack_ipip_mtu.sh/without_conntrack", "conntrack_ipip_mtu.sh/with_conntrack"),
)
