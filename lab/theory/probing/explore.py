"""The rule of `pmtulab probe`: what to send next, and what follows from what came back. Sizes are octets of the whole IP packet.

1. First the textbook's little program: the largest packet that there is, with DF. The kernel refuses it with the first link's MTU
   (and on loopback does not).
2. Then hop by hop, by hop limit: a small probe, for address and round trip; and one of the size that the path is known to take so
   far. What a router answers with time exceeded has come to it: hop limits are looked at before MTUs.
3. A PTB instead: the size becomes what it tells, and the probe is sent again. Whether the PTB is true is tried, too: a packet of
   what it tells must arrive, and one octet more must not.
4. Silence instead, MAX_PROBES times, while small probes are answered (`asking`), and nothing so large gets further, either: a black
   hole lies before this hop. The largest size that passes is searched for without ICMP's help, as RFC 8899 §5 does, with the hop
   itself as the receiver. With that size the walk goes on, so a second hole is found like the first.
5. A PTB about a packet that arrived all the same is a lie: then PTBs count for nothing, and the search is made despite them.
6. At the destination an echo of that size shows whether the reply comes back, and in one piece.

Nothing here sends or waits: `steps()` yields each question, and is sent what was heard. A wait without an answer is silence.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from lab.model.topology import IPV4, IPV6, Family
from lab.theory.linux import IP_HEADER, IPV6_MIN_MTU, TCP_HEADER
from lab.theory.probing.asking import FULL, MOST_PACKETS, PACE, WAIT, Asker, Exhausted, Speechless, Steps
from lab.theory.probing.exchange import Answer, Expired, Means, Reached, Refused, Unreachable
from lab.theory.probing.found import (
    AnnouncedMss,
    BelowIpv6Minimum,
    Clamped,
    Hop,
    Lie,
    Loop,
    LostOnTheWayBack,
    LyingPtb,
    NarrowWayBack,
    NoAnswer,
    NotReachable,
    OtherWayBack,
    PathFound,
    SizesUnknown,
    Stale,
    TooFar,
    Verdict,
)
from lab.theory.probing.searching import search_despite
from lab.theory.probing.sizing import Sizing, told_by

LARGEST = {IPV4: 65535, IPV6: 40 + 65535}
INITIAL_HOP_LIMITS = (64, 128, 255)
MOST_HOPS = 30
GAP = 4  # so many hops in a row that do not answer end the walk, where the destination does not answer either


class Exploration:
    """One path. `believed` is the path MTU that the kernel holds already; `echo` says whether ICMP echo can be sent beside other
    means; `wait` and `pace` are seconds (`lab.theory.probing.asking`).
    """

    def __init__(
        self,
        family: Family,
        means: Means,
        *,
        believed: int | None = None,
        echo: bool = False,
        hops: int = MOST_HOPS,
        wait: float = WAIT,
        pace: float = PACE,
    ) -> None:
        self._family, self._means = family, means
        self._believed, self._echo, self._most_hops = believed, echo or means is Means.ECHO, hops
        self._asker = Asker(family, Means.UDP if means is Means.SYN else means, wait, pace)
        self._octets = LARGEST[family]
        self._first_link: int | None = None
        self._hops: list[Hop] = []
        self._verdicts: list[Verdict] = []
        self._mss: tuple[int, int, int] | None = (
            None  # of the last SYN that was quoted: the MSS sent, and at which hop arrived what
        )
        self._stopped = ""

    def steps(self) -> Steps:
        """The questions, one after another, until all is known that can be."""
        try:
            yield from self._first()
            yield from self._walk()
            yield from self._refute()
            yield from self._return()
        except Exhausted:
            self._stopped = f"{MOST_PACKETS} packets are sent, and no more will be"
        self._conclude()

    def found(self, stopped: str = "") -> PathFound:
        """What is known so far; `stopped` says why it is no more."""
        hops = tuple(hop if hop.octets is None else replace(hop, octets=self._asker.got_to(hop.number)) for hop in self._hops)
        measured = max((hop.number for hop in hops if hop.octets is not None), default=0)
        return PathFound(
            means=self._means,
            family=self._family,
            first_link=self._first_link,
            hops=hops,
            path_mtu=hops[measured - 1].octets if measured else None,
            measured=measured,
            complete=any(hop.destination and hop.octets is not None for hop in hops),
            verdicts=tuple(self._verdicts),
            packets=len(self._asker.asked),
            stopped=stopped or self._stopped,
        )

    def _first(self) -> Steps:
        """What the first link takes. Nothing leaves this host but where its link takes the largest packet that there is."""
        answer = yield from self._asker.ask(self._octets, FULL, self._asker.sized, tries=1)
        if isinstance(answer, Refused):
            self._octets = min(self._octets, answer.mtu)
        self._first_link = self._octets

    def _walk(self) -> Steps:
        hello = yield from self._asker.ask(self._asker.small, FULL, self._means)
        if isinstance(hello, Unreachable) and hello.source is None:
            return
        silent = 0
        for limit in range(1, self._most_hops + 1):
            answer = yield from self._asker.ask(self._asker.small, limit, self._means)
            silent = 0 if answer else silent + 1
            hop = self._hop(limit, answer)
            self._hops.append(hop)
            if isinstance(answer, Reached | Expired):
                self._look_at_mss(limit, answer)
                yield from self._size(isinstance(hello, Reached))
            if (
                not isinstance(answer, Expired | None)
                or self._goes_round(hop)
                or (silent == GAP and not isinstance(hello, Reached))
            ):
                return

    def _hop(self, number: int, answer: Answer | None) -> Hop:
        if answer is None:
            return Hop(number, None)
        back = None
        if answer.hop_limit is not None:
            back = min(initial for initial in INITIAL_HOP_LIMITS if initial >= answer.hop_limit) - answer.hop_limit + 1
        return Hop(number, answer.source, answer.rtt, back, destination=isinstance(answer, Reached))

    def _goes_round(self, hop: Hop) -> bool:
        same = tuple(other.number for other in self._hops if hop.address and other.address == hop.address)
        if len(same) < 3:
            return False
        self._verdicts.append(Loop(str(hop.address), same))
        return True

    def _look_at_mss(self, number: int, answer: Answer) -> None:
        """A router quotes the SYN as it came, before it rewrites anything itself."""
        if not isinstance(answer, Expired) or answer.mss is None:
            return
        sent, arrived = answer.mss
        last_sent, last_arrived, after = self._mss or (sent, sent, 0)
        # What is learned of the path on the way lowers what this host's next SYN announces.
        expected = last_arrived if sent == last_sent else min(sent, last_arrived)
        if arrived != expected:
            self._verdicts.append(Clamped(after, number, expected, arrived))
        self._mss = sent, arrived, number

    def _size(self, reachable: bool) -> Steps:
        """What gets to the last hop, which is noted anew with it. `reachable`: the destination answers small probes."""
        sizing = Sizing(self._asker, self._family, self._hops, self._octets, reachable, self._verdicts)
        yield from sizing.steps()
        self._octets, self._hops[-1] = sizing.octets, sizing.hop

    def _refute(self) -> Steps:
        """PTBs about packets that arrived all the same: known only when late answers are in."""
        if not any(hop.told for hop in self._hops) and not self._asker.refuted:
            return
        yield from self._asker.rest()
        known = {(verdict.told.source, verdict.told.mtu) for verdict in self._verdicts if isinstance(verdict, LyingPtb)}
        fresh = {(answer.source, answer.mtu): (answer, about) for answer, about in reversed(self._asker.refuted)}
        lies = [told_by(self._hops, *ptb) for by, ptb in fresh.items() if by not in known]
        measured = self.found().measured
        if lies and measured:
            with contextlib.suppress(Speechless):
                self._octets = yield from search_despite(self._asker, measured, max(told.about for told in lies))
            self._hops[measured - 1] = replace(self._hops[measured - 1], octets=self._octets)
            self._verdicts += [LyingPtb(Lie.TOO_LITTLE, told, measured, self._octets) for told in lies]

    def _return(self) -> Steps:
        """Whether an echo reply comes back that is as large as what arrives."""
        known = any(isinstance(verdict, LostOnTheWayBack) for verdict in self._verdicts)
        if known or not self._echo or not self.found().complete:
            return
        reply = yield from self._asker.ask(self._octets, FULL, Means.ECHO)
        if isinstance(reply, Reached):
            if reply.pieces:
                self._verdicts.append(NarrowWayBack(self._octets, reply.pieces))
        elif isinstance((yield from self._asker.ask(self._asker.small, FULL, Means.ECHO)), Reached):
            self._verdicts.append(LostOnTheWayBack(self._octets))

    def _conclude(self) -> None:
        """Verdicts that rest on the whole."""
        found = self.found()
        last = self._hops[-1] if self._hops else None
        unreachable = self._asker.unreachable
        if not last or not last.destination:
            if unreachable:
                self._verdicts.append(NotReachable(unreachable.source, unreachable.words))
            elif self._asker.reached:
                self._verdicts.append(TooFar(len(self._hops)))
            elif not any(isinstance(verdict, Loop) for verdict in self._verdicts):
                self._verdicts.append(NoAnswer(self._means, max((h.number for h in self._hops if h.address), default=0)))
        elif found.complete:
            self._verdicts += self._of_complete(last)
        elif self._means is Means.SYN:
            self._verdicts.append(SizesUnknown(found.measured))

    def _of_complete(self, last: Hop) -> list[Verdict]:
        verdicts: list[Verdict] = []
        if self._family == IPV6 and self._octets < IPV6_MIN_MTU:
            verdicts.append(BelowIpv6Minimum(self._octets))
        if self._believed and self._first_link and self._believed < self._first_link and self._believed != self._octets:
            verdicts.append(Stale(self._believed, self._octets))
        room = self._octets - IP_HEADER[self._family] - TCP_HEADER
        if self._asker.announced and self._asker.announced < room:
            verdicts.append(AnnouncedMss(self._asker.announced, room))
        if last.back and last.back != last.number:
            verdicts.append(OtherWayBack(last.number, last.back))
        return verdicts
