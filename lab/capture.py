"""The conductor of a live capture: taps on a lab that stands, and each frame to a file, a pipe or a terminal as it comes."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import select
import signal
import socket
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from lab.model.pcapng import CapturedFrame, Statistics
from lab.report.live import Lines, Live, Pcapng
from lab.standing import NoLab, attached
from lab.theory.plan import Interface, Plan
from lab.world.errors import Broken
from lab.world.kept import TappedFrame
from lab.world.outlet import Outlet, ReaderGone
from lab.world.tap import LARGEST_FRAME, Tap, open_taps

STDOUT = "-"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
GATHER = 0.002  # seconds that frames may gather: to wake for each would slow what is captured
SETTLED = 1_000_000  # nanoseconds: a frame as old as that is in its tap's socket, so that the order of all older ones is sure
AGAIN = 0.3  # seconds: `timeout` sends its signal to us and then to our group, which is one and not two
AT_A_TIME = 2000  # frames from one tap, before the others have their turn


class CannotOpen(Exception):
    """The file for a capture cannot be made. The message says why."""


class End(Enum):
    """Why a capture ended."""

    ASKED = "a signal"
    ENOUGH = "a limit"
    READER = "nobody reads on"
    LAB = "the lab went down"


@dataclass(frozen=True, slots=True)
class Limits:
    """When a capture ends by itself: after so many frames, after so many seconds; None is never."""

    frames: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """What came of a capture: frames written, and what the tap of each link end counted."""

    end: End
    frames: int
    seconds: float
    taps: Mapping[str, Statistics]


def capture(
    lab: str | None, names: Sequence[str], file: str | None, limits: Limits, ready: Callable[[Sequence[str]], None]
) -> Captured:
    """Captures at the link ends that `names` stand for in a lab (None: the only one), until a limit, SIGINT or SIGTERM ends it.

    `file` is a path for pcapng, "-" for pcapng on stdout, None for lines on stdout. `ready` is called once, with the link ends,
    when every frame from then on is captured. Only the main thread may call this, as it takes signals.
    Raises NoLab, also for a link end that is not there; CannotOpen; Broken where there is no room for more.
    """
    with attached(lab) as net, contextlib.ExitStack() as undo:
        ends = chosen(net.plan, names)
        form: Live = Lines([end.end for end in ends], owners(net.plan))
        if file is not None:
            form = Pcapng({end.end: net[end.node].mtu(end.peer) for end in ends})
        stop = undo.enter_context(signalled())
        fd = undo.enter_context(opened(file))
        taps = [undo.enter_context(contextlib.closing(tap)) for tap in open_taps(net.sandbox, ends)]
        _, gone = net.sandbox.about()
        undo.callback(os.close, gone)
        run = _Capture(taps, Outlet(fd, stop), form, limits, stop, gone)
        ready([end.end for end in ends])
        started = time.monotonic()
        try:
            end = run.frames()
        except OSError as error:
            raise Broken(no_room(error, file or STDOUT, run.outlet)) from error
        return Captured(end, run.written, time.monotonic() - started, dict(zip((e.end for e in ends), run.counted(), strict=True)))


class _Capture:
    """One capture while it runs.

    `held` are frames that were read and not written; until the moment `sure` all are read. `unread` has each tap that may hold more
    than was read, and the moment until which it was. `written` counts frames.
    """

    def __init__(self, taps: Sequence[Tap], outlet: Outlet, form: Live, limits: Limits, stop: int, gone: int) -> None:
        self.taps = {tap.socket.fileno(): tap for tap in taps}
        self.outlet, self.form, self.limits, self.stop, self.gone = outlet, form, limits, stop, gone
        self.numbers = {tap.interface.end: number for number, tap in enumerate(taps)}
        self.buffer = bytearray(LARGEST_FRAME)
        self.held: list[TappedFrame] = []
        self.unread: dict[int, int] = {}
        self.written = self.last = self.sure = 0
        self.poll, self.pause = select.poll(), select.poll()
        self.pause.register(stop, select.POLLIN)
        for awaited in (*self.taps, stop, gone):
            self.poll.register(awaited, select.POLLIN)
        self.poll.register(outlet.fd, 0)  # errors alone: that its reader is gone

    def frames(self) -> End:
        """Everything, from the opening to the closing. Raises OSError where there is no room."""
        try:
            self.outlet.write([self.form.opening()])
            end = self.until_the_end()
            self.outlet.write([self.form.closing(self.counted(), self.last)])
        except ReaderGone:
            return End.READER
        return end

    def until_the_end(self) -> End:
        until = None if self.limits.seconds is None else time.monotonic() + self.limits.seconds
        end: End | None = None
        while True:
            left = None if until is None else max(until - time.monotonic(), 0) * 1000
            events = dict(self.poll.poll(0 if end else GATHER * 1000 if self.held else left))
            if end is None:
                moment = time.time_ns()
                end = self.over(events, until)
                if end is None:
                    moment -= SETTLED
                    self.pause.poll(GATHER * 1000)
            everything = self.read([fd for fd in self.taps if end or fd in events or fd in self.unread], moment)
            self.write()
            if self.written == self.limits.frames:
                return End.ENOUGH
            if end and everything:
                return end

    def over(self, events: Mapping[int, int], until: float | None) -> End | None:
        if self.outlet.fd in events:
            raise ReaderGone
        if self.stop in events:
            return End.ASKED
        if self.gone in events:
            return End.LAB
        return End.ENOUGH if until is not None and time.monotonic() >= until else None

    def read(self, fds: Iterable[int], moment: int) -> bool:
        """Reads on, in turn, where frames until `moment` may be left. Says whether there are none, and `sure` is that moment.

        A tap that has more than is read at a time holds the others back: what they saw later than it has been read is not written.
        """
        for fd in fds:
            if self.unread.get(fd, 0) <= self.sure:
                known = len(self.held)
                self.taps[fd].drain(self.buffer, self.held, AT_A_TIME)
                self.unread.pop(fd, None)
                if len(self.held) == known + AT_A_TIME:
                    self.unread[fd] = self.held[-1].time
        self.sure = min((moment, *self.unread.values()))
        return self.sure == moment

    def write(self) -> None:
        """The frames that are sure, in the order of time, as many as the limit lets through."""
        self.held.sort(key=lambda frame: frame.time)
        settled = bisect_right(self.held, self.sure, key=lambda frame: frame.time)
        batch, self.held = self.held[:settled], self.held[settled:]
        if self.limits.frames is not None:
            batch = batch[: self.limits.frames - self.written]
        if batch:
            before = self.outlet.pieces
            try:
                self.outlet.write([self.form.frame(self.told(frame)) for frame in batch])
            finally:
                self.written += self.outlet.pieces - before
            self.last = batch[-1].time

    def told(self, frame: TappedFrame) -> CapturedFrame:
        return CapturedFrame(self.numbers[frame.interface.end], frame.time, frame.octets, frame.length, frame.sent)

    def counted(self) -> list[Statistics]:
        for tap in self.taps.values():
            tap.count()
        return [Statistics(tap.seen, tap.dropped) for tap in self.taps.values()]


def chosen(plan: Plan, names: Sequence[str]) -> tuple[Interface, ...]:
    """The link ends that people mean: "client:r1" is one, "client" all of a node's; every one of the lab where there are no names.

    Raises NoLab with everything that is not there.
    """
    every = {end.end: end for ends in plan.links for end in ends}
    found: dict[str, Interface] = {} if names else every
    wrong = []
    for name in names:
        its = {end.end: end for end in every.values() if name in (end.end, end.node)}
        found |= its
        if not its:
            near = get_close_matches(name, [*every, *plan.nodes])
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are the nodes {', '.join(plan.nodes)}"
            wrong.append(f"there is no link end or node {name!r}; {hint}")
    if wrong:
        raise NoLab("\n".join(wrong))
    return tuple(found.values())


def owners(plan: Plan) -> dict[str, str]:
    """The node of each address."""
    ends = [end for ends in plan.links for end in ends]
    return {str(address): end.node for end in ends for address in (*end.addresses.values(), end.link_local)}


@contextlib.contextmanager
def signalled() -> Iterator[int]:
    """A descriptor that can be read once a signal of SIGNALS came; one that comes AGAIN later is a KeyboardInterrupt."""
    read, write = socket.socketpair()
    came = math.inf

    def heard(number: int, frame: object) -> None:
        nonlocal came
        if time.monotonic() > came + AGAIN:
            raise KeyboardInterrupt
        came = min(came, time.monotonic())

    with read, write:
        write.setblocking(False)
        before = signal.set_wakeup_fd(write.fileno())
        handlers = {number: signal.signal(number, heard) for number in SIGNALS}
        try:
            yield read.fileno()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(before)


@contextlib.contextmanager
def opened(file: str | None) -> Iterator[int]:
    """The descriptor to write to. Raises CannotOpen."""
    if file in (None, STDOUT):
        yield 1
        return
    try:
        fd = os.open(str(file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise CannotOpen(f"{file}: {error.strerror}") from error
    try:
        yield fd
    finally:
        os.close(fd)


def no_room(error: OSError, name: str, outlet: Outlet) -> str:
    why = "the limit on a file's size is reached (ulimit -f)" if error.errno == errno.EFBIG else error.strerror
    kept = f"; it has {max(outlet.pieces - 1, 0)} frames, {outlet.octets} octets, and can be read" if outlet.is_file else ""
    return f"{'stdout' if name == STDOUT else name}: {why}{kept}. The lab stands as before."
