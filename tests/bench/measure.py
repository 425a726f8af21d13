"""How things are measured: each in a process of its own, by turns (A B A B), on a machine as quiet as it gets.

It imports little, since a child's peak memory is never counted as less than what its parent had at the fork (exec_mmap()).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

TOP = Path(__file__).parents[2]
WINDOW = 0.1  # seconds over which idleness is measured
QUIET = 0.9
PATIENCE = 0.5  # seconds to wait for a quiet machine, and more after a big network:
PATIENCE_A_NODE = 0.004  # the kernel takes namespaces down long after their last process ended (cleanup_net())


class Failed(Exception):
    """What was to be measured does not work; its own words."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A whole process: seconds, peak memory in octets of the largest process of it, and what it printed."""

    seconds: float
    peak: int
    said: str


@dataclass(slots=True)
class Machine:
    """How idle the machine was before each measurement, 0 to 1: others at work are the noise in every number."""

    idle: list[float] = field(default_factory=list)
    to_clean: int = 0  # nodes of the network that was last left to the kernel

    def settle(self) -> None:
        """Waits until the machine is quiet, for a while at most."""
        until = time.monotonic() + PATIENCE + PATIENCE_A_NODE * self.to_clean
        self.to_clean = 0
        while (idle := idleness()) < QUIET and time.monotonic() < until:
            pass
        self.idle.append(idle)


def idleness() -> float:
    """The share of all cores' time that nobody used, over WINDOW."""
    before = ticks()
    time.sleep(WINDOW)
    total, idle = (now - then for now, then in zip(ticks(), before, strict=True))
    return idle / total if total else 1.0


def ticks() -> tuple[int, int]:
    """All ticks so far, and those of them that were idle or waiting for a disk."""
    numbers = [int(number) for number in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]]
    return sum(numbers), numbers[3] + numbers[4]


def timed(argv: Sequence[str]) -> Timed:
    """Runs a program to its end. Raises Failed with its last line where that is not a good one."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    with process.stdout as stream:
        said = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed((said.strip().splitlines() or [f"exit code {process.returncode}"])[-1])
    return Timed(seconds, usage.ru_maxrss * 1024, said)


def python(*argv: str) -> list[str]:
    return [sys.executable, *argv]


def by_turns(machine: Machine, rounds: int, commands: Mapping[str, Sequence[str]], nodes: int = 0) -> dict[str, list[Timed]]:
    """Each command `rounds` times, one after the other and again. `nodes`: of the network that each leaves to the kernel."""
    samples: dict[str, list[Timed]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, argv in commands.items():
            machine.settle()
            samples[name].append(timed(argv))
            machine.to_clean = nodes
    return samples


def figures(samples: Sequence[Timed], name: str) -> list[Any]:
    """What each process printed by that name, in the JSON object that is its last line."""
    return [json.loads(sample.said.splitlines()[-1])[name] for sample in samples]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return median(ours) / median(theirs)
