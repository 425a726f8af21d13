"""A tunnel that is the port of a bridge: the bridge's node answers for a path that it is no router of.

    c ──5000── gw ──5000── r1 ──m── server

gw bridges c's link with a tunnel to the server: c and the server are in one subnet, 10.200.0.0/24, and gw has an address there,
too. What c sends is lost in two stages, as in any tunnel. But a bridge has no route to hang a path MTU on, and c would never hear
of it; so the tunnel writes a PTB itself, in the name of the packet's destination, and sends it back through the bridge
(skb_tunnel_check_pmtu()). gw's own packets to the server go through the same tunnel, and gw learns as a host does.

m is 4000, and then what leaves inside just 576 octets for IPv4, or 1280 for IPv6, and an octet more and less. That much an ICMP
error itself may take, and with less the tunnel says nothing: a path that narrow is a black hole for c.
"""

from dataclasses import replace

from lab.judge.expect import (
    Delivered,
    Dropped,
    ErrorQueued,
    Expectation,
    Leaves,
    Mss,
    NothingLarger,
    NothingLearned,
    NoTooBig,
    PathMtu,
    PtbOrder,
    RefusedHere,
    TooBig,
    Unanswered,
)
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Echo, Tcp
from lab.model.story import KIB, Configure, FlushRouteCache, Send, Step, Sysctl
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain
from topologies.tunnels import GENEVE, GENEVE6, INNER, VXLAN, VXLAN6, Tunnel, steps

C = {IPV4: "10.200.0.3", IPV6: "fd99::3"}
PAYLOAD = 4500
SILENCE = 0.1
MIB = 1024 * KIB
LEAST_TOLD = {IPV4: 576, IPV6: 1280}


def bridge(tunnel: Tunnel) -> tuple[Step, ...]:
    """c's link and the tunnel as ports of br0, which has the addresses that the tunnel had."""
    ipv6 = IPV6 in tunnel.inner
    gw = [
        "ip address flush dev tun0",
        "ip link add br0 type bridge mcast_snooping 0",
        "ip link set tun0 mtu 5000",
        "ip link set tun0 master br0",
        "ip link set c master br0",
        "ip link set br0 mtu 5000 up",
        "ip address add 10.200.0.1/24 dev br0",
        *(f"ip -6 address add {address}/64 dev br0 nodad" for address in ("fd99::1", "fe80::1") if ipv6),
    ]
    return (
        *steps(tunnel, "gw", "server", link="r1"),
        Configure("gw", "\n".join(gw)),
        Configure("server", "ip link set tun0 mtu 5000"),
        Configure("c", "ip address add 10.200.0.3/24 dev gw" + "\nip -6 address add fd99::3/64 dev gw nodad" * ipv6),
        # c's programs send from the address that it is known by: the way back to it is through the tunnel, too.
        Configure("server", "ip route add $c.ipv4 dev tun0" + "\nip -6 route add $c.ipv6 dev tun0" * ipv6),
    )


def transfer(source: str, title: str, tunnel: Tunnel, family: Family) -> Act:
    """1 MiB from c, which is told two sizes, or from gw, which knows the first."""
    inner, there = 4000 - tunnel.overhead, INNER[family][1]
    # What is too large for gw's own link is said first: 5000 less what the tunnel takes.
    told = (PtbOrder(to="c", order=(("server", 5000 - tunnel.overhead), ("server", inner))),) if source == "c" else ()
    return Act(
        title,
        story=(FlushRouteCache(), Send(Tcp(source, "server", family=family, address=there), MIB)),
        expect=(
            *told,
            PathMtu(inner, at=source, to=there),
            Mss(inner - (52 if family == IPV4 else 72), at=source),
            NothingLarger(4000, between=("r1", "server")),
            Delivered(MIB, to="server"),
        ),
    )


