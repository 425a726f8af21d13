"""Nothing is left behind: after a kill at any moment, after Ctrl-C, after an error, after two hundred labs in one process."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.world.census import Census, adopting_orphans, census, descendants
from tests.world.command import SLOW, TOP, pmtulab, started, surroundings, until

KILLS, SIDE_BY_SIDE = 50, 5
INTERRUPTED = "interrupted: nothing is left behind"


class Kill(NamedTuple):
    """When to kill a run: so many seconds after it began, or after its lab's holder did."""

    of_the_lab: bool
    after: float


@pytest.fixture(autouse=True)
def orphans() -> Iterator[None]:
    with adopting_orphans():
        yield


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    path = tmp_path / "slow.py"
    path.write_text(SLOW)
    return path


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    path = tmp_path / "temporary"
    path.mkdir()
    return path


def holders(pid: int) -> int:
    """How many holder processes this process has: two a lab, of which one is pid 1 in there."""
    return sum(process.is_holder for process in descendants(pid))


def interrupted(kills: list[Kill], tmp_path: Path, temporary: Path) -> tuple[int, str]:
    """Starts a run for each kill, all at once, and kills each at its moment. How many had a lab then, and what they said."""
    alive = 0
    with contextlib.ExitStack() as stack:
        begin = (started("run", "576-router", "--out", f"out{i}", cwd=tmp_path, TMPDIR=str(temporary)) for i in range(len(kills)))
        runs = [stack.enter_context(run) for run in begin]
        began = time.monotonic()
        due = {run: None if kill.of_the_lab else began + kill.after for run, kill in zip(runs, kills, strict=True)}
        after = {run: kill.after for run, kill in zip(runs, kills, strict=True)}
        while due:
            for run, moment in list(due.items()):
                if run.poll() is not None:
                    del due[run]
                elif moment is None and holders(run.pid):
                    due[run] = time.monotonic() + after[run]
                elif moment is not None and time.monotonic() >= moment:
                    alive += holders(run.pid) > 0
                    run.kill()
                    del due[run]
        return alive, "".join(run.communicate(timeout=5)[1] for run in runs)


def expect_as_before(before: Census, temporary: Path) -> None:
    """Up to five seconds: a killed lab is taken down by the kernel, after its last process."""
    left: dict[str, list[object]] = {}

    def nothing_left() -> bool:
        nonlocal left
        left = census(temporary).besides(before)
        return not left

    try:
        until(nothing_left)
    except AssertionError:
        raise AssertionError(f"left behind: {left}") from None


def test_the_census_sees_a_lab(tmp_path: Path, temporary: Path, slow: Path) -> None:
    """The instrument proved: while a lab runs, its processes and namespaces are in the census."""
    before = census(temporary)
    with started("run", slow, cwd=tmp_path, TMPDIR=str(temporary)) as run:
        until(lambda: holders(run.pid) == 2)
        # Those of four nodes, and the holder's own.
        until(lambda: len(census(temporary).namespaces - before.namespaces) >= 5)
    expect_as_before(before, temporary)


def test_a_kill_at_any_moment_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    """Half of the moments are of the whole run, half of the life of its lab, which is a small part of it."""
    moments = random.Random(1191)
    before = census(temporary)
    began = time.monotonic()
    assert interrupted([Kill(False, 60.0)] * SIDE_BY_SIDE, tmp_path, temporary) == (0, "")
    whole = time.monotonic() - began
    alive = 0
    for round in range(KILLS // SIDE_BY_SIDE):
        of_the_lab = round % 2 == 1
        kills = [Kill(of_the_lab, moments.uniform(0, 0.1 if of_the_lab else whole)) for _ in range(SIDE_BY_SIDE)]
        had_labs, said = interrupted(kills, tmp_path, temporary)
        alive += had_labs
        assert not said
        expect_as_before(before, temporary)
    assert alive >= KILLS // 4  # else the kills came too early or too late to prove anything


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_to_the_command_leaves_nothing(tmp_path: Path, temporary: Path, slow: Path, number: int, jobs: int) -> None:
    before = census(temporary)
    with started("run", slow, "-j", str(jobs), cwd=tmp_path, TMPDIR=str(temporary)) as run:
        until(lambda: holders(run.pid) == 2 * jobs, within=10)
        run.send_signal(number)
        run.wait(5)
        expect_as_before(before, temporary)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_it_within_a_second(tmp_path: Path, temporary: Path, slow: Path, jobs: int) -> None:
    """As a terminal does it: to the whole process group."""
    before = census(temporary)
    began = time.monotonic()
    with started("run", slow, "-j", str(jobs), cwd=tmp_path, TMPDIR=str(temporary)) as run:
        until(lambda: holders(run.pid) == 2 * jobs, within=10)
        there = time.monotonic()
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=10)
        ended = time.monotonic()
    assert (run.returncode, said.strip()) == (130, INTERRUPTED)
    # A busy machine has no second to spare: there it takes no longer than it took to get so far.
    assert ended - there < max(1.0, there - began)
    expect_as_before(before, temporary)


def test_ctrl_c_at_any_moment_of_a_lab(tmp_path: Path, temporary: Path, slow: Path) -> None:
    """From the start of the holder on: while the network is built, and later. One message and no traceback, each time."""
    moments = random.Random(8201)
    before = census(temporary)
    for _ in range(10):
        with started("run", slow, cwd=tmp_path, TMPDIR=str(temporary)) as run:
            until(partial(holders, run.pid))
            with pytest.raises(subprocess.TimeoutExpired):
                run.wait(moments.uniform(0, 0.15))
            os.killpg(run.pid, signal.SIGINT)
            _, said = run.communicate(timeout=10)
        assert (run.returncode, said.strip()) == (130, INTERRUPTED)
        expect_as_before(before, temporary)


def test_a_run_to_the_end_leaves_only_its_evidence(tmp_path: Path, temporary: Path) -> None:
    before = census(temporary)
    run = pmtulab("run", "576-router", cwd=tmp_path, TMPDIR=str(temporary))
    assert run.returncode == 0, run.stdout + run.stderr
    assert not census(temporary).besides(before)
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert left == [f"out/576-router/{name}" for name in ("capture.pcapng", "junit.xml", "result.json")]


def test_eight_runs_of_one_scenario_at_once_all_pass(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        runs = [stack.enter_context(started("run", "576-router", "--out", f"out{i}", cwd=tmp_path)) for i in range(8)]
        said = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0] * 8, said


MANY = """
import json, os, threading
import lab
from topologies import chain

network = chain("client", "r1", "server", mtus=(1500, 1400))

def level():
    # The second number of statm is the resident set, in pages.
    resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return [len(os.listdir("/proc/self/fd")), threading.active_count(), resident]

def open_and_close(count):
    for _ in range(count):
        with lab.open(network) as net:
            net["client"].run(["true"])
            assert net["client"].path_mtu("server") == 1500

open_and_close(20)
before = level()
open_and_close(180)
print(json.dumps([before, level()]))
"""


def test_two_hundred_labs_in_one_process_leave_its_size_as_it_was() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", MANY], cwd=TOP, env=surroundings(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (descriptors, threads, resident), after = json.loads(done.stdout)
    assert after[:2] == [descriptors, threads]
    assert after[2] - resident < 5 << 20
