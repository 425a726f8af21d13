"""Scenarios on other kernels: each kernel is booted once, for all of them, and what it tells is kept here."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

from lab.evidence import NAMES, TRACE, read, write
from lab.find import find
from lab.judge.guest import KernelRun, Outcome
from lab.judge.result import Result
from lab.judge.traits import Known
from lab.judge.verdict import Verdict
from lab.kernels_at_hand import default_kernels, located
from lab.matrix import keep_run
from lab.model.kernel import Kernel
from lab.world.errors import Forbidden, NoKernel, NotFetched
from lab.world.guests.boot import MEMORY, Guest, Silent
from lab.world.guests.image import programs_of
from lab.world.guests.kvm import kvm_works
from lab.world.guests.messages import Garbled, Message
from lab.world.guests.parts import initramfs
from lab.world.guests.warp import WARP_KERNEL, WARP_QEMU

__all__ = ["Forbidden", "Job", "NoKernel", "NotFetched", "Told", "default_kernels", "located", "run_on"]

BOOT_WITHIN = 180.0
"""Seconds: by plain emulation on a busy machine a kernel that boots has said hello after 40."""
QEMU_ITSELF = 256
"""MB that QEMU takes beside its guest's memory: what it has translated, above all."""
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


def run_on(kernels: Sequence[Kernel], job: Job, out: Path, at_once: int = 1) -> Iterator[Told]:
    """Boots the kernels, `at_once` at a time, and gives what they tell as it comes. Evidence goes to folder_of(out, kernel).

    A kernel that does not boot, hangs or panics does not stop the others. Raises Forbidden where no guest can be started here.
    """
    require_guests()
    words = (word for name, source in job.scenarios.items() for word in words_of(name, source))
    programs = programs_of(words)
    told: SimpleQueue[Told | BaseException | None] = SimpleQueue()
    stop: list[Guest] = []

    def one(kernel: Kernel) -> None:
        try:
            for each in boot(kernel, job, programs, folder_of(out, kernel), stop):
                told.put(each)
        except BaseException as error:
            told.put(error)

    with ThreadPoolExecutor(at_once) as pool:
        waiting = [pool.submit(one, kernel) for kernel in kernels]
        left = len(waiting)
        try:
            while left:
                each = told.get()
                if isinstance(each, BaseException):
                    raise each
                left -= each is not None and each.run is not None
                if each:
                    yield each
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for guest in stop:
                guest.close()


def require_guests() -> None:
    """Raises Forbidden with all that this machine lacks for a guest."""
    absent = []
    if not shutil.which("qemu-system-x86_64"):
        absent.append("qemu-system-x86_64 is not installed (Debian, Ubuntu: apt-get install qemu-system-x86)")
    if not shutil.which("modprobe", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))):
        absent.append("modprobe is not installed (Debian, Ubuntu: apt-get install kmod)")
    if not importlib.util.find_spec("virtme"):
        absent.append("virtme-ng is not installed (pip install 'pmtulab[kernels]')")
    if absent:
        raise Forbidden("other kernels cannot be booted here:\n" + "\n".join(absent))


