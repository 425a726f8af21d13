"""Paths that are only numbers, for tests of `lab.theory.probing`: they answer probes as routers would, honest ones and others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from lab.model.topology import IPV4, Family
from lab.theory.probing.exchange import Answer, Ask, Expired, Heard, Means, Probe, Reached, Refused, Rest, TooBig
from lab.theory.probing.explore import Exploration
from lab.theory.probing.found import PathFound

DESTINATION = "far"
WAIT = 1.0


@dataclass
class Way:
    """Link i, of `mtus`[i], leads from node i to node i + 1; node 0 is this host, the last the destination, and h1, h2 ... between.

    `silent` routers send no PTB, `mute` ones no time exceeded. `says` is what a router tells in place of its link's MTU, `carries`
    what its link really takes. `clamps` are routers that lower a SYN's MSS. The destination answers no `deaf` means, and replies
    of up to `back` octets come back, in fragments of `pieces`. After six errors `limited` nodes send one `every` so many seconds.
    `loses` says of each probe whether it, or its answer, is lost; `forged` is a PTB that comes beside it.
    """

    mtus: tuple[int, ...]
    silent: Collection[int] = ()
    mute: Collection[int] = ()
    says: Mapping[int, int] = field(default_factory=dict)
    carries: Mapping[int, int] = field(default_factory=dict)
    clamps: Mapping[int, int] = field(default_factory=dict)
    deaf: Collection[Means] = ()
    back: int = 1 << 17
    pieces: int | None = None
    limited: Collection[int] = ()
    every: float = 1.0
    loses: Callable[[Probe], bool] = lambda _: False
    forged: Callable[[Probe], TooBig | None] = lambda _: None
    asked: list[Probe] = field(default_factory=list)
    now: float = 0.0
    tokens: dict[int, tuple[float, float]] = field(default_factory=dict)

    def hear(self, ask: Ask) -> Heard:
        if isinstance(ask, Rest):
            self.now += ask.seconds
            return Heard()
        self.asked.append(ask)
        if ask.octets > self.mtus[0]:
            return Heard((Refused(ask.number, mtu=self.mtus[0]),))
        answers = () if self.loses(ask) else tuple(self.answers(ask))
        self.now += 0.05 if answers else WAIT
        return Heard(answers)

    def answers(self, probe: Probe) -> Iterable[Answer]:
        forged = self.forged(probe)
        if forged:
            yield forged
        mss = 1460
        for node in range(1, len(self.mtus) + 1):
            if node == len(self.mtus):
                echo = probe.means is Means.ECHO
                if probe.means not in self.deaf and not (echo and probe.octets > self.back) and (echo or self.may_err(node)):
                    pieces = self.pieces if echo and self.pieces and probe.octets > self.pieces else None
                    yield Reached(probe.number, DESTINATION, 0.001, 65 - node, pieces=pieces)
            elif probe.hop_limit == node:
                if node not in self.mute and self.may_err(node):
                    yield Expired(probe.number, f"h{node}", 0.001, 65 - node, (1460, mss) if probe.means is Means.SYN else None)
            elif probe.octets > self.mtus[node]:
                if node not in self.silent:
                    yield TooBig(probe.number, f"h{node}", mtu=self.says.get(node, self.mtus[node]))
            elif probe.octets <= self.carries.get(node, 1 << 17):
                mss = min(mss, self.clamps.get(node, mss))
                continue
            return

    def may_err(self, node: int) -> bool:
        """A token bucket, as Linux has one for each receiver of errors (icmpv4_xrlim_allow())."""
        if node not in self.limited:
            return True
        tokens, last = self.tokens.get(node, (6.0, 0.0))
        tokens = min(6.0, tokens + (self.now - last) / self.every)
        self.tokens[node] = (tokens - 1 if tokens >= 1 else tokens), self.now
        return tokens >= 1


def explore(
    way: Way,
    means: Means = Means.UDP,
    family: Family = IPV4,
    *,
    believed: int | None = None,
    echo: bool = False,
    hops: int = 30,
    hear: Callable[[Ask], Heard] | None = None,
) -> PathFound:
    """The whole exploration of it. `hear` stands between the way and the exploration, where it is given."""
    exploration = Exploration(family, means, believed=believed, echo=echo, hops=hops, wait=WAIT)
    steps = exploration.steps()
    try:
        ask = next(steps)
        while True:
            ask = steps.send((hear or way.hear)(ask))
    except StopIteration:
        return exploration.found()
