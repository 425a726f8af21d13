"""What is told on the stage beside packets: what was done, and what the kernels learned, each a mark at a node and a time.

A Send begins and is refused; an exception is learned, changed or forgotten; TCP's MSS and path MTU change; the lab changes an MTU,
flushes caches, runs a program. The words are those of the timeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from errno import EMSGSIZE
from typing import Any

from lab.judge.convergence import told
from lab.judge.observation import Done, Flushed, Observation, Outcome, Ran, RouteException, Searched, TcpState
from lab.model.flow import Echo, Tcp
from lab.report.html.voyages import JOINED, Voyager
from lab.report.journeys import Event
from lab.report.timeline import kernel_events
from lab.report.wording import count, protocol
from lab.theory.linux import IP_HEADER

OF_A_DATAGRAM = 8  # octets of UDP's header, and of an echo's
PRINTED = "│ "  # before what a program prints, in a timeline; on the stage a word says it


@dataclass(slots=True)
class Mark:
    """Something at node `at` (None: everywhere), at `time` in ns since the epoch. `more` is what the stage draws it with.

    `kind` is send, refused, silent, learned, forgotten, flushed, mtu, done, program, search, tcp or joined. `news` says that what
    comes after is to be shown anew.
    """

    time: int
    at: str | None
    kind: str
    words: str
    news: bool = True
    more: dict[str, Any] = field(default_factory=dict)


def marks(observation: Observation, voyagers: list[Voyager]) -> list[Mark]:
    """All marks of an act, in the order of time. Raises nothing."""
    found = [mark for event in kernel_events(observation) for mark in _of(observation, event)]
    for outcome in observation.outcomes:
        if outcome.octets:
            words = f"{outcome.flow.source} sends {outcome.octets} octets over {protocol(outcome.flow)} to {outcome.flow.to}"
            found.append(Mark(outcome.started, outcome.flow.source, "send", words, more={"octets": outcome.octets}))
        found += _tcp(observation, outcome)
    found += _forgotten(observation)
    found += _joined(voyagers)
    found.sort(key=lambda mark: mark.time)
    return found


def noted(marks: list[Mark]) -> list[Mark]:
    """Without those of TCP that say of their node what the last one has said: of connections alike, the first."""
    said: dict[str | None, tuple[int, int]] = {}
    found = []
    for mark in marks:
        if mark.kind == "tcp":
            state = mark.more["mss"], mark.more["pmtu"]
            if said.get(mark.at) == state:
                continue
            said[mark.at] = state
        found.append(mark)
    return found


def _of(observation: Observation, event: Event) -> Iterator[Mark]:
    """The mark of what the kernel or the lab reported."""
    time, at, words = event.time, event.who.removesuffix(" ✗"), event.what
    match event.of:
        case Flushed():
            yield Mark(time, None, "flushed", words)
        case Done(mtus=mtus) as done:
            yield Mark(time, None, "mtu", words, more={"mtus": dict(mtus)}) if mtus else Mark(time, done.at, "done", words)
        case RouteException() as held:
            yield Mark(time, held.node, "learned", words, more=learned(observation, held))
        case Searched():
            yield Mark(time, at, "search", words, news=False)
        case Ran() as ran:
            said = f"prints: {words.removeprefix(PRINTED).strip()}" if words.startswith(PRINTED) else words
            yield Mark(time, ran.at, "program", said, news=time == ran.started)
        case Outcome(errno=errno) as outcome if errno is not None:
            yield Mark(time, outcome.flow.source, "refused", words, more=_refused(outcome))
        case Outcome() as outcome:
            yield Mark(time, outcome.flow.source, "done" if isinstance(outcome.flow, Tcp) else "silent", words, news=False)


def _refused(outcome: Outcome) -> dict[str, Any]:
    """What would have left, of `packet` octets, and what was allowed at most."""
    flow = outcome.flow
    limit = next((e.info for e in outcome.errors if e.origin == "LOCAL" and e.errno == EMSGSIZE), None)
    kind = "tcp" if isinstance(flow, Tcp) else "icmp" if isinstance(flow, Echo) else "udp"
    packet = outcome.octets + IP_HEADER[flow.family] + OF_A_DATAGRAM
    return {"octets": outcome.octets, "limit": limit, "packet": packet, "protocol": kind}


def learned(observation: Observation, held: RouteException) -> dict[str, Any]:
    """A route exception, as a notebook has it; `expires` in seconds."""
    to = observation.owner(held.to) or held.to
    return {"to": to, "mtu": held.mtu, "locked": held.locked, "expires": round(held.expires)}


def states(outcome: Outcome) -> tuple[tuple[int, TcpState], ...]:
    """TCP's states at the sender while this was sent; without samples, the last one."""
    if outcome.samples or outcome.sender is None:
        return outcome.samples
    return ((outcome.ended, outcome.sender),)


