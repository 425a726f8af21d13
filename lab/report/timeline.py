"""An act as a timeline: who sent what, what became of it, and what the sender's kernel made of it.

Rows say only what matters. What repeats is folded: a row like one of the last few joins it, as the packets, losses and PTBs of one
flight come mixed. Node names stand for addresses, and times count from the first frame told of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from errno import EMSGSIZE, errorcode
from operator import attrgetter

from lab.judge.observation import Done, Flushed, Observation, Outcome, Ran, RouteException, Searched
from lab.model.flow import Tcp
from lab.model.packet import Icmp
from lab.report.journeys import DELIVERED, Event, Journeys
from lab.report.wording import count, exception_words, protocol, segments_words

# A flight that meets a smaller link makes up to six kinds of row in turn: a large segment, its loss, the PTB, the exception, a
# small segment, and the last, smaller yet.
RECENT = 6

# Sizes that few segments have are what was left over when bursts were cut up: so many, or one for so many of full size.
FEW, FULL_SIZED = 2, 10

EVERYONE = "all"
LINES_PRINTED = 20  # of a program; all that it printed is in result.json


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a timeline.

    `octets` is the size of the IP packet and `df` its bit, None and False where the row is no packet. `time` is nanoseconds since
    the first frame told of; the flushing of route caches may come before it. `note` is what became of it. `frames` are numbers in
    the capture.
    """

    who: str
    what: str
    octets: int | None
    df: bool
    time: int
    note: str
    frames: tuple[int, ...]


def timeline(observation: Observation) -> tuple[Row, ...]:
    """The act's rows, in the order of time. Raises nothing."""
    events = [*Journeys(observation).events(), *kernel_events(observation)]
    events.sort(key=attrgetter("time"))
    start = next((event.time for event in events if event.frames), 0)
    return tuple(row.folded(start) for row in _fold(events))


