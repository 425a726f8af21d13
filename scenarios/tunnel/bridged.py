"""A tunnel that is the port of a bridge: the bridge's node answers for a path that it is no router of.

    c ──5000── gw ──5000── r1 ──4000── server

gw bridges c's link with a tunnel to the server: c and the server are in one subnet, 10.200.0.0/24, and gw has an address there,
too. What c sends is lost in two stages, as in any tunnel. But a bridge has no route to hang a path MTU on, and c would never hear
of it; so the tunnel writes a PTB itself, in the name of the packet's destination, and sends it back through the bridge
(skb_tunnel_check_pmtu()). gw's own packets to the server go through the same tunnel, and gw learns as a host does.
"""

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Leaves,
    Mss,
    NothingLarger,
    PathMtu,
    PtbOrder,
    RefusedHere,
    TooBig,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Tcp, Udp
from lab.model.story import KIB, Configure, FlushRouteCache, Send, Step
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain
from topologies.tunnels import GENEVE, GENEVE6, INNER, VXLAN, VXLAN6, Tunnel, steps

C = {IPV4: "10.200.0.3", IPV6: "fd99::3"}
PAYLOAD = 4500
SILENCE = 0.1


def bridge(tunnel: Tunnel) -> tuple[Step, ...]:
    """c's link and the tunnel as ports of br0, which has the address that the tunnel had."""
    return (
        *steps(tunnel, "gw", "server", link="r1"),
        Configure(
            "gw",
            """
            ip address flush dev tun0
            ip link add br0 type bridge mcast_snooping 0
            ip link set tun0 mtu 5000
            ip link set tun0 master br0
            ip link set c master br0
            ip link set br0 mtu 5000 up
            ip address add 10.200.0.1/24 dev br0
            ip -6 address add fd99::1/64 dev br0 nodad
            ip -6 address add fe80::1/64 dev br0 nodad
            """,
        ),
        Configure("server", "ip link set tun0 mtu 5000"),
        Configure(
            "c",
            """
            ip address add 10.200.0.3/24 dev gw
            ip -6 address add fd99::3/64 dev gw nodad
            """,
        ),
        # c's programs send from the address that it is known by: the way back to it is through the tunnel, too.
        Configure(
            "server",
            """
            ip route add $c.ipv4 dev tun0
            ip -6 route add $c.ipv6 dev tun0
            """,
        ),
    )


def bridged(tunnel: Tunnel, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48
    inner = 4000 - tunnel.overhead
    there = INNER[family][1]
    of_c, of_gw = (Udp(node, "server", DO, family, address=there) for node in ("c", "gw"))
    stream = Tcp("c", "server", family=family, address=there)
    outer = PAYLOAD + headers + tunnel.overhead
    df = True if tunnel.outer == IPV4 else None
    return Scenario(
        name=f"bridged-{tunnel.name}" + ("-v6" if family == IPV6 else ""),
        title=f"A bridge with {tunnel.name}, over a path of 4000" + (", IPv6 inside" if family == IPV6 else ""),
        topology=chain("c", "gw", "r1", "server", mtus=(5000, 5000, 4000), families=(IPV4, IPV6)),
        acts=(
            Act(
                "datagrams of a host on the bridge",
                story=(
                    *bridge(tunnel),
                    Send(of_c, PAYLOAD, within=SILENCE),
                    Send(of_c, PAYLOAD),
                    Send(of_c, PAYLOAD),
                    Send(of_c, inner - headers),
                ),
                expect=(
                    Dropped(outer, at="r1"),
                    TooBig(by="r1", to="gw", mtu=4000, family=tunnel.outer),
                    TooBig(by="gw", to="c", mtu=inner, source=there),
                    ErrorQueued(send=2, info=inner, offender="server"),
                    PathMtu(inner, at="c", to=there),
                    RefusedHere(send=3),
                    Leaves(4000, by="gw", df=df),
                    Delivered(inner - headers, to="server", send=4),
                ),
            ),
            Act(
                "datagrams of the bridge's own node",
                story=(Send(of_gw, PAYLOAD, within=SILENCE), Send(of_gw, PAYLOAD), Send(of_gw, inner - headers)),
                expect=(
                    PathMtu(inner, at="gw", to=there),
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=inner, offender=None),
                    Leaves(4000, by="gw", df=df),
                    Delivered(inner - headers, to="server", send=3),
                ),
            ),
            Act(
                "TCP from the host on the bridge, with all forgotten",
                story=(FlushRouteCache(), Send(stream, 128 * KIB)),
                expect=(
                    # What is too large for gw's own link is said first: 5000 less what the tunnel takes.
                    PtbOrder(to="c", order=(("server", 5000 - tunnel.overhead), ("server", inner))),
                    PathMtu(inner, at="c", to=there),
                    Mss(inner - (52 if family == IPV4 else 72), at="c"),
                    NothingLarger(4000, between=("r1", "server")),
                    Delivered(128 * KIB, to="server"),
                ),
            ),
        ),
        needs=("bridge", tunnel.needs),
        covers=(f"pmtu.sh/pmtu_ipv{family.value}_br_{tunnel.needs}{tunnel.outer.value}_exception",),
    )


scenarios = tuple(bridged(tunnel, family) for tunnel in (VXLAN, VXLAN6, GENEVE, GENEVE6) for family in (IPV4, IPV6))
