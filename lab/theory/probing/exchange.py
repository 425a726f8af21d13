"""What the probe asks of the network, and what may come back. Sizes are octets of the whole IP packet, times seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Means(Enum):
    """What a probe is: a UDP datagram, an ICMP echo request, or a TCP SYN, whose size nobody chooses."""

    UDP = "udp"
    ECHO = "icmp"
    SYN = "tcp"


@dataclass(frozen=True, slots=True)
class Probe:
    """Send a packet of `octets`, never fragmented (DF; IP_PMTUDISC_PROBE), that may pass `hop_limit` - 1 routers.

    `octets` of a SYN is 0: it is as large as the kernel makes it.
    """

    number: int
    means: Means
    octets: int
    hop_limit: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Send nothing, and listen."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Something came. `to` is the number of the probe that it is about, None where the error quotes too little of it to tell.

    `source` is the address that it came from, None for this host's own kernel; `hop_limit` what was left of its own TTL.
    """

    to: int | None
    source: str | None = None
    rtt: float = 0.0
    hop_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Reached(Answer):
    """The destination answered: with data, an echo reply, port unreachable, SYN-ACK or RST.

    `pieces`: the reply came in fragments, the largest of so many octets. `mss` is what the SYN-ACK announces, as far as the kernel
    tells: never more than the kernel's own path MTU leaves room for.
    """

    pieces: int | None = None
    mss: int | None = None


@dataclass(frozen=True, slots=True)
class Expired(Answer):
    """A router sent time exceeded. `mss`: the MSS option of the SYN as this host sent it, and as the router quotes it."""

    mss: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class TooBig(Answer):
    """A PTB with its next-hop MTU, believed or not."""

    mtu: int = 0


@dataclass(frozen=True, slots=True)
class Unreachable(Answer):
    """Any other ICMP error, or this host's refusal to send at all, in `words`."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Refused(Answer):
    """This host's first link takes no more than `mtu`: send() failed with EMSGSIZE, and nothing was sent."""

    mtu: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """All that came since the last question, in order. Nothing: the time of one wait passed in silence."""

    answers: tuple[Answer, ...] = ()


Ask = Probe | Rest
