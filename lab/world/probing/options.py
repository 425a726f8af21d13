"""What every probing socket is told, and how the errors that come back to it are read."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Sequence
from errno import EMSGSIZE, ENOPROTOOPT

from lab.model.flow import PROBE
from lab.model.packet import FRAGMENTATION_NEEDED, Icmp4, Icmp6
from lab.model.topology import IPV4, IPV6, Family
from lab.theory.probing.exchange import Answer, Expired, Reached, Refused, TooBig, Unreachable
from lab.world.errors import Lacking
from lab.world.sockets import (
    EXTENDED_ERR,
    IP_MTU_DISCOVER,
    IP_RECVERR,
    IPV6_MTU_DISCOVER,
    IPV6_RECVERR,
    ORIGINS,
    offender,
)

AF = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}

Opener = Callable[[int, int, int], socket.socket]
"""Opens a socket of (family, type, protocol): socket.socket for this host's own network, a node's `socket` for a lab's."""

Address = tuple[str, int] | tuple[str, int, int, int]
Ancillary = Sequence[tuple[int, int, bytes]]

IP_TTL, IP_RECVTTL, IP_RECVFRAGSIZE = 2, 12, 25
IPV6_UNICAST_HOPS, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT, IPV6_RECVFRAGSIZE = 16, 51, 52, 77
PORT_UNREACHABLE = {4: 3, 6: 4}

WORDS = {
    (4, 3, 0): "network unreachable",
    (4, 3, 1): "host unreachable",
    (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable",
    (4, 3, 9): "administratively prohibited",
    (4, 3, 10): "administratively prohibited",
    (4, 3, 13): "administratively prohibited",
    (6, 1, 0): "no route to destination",
    (6, 1, 1): "administratively prohibited",
    (6, 1, 3): "address unreachable",
    (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy",
    (6, 1, 6): "reject route to destination",
}
"""By family, ICMP type and code (RFC 792, RFC 1812 §5.2.7.1, RFC 4443 §3.1)."""


def prepare(sock: socket.socket, family: Family) -> None:
    """DF past what the kernel believes, every error to the error queue, and hop limits told. Raises Lacking without these."""
    if sys.platform != "linux":
        raise Lacking(no_discovery(sys.platform))
    ip, ipv6 = socket.IPPROTO_IP, socket.IPPROTO_IPV6
    try:
        if family == IPV4:
            sock.setsockopt(ip, IP_MTU_DISCOVER, PROBE)
            sock.setsockopt(ip, IP_RECVERR, 1)
            sock.setsockopt(ip, IP_RECVTTL, 1)
        else:
            sock.setsockopt(ipv6, IPV6_MTU_DISCOVER, PROBE)
            sock.setsockopt(ipv6, IPV6_RECVERR, 1)
            sock.setsockopt(ipv6, IPV6_RECVHOPLIMIT, 1)
    except OSError as error:
        if error.errno != ENOPROTOOPT:
            raise
        raise Lacking(no_discovery("this kernel")) from error
    with contextlib.suppress(OSError):  # Linux 4.14; without it a reply in fragments looks whole
        sock.setsockopt(*((ip, IP_RECVFRAGSIZE) if family == IPV4 else (ipv6, IPV6_RECVFRAGSIZE)), 1)


def no_discovery(who: str) -> str:
    return (
        f"{who} has no IP_MTU_DISCOVER with IP_PMTUDISC_PROBE, or no error queue (IP_RECVERR): without them no program can send"
        " unfragmented what its kernel thinks too large, or learn which router said what. pmtulab probe needs Linux."
    )


def set_hop_limit(sock: socket.socket, family: Family, hops: int) -> None:
    if family == IPV4:
        sock.setsockopt(socket.IPPROTO_IP, IP_TTL, hops)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops)


def hop_limit(ancillary: Ancillary) -> int | None:
    """What was left of the TTL of what came."""
    wanted = ((socket.IPPROTO_IP, IP_TTL), (socket.IPPROTO_IPV6, IPV6_HOPLIMIT))
    return next((int.from_bytes(octets[:4], sys.byteorder) for level, type, octets in ancillary if (level, type) in wanted), None)


def largest_piece(ancillary: Ancillary) -> int | None:
    """The largest fragment of what came in fragments; None where it came whole."""
    wanted = ((socket.IPPROTO_IP, IP_RECVFRAGSIZE), (socket.IPPROTO_IPV6, IPV6_RECVFRAGSIZE))
    return next((int.from_bytes(octets[:4], sys.byteorder) for level, type, octets in ancillary if (level, type) in wanted), None)


def error_answer(ancillary: Ancillary, family: Family, destination: str, own: str, to: int | None, rtt: float) -> Answer | None:
    """What the error queue says, as an answer to probe `to`; None where it says nothing of use. `own` is this host's address."""
    wanted = ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR))
    octets = next((octets for level, type, octets in ancillary if (level, type) in wanted), None)
    if octets is None:
        return None
    number, origin, type, code, told, _ = EXTENDED_ERR.unpack_from(octets)
    if ORIGINS.get(origin) == "LOCAL":
        return Refused(to, mtu=told) if number == EMSGSIZE else None
    source = offender(octets[EXTENDED_ERR.size :], family)
    hops = hop_limit(ancillary)
    v4 = family == IPV4
    if (type, code) == ((Icmp4.UNREACHABLE, FRAGMENTATION_NEEDED) if v4 else (Icmp6.TOO_BIG, code)):
        return TooBig(to, source, rtt, hops, mtu=told)
    if type == (Icmp4.TIME_EXCEEDED if v4 else Icmp6.TIME_EXCEEDED):
        return Expired(to, source, rtt, hops) if code == 0 else None  # 1: of reassembly
    if type == (Icmp4.UNREACHABLE if v4 else Icmp6.UNREACHABLE):
        if code == PORT_UNREACHABLE[family] and source == destination:
            return Reached(to, source, rtt, hops)
        words = WORDS.get((int(family), type, code), f"unreachable, code {code}")
        return Unreachable(to, None if source == own else source, rtt, hops, words)
    return None


def bare(address: str) -> str:
    """Without the zone that a link-local address may have (fe80::1%eth0): errors come without it."""
    return address.partition("%")[0]