def flow_name(outcome: Outcome) -> str:
    """A flow's name in a plot."""
    return f"{protocol(outcome.flow)} {outcome.flow.source} → {outcome.flow.to}"


def _tcp(observation: Observation, outcome: Outcome) -> Iterator[Mark]:
    """Changes of MSS and path MTU at the sender, each told behind the PTB that made it, where there is one that fits."""
    node, since, known = outcome.flow.source, outcome.started, None
    for time, state in states(outcome):
        if known != (state.mss, state.pmtu):
            cause = _cause(observation, node, since, time, state.pmtu) if known else time
            words = f"{node}'s TCP: MSS {state.mss}, path MTU {state.pmtu}"
            yield Mark(cause, node, "tcp", words, more={"mss": state.mss, "pmtu": state.pmtu, "flow": flow_name(outcome)})
            known = state.mss, state.pmtu
        since = time


def _cause(observation: Observation, node: str, since: int, seen: int, pmtu: int) -> int:
    """When a change that was seen at `seen` came about: with the first PTB that says so, behind the last packet that was larger.

    A socket in use hears of a PTB when it is free again (tcp_release_cb()), and larger segments leave until then.
    """
    sent = (f.time for f in observation.sent_by(node) if since <= f.time <= seen and f.packet and f.packet.octets > pmtu)
    after = max(sent, default=since)
    return next((f.time for f in observation.received_by(node) if after <= f.time <= seen and told(f) == pmtu), seen)


def _forgotten(observation: Observation) -> Iterator[Mark]:
    """Exceptions that a node held after one Send and no more after the next, with no flush between."""
    held: dict[str, dict[str, RouteException]] = {}
    for event in observation.events:
        if isinstance(event, Flushed):
            held.clear()
        elif isinstance(event, Outcome):
            node, now = event.flow.source, {e.to: e for e in event.exceptions}
            for to in sorted(held.get(node, {}).keys() - now.keys()):
                name = observation.owner(to) or to
                yield Mark(event.started, node, "forgotten", f"{node} has forgotten its route exception: {name}", more={"to": name})
            held[node] = now


def _joined(voyagers: list[Voyager]) -> Iterator[Mark]:
    """Where all fragments of a datagram have arrived."""
    pieces: dict[object, list[Voyager]] = {}
    for voyager in voyagers:
        if voyager.fate == JOINED and voyager.hops[-1].received:
            packet = voyager.packet
            pieces.setdefault((voyager.hops[-1].end, packet.source, packet.destination, packet.identification), []).append(voyager)
    for its in pieces.values():
        last = max((voyager.hops[-1] for voyager in its), key=lambda hop: hop.received.time if hop.received else 0)
        words = f"{last.end} puts {count(len(its), 'fragment')} together"
        time = last.received.time if last.received else last.left
        yield Mark(time, last.end, "joined", words, news=False, more={"packets": [voyager.number for voyager in its]})
