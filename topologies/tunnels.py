"""Tunnels: what lays one over a network that stands, and what it takes away from a packet.

    client ──1500── r1 ──1400── server
    steps(VXLAN, "client", "server")

A tunnel's interface is `tun0` at both ends, with 10.200.0.1 and fd99::1 at the first and .2 and ::2 at the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.model.story import Configure
from lab.model.topology import IPV4, IPV6, Family

INNER: Mapping[Family, tuple[str, str]] = {IPV4: ("10.200.0.1", "10.200.0.2"), IPV6: ("fd99::1", "fd99::2")}
"""The addresses of a tunnel's two ends, by family."""


TITLES = {
    "geneve": "Geneve",
    "gre": "GRE",
    "ip6tnl": "ip6tnl",
    "ipip": "IPIP",
    "sit": "SIT",
    "vxlan": "VXLAN",
    "wireguard": "WireGuard",
}


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A way to put packets into packets.

    `needs` is the feature that the kernel must have, `make` the commands at either end: `here` and `there` stand for the ends'
    addresses of family `outer`. `overhead` is how much larger the outer packet is, `own_mtu` how much smaller than the link's MTU
    that of the tunnel's own interface is, by itself; they differ where room is kept. `inner` is what it carries.
    """

    name: str
    needs: str
    outer: Family
    overhead: int
    make: str
    inner: tuple[Family, ...] = (IPV4, IPV6)
    own_mtu: int = 0

    @property
    def title(self) -> str:
        """`VXLAN over IPv6`: as people write it."""
        return TITLES[self.needs] + " over IPv6" * self.name.endswith("-over-v6")

    @property
    def less(self) -> int:
        return self.own_mtu or self.overhead


UDP_TUNNEL = 8 + 8 + 14  # UDP, VXLAN or Geneve, and the Ethernet header inside
ENCAP_LIMIT = 8  # the Tunnel Encapsulation Limit, a destination option that Linux adds where it is not told otherwise

VXLAN = Tunnel(
    "vxlan", "vxlan", IPV4, 20 + UDP_TUNNEL, "ip link add tun0 type vxlan id 42 local {here} remote {there} dstport 4789 df set"
)
VXLAN6 = Tunnel(
    "vxlan-over-v6", "vxlan", IPV6, 40 + UDP_TUNNEL, "ip link add tun0 type vxlan id 42 local {here} remote {there} dstport 4789"
)
GENEVE = Tunnel("geneve", "geneve", IPV4, 20 + UDP_TUNNEL, "ip link add tun0 type geneve id 42 remote {there} df set")
GENEVE6 = Tunnel("geneve-over-v6", "geneve", IPV6, 40 + UDP_TUNNEL, "ip link add tun0 type geneve id 42 remote {there}")
GRE = Tunnel("gre", "gre", IPV4, 20 + 4, "ip link add tun0 type gre local {here} remote {there} ttl 64")
IPIP = Tunnel("ipip", "ipip", IPV4, 20, "ip link add tun0 type ipip local {here} remote {there} ttl 64", inner=(IPV4,))
SIT = Tunnel("sit", "sit", IPV4, 20, "ip link add tun0 type sit local {here} remote {there} ttl 64", inner=(IPV6,))
IP6TNL = Tunnel("ip6tnl", "ip6tnl", IPV6, 40 + ENCAP_LIMIT, "ip link add tun0 type ip6tnl mode any local {here} remote {there}")

KEYS = (
    ("YMCvXKUOCTT21FM6/mqBu5wfCzcJNn1KMB9M4sKzQnw=", "1n9Kb0I3+rTIgjokZHgIc7+eI4PE6opkOFtCmGM7fic="),
    ("OG2ee7tm05cIr/OoQXEq2u47CQ/8JSE6NFKpOlI3U3w=", "L5w2AwcE75X2nM2Nrr8e2xkm5IadmQC/UWGbftqpTBA="),
)
"""Two private keys of WireGuard, each with its public one: for labs, and for nothing else."""

# 20 of IPv4 or 40 of IPv6, 8 of UDP, 16 of header, 16 of authentication; its own MTU has room for the larger.
WIREGUARD = Tunnel("wireguard", "wireguard", IPV4, 20 + 8 + 32, "ip link add tun0 type wireguard", own_mtu=80)
WIREGUARD6 = Tunnel("wireguard-over-v6", "wireguard", IPV6, 40 + 8 + 32, "ip link add tun0 type wireguard")


def steps(tunnel: Tunnel, a: str, b: str, *, link: str = "", options: str = "") -> tuple[Configure, Configure]:
    """What makes the tunnel at nodes `a` and `b`.

    `link` names `a`'s and `b`'s neighbour towards each other, where theirs are not the addresses that they are known by. `options`
    are for `a`'s end: "dev r1 mtu 1400".
    """
    family = "ipv4" if tunnel.outer == IPV4 else "ipv6"
    here, there = (f"${node}{'.' if link else ''}{link}.{family}" for node in (a, b))
    return (
        Configure(a, "\n".join(_end(tunnel, here, there, 0, options))),
        Configure(b, "\n".join(_end(tunnel, there, here, 1, ""))),
    )


def _end(tunnel: Tunnel, here: str, there: str, number: int, options: str) -> tuple[str, ...]:
    own, other = KEYS[number][0], KEYS[1 - number][1]
    endpoint = f"{there}:51820" if tunnel.outer == IPV4 else f"[{there}]:51820"
    peer = f"peer {other} endpoint {endpoint} allowed-ips 0.0.0.0/0,::/0"
    lines = [f"{tunnel.make.format(here=here, there=there)} {options}".strip()]
    if tunnel.needs == "wireguard":
        lines.append(f"bash -c 'wg set tun0 listen-port 51820 private-key <(echo {own}) {peer}'")
    if IPV4 in tunnel.inner:
        lines.append(f"ip address add {INNER[IPV4][number]}/24 dev tun0")
    if IPV6 in tunnel.inner:
        lines.append(f"ip -6 address add {INNER[IPV6][number]}/64 dev tun0 nodad")
        # A router asks for a neighbour from a link-local address only (ndisc_send_ns()).
        lines.append(f"ip -6 address add fe80::{number + 1}/64 dev tun0 nodad")
    return (*lines, "ip link set tun0 up")
