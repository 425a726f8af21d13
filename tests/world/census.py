"""What a lab could leave behind, listed: processes, network namespaces, interfaces, mounts, entries of /run, temporary files.

Of processes and namespaces only ours are listed, as other labs may run on this machine at the same time. Ours are the descendants
of the process that asks: with `adopting_orphans()`, a process whose parent was killed becomes our child, and nobody else's. Of /run
only what a lab has names for is listed: whatever else comes there is another program's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Process:
    """A process that has not ended: its parent, and its command line."""

    pid: int
    parent: int
    argv: tuple[str, ...]

    @property
    def is_holder(self) -> bool:
        return any(word.endswith("holder.py") for word in self.argv)


@dataclass(frozen=True, slots=True)
class Census:
    """Two of these are equal where nothing came and nothing went. `namespaces`: inodes, of processes and of open descriptors."""

    processes: frozenset[Process]
    namespaces: frozenset[int]
    interfaces: frozenset[str]
    mounts: frozenset[str]
    run: frozenset[str]
    temporary: frozenset[str]

    def besides(self, before: Census) -> dict[str, list[object]]:
        """What is here and was not before, by kind."""
        news = {name: sorted(getattr(self, name) - getattr(before, name), key=str) for name in Census.__slots__}
        return {name: new for name, new in news.items() if new}


def census(temporary: Path) -> Census:
    """Everything, now. `temporary` is the directory that TMPDIR names for the programs watched."""
    return Census(
        processes=frozenset(descendants(os.getpid())),
        namespaces=frozenset(namespaces()),
        interfaces=frozenset(os.listdir("/sys/class/net")),
        mounts=frozenset(Path("/proc/self/mountinfo").read_text().splitlines()),
        run=frozenset(entries(Path("/run"), "pmtulab*")) | frozenset(entries(Path("/run/netns"))),
        temporary=frozenset(str(path) for path in temporary.rglob("*")),
    )


def entries(folder: Path, pattern: str = "*") -> list[str]:
    """None, where there is no such folder."""
    return [str(path) for path in folder.glob(pattern)]


def processes() -> Iterator[Process]:
    """Every process of this machine but zombies: those hold nothing any more."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # The name, in brackets, may have blanks and brackets of its own.
            state, parent = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[:2]
            argv = Path("/proc", pid, "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
            if state not in "ZX":
                yield Process(int(pid), int(parent), tuple(argv))


def descendants(ancestor: int) -> list[Process]:
    """Its children, their children, and so on."""
    by_parent: dict[int, list[Process]] = {}
    for process in processes():
        by_parent.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    parents = [ancestor]
    while parents:
        children = by_parent.get(parents.pop(), [])
        found += children
        parents += (child.pid for child in children)
    return found


def namespaces() -> Iterator[int]:
    """Network namespaces that we or our descendants are in, or hold by a descriptor."""
    for pid in (os.getpid(), *(process.pid for process in descendants(os.getpid()))):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            yield os.stat(f"/proc/{pid}/ns/net").st_ino
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    found = re.fullmatch(r"net:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
                    if found:
                        yield int(found[1])


@contextlib.contextmanager
def adopting_orphans() -> Iterator[None]:
    """Descendants whose parents end become our children (PR_SET_CHILD_SUBREAPER). At the end they are killed and collected."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    try:
        yield
    finally:
        for process in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
