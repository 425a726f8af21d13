"""`python -m tests.bench [--quick] [--markdown]`: what the lab costs, in one table. It takes two or three minutes.

Goals stand beside the numbers, but this is no test: it exits with 0 whenever it could measure.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.measure import Failed, Machine, Timed, by_turns, figures, python, ratio, timed
from tests.bench.table import NOTES, Row, show

STORY = "576-router"
ROUNDS = {10: 7, 100: 7, 300: 3, 1000: 3}  # of each length of chain
MININET_ROUTERS = 100
# Mininet makes its names in the host's namespaces. Here it gets some of its own, and the last process takes all others with it.
APART = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")

Section = Callable[[Machine, bool], Iterator[Row]]


def seconds(values: Sequence[float]) -> str:
    """The median, and the fastest and slowest: "0.29 (0.25–0.43) s"."""
    if median(values) < 1:
        low, middle, high = (f"{1000 * v:.0f}" for v in (min(values), median(values), max(values)))
        return f"{middle} ({low}–{high}) ms"
    return f"{median(values):.2f} ({min(values):.2f}–{max(values):.2f}) s"


def megabytes(samples: Sequence[Timed]) -> float:
    return median(sample.peak for sample in samples) / 1e6


def whole_process(machine: Machine, quick: bool) -> Iterator[Row]:
    installed = Path(sys.executable).with_name("pmtulab")
    door = [str(installed)] if installed.exists() else python("-c", "from lab.cli import main; main()")
    with TemporaryDirectory() as out:
        commands = {"lab": [*door, "run", STORY, "--out", out], "import": python("-c", "import pyroute2")}
        timed(commands["lab"])  # compiles what is not compiled yet
        samples = by_turns(machine, 3 if quick else 9, commands)
    ours = [sample.seconds for sample in samples["lab"]]
    bare = [sample.seconds for sample in samples["import"]]
    row = Row(f"pmtulab run {STORY}", seconds(ours), f"import pyroute2 {seconds(bare)}", ratio(ours, bare))
    yield row.held_to("0.6 s", median(ours) <= 0.6)
    peak, least = megabytes(samples["lab"]), megabytes(samples["import"])
    yield Row("its peak memory", f"{peak:.0f} MB", f"import pyroute2 {least:.0f} MB", peak / least).held_to("80 MB", peak <= 80)


def one_story(machine: Machine, quick: bool) -> Iterator[Row]:
    machine.settle()
    (ours,) = figures([timed(python("-m", "tests.bench.story", STORY, "3" if quick else "9"))], "seconds")
    yield Row("the same inside a process, warm", seconds(ours)).held_to("0.15 s", median(ours) <= 0.15)


def chains(machine: Machine, quick: bool) -> Iterator[Row]:
    a_node: dict[int, float] = {}
    closing: list[float] = []
    for routers, rounds in ROUNDS.items():
        commands = {name: python("-m", f"tests.bench.{name}", str(routers)) for name in ("lab_chain", "yardstick")}
        if routers == 100:
            commands["taps"] = python("-m", "tests.bench.lab_chain", "100", "taps")
        samples = by_turns(machine, 1 + (routers < 300) if quick else rounds, commands, routers)
        ours, theirs = (figures(samples[name], "build") for name in ("lab_chain", "yardstick"))
        a_node[routers] = 1000 * median(ours) / (routers + 2)
        what = f"{routers} routers [1]: {a_node[routers]:.1f} ms a node"
        row = Row(what, seconds(ours), f"yardstick {seconds(theirs)}", ratio(ours, theirs))
        yield row.held_to("2.0 ×", ratio(ours, theirs) <= 2.0) if routers in (100, 1000) else row
        if "taps" in commands:
            tapped = figures(samples["taps"], "build")
            yield Row("100 routers, a tap at each link end", seconds(tapped), f"without {seconds(ours)}", ratio(tapped, ours))
        closing = figures(samples["lab_chain"], "close")
    yield Row(
        "a node of 1000 routers",
        f"{a_node[1000]:.1f} ms",
        f"a node of 100 routers {a_node[100]:.1f} ms",
        a_node[1000] / a_node[100],
    )
    yield Row("closing 1000 routers", seconds(closing)).held_to("0.3 s", median(closing) <= 0.3)


def mininet(machine: Machine, quick: bool) -> Iterator[Row]:
    what = f"{MININET_ROUTERS} routers, as in Mininet [2]"
    missing = why_no_mininet()
    if missing:
        yield Row(what, f"skipped: {missing}")
        return
    number = str(MININET_ROUTERS)
    commands = {
        "lab": python("-m", "tests.bench.lab_chain", number),
        "mininet": [*APART, *python("-m", "tests.bench.mininet_chain", number)],
    }
    samples = by_turns(machine, 1 if quick else 3, commands, MININET_ROUTERS)
    ours, theirs = (figures(samples[name], "build") for name in ("lab", "mininet"))
    row = Row(what, seconds(ours), f"Mininet {seconds(theirs)}", ratio(ours, theirs))
    yield row.held_to("0.1 ×", ratio(ours, theirs) <= 0.1)


def why_no_mininet() -> str:
    """Empty where Mininet can run."""
    if os.geteuid():
        return "Mininet needs root"
    if not find_spec("mininet"):
        return "the package mininet is not installed"
    lacking = [tool for tool in ("mnexec", "ifconfig", "ip", "unshare") if not shutil.which(tool)]
    return f"no {', '.join(lacking)} on PATH" if lacking else ""


def rows(machine: Machine, quick: bool) -> Iterator[Row]:
    sections: tuple[Section, ...] = (whole_process, one_story, chains, mininet)
    for section in sections:
        try:
            for row in section(machine, quick):
                print(f"measured: {row.what}", file=sys.stderr)
                yield row
        except Failed as error:
            yield Row(section.__name__.replace("_", " "), f"failed: {error}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures the lab, and prints a table.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: half a minute, and rougher")
    parser.add_argument("--markdown", action="store_true", help="print the table as the README keeps it")
    chosen = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    machine = Machine()
    show(list(rows(machine, chosen.quick)), [*NOTES, noise(machine)], markdown=chosen.markdown)


def noise(machine: Machine) -> str:
    """What the numbers were measured on, and how far to trust them."""
    idle = median(machine.idle)
    verdict = "quiet" if idle >= 0.9 else "others were at work: trust the ratios, not the times"
    release, version = os.uname().release, ".".join(map(str, sys.version_info[:3]))
    return (
        f"{os.cpu_count()} cores, Linux {release}, Python {version}. Medians, with the fastest and the slowest; each by turns"
        f" with what stands beside it. Before each, {100 * idle:.0f} % of the machine was idle ({verdict})."
    )


if __name__ == "__main__":
    main()