def bridged(tunnel: Tunnel, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48
    inner = 4000 - tunnel.overhead
    there = INNER[family][1]
    of_c, of_gw = (Echo(node, "server", DO, family, address=there) for node in ("c", "gw"))
    outer = PAYLOAD + headers + tunnel.overhead
    df = True if tunnel.outer == IPV4 else None
    return Scenario(
        name=f"bridged-{tunnel.name}" + ("-v6" if family == IPV6 else ""),
        title=f"A bridge with {tunnel.title}, over a path of 4000" + (", IPv6 inside" if family == IPV6 else ""),
        topology=chain("c", "gw", "r1", "server", mtus=(5000, 5000, 4000), families=(IPV4, IPV6)),
        acts=(
            Act(
                "echo requests of a host on the bridge",
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
                "echo requests of the bridge's own node",
                story=(
                    Sysctl("gw", "net.ipv4.ping_group_range", "0 0"),
                    Send(of_gw, PAYLOAD, within=SILENCE),
                    Send(of_gw, PAYLOAD),
                    Send(of_gw, inner - headers),
                ),
                expect=(
                    PathMtu(inner, at="gw", to=there),
                    RefusedHere(send=2),
                    ErrorQueued(send=2, info=inner, offender=None),
                    Leaves(4000, by="gw", df=df),
                    Delivered(inner - headers, to="server", send=3),
                ),
            ),
            transfer("c", "TCP from the host on the bridge, with all forgotten", tunnel, family),
            transfer("gw", "TCP from the bridge's own node", tunnel, family),
        ),
        needs=("bridge", tunnel.needs),
        covers=(f"pmtu.sh/pmtu_ipv{family.value}_br_{tunnel.needs}{tunnel.outer.value}_exception",),
    )


def edge(tunnel: Tunnel, family: Family, link: int) -> Scenario:
    """Where the link leaves inside no less than an ICMP error's own size, c is told, and else it is not."""
    there, inner = INNER[family][1], link - tunnel.overhead
    headers = 28 if family == IPV4 else 48
    of_c = Echo("c", "server", DO, family, address=there)
    heard: tuple[Expectation, ...] = (
        TooBig(by="gw", to="c", mtu=inner, source=there),
        ErrorQueued(send=2, info=inner, offender="server"),
        PathMtu(inner, at="c", to=there),
    )
    if inner < LEAST_TOLD[family]:
        heard = (NoTooBig(to="c", octets=2000), Unanswered(send=2), NothingLearned(at="c", to=there))
    return Scenario(
        name=f"bridged-edge-{tunnel.name}-{link}" + ("-v6" if family == IPV6 else ""),
        title=f"A bridge with {tunnel.title}, over a path of {link}" + (", IPv6 inside" if family == IPV6 else ""),
        topology=chain(
            "c", "gw", "r1", "server", mtus=(5000, 5000, link), families=(IPV4, IPV6) if IPV6 in tunnel.inner else (IPV4,)
        ),
        acts=(
            Act(
                "2000 octets, twice, and what fits",
                story=(
                    *bridge(tunnel),
                    Send(of_c, 2000 - headers, within=SILENCE),
                    Send(of_c, 2000 - headers, within=SILENCE),
                    Send(of_c, inner - headers),
                ),
                expect=(
                    Leaves(2000, by="c", df=True if family == IPV4 else None),
                    TooBig(by="r1", to="gw", mtu=link, family=tunnel.outer),
                    *heard,
                    Leaves(link, by="gw", df=True if tunnel.outer == IPV4 else None),
                    Delivered(inner - headers, to="server", send=3),
                ),
            ),
        ),
        needs=("bridge", tunnel.needs),
        covers=("bugs/20",),
    )


def around(tunnel: Tunnel, family: Family) -> tuple[Scenario, ...]:
    least = LEAST_TOLD[family] + tunnel.overhead
    return tuple(edge(tunnel, family, link) for link in (least - 1, least, least + 1))


scenarios = (
    *(bridged(tunnel, family) for tunnel in (VXLAN, VXLAN6, GENEVE, GENEVE6) for family in (IPV4, IPV6)),
    *around(replace(VXLAN, inner=(IPV4,)), IPV4),
    *around(VXLAN, IPV6),
    *around(VXLAN6, IPV6),
)
