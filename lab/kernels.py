"""Scenarios on other kernels: each kernel is booted once, for all of them, and what it tells is kept here."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from lab.booted import Job, Running, Told, boot
from lab.find import find
from lab.kernels_at_hand import default_kernels, located
from lab.model.kernel import Kernel
from lab.world.errors import Forbidden, NoKernel, NotFetched
from lab.world.guests.boot import MEMORY
from lab.world.guests.image import programs_of

__all__ = ["Forbidden", "Job", "NoKernel", "NotFetched", "Told", "run_on", "to_boot"]

QEMU_ITSELF = 1280
"""MB that QEMU takes beside its guest's memory, by plain emulation: it keeps up to 1 GB of what it has translated."""


def run_on(kernels: Sequence[Kernel], job: Job, out: Path, at_once: int = 1) -> Iterator[Told]:
    """Boots the kernels, `at_once` at a time, and gives what they tell as it comes. Evidence goes to folder_of(out, kernel).

    A kernel that does not boot, hangs or panics does not stop the others. Raises Forbidden where no guest can be started here.
    """
    require_guests()
    programs = programs_of(word for name, source in job.scenarios.items() for word in words_of(name, source))
    told: SimpleQueue[Told | BaseException] = SimpleQueue()
    running = Running()

    def one(kernel: Kernel) -> None:
        try:
            for each in boot(kernel, job, programs, folder_of(out, kernel), running):
                told.put(each)
        except BaseException as error:
            told.put(error)

    with ThreadPoolExecutor(at_once) as pool:
        left = len([pool.submit(one, kernel) for kernel in kernels])
        try:
            while left:
                each = told.get()
                if isinstance(each, BaseException):
                    raise each
                left -= each.run is not None
                yield each
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            running.end()


def to_boot(words: Sequence[str], say: Callable[[str], None]) -> list[Kernel]:
    """The kernels of these words, each once, or without any Debian's of today; those that are not here are fetched.

    Raises Forbidden before any is fetched where none could be booted. Raises NotFetched where one cannot be had now, and else
    NoKernel: with all that is wrong.
    """
    require_guests()
    found, wrong = [], dict[str, NoKernel]()
    for word in dict.fromkeys(words or default_kernels(say)):
        try:
            found.append(located(word, say))
        except NoKernel as error:
            wrong[str(error)] = error
    if wrong:
        kind = NotFetched if any(isinstance(error, NotFetched) for error in wrong.values()) else NoKernel
        raise kind("\n".join(wrong))
    return found


def require_guests() -> None:
    """Raises Forbidden with all that this machine lacks for a guest."""
    absent = []
    if not shutil.which("qemu-system-x86_64"):
        absent.append("qemu-system-x86_64 is not installed (Debian, Ubuntu: apt-get install qemu-system-x86)")
    if not shutil.which("modprobe", path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))):
        absent.append("modprobe is not installed (Debian, Ubuntu: apt-get install kmod)")
    if not importlib.util.find_spec("virtme"):
        absent.append("virtme-ng is not installed (make .venv/.dev in a clone, else pip install 'pmtulab[kernels]')")
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
    """Where the evidence of a kernel goes: a folder in `out`, also of a tree that is called `.`."""
    name = re.sub(r"[^A-Za-z0-9.+~-]+", "_", kernel.name.strip("/"))
    return out / (name if name.strip(".") else "_" * max(len(name), 1))
