"""What the rows of claims have in common: the scenes that they are judged on, and which frames of those are changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from errno import EMSGSIZE
from typing import Any

from lab.judge.expect import Expectation
from lab.judge.observation import Observation, QueuedError, Ran, RouteException
from lab.model.flow import DO, DONT, WANT, Echo, Tcp, Udp
from lab.model.packet import Protocol
from lab.model.topology import IPV4, IPV6
from tests.observations import (
    MTUS,
    START,
    Change,
    counted,
    datagrams,
    fragmented,
    holding,
    inside,
    outcome,
    transfer,
    vanished,
    where,
)

UDP, UDP6 = Udp("client", "server", DO), Udp("client", "server", DO, IPV6)
REFUSED, REFUSED6 = datagrams(UDP, *MTUS[IPV4]), datagrams(UDP6, *MTUS[IPV6])
PING, PING6 = (datagrams(Echo("client", "server", DO, family), *MTUS[family]) for family in (IPV4, IPV6))
DESCENTS = datagrams(UDP, 1500, 1400, 576)
TCP, TCP6 = (transfer(Tcp("client", "server", family=family), *MTUS[family]) for family in (IPV4, IPV6))
CUT = fragmented(Udp("client", "server", DONT), "r1", ((572, 0), (572, 552), (396, 1104)), *MTUS[IPV4])
CUT6 = fragmented(Udp("client", "server", WANT, IPV6), "client", ((1280, 0), (276, 1232)), *MTUS[IPV6])
HOLE, HOLE6 = vanished(UDP, *MTUS[IPV4]), vanished(UDP6, *MTUS[IPV6])
LOCKED = holding(locked=True)(REFUSED)
HYSTART = counted("client", TcpExt_TCPHystartDelayCwnd=12)(inside(1, "sender", ssthresh=12)(TCP))
PINGED = Ran("client", "ping -c1 server", START, START + 2_000_000_000, 1, "1 packets transmitted", "message too long,\n mtu=576")
TOOLS = replace(REFUSED, events=(*REFUSED.events, PINGED, replace(PINGED, status=0, out="", err="pmtu 576")))
ANNOUNCED = outcome(2, announced=1280)(REFUSED6)
MODERN, OLD = (replace(REFUSED, traits={"modern": modern}) for modern in (True, False))
SCENES = (
    REFUSED,
    REFUSED6,
    PING,
    PING6,
    DESCENTS,
    TCP,
    TCP6,
    CUT,
    CUT6,
    HOLE,
    HOLE6,
    LOCKED,
    HYSTART,
    TOOLS,
    ANNOUNCED,
    MODERN,
    OLD,
)

LEFT, CAME = where("client:r1", sent=True, octets=1500), where("r1:client", sent=False, octets=1500)
PTB, HEARD = where("r1:client", sent=True, ptb=True), where("client:r1", sent=False, ptb=True)
FROM_R1, LAST = where("r1:r2", sent=True), where("r1:r2", sent=True, octets=396)
SMALL, SMALL6 = where("r1:r2", sent=True, octets=576), where("r1:r2", sent=True, octets=1280)
ARRIVED, ARRIVED6 = where("server:r2", sent=False, octets=576), where("server:r2", sent=False, octets=1280)
HELD = RouteException("client", "10.0.2.2", 576, False, 600.0)
QUEUED = QueuedError(EMSGSIZE, "ICMP", 3, 4, 576, "10.0.0.2")
DISCOVERY: dict[str, Any] = {"destination": "ff02::1:ff00:1", "protocol": Protocol.ICMPV6, "payload": None, "octets": 72}


@dataclass(frozen=True)
class Row:
    """A claim, an observation that bears it out, and changes after which it must not. `also`: near claims that are as true."""

    claim: Expectation
    good: Observation
    wrong: dict[str, Change]
    also: tuple[Expectation, ...] = field(default=())
