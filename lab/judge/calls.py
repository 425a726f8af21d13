"""What was traced of a kernel: calls of its functions, and packets that passed interfaces. Times are ns since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Means(Enum):
    """How the kernel was asked: probes at functions, with their arguments, or the tracepoints that it has."""

    PROBES = "kprobe events"
    TRACEPOINTS = "tracepoints"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function. `time` is ns since the epoch; `task` and `softirq` say on whose behalf it ran.

    `node` is None where the kernel does not tell the network namespace. `skb` and `sk` are addresses in the kernel, None where the
    function is given none. `values` are its other arguments, by their names in the kernel; sizes are octets.
    """

    time: int
    cpu: int
    task: int
    softirq: bool
    function: str
    node: str | None = None
    skb: int | None = None
    sk: int | None = None
    values: tuple[tuple[str, int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Passing:
    """A packet passed an interface, and was `sent` by it or received. `length` is octets, the Ethernet header included."""

    time: int
    cpu: int
    skb: int
    node: str | None
    interface: str
    sent: bool
    length: int


@dataclass(frozen=True, slots=True)
class Trace:
    """All that was traced, in the kernel's order.

    `release` is the kernel's. `absent` says of each function that could not be traced why. `clock` is how far the clock of the
    trace may be from that of the taps, in ns: what was measured before and after, and the trace's own steps of 1000.
    """

    means: Means
    release: str
    events: tuple[Call | Passing, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    clock: int = 0