def guests_at_once(cpus: int) -> int:
    """How many guests of so many processors this machine has cores and free memory for; one in any case."""
    free = next(
        (int(line.split()[1]) // 1024 for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvailable" in line), 0
    )
    return max(1, min(len(os.sched_getaffinity(0)) // cpus, free // (MEMORY + QEMU_ITSELF)))


def words_of(name: str, source: str) -> set[str]:
    """All words in the stories of a scenario: programs are among them."""
    stories = (act.story for scenario in find(source) if scenario.name == name for act in scenario.acts)
    return set(re.findall(r"[a-z][a-z0-9-]*", repr([*stories])))


def folder_of(out: Path, kernel: Kernel) -> Path:
    """Where the evidence of a kernel goes."""
    return out / re.sub(r"[^A-Za-z0-9.+~-]+", "_", kernel.name.strip("/"))


def boot(kernel: Kernel, job: Job, programs: set[str], folder: Path, stop: list[Guest]) -> Iterator[Told]:
    """One kernel, from its boot to its end; the last is its KernelRun, which is kept, too."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    kvm = not job.warp and kvm_works()[0]
    seen = Seen(KernelRun(kernel, accelerator="kvm" if kvm else "tcg"), folder, started)
    jobs = 1 if job.warp else job.jobs
    system = initramfs(kernel, job.scenarios.values(), programs, task(job, jobs))
    cpus = min(jobs, os.cpu_count() or 1)
    options, qemu = (WARP_KERNEL, WARP_QEMU) if job.warp else ((), ())
    try:
        guest = Guest(kernel, system, folder / CONSOLE, kvm=kvm, cpus=cpus, options=options, qemu=qemu)
    finally:
        os.close(system)
    stop.append(guest)
    try:
        for message in guest.messages(
            lambda: started + BOOT_WITHIN if seen.run.boot is None else started + seen.run.boot + job.within
        ):
            yield from seen.take(message)
        reason = seen.end(guest.console(), job)
    except Silent:
        booted = seen.run.boot is not None
        reason = (
            f"it hangs, or is too slow: no end after {job.within:.0f} s" if booted else f"it said nothing in {BOOT_WITHIN:.0f} s"
        )
    except Garbled as error:
        reason = f"its port said nonsense: {error}"
    finally:
        console = guest.console()
        guest.close()
        stop.remove(guest)
    run = replace(seen.run, wall=time.monotonic() - started)
    if reason:
        verdict = Verdict.BROKEN if run.boot is None or seen.failed else Verdict.FAIL
        run = replace(run, stopped=verdict, reason=reason, console=tuple(console.splitlines()[-TAIL:]))
    keep_run(run, folder)
    yield Told(kernel, run=run)


def task(job: Job, jobs: int) -> bytes:
    """A job as lab.guest reads it."""
    rest = {"traits": job.traits, "features": job.features, "skip": [*job.skip], "trace": job.trace}
    return json.dumps({"scenarios": dict(job.scenarios), "jobs": jobs, **rest}).encode()


@dataclass
class Seen:
    """What a guest has told until now."""

    run: KernelRun
    folder: Path
    started: float
    over: bool = False
    failed: str = ""
    last: float = 0.0

    def take(self, message: Message) -> Iterator[Told]:
        """Keeps what a message brings."""
        kernel, fields = self.run.kernel, message.fields
        now = time.monotonic() - self.started
        if message.kind == "hello":
            self.run = replace(self.run, boot=now, kernel=replace(kernel, release=fields["release"]))
            self.last = now
            yield Told(kernel, booted=now)
        elif message.kind == "file":
            name = fields["name"]
            if name in (*NAMES, TRACE):
                place = self.folder / fields["scenario"]
                place.mkdir(parents=True, exist_ok=True)
                write(place / name, message.octets)
        elif message.kind == "result":
            result, _ = read(self.folder / fields["scenario"])
            outcome = replace(outcome_of(result), wall=now - self.last)
            first = now if self.run.first_verdict is None else self.run.first_verdict
            self.run = replace(self.run, outcomes=(*self.run.outcomes, outcome), first_verdict=first)
            self.last = now
            yield Told(kernel, outcome=outcome, result=result)
        elif message.kind in ("trait", "feature"):
            known = Known(**fields)
            if message.kind == "trait":
                self.run = replace(self.run, traits=(*self.run.traits, known))
            else:
                self.run = replace(self.run, features=(*self.run.features, known))
            yield Told(kernel, known=known)
        elif message.kind == "failed":
            self.failed = fields["reason"]
        elif message.kind == "bye":
            self.over = not self.failed
            self.run = replace(self.run, guest_seconds=fields["uptime"])

    def end(self, console: str, job: Job) -> str:
        """Why a guest ended before it was done; "" for one that has told all that was asked for."""
        untold = (
            {*job.scenarios, *job.traits} - {told.scenario for told in self.run.outcomes} - {told.name for told in self.run.traits}
        )
        if self.over:
            return f"it says that it is done, and told nothing of {', '.join(sorted(untold))}" if untold else ""
        if self.failed:
            return f"the lab failed in it: {self.failed}"
        panics = PANIC.findall(console)
        if panics:
            return str(panics[-1])
        return "it ended without a word" if self.run.boot is None else "it ended before all was done"


def outcome_of(result: Result) -> Outcome:
    failed = tuple((finding.claim, finding.seen) for finding in result.findings if finding.verdict is Verdict.FAIL)
    return Outcome(result.scenario.name, result.verdict, len(result.findings), failed, result.reason, result.seconds)
