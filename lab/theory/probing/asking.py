"""How one question is asked until its answer can be believed. Sizes are octets of the whole IP packet.

A probe that is answered has arrived. One that is not says nothing by itself: routers limit how many errors they send, and links
lose packets. So after MAX_PROBES silences comes a small probe of the same kind, to the same hop and after the same time. Only where
that one is answered does the silence count; where it is not, the pace halves, and all is asked again.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from lab.model.topology import IPV4, IPV6, Family
from lab.theory.dplpmtud import MAX_PROBES
from lab.theory.probing.exchange import Answer, Ask, Expired, Heard, Means, Probe, Reached, Refused, Rest, TooBig, Unreachable

SMALL = {IPV4: 68, IPV6: 88}  # what every IPv4 link takes (RFC 791 §3.2); in IPv6 the same payload
FULL = 64  # the hop limit of a probe that is to go all the way
MOST_PACKETS = 500
MOST_ROUNDS = 3  # of a question, each at half the pace of the last
WAIT = 1.0  # seconds for an answer to a probe: PROBE_TIMER's least (RFC 8899 §5.1.1)
PACE = 1.0  # seconds between two probes, where the first was not answered: Linux sends one ICMP error a second to each host

Steps = Generator[Ask, Heard, None]
Question = Generator[Ask, Heard, Answer | None]


class Exhausted(Exception):
    """MOST_PACKETS are sent."""


class Speechless(Exception):
    """A hop does not answer even small probes any more."""


class Asker:
    """Asks, and remembers what came: `sized` is the kind of probe that carries a size; `wait` and `pace` as above."""

    def __init__(self, family: Family, sized: Means, wait: float = WAIT, pace: float = PACE) -> None:
        self.small = SMALL[family]
        self.sized = sized
        self.asked: list[Probe] = []
        self.unreachable: Unreachable | None = None
        self.reached = False
        self.announced: int | None = None  # the MSS of the SYN-ACK
        self.refuted: list[tuple[TooBig, int]] = []  # PTBs about packets that arrived, and how large those were
        self._told: dict[int, TooBig] = {}  # by number of the probe
        self._delivered: set[int] = set()
        self._arrived: dict[int, int] = {}  # by hop limit: the largest packet that is known to have got there
        self._wait = wait
        self._pause = max(0.0, pace - wait)  # after a silence, on top of the wait

    def got_to(self, limit: int) -> int:
        """The largest packet that is known to have come to hop `limit`, or further."""
        return max((octets for at, octets in self._arrived.items() if at >= limit), default=0)

    def ask(self, octets: int, limit: int, means: Means, tries: int = MAX_PROBES) -> Question:
        """The first answer to any of `tries` probes of this size. None is silence."""
        numbers = set()
        for _ in range(tries):
            numbers.add(len(self.asked) + 1)
            mine = best((yield from self._send(octets, limit, means, self._pause)), numbers)
            if mine:
                return mine
        return None

    def ask_firmly(self, octets: int, limit: int) -> Question:
        """The answer to a sized probe. None: MAX_PROBES of them are lost, and a small one after them is not. Raises Speechless."""
        large: set[int] = set()
        small: set[int] = set()
        pause = self._pause
        for _ in range(MOST_ROUNDS):
            for size, numbers in ((octets, large),) * MAX_PROBES + ((self.small, small),):
                numbers.add(len(self.asked) + 1)
                answers = yield from self._send(size, limit, self.sized, pause)
                mine = best(answers, large)
                if mine:
                    return mine
                if best(answers, small):
                    return None
            if not self.got_to(limit):  # a destination that answers SYNs, and never has answered UDP
                break
            pause = 2 * pause + self._wait
        raise Speechless

    def ask_despite(self, octets: int, limit: int) -> Question:
        """ask_firmly(), where PTBs lied: after one, a wait for the answer that may come beside it. Raises Speechless."""
        answer = yield from self.ask_firmly(octets, limit)
        if isinstance(answer, TooBig):
            yield from self.rest()
        return answer

    def rest(self) -> Steps:
        """A wait for answers that come late."""
        self._note((yield Rest(self._wait)))

    def _send(self, octets: int, limit: int, means: Means, pause: float) -> Generator[Ask, Heard, list[Answer]]:
        """One probe, and all that came until it was answered, or given up after a pause: late answers to others, too."""
        if len(self.asked) >= MOST_PACKETS:
            raise Exhausted
        probe = Probe(len(self.asked) + 1, means, 0 if means is Means.SYN else octets, limit)
        self.asked.append(probe)
        answers = self._note((yield probe))
        return answers if answers or not pause else self._note((yield Rest(pause)))

    def _note(self, heard: Heard) -> list[Answer]:
        """Remembers what came. An error that quotes too little to tell its probe is taken to be about the last one."""
        answers = [answer if answer.to else replace(answer, to=len(self.asked)) for answer in heard.answers]
        for answer in answers:
            probe = self.asked[(answer.to or 0) - 1]
            if isinstance(answer, Reached | Expired) and probe.means is not Means.SYN:
                limit = FULL if isinstance(answer, Reached) else probe.hop_limit
                self._arrived[limit] = max(probe.octets, self._arrived.get(limit, 0))
                self._delivered.add(probe.number)
            if isinstance(answer, Reached):
                self.reached = True
                self.announced = answer.mss or self.announced
            if isinstance(answer, TooBig):
                self._told[probe.number] = answer
            if isinstance(answer, Unreachable):
                self.unreachable = answer
            if probe.number in self._delivered and probe.number in self._told:
                self.refuted.append((self._told.pop(probe.number), probe.octets))
        return answers


def best(answers: list[Answer], numbers: set[int]) -> Answer | None:
    """The first answer to any of these probes; but one that says what became of it, before an error that anybody could send."""
    mine = [answer for answer in answers if answer.to in numbers]
    return min(mine, key=lambda answer: not isinstance(answer, Reached | Expired | Refused), default=None)
