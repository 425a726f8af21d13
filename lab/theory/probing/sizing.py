"""What gets to one hop: from size to size as PTBs tell them, each PTB doubted, and a search where packets vanish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lab.model.topology import IPV4, IPV6, Family
from lab.theory.linux import IPV6_MIN_MTU, MIN_PMTU
from lab.theory.probing.asking import FULL, Asker, Question, Speechless, Steps
from lab.theory.probing.exchange import Answer, Expired, Means, Reached, Refused, TooBig
from lab.theory.probing.found import BlackHole, Hop, Lie, LostOnTheWayBack, LyingPtb, Told, Unsure, Verdict
from lab.theory.probing.searching import search, search_despite

FLOOR = {IPV4: MIN_PMTU, IPV6: IPV6_MIN_MTU}  # of what a Linux host believes of a PTB


@dataclass
class Sizing:
    """Of the last of `hops`. `octets` is what the path took as far as the hop before, and at the end what it takes as far as this
    one; `reachable` says that the destination answers small probes.
    """

    asker: Asker
    family: Family
    hops: Sequence[Hop]
    octets: int
    reachable: bool
    verdicts: list[Verdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hop, self._limit, self._first = self.hops[-1], self.hops[-1].number, self.octets
        self._told: list[Told] = []
        self._lies: list[tuple[Lie, Told]] = []

    @property
    def hop(self) -> Hop:
        """The hop, with what was learned."""
        known = self.asker.got_to(self._limit) >= self.octets
        return replace(self._hop, octets=self.octets if known else None, told=tuple(self._told))

    def steps(self) -> Steps:
        try:
            yield from self._descend()
            if self._told and self._told[-1].mtu == self.octets:
                yield from self._doubt(self._told[-1])
        except Speechless:
            if self.asker.got_to(self._limit):
                self.verdicts.append(Unsure(self._limit))
        known = {(v.lie, v.told.source, v.told.mtu) for v in self.verdicts if isinstance(v, LyingPtb)}
        fresh = {key: told for lie, told in reversed(self._lies) if (key := (lie, told.source, told.mtu)) not in known}
        self.verdicts += [LyingPtb(lie, told, self._limit, self.octets) for (lie, _, _), told in reversed(fresh.items())]

    def _descend(self) -> Steps:
        """To a size that arrives, or that vanishes. Raises Speechless."""
        while self.asker.got_to(self._limit) < self.octets:
            answer = yield from self.asker.ask_firmly(self.octets, self._limit)
            if not isinstance(answer, Reached | Expired | TooBig | Refused):
                answer = yield from self._beyond()
            if isinstance(answer, Reached | Expired):
                return  # to this hop, or past it: then it is its own affair that it does not answer large ones
            if isinstance(answer, Refused):
                self.octets = max(self.asker.small, min(answer.mtu, self.octets - 1))
            elif isinstance(answer, TooBig):
                told = self._note(answer, self.octets)
                if not self.asker.small <= told.mtu < self.octets:
                    self.octets = yield from search_despite(self.asker, self._limit, self.octets - 1)
                    return
                self.octets = told.mtu
            else:
                yield from self._vanished()
                return

    def _beyond(self) -> Question:
        """What comes of the size that this hop does not answer, sent further; or, to a destination, sent by other means."""
        if not self._hop.destination:
            return (yield from self.asker.ask(self.octets, FULL if self.reachable else self._limit + 1, self.asker.sized))
        answer: Answer | None = None
        if self.asker.sized is Means.ECHO:
            answer = yield from self.asker.ask(self.octets, FULL, Means.UDP)
            if isinstance(answer, Reached):
                self.verdicts.append(LostOnTheWayBack(self.octets))
        return answer

    def _vanished(self) -> Steps:
        """Packets of this size vanish on the way: what does pass, and whose fault it is. Raises Speechless."""
        size, believed = self.octets, self._told[-1] if self._told else None
        searched = yield from search(self.asker, self._limit, size - 1)
        self.octets = searched.passes
        for ptb, about in searched.ptbs:
            self._note(ptb, about)
        if believed and believed.mtu == size:
            self._lies.append((Lie.TOO_MUCH, believed))
        else:
            after = max((hop.number for hop in self.hops if hop.octets is not None), default=0)
            self.verdicts.append(BlackHole(after, self._limit, searched.passes, searched.lost))

    def _doubt(self, last: Told) -> Steps:
        """Whether more arrives than the last PTB told. Raises Speechless."""
        if self.asker.got_to(self._limit) == last.mtu:
            yield from self.asker.ask(last.mtu + 1, self._limit, self.asker.sized, tries=1)
        if self.asker.got_to(self._limit) > last.mtu:
            self._lies.append((Lie.TOO_LITTLE, last))
            self.octets = yield from search_despite(self.asker, self._limit, self._first)

    def _note(self, answer: TooBig, about: int) -> Told:
        """Keeps what a PTB told, and what is wrong with it on its face."""
        told = told_by(self.hops, answer, about)
        self._told.append(told)
        if told.mtu == 0:
            self._lies.append((Lie.ZERO, told))
        elif told.mtu >= about:
            self._lies.append((Lie.NO_LESS, told))
        elif told.mtu < FLOOR[self.family]:
            self._lies.append((Lie.BELOW_MINIMUM, told))
        return told


def told_by(hops: Sequence[Hop], answer: TooBig, about: int) -> Told:
    """A PTB, by the hop that answers from its address."""
    number = next((hop.number for hop in hops if answer.source and hop.address == answer.source), None)
    return Told(answer.source, number, answer.mtu, about)
