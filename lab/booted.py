"""One kernel, booted once: what it tells is kept, and how it came to its end is told apart."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lab.evidence import NAMES, TRACE, read, write
from lab.judge.guest import KernelRun, Outcome
from lab.judge.result import Result
from lab.judge.traits import Known
from lab.judge.verdict import Verdict
from lab.matrix import KEPT, keep_run
from lab.model.kernel import Kernel
from lab.report.typed import misfits
from lab.world.errors import Broken, Lacking
from lab.world.guests.boot import Guest, Silent
from lab.world.guests.kvm import kvm_works
from lab.world.guests.messages import Garbled, Message
from lab.world.guests.parts import initramfs
from lab.world.guests.warp import WARP_KERNEL, WARP_QEMU

BOOT_WITHIN = 180.0
"""Seconds: by plain emulation on a busy machine a kernel that boots has said hello after 120."""
CONSOLE = "console.txt"
TAIL = 40
"""Lines of a console that are shown."""
PANIC = re.compile(r"Kernel panic - not syncing: .*|BUG: .*|Oops: .*")


@dataclass(frozen=True, slots=True)
class Job:
    """What each kernel is to do: `scenarios`, by name and by where to find each, `jobs` at a time; `traits` to try; its features.

    `within` is how many seconds of ours a guest may take after its boot. In a `warp`ed guest idle time is free, and one scenario
    runs at a time, by plain emulation (lab.world.guests.warp). Of `skip` those that are long (Scenario.lasts) are not run.
    Where `trace` is given the scenarios are traced, these functions or all, and nothing else is done.
    """

    scenarios: Mapping[str, str]
    jobs: int = 1
    traits: tuple[str, ...] = ()
    features: bool = False
    within: float = 1800.0
    warp: bool = False
    skip: Collection[str] = ()
    trace: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Something of one kernel, as it comes: that it has booted, an answer, a result, or (`run`) that it has come to its end."""

    kernel: Kernel
    booted: float | None = None
    known: Known | None = None
    outcome: Outcome | None = None
    result: Result | None = None
    run: KernelRun | None = None


def boot(kernel: Kernel, job: Job, programs: set[str], folder: Path, running: Running) -> Iterator[Told]:
    """One kernel, from its boot to its end; the last is its KernelRun, which is kept, too. Raises Broken where the disk refuses.

    Evidence of an earlier run of the same is removed first.
    """
    seen = Seen(KernelRun(kernel), job, folder, time.monotonic())
    reason = ours = console = ""
    try:
        clear(folder, job.scenarios)
        guest = started(job, programs, seen)
        with running.one(guest):
            try:
                for message in guest.messages(seen.until):
                    if told := seen.take(message):
                        yield told
                    if seen.bye:  # whether this kernel can power off is no question of ours
                        break
                reason = seen.end(guest.console())
            except Silent:
                reason = seen.silence()
            except Garbled as error:
                reason = f"its port said nonsense: {error}"
            finally:
                console = guest.console()
    except (Broken, Lacking) as error:
        ours = str(error)
    except OSError as error:
        ours = f"{error.filename or 'this machine'}: {error.strerror}"
    run = replace(seen.run, wall=time.monotonic() - seen.started)
    if reason := ours or reason:
        verdict = Verdict.BROKEN if run.boot is None or seen.failed or ours else Verdict.FAIL
        run = replace(run, stopped=verdict, reason=reason, console=tuple(console.splitlines()[-TAIL:]))
    keep_run(run, folder)
    yield Told(kernel, run=run)


