"""The conductor of `pmtulab probe`: a name, its address, the sockets, and the exploration, question by question."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from lab.model.topology import IPV4, IPV6, Family
from lab.theory.probing.asking import PACE, WAIT
from lab.theory.probing.exchange import Means
from lab.theory.probing.explore import MOST_HOPS, Exploration
from lab.theory.probing.found import NotReachable, PathFound
from lab.world.errors import Lacking
from lab.world.probing.options import AF, Address, Opener
from lab.world.probing.wire import Wire

__all__ = ["Lacking", "Target", "UnknownHost", "probe", "resolve"]


LONGEST = 300.0  # seconds that a probe may take
INTERRUPTED = "interrupted"  # why it stopped, by Ctrl-C


class UnknownHost(Exception):
    """The name stands for no address, or for none of the family that was asked for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to probe: the name as it was given, and its address. `port` is for TCP."""

    name: str
    family: Family
    address: Address

    @property
    def text(self) -> str:
        return self.address[0]


def resolve(name: str, family: Family | None = None, port: int = 0) -> Target:
    """The first address that the resolver gives. Raises UnknownHost."""
    try:
        found = socket.getaddrinfo(name, port, AF[family] if family else 0, socket.SOCK_DGRAM)
    except (socket.gaierror, UnicodeError) as error:
        which = f" with an {family} address" if family else ""
        raise UnknownHost(f"there is no host {name!r}{which}: {getattr(error, 'strerror', None) or error}") from error
    for kind, _, _, _, address in found:
        if kind in AF.values():
            return Target(name, IPV4 if kind == socket.AF_INET else IPV6, cast(Address, address))
    raise UnknownHost(f"{name!r} has neither an IPv4 nor an IPv6 address")


def probe(
    target: Target,
    means: Means = Means.UDP,
    opener: Opener = socket.socket,
    *,
    rate: float = 20,
    wait: float = WAIT,
    pace: float = PACE,
    hops: int = MOST_HOPS,
    begun: Callable[[str, PathFound], None] = lambda *_: None,
    progress: Callable[[PathFound], None] = lambda _: None,
) -> tuple[PathFound, float]:
    """Probes to the end, for no longer than LONGEST, or until Ctrl-C; what was found, and the seconds that it took.

    `rate` is probes a second, at most; `wait` and `pace` are seconds (`lab.theory.probing.asking`), `hops` how far to go. `opener`
    opens the sockets: `net["client"].socket` for a host of a lab. `begun` hears the source address, `progress` what is found so
    far, after each answer. Raises Lacking where this machine cannot probe so.
    """
    started = time.monotonic()
    try:
        wire = Wire(target.family, target.address, means, opener, rate=rate, wait=wait)
    except OSError as error:
        nothing = Exploration(target.family, means).found()
        unreachable = NotReachable(None, (error.strerror or str(error)).lower())
        return replace(nothing, verdicts=(unreachable,)), time.monotonic() - started
    with wire:
        exploration = Exploration(target.family, means, believed=wire.believed, echo=wire.echo, hops=hops, wait=wait, pace=pace)
        steps = exploration.steps()
        stopped = ""
        try:
            begun(wire.source, exploration.found())
            ask = next(steps)
            while time.monotonic() - started < LONGEST:
                ask = steps.send(wire.hear(ask))
                progress(exploration.found())
            stopped = f"{LONGEST:g} s are over"
        except StopIteration:
            pass
        except KeyboardInterrupt:
            stopped = INTERRUPTED
        return exploration.found(stopped), time.monotonic() - started
