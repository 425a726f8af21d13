"""An instance of tracefs of our own: the machine's own tracing goes on undisturbed, and nothing of ours is left.

tracefs is mounted nowhere for it: a mount that is in no tree is held by a descriptor, and goes with it (fsmount(2)). An instance
and probes outlive a process that is killed. So whoever comes next removes those that nobody holds: an instance whose pipe is open
cannot be removed (EBUSY), which needs no list of who lives.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lab.world.errors import Broken, Forbidden
from lab.world.syscalls import call

FSOPEN, FSCONFIG, FSMOUNT = 430, 431, 432  # the same on every architecture (include/uapi/asm-generic/unistd.h)
CLOEXEC, CMD_CREATE = 1, 6  # FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC; FSCONFIG_CMD_CREATE
PREFIX = "pmtulab_"
PROBES = "kprobe_events"
ROOM = 8192, 262144  # KiB: for each processor, and for all
READ = 1 << 20


@contextlib.contextmanager
def tracefs() -> Iterator[Path]:
    """tracefs, for as long as this is open. Raises Forbidden, with what to do."""
    try:
        context = call("syscall", FSOPEN, b"tracefs", CLOEXEC)
        try:
            call("syscall", FSCONFIG, context, CMD_CREATE, None, None, 0)
            mount = call("syscall", FSMOUNT, context, CLOEXEC, 0)
        finally:
            os.close(context)
    except OSError as error:
        if error.errno == errno.ENODEV:
            raise Forbidden("this kernel has no tracing (CONFIG_TRACING): nothing of its own calls can be seen") from error
        raise Forbidden(
            f"this machine does not let pmtulab trace its kernel: {error.strerror}. That needs root, and not only in a user"
            " namespace; scenarios run without it (pmtulab run)"
        ) from error
    try:
        yield Path(f"/proc/self/fd/{mount}")
    finally:
        os.close(mount)


class Instance:
    """An instance with a buffer of its own; `name` is also the group of its probes. Closing it removes both.

    Raises Forbidden where the kernel refuses any of it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = f"{PREFIX}{os.getpid()}_{os.urandom(3).hex()}"
        self.path = root / "instances" / self.name
        remove_leftovers(root)
        try:
            self.path.mkdir()
        except OSError as error:
            raise Forbidden(f"the kernel lets nobody make an instance of its tracing: {error.strerror}") from error
        try:
            # Open from now to the end: it is what tells others that this instance is in use.
            self.pipe = os.open(self.path / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            with contextlib.suppress(OSError):
                self.path.rmdir()
            raise Forbidden(f"the kernel lets nobody read its traces: {error.strerror}") from error
        try:
            self._prepare()
        except OSError as error:
            self.close()
            raise Forbidden(f"the kernel gives an instance of its tracing no buffer: {error.strerror}") from error

    def _prepare(self) -> None:
        self.write("tracing_on", "0")
        each, most = ROOM
        self.write("buffer_size_kb", str(min(each, most // (os.cpu_count() or 1))))
        self.write("trace_clock", "mono")
        self.write("options/overwrite", "0")  # what there is no room for is counted, and what was first stays
        with contextlib.suppress(OSError):  # from 5.12 on; before, addresses in tracepoints cannot be told
            self.write("options/hash-ptr", "0")

    def write(self, name: str, text: str) -> None:
        """Raises OSError."""
        (self.path / name).write_text(text)

    def start(self) -> None:
        self.write("tracing_on", "1")

    def stop(self) -> None:
        self.write("tracing_on", "0")

    def lost(self) -> Mapping[str, int]:
        """How many events each processor had no room for; those without loss are left out."""
        found: dict[str, int] = {}
        for folder in sorted((self.path / "per_cpu").iterdir()):
            stats = dict(line.split(": ", 1) for line in (folder / "stats").read_text().splitlines() if ": " in line)
            if missed := sum(int(stats.get(name, "0")) for name in ("overrun", "commit overrun", "dropped events")):
                found[folder.name] = missed
        return found

    def read(self) -> str:
        """Everything in the buffer, in the order of time; it is empty then."""
        pieces = []
        with contextlib.suppress(BlockingIOError):
            while octets := os.read(self.pipe, READ):
                pieces.append(octets)
        return b"".join(pieces).decode(errors="replace")

    def close(self) -> None:
        """Safe to call twice."""
        if self.pipe >= 0:
            os.close(self.pipe)
            self.pipe = -1
            with contextlib.suppress(FileNotFoundError):
                self.path.rmdir()
            remove_probes(self.root, [self.name])


def remove_leftovers(root: Path) -> None:
    """Instances and probes of ours that nobody holds any more."""
    instances = root / "instances"
    for path in instances.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # in use, or somebody else was faster
            path.rmdir()
    # Probes come after their instance and go after it: those without one are nobody's.
    remove_probes(root, {group for group, _ in probes(root)} - {path.name for path in instances.glob(f"{PREFIX}*")})


def probes(root: Path) -> list[tuple[str, str]]:
    """Group and name of each probe of ours that is defined."""
    try:
        written = (root / PROBES).read_text()
    except OSError:
        return []
    names = (line.split()[0].partition(":")[2].partition("/") for line in written.splitlines())
    return [(group, name) for group, _, name in names if group.startswith(PREFIX)]


def remove_probes(root: Path, groups: Iterable[str]) -> None:
    groups = set(groups)
    for group, name in probes(root):
        if group in groups:
            with contextlib.suppress(OSError):
                append(root / PROBES, f"-:{group}/{name}")


def append(path: Path, line: str) -> None:
    """One line into a file that takes commands. Raises OSError."""
    # Not open("a"): that seeks the end, which these files refuse.
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        os.write(fd, f"{line}\n".encode())
    finally:
        os.close(fd)


def nothing_lost(lost: Mapping[str, int]) -> None:
    """Raises Broken with what the buffer had no room for."""
    if lost:
        each = ", ".join(f"{number} on {processor}" for processor, number in lost.items())
        raise Broken(f"the kernel's trace has lost events ({each}): what was seen is not all that was called")
