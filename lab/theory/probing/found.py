"""What a probe has found: the hops, the path MTU, and verdicts, each with its evidence. Sizes are octets of the whole IP packet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from lab.model.topology import Family
from lab.theory.linux import IP_HEADER, TCP_HEADER
from lab.theory.probing.exchange import Means


@dataclass(frozen=True, slots=True)
class Told:
    """A PTB: `source` said that its next link takes `mtu`, about a packet of `about` octets. `hop` is its number on the path, None
    where no hop answers from that address: a forged PTB looks so, and so does one of a router with several, or none that answers.
    """

    source: str | None
    hop: int | None
    mtu: int
    about: int


@dataclass(frozen=True, slots=True)
class Hop:
    """A place on the path; `address` is None where nobody answered.

    `octets` is the largest packet that is known to get there and that the path so far takes, None where that could not be learned.
    `back` is the number of hops that its answer seems to have come, as initial TTLs are 64, 128 or 255. `told` are PTBs met on the
    way from the hop before.
    """

    number: int
    address: str | None
    rtt: float | None = None
    back: int | None = None
    octets: int | None = None
    destination: bool = False
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class BlackHole:
    """Packets of `lost` octets and more vanish between hops `after` (0: this host) and `before`; `passes` octets get through.

    `exact`: there is nothing between the two sizes that was not tried.
    """

    fault: ClassVar[bool] = True
    after: int
    before: int
    passes: int
    lost: int

    @property
    def exact(self) -> bool:
        return self.lost == self.passes + 1


class Lie(Enum):
    """What is wrong with the MTU that a PTB tells."""

    NO_LESS = "no-less"  # than the packet that it is about
    ZERO = "zero"  # as routers from before RFC 1191 do
    BELOW_MINIMUM = "below-minimum"  # that hosts believe: 552 (Linux' min_pmtu), or 1280 (RFC 8201 §4)
    TOO_MUCH = "too-much"  # packets of that size vanish all the same
    TOO_LITTLE = "too-little"  # larger packets arrive


@dataclass(frozen=True, slots=True)
class LyingPtb:
    """`told` is not so; `passes` is what really gets to the next hop. `before` is the number of that."""

    fault: ClassVar[bool] = True
    lie: Lie
    told: Told
    before: int
    passes: int


@dataclass(frozen=True, slots=True)
class LostOnTheWayBack:
    """Echo requests of `octets` are not answered, though small ones are, and though UDP of that size arrives."""

    fault: ClassVar[bool] = True
    octets: int


@dataclass(frozen=True, slots=True)
class BelowIpv6Minimum:
    """An IPv6 path that takes less than 1280 octets, which no link may (RFC 8200 §5)."""

    fault: ClassVar[bool] = True
    path_mtu: int


@dataclass(frozen=True, slots=True)
class NotReachable:
    """`source` (None: this host) says so, in `words`."""

    fault: ClassVar[bool] = True
    source: str | None
    words: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The destination did not answer probes by `means`. `last` is the last hop that answered, 0 where none did."""

    fault: ClassVar[bool] = True
    means: Means
    last: int


@dataclass(frozen=True, slots=True)
class SizesUnknown:
    """The destination answers SYNs, but nothing that has a size: what is behind hop `last` was not measured."""

    fault: ClassVar[bool] = False
    last: int


@dataclass(frozen=True, slots=True)
class TooFar:
    """The destination answers, and is not among the first `hops` hops."""

    fault: ClassVar[bool] = False
    hops: int


@dataclass(frozen=True, slots=True)
class Loop:
    """`address` answered at several distances: packets go round in a circle."""

    fault: ClassVar[bool] = True
    address: str
    hops: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsure:
    """Hop `hop` stopped answering even small probes, which it had answered: a rate limit, or loss. Nothing is concluded from it."""

    fault: ClassVar[bool] = False
    hop: int


@dataclass(frozen=True, slots=True)
class Clamped:
    """A SYN's MSS of `sent` left hop `after` (0: this host) and was `arrived` at hop `before`: somebody rewrites the option."""

    fault: ClassVar[bool] = False
    after: int
    before: int
    sent: int
    arrived: int


@dataclass(frozen=True, slots=True)
class AnnouncedMss:
    """The SYN-ACK brought less than the path found has room for: the far end's own link, or a clamp on the way back."""

    fault: ClassVar[bool] = False
    mss: int
    room: int


@dataclass(frozen=True, slots=True)
class Stale:
    """The kernel believed `believed` octets of this path before the probe began; `found` is what it takes."""

    fault: ClassVar[bool] = False
    believed: int
    found: int


@dataclass(frozen=True, slots=True)
class OtherWayBack:
    """The destination's answers seem to have come `back` hops, and probes `there`."""

    fault: ClassVar[bool] = False
    there: int
    back: int


@dataclass(frozen=True, slots=True)
class NarrowWayBack:
    """Echo replies of `octets` come back in fragments of at most `pieces`."""

    fault: ClassVar[bool] = False
    octets: int
    pieces: int


Verdict = (
    BlackHole
    | LyingPtb
    | LostOnTheWayBack
    | BelowIpv6Minimum
    | NotReachable
    | NoAnswer
    | SizesUnknown
    | TooFar
    | Loop
    | Unsure
    | Clamped
    | AnnouncedMss
    | Stale
    | OtherWayBack
    | NarrowWayBack
)


@dataclass(frozen=True, slots=True)
class PathFound:
    """The outcome. `first_link` is what this host's own link takes, None before that is known.

    `path_mtu` is what every link as far as hop `measured` takes; where that is not the destination, `complete` is False.
    `stopped` says why the exploration ended early, and is empty where it did not.
    """

    means: Means
    family: Family
    first_link: int | None
    hops: tuple[Hop, ...]
    path_mtu: int | None
    measured: int
    complete: bool
    verdicts: tuple[Verdict, ...]
    packets: int
    stopped: str = ""

    @property
    def faulty(self) -> bool:
        return any(verdict.fault for verdict in self.verdicts)

    @property
    def mss(self) -> int | None:
        """What a TCP segment without options may carry (RFC 6691 §2)."""
        return None if self.path_mtu is None else self.path_mtu - IP_HEADER[self.family] - TCP_HEADER
