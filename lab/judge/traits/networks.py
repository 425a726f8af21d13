"""The small networks that traits are tried in, and what is sent in them."""

from __future__ import annotations

from lab.model.flow import DO, WANT, Udp
from lab.model.topology import IPV4, IPV6, Family, Host, Link, Router, Topology

UDP, UDP6, AS_WANTED = Udp("a", "b", DO), Udp("a", "b", DO, IPV6), Udp("a", "b", WANT)
FULL, FULL6 = 1472, 1452  # octets of payload: 1500 with UDP's header and that of IPv4 or IPv6


def path(mtu: int, family: Family = IPV4, first: int = 1500) -> Topology:
    """a ──first── r ──mtu── b"""
    return Topology((Host("a"), Router("r"), Host("b")), (Link("a", "r", first), Link("r", "b", mtu)), (family,))


def two_ways(mtu: int, family: Family = IPV4) -> Topology:
    """a ──1500── r1 ──mtu── b, and a ──1500── r2 ──mtu── b"""
    ways = ("r1", "r2")
    links = (*(Link("a", r, 1500) for r in ways), *(Link(r, "b", mtu) for r in ways))
    return Topology((Host("a"), *map(Router, ways), Host("b")), links, (family,))
