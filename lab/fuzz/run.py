"""The fuzzer at work: a few processes, each with a sandbox of its own, share the batches of a run."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from lab.fuzz.compare import Difference
from lab.fuzz.followed import IMPATIENCE, PATIENCE
from lab.fuzz.generate import Case
from lab.fuzz.play import Player
from lab.fuzz.search import Mismatch, batches, search
from lab.fuzz.write import scenario_text
from lab.workers import stay_with_parent

# Two a core: each waits half of its time, for RCU and for silence. How many there are changes nothing of what is played.
PROCESSES = min(2 * (os.cpu_count() or 1), 8)
MOST_MISMATCHES = 5  # then the run ends: shrinking takes seconds, and one fault of the theory shows in many networks

_player: Player | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of one: networks and Sends that were compared, those of shrinking included."""

    networks: int
    sends: int
    mismatch: Mismatch | None


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A whole run. `drawn` counts its own networks, `networks` also those that shrinking tried."""

    seed: int
    drawn: int
    networks: int
    sends: int
    seconds: float
    mismatches: tuple[Mismatch, ...]

    @property
    def summary(self) -> str:
        rate = f"{self.networks / self.seconds:.1f} networks a second"
        words = f"{self.networks} networks and {self.sends} sends in {self.seconds:.0f} s, {rate}"
        if not self.mismatches:
            return f"{words}: all as foreseen"
        return f"{words}: {len(self.mismatches)} of {self.drawn} seen otherwise (seed {self.seed})"


def fuzz(count: int, seed: int, progress: Callable[[int], None] = lambda _: None) -> Fuzzed:
    """Plays `count` random networks, always the same ones for a seed, and calls `progress` with how many are done.

    Raises Forbidden where this machine does not allow namespaces, and Broken where the lab fails.
    """
    started = time.monotonic()
    done: list[Batch] = []
    drawn = 0
    # Spawned, not forked: a worker shares nothing with us that a thread may hold at the moment of the fork.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, spawn, stay_with_parent) as pool:
        sizes = {pool.submit(play_batch, seed, number, size): size for number, size in batches(count)}
        try:
            for future in as_completed(sizes):
                done.append(future.result())
                drawn += sizes[future]
                progress(drawn)
                if sum(batch.mismatch is not None for batch in done) >= MOST_MISMATCHES:
                    break
            pool.shutdown(wait=True, cancel_futures=True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
    found = tuple(batch.mismatch for batch in done if batch.mismatch)
    networks, sends = sum(batch.networks for batch in done), sum(batch.sends for batch in done)
    return Fuzzed(seed, drawn, networks, sends, time.monotonic() - started, found)


def play_batch(seed: int, number: int, size: int) -> Batch:
    """One batch, in a worker, which keeps its player from one to the next."""
    global _player
    _player = player = _player or Player()
    player.patience = PATIENCE
    networks, sends = player.played, player.sends

    def play(case: Case) -> list[Difference]:
        found = player.play(case)
        if found:
            player.patience = IMPATIENCE
        return found

    mismatch = search(seed, number, size, play)
    return Batch(player.played - networks, player.sends - sends, mismatch)


def scenario_file(fuzzed: Fuzzed, mismatch: Mismatch) -> tuple[str, str]:
    """Where a mismatch's scenario file belongs, and its text."""
    name = f"fuzz-{fuzzed.seed}-{mismatch.number}"
    return f"scenarios/fuzz/{name.replace('-', '_')}.py", scenario_text(name, mismatch.case, mismatch.differences)
