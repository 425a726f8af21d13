"""A whole story foreseen: what each Send of it meets, with what was learned, and which MTUs were changed, by the steps before it.

1. A Send is foreseen alone: one datagram, or one transfer over TCP (`lab.theory.oracle`), from what both hosts have learned so far.
   It then adds to that.
2. SetMtu makes another plan of the same addresses and routes. A host's exceptions follow its own end of the link, by
   `linux.follows_link`; a router has none.
3. FlushRouteCache empties all caches.
4. A TCP connection notices late that an exception came, went or changed: tcp_current_mss() goes by the route that the connection
   holds, and that is renewed when a segment leaves (__sk_dst_check()). So a further Send over it is foreseen only where the
   exception is what it was after the last, and the last came through. The interface's own MTU it heeds at once.
5. What is not followed here gives None. After a flow that is not, or a forged PTB, nothing is foreseen until the caches are
   flushed; after a change of another kind (a command, a sysctl, a route) nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lab.model.flow import Echo, Flow, Tcp, Udp
from lab.model.story import (
    FlushRouteCache,
    ForgePtb,
    ReadCapture,
    ReadSocket,
    Search,
    Send,
    SendPieces,
    SendTogether,
    SetMtu,
    Step,
    Wait,
)
from lab.model.topology import Family
from lab.theory import linux
from lab.theory.crossing import far_end
from lab.theory.linux import Learned
from lab.theory.oracle import Prediction, Start, predict
from lab.theory.plan import Plan, plan
from lab.theory.problems import problems

LARGEST_ACK = 80  # IPv4, TCP, timestamps, and three SACK blocks: 20 + 20 + 12 + 4 + 3 * 8
LEARNED_LASTS = linux.MTU_EXPIRES / 2  # seconds of waiting in all, after which an exception may not be there any more


def foresee(planned: Plan, acts: Iterable[Sequence[Step]]) -> list[tuple[Prediction | None, ...]]:
    """For each act's story, a Prediction for each of its Sends, in order; None for what this theory does not follow.

    Acts share what hosts learn, but no sockets. Raises as oracle.follow() does.
    """
    course = _Course(planned)
    return [course.act(story) for story in acts]


@dataclass(slots=True)
class _Course:
    """What has come of the story so far: the plan as it is now, and what each host has learned of each other, by family."""

    plan: Plan
    learned: dict[tuple[str, str, Family], Learned | None] = field(default_factory=dict)
    connected: dict[Tcp, Prediction] = field(default_factory=dict)  # each connection of the act, and its last Send
    waited: float = 0.0
    astray: bool = False  # until the caches are flushed
    lost: bool = False  # for good
    resending: bool = False  # a connection sends again and again what a black hole swallows

    def act(self, story: Sequence[Step]) -> tuple[Prediction | None, ...]:
        self.connected.clear()
        seen: list[Prediction | None] = []
        for step in story:
            if isinstance(step, Send):
                seen.append(self.send(step.flow, step.octets))
            else:
                self.other(step)
        return tuple(seen)

    def other(self, step: Step) -> None:
        # What lets a segment through that is still sent again teaches the host who knows what, who knows when.
        self.lost |= self.resending and isinstance(step, FlushRouteCache | SetMtu)
        if isinstance(step, FlushRouteCache):
            self.learned.clear()
            self.waited, self.astray = 0.0, False
        elif isinstance(step, SetMtu):
            self.set_mtu(step)
        elif isinstance(step, Wait):
            self.waited += step.seconds
            self.astray |= self.waited > LEARNED_LASTS
        elif isinstance(step, SendPieces | SendTogether | Search | ForgePtb):
            self.astray = True
        elif not isinstance(step, ReadCapture | ReadSocket):
            self.lost = True

    def send(self, flow: Flow, octets: int) -> Prediction | None:
        last = self.connected.get(flow) if isinstance(flow, Tcp) else None
        start = Start(self.learned.get(_way(flow)), self.learned.get(_way_back(flow)), last.advertised if last else None)
        if self.lost or self.astray or not self.follows(flow, octets, start):
            self.astray = True
            return None
        seen = predict(self.plan, flow, octets, start, once=True)
        if isinstance(flow, Tcp):
            if last and _is_behind(last, seen, start.source):
                self.astray = True
                return None
            self.connected[flow] = seen
            self.resending |= not seen.delivered
        self.learned[_way(flow)], self.learned[_way_back(flow)] = seen.exception, seen.returning
        return seen

    def follows(self, flow: Flow, octets: int, start: Start) -> bool:
        """Whether the theory covers this: no option that it knows nothing of, and of TCP nothing that windows or ACKs decide."""
        if isinstance(flow, Udp):
            return flow == Udp(flow.source, flow.to, flow.discover, flow.family, connected=flow.connected, number=flow.number)
        if isinstance(flow, Echo):
            return flow.address is None
        if not isinstance(flow, Tcp) or flow != Tcp(flow.source, flow.to, flow.timestamps, flow.family, number=flow.number):
            return False
        way_back = self.plan.path(flow.to, flow.source, flow.family)
        if min(end.mtu for hop in way_back for end in (hop, far_end(self.plan, hop))) < LARGEST_ACK:
            return False
        seen = predict(self.plan, flow, octets, start)
        # Above that, windows decide how large a segment is, the first of them, too, which meet the descents.
        assert seen.advertised
        largest = linux.send_mss(_believed(seen, start.source)[0], seen.advertised[1], flow.family, timestamps=False)
        if min(largest, octets) > linux.MSS_SURE:
            return False
        # A last segment that is not full may slip through a black hole, be told of what lies beyond it, and save the rest.
        return seen.delivered or octets <= (seen.mss or linux.MSS_SURE)

    def set_mtu(self, step: SetMtu) -> None:
        links = self.plan.topology.links
        index, link = next((i, k) for i, k in enumerate(links) if {k.a, k.b} == {step.a, step.b})
        mtus = step.mtus if (step.a, step.b) == (link.a, link.b) else step.mtus[::-1]
        changed = replace(link, mtu=mtus[0], mtu_b=mtus[1])
        topology = replace(self.plan.topology, links=(*links[:index], changed, *links[index + 1 :]))
        if problems(topology):  # as where an MTU below 1280 takes IPv6 off a link
            self.lost = True
            return
        after = plan(topology)
        for (host, to, family), known in self.learned.items():
            old, new = (each.path(host, to, family)[0] for each in (self.plan, after))
            if known:
                self.learned[host, to, family] = linux.follows_link(known, old.mtu, new.mtu, family)
        self.plan = after


def _way(flow: Flow) -> tuple[str, str, Family]:
    return flow.source, flow.to, flow.family


def _way_back(flow: Flow) -> tuple[str, str, Family]:
    return flow.to, flow.source, flow.family


def _is_behind(last: Prediction, now: Prediction, known: Learned | None) -> bool:
    """Whether a connection may not know yet what its host does, or still sends again what was swallowed."""
    heeds_link = last.exception is None and known is None  # then the MTU is the interface's, as it is when it is asked for
    return not last.delivered or not (heeds_link or _believed(last, last.exception) == _believed(now, known))


def _believed(seen: Prediction, learned: Learned | None) -> tuple[int, bool]:
    """The path MTU that the source goes by, and whether it is locked."""
    return (learned.mtu, learned.locked) if learned else (seen.path.mtus[0], False)