@dataclass(slots=True)
class _Open:
    """A row that more events may join. `alike` is how many segments of its size arrived in the whole act."""

    event: Event
    frames: list[int]
    alike: int
    number: int = 1
    smaller: list[int] = field(default_factory=list)

    def takes(self, event: Event, alike: int) -> bool:
        """Whether the event, of whose size `alike` segments arrived, joined this row."""
        mine = self.event
        if (mine.who, mine.what, mine.octets, mine.df, mine.note) == (event.who, event.what, event.octets, event.df, event.note):
            self.number += 1
        elif self._as(event) and (event.segment or 0) < (mine.segment or 0) and 0 < alike <= max(FEW, self.alike // FULL_SIZED):
            self.smaller.append(event.segment or 0)
        else:
            return False
        self.frames += event.frames
        return True

    def _as(self, event: Event) -> bool:
        return (self.event.who, self.event.df, self.event.note) == (event.who, event.df, event.note)

    def folded(self, start: int) -> Row:
        event = self.event
        what = event.what
        if event.segment:
            what = segments_words(self.number, event.segment, self.smaller)
        elif self.number > 1:
            what += f"  ×{self.number}"
        return Row(event.who, what, event.octets, event.df, event.time - start, event.note, tuple(self.frames))


def _fold(events: Sequence[Event]) -> list[_Open]:
    # Only what arrived can be a leftover: a lone segment that was lost is a step of the discovery.
    sizes = Counter((event.who, event.segment) for event in events if event.note == DELIVERED and event.segment)
    rows: list[_Open] = []
    since = 0
    for event in events:
        alike = sizes[event.who, event.segment or 0] if event.note == DELIVERED else 0
        if not any(row.takes(event, alike) for row in reversed(rows[max(since, len(rows) - RECENT) :])):
            rows.append(_Open(event, list(event.frames), alike))
        # What is learned again after a flush is no repetition.
        since = len(rows) if event.who == EVERYONE else since
    return rows


def kernel_events(observation: Observation) -> Iterator[Event]:
    """What no tap sees: what send() gave, what the sender learned, and the flushing of what it had learned. Each says `of` what."""
    known: dict[tuple[str, str], RouteException] = {}
    for event in observation.events:
        if isinstance(event, Flushed):
            known.clear()
            yield Event(event.time, EVERYONE, "route caches flushed", of=event)
        elif isinstance(event, Done):
            yield Event(event.time, event.at or EVERYONE, event.words, of=event)
        elif isinstance(event, Ran):
            yield from _printed(event)
        elif isinstance(event, Searched):
            yield _found(event)
        else:
            yield from _fate(event)
            yield from _news(observation, event, event.exceptions, known)
    # What a program made its node learn is seen only now.
    for ran in reversed(observation.ran):
        yield from _news(observation, ran, [e for e in observation.exceptions if e.node == ran.at], known)


def _found(search: Searched) -> Event:
    lost = sum(not answered for _, answered in search.probes)
    found = "found nothing" if search.found is None else f"found {search.found} octets of payload"
    words = f"search {found}: {count(len(search.probes), 'probe')}, {lost} of them lost"
    return Event(search.ended, search.flow.source, words, of=search)


def _printed(ran: Ran) -> Iterator[Event]:
    """A program's command line when it started, and its exit status and words when it ended."""
    who = ran.at or "taps"
    yield Event(ran.started, who, f"$ {ran.command}", of=ran)
    lines = [line for line in (ran.out + ran.err).splitlines() if line.strip()]
    for line in lines[:LINES_PRINTED]:
        yield Event(ran.ended, who, f"│ {line}", of=ran)
    if len(lines) > LINES_PRINTED:
        yield Event(ran.ended, who, f"│ … {count(len(lines) - LINES_PRINTED, 'more line')}", of=ran)
    if ran.status != 0:
        yield Event(ran.ended, who, "did not end" if ran.status is None else f"exit status {ran.status}", of=ran)


def _news(
    observation: Observation, since: Outcome | Ran, now: Sequence[RouteException], known: dict[tuple[str, str], RouteException]
) -> Iterator[Event]:
    """What is held now and was not known before; `known` learns it."""
    for exception in now:
        before = known.get((exception.node, exception.to))
        if before is None or (before.mtu, before.locked) != (exception.mtu, exception.locked):
            yield _learned(observation, since, exception)
        known[exception.node, exception.to] = exception


def _learned(observation: Observation, outcome: Outcome | Ran, exception: RouteException) -> Event:
    """A route exception. It was read after the Send, and is told behind the PTB that made it, where there is one that fits."""
    words = f"route exception: {exception_words(exception, observation.owner(exception.to) or exception.to)}"
    heard = (f for f in observation.received_by(exception.node) if outcome.started <= f.time <= outcome.ended)
    for frame in heard:
        icmp = frame.packet.payload if frame.packet else None
        if not isinstance(icmp, Icmp) or icmp.mtu is None or not icmp.quoted or icmp.quoted.destination != exception.to:
            continue
        # A PTB below net.ipv4.route.min_pmtu makes an exception of more than it says, and locks it (__ip_rt_update_pmtu()).
        if icmp.mtu == exception.mtu or (exception.locked and icmp.mtu < exception.mtu):
            return Event(frame.time, exception.node, words, of=exception)
    return Event(outcome.ended, exception.node, words, of=exception)


def _fate(outcome: Outcome) -> Iterator[Event]:
    flow, at = outcome.flow, outcome.ended
    name = protocol(flow)
    if outcome.errno is not None:
        words = f"{name}, {outcome.octets} octets: {errorcode.get(outcome.errno, f'error {outcome.errno}')} here"
        limit = next((e.info for e in outcome.errors if e.origin == "LOCAL" and e.errno == EMSGSIZE), None)
        words += f" (at most {limit})" if limit is not None else ""
        yield Event(at, f"{flow.source} ✗", words if isinstance(flow, Tcp) else f"{words}, nothing sent", of=outcome)
    elif not isinstance(flow, Tcp) and outcome.octets and not outcome.delivered and not outcome.errors:
        yield Event(at, flow.source, "nothing came back", of=outcome)
    if outcome.sender:
        tcp = outcome.sender
        words = f"TCP: MSS {tcp.mss}, path MTU {tcp.pmtu}, {count(tcp.total_retrans, 'retransmission')}"
        if outcome.delivered < outcome.octets:
            words += f", {outcome.delivered} of {outcome.octets} octets delivered"
        yield Event(at, flow.source, words, of=outcome)