def clear(folder: Path, scenarios: Iterable[str]) -> None:
    """Makes the folder, without what an earlier run has left in it, which could be taken for this one's. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder / KEPT, *(folder / name / file for name in scenarios for file in (*NAMES, TRACE))):
        path.unlink(missing_ok=True)


def started(job: Job, programs: set[str], seen: Seen) -> Guest:
    """Raises Broken, Lacking and OSError."""
    kvm = not job.warp and kvm_works()[0]
    seen.run = replace(seen.run, accelerator="kvm" if kvm else "tcg")
    jobs = 1 if job.warp else job.jobs
    options, qemu = (WARP_KERNEL, WARP_QEMU) if job.warp else ((), ())
    system = initramfs(seen.run.kernel, job.scenarios.values(), programs, task(job, jobs))
    cpus = min(jobs, os.cpu_count() or 1)
    try:
        return Guest(seen.run.kernel, system, seen.folder / CONSOLE, kvm=kvm, cpus=cpus, options=options, qemu=qemu)
    finally:
        os.close(system)


def task(job: Job, jobs: int) -> bytes:
    """A job as lab.guest reads it, in another folder than this."""
    scenarios = {name: str(Path(source).resolve()) for name, source in job.scenarios.items()}
    rest = {"traits": job.traits, "features": job.features, "skip": [*job.skip], "trace": job.trace}
    return json.dumps({"scenarios": scenarios, "jobs": jobs, **rest}).encode()


class Running:
    """The guests that run, so that all can be ended at once; one that starts after that is ended, too."""

    def __init__(self) -> None:
        self._guests: set[Guest] = set()
        self._over = threading.Event()

    @contextlib.contextmanager
    def one(self, guest: Guest) -> Iterator[None]:
        """A guest, closed at the end. Raises Broken where all have been ended."""
        self._guests.add(guest)
        try:
            if self._over.is_set():
                raise Broken("it was ended before it began")
            yield
        finally:
            self._guests.discard(guest)
            guest.close()

    def end(self) -> None:
        self._over.set()
        for guest in [*self._guests]:
            guest.end()


@dataclass
class Seen:
    """What a guest has told until now. `started` is when it was begun, as time.monotonic() says."""

    run: KernelRun
    job: Job
    folder: Path
    started: float
    bye: bool = False
    failed: str = ""
    last: float = 0.0

    def until(self) -> float:
        """When its time is over."""
        return self.started + (BOOT_WITHIN if self.run.boot is None else self.run.boot + self.job.within)

    def take(self, message: Message) -> Told | None:
        """Keeps what a message brings, and gives what of it is to be told.

        Raises Garbled for one that a guest of ours would not send: its kernel may be broken.
        """
        try:
            return self._take(message)
        except (KeyError, TypeError, ValueError, FileNotFoundError) as error:
            raise Garbled(f"{message.kind}: {type(error).__name__}: {error}") from error

    def _take(self, message: Message) -> Told | None:
        kernel, fields = self.run.kernel, message.fields
        now = time.monotonic() - self.started
        if message.kind == "hello":
            if self.run.boot is not None:
                raise Garbled("hello, once more")  # its time would begin anew
            self.last = now
            self.run = replace(self.run, boot=now, kernel=replace(kernel, release=str(fields["release"])))
            return Told(self.run.kernel, booted=now)
        if message.kind == "file":
            place = self.folder / self._asked(fields["scenario"])
            place.mkdir(parents=True, exist_ok=True)
            if fields["name"] in (*NAMES, TRACE):
                write(place / fields["name"], message.octets)
        elif message.kind == "result":
            return self._result(now, *read(self.folder / self._asked(fields["scenario"])))
        elif message.kind == "trait":
            self.run = replace(self.run, traits=(*self.run.traits, answer(fields)))
            return Told(kernel, known=self.run.traits[-1])
        elif message.kind == "feature":
            self.run = replace(self.run, features=(*self.run.features, answer(fields)))
            return Told(kernel, known=self.run.features[-1])
        elif message.kind == "failed":
            self.failed = str(fields["reason"]) or "it does not say how"
        elif message.kind == "bye":
            self.bye = True
            self.run = replace(self.run, guest_seconds=float(fields["uptime"]))
        return None

    def _asked(self, scenario: str) -> str:
        """The same, where it is one that was asked for. Raises KeyError: a name becomes a path."""
        if scenario not in self.job.scenarios:
            raise KeyError(scenario)
        return scenario

    def _result(self, now: float, result: Result, release: str) -> Told:
        self._asked(result.scenario.name)
        outcome = replace(outcome_of(result), wall=now - self.last)
        first = now if self.run.first_verdict is None else self.run.first_verdict
        self.run = replace(self.run, outcomes=(*self.run.outcomes, outcome), first_verdict=first)
        self.last = now
        return Told(self.run.kernel, outcome=outcome, result=result)

    def silence(self) -> str:
        """Why there was nothing more."""
        if self.run.boot is None:
            return f"it said nothing in {BOOT_WITHIN:.0f} s"
        return f"it hangs, or is too slow: no end after {self.job.within:.0f} s"

    def end(self, console: str) -> str:
        """Why a guest ended before it was done; "" for one that has told all that was asked for."""
        told = {*(outcome.scenario for outcome in self.run.outcomes), *(known.name for known in self.run.traits)}
        untold = ", ".join(sorted({*self.job.scenarios, *self.job.traits} - told))
        if self.failed:
            return f"the lab failed in it: {self.failed}"
        if self.bye:
            return f"it says that it is done, and told nothing of {untold}" if untold else ""
        if panics := PANIC.findall(console):
            return str(panics[-1])
        return "it ended without a word" if self.run.boot is None else "it ended before all was done"


def outcome_of(result: Result) -> Outcome:
    failed = tuple((finding.claim, finding.seen) for finding in result.findings if finding.verdict is Verdict.FAIL)
    return Outcome(result.scenario.name, result.verdict, len(result.findings), failed, result.reason, result.seconds)


def answer(fields: Mapping[str, Any]) -> Known:
    """Raises TypeError for what is none."""
    known = Known(**fields)
    if wrong := next(misfits(known, Known, known.name), ""):
        raise TypeError(wrong)
    return known
