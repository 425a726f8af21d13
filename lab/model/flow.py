"""Who sends to whom, and how: a UDP socket, a TCP connection, or ICMP echo.

A flow is an identity: every Send of an act that names the same flow goes through the same socket, so that its error queue and its
idea of the path MTU carry over from one Send to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from lab.model.topology import IPV4, Family


class PmtuDisc(IntEnum):
    """Values of the socket options IP_MTU_DISCOVER and IPV6_MTU_DISCOVER (include/uapi/linux/in.h)."""

    DONT = 0
    WANT = 1
    DO = 2
    PROBE = 3
    INTERFACE = 4
    OMIT = 5


DONT, WANT, DO, PROBE, INTERFACE, OMIT = PmtuDisc


@dataclass(frozen=True, slots=True)
class Udp:
    """A UDP socket at `source`, and one that receives at `to`.

    `address` is one of `to`'s that is not the one its name stands for, or one that a NAT turns into one of `to`'s. `connected`
    False sends by sendto(), and has no IP_MTU. `recverr` is IP_RECVERR (IPV6_RECVERR). `segment` is UDP_SEGMENT, the payload octets
    of each datagram that one Send is cut into. `dontfrag` is IPV6_DONTFRAG, with IPV6_RECVPATHMTU; `mtu` is IPV6_MTU, as it is set.
    `number` tells flows apart that are alike otherwise, here and below.
    """

    source: str
    to: str
    discover: PmtuDisc = WANT
    family: Family = IPV4
    address: str | None = None
    connected: bool = True
    recverr: bool = True
    segment: int | None = None
    dontfrag: bool = False
    mtu: int | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Tcp:
    """A TCP connection from `source`, which sends, to `to`, which listens. `timestamps`: RFC 7323's option, 12 octets a segment.

    `discover` is IP_MTU_DISCOVER of the sender, `maxseg` its TCP_MAXSEG, set before it connects; None leaves what the kernel chose.
    `listener_maxseg` is TCP_MAXSEG of the socket that listens.
    """

    source: str
    to: str
    timestamps: bool = True
    family: Family = IPV4
    discover: PmtuDisc | None = None
    maxseg: int | None = None
    address: str | None = None
    number: int = 1
    listener_maxseg: int | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """ICMP echo requests from `source`; the kernel at `to` answers."""

    source: str
    to: str
    discover: PmtuDisc = WANT
    family: Family = IPV4
    address: str | None = None
    number: int = 1


@dataclass(frozen=True, slots=True)
class Raw:
    """UDP datagrams whose IP header the program writes itself (IP_HDRINCL), with DF or without, from a raw IPv4 socket."""

    source: str
    to: str
    discover: PmtuDisc = WANT
    df: bool = True
    family: Family = IPV4
    address: str | None = None
    number: int = 1


Flow = Udp | Tcp | Echo | Raw
