"""What each kind of tunnel takes away from a packet.

    a ──1500── gw1 ──1500── r1 ──1500── gw2 ──1500── b

Every link carries 1500 octets, but between gw1 and gw2 packets travel inside packets. The tunnel's interface works out its own MTU:
that of the link below, less what it adds (for VXLAN, vxlan_config_apply()). So gw1 has a narrow egress as any router may, tells a
of it in a PTB (RFC 1191 §4, RFC 4443 §3.2), and what then just fits makes an outer packet of 1500 octets, to the octet. WireGuard
keeps room for an outer IPv6 header, and so falls 20 octets short over IPv4. The other way it is the same: what fits gets through.
"""

from lab.judge.expect import Delivered, ErrorQueued, Exits, Leaves, NothingLarger, PathMtu, Prints, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Configure, Run, Send
from lab.model.topology import IPV4, IPV6, Family
from topologies import chain
from topologies.tunnels import (
    GENEVE,
    GENEVE6,
    GRE,
    INNER,
    IP6TNL,
    IPIP,
    SIT,
    VXLAN,
    VXLAN6,
    WIREGUARD,
    WIREGUARD6,
    Tunnel,
    steps,
)

KINDS = (VXLAN, VXLAN6, GENEVE, GENEVE6, GRE, IPIP, SIT, IP6TNL, WIREGUARD, WIREGUARD6)
LINK = 1500


def overhead(tunnel: Tunnel, family: Family) -> Scenario:
    headers = 28 if family == IPV4 else 48
    fits = LINK - tunnel.less
    flow, back = Udp("a", "b", DO, family), Udp("b", "a", DO, family)
    # By the tunnel, and not by the way that its own packets go.
    ip, (here, there) = ("ip", INNER[IPV4]) if family == IPV4 else ("ip -6", INNER[IPV6])
    version = "ipv4" if family == IPV4 else "ipv6"
    device = "dev r1" if tunnel.needs == "vxlan" else ""
    return Scenario(
        name=f"overhead-{tunnel.name}" + ("-v6" if family == IPV6 else ""),
        title=f"{tunnel.title} takes {tunnel.overhead} octets of each packet" + (", IPv6 inside" if family == IPV6 else ""),
        topology=chain("a", "gw1", "r1", "gw2", "b", mtus=(LINK,) * 4, families=(IPV4, IPV6)),
        acts=(
            Act(
                "a datagram that only the links could take",
                story=(
                    *steps(tunnel, "gw1", "gw2", link="r1", options=device),
                    Configure("gw1", f"{ip} route add $b.{version} via {there}"),
                    Configure("gw2", f"{ip} route add $a.{version} via {here}"),
                    Run("gw1", "ip link show dev tun0"),
                    Send(flow, LINK - headers),
                    Send(flow, fits - headers),
                    Send(back, fits - headers),
                ),
                expect=(
                    Exits(0, "ip-link(8)"),
                    Prints(f"mtu {fits}", "ip-link(8)"),
                    Leaves(LINK, by="a", df=True if family == IPV4 else None),
                    TooBig(by="gw1", to="a", mtu=fits),
                    ErrorQueued(send=1, info=fits, offender="gw1"),
                    PathMtu(fits, at="a", to="b"),
                    Delivered(fits - headers, to="b", send=2),
                    Delivered(fits - headers, to="a", send=3),
                    Leaves(fits + tunnel.overhead, by="gw1", df=None),
                    NothingLarger(LINK, between=("gw1", "r1")),
                ),
            ),
        ),
        needs=(tunnel.needs,),
    )


scenarios = tuple(overhead(tunnel, family) for tunnel in KINDS for family in tunnel.inner)
