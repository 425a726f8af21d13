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
    """A connected UDP socket at `source`, and one that receives at `to`."""

    source: str
    to: str
    discover: PmtuDisc = WANT
    family: Family = IPV4


@dataclass(frozen=True, slots=True)
class Tcp:
    """A TCP connection from `source`, which sends, to `to`, which listens. `timestamps`: RFC 7323's option, 12 octets a segment."""

    source: str
    to: str
    timestamps: bool = True
    family: Family = IPV4


@dataclass(frozen=True, slots=True)
class Echo:
    """ICMP echo requests from `source`; the kernel at `to` answers."""

    source: str
    to: str
    discover: PmtuDisc = WANT
    family: Family = IPV4


Flow = Udp | Tcp | Echo
