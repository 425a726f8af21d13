"""`pmtulab` as a program of its own, started as the tests want it, and a way to wait for facts."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

TOP = Path(__file__).parents[2]
PMTULAB = (sys.executable, "-c", "from lab.cli import main; main()")

SLOW = """
from lab.judge.expect import Delivered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Tcp
from lab.model.story import Send
from topologies import chain

acts = (Act("into the hole", (Send(Tcp("client", "server"), 65536, within=60.0),), (Delivered(65536, to="server"),)),)
network = chain("client", "r1", "r2", "server", mtus=(1500, 576, 1500), silent=("r1",))
scenarios = tuple(Scenario(name, "A transfer that never ends", network, acts) for name in ("slow-a", "slow-b"))
"""
"""A scenario file whose runs last for a minute: a TCP transfer into a black hole."""

T = TypeVar("T")


def pmtulab(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `pmtulab` to its end, with pipes for its output."""
    with started(*arguments, cwd=cwd, **environment) as run:
        out, err = run.communicate(timeout=60)
    return subprocess.CompletedProcess(run.args, run.returncode, out, err)


@contextlib.contextmanager
def started(*arguments: str | Path, cwd: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`pmtulab`, started in a process group of its own, as a shell does; whoever is left of the group is killed at the end."""
    with subprocess.Popen(
        [*PMTULAB, *map(str, arguments)],
        cwd=cwd,
        env=surroundings(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        try:
            yield run
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)


def surroundings(**environment: str) -> dict[str, str]:
    """Our environment without what forces or forbids colour, and with our packages."""
    ours = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR", "COLUMNS")}
    return ours | {"PYTHONPATH": str(TOP)} | environment


def until(fact: Callable[[], T], within: float = 5.0) -> T:
    """Looks again and again until `fact()` is true, and returns it; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not (seen := fact()):
        assert time.monotonic() < deadline, f"not true within {within} s; last seen: {seen!r}"
        select.select([], [], [], 0.005)
    return seen
