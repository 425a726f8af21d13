"""What is loaded when: start-up counts, and pyroute2 alone takes as long as all the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
HEAVY = {
    "pyroute2",
    "rich",
    "asyncio",
    "multiprocessing",
    "xml",
    "yaml",
    "jsonschema",
    "lab.world.net",
    "lab.judge.expect",
    "lab.report.html",
    "lab.world.guests",
    "virtme",
    "packaging",
}


def loaded(program: str, *arguments: str) -> set[str]:
    """Which of HEAVY a Python program has loaded by its end."""
    ending = f"import atexit, sys; atexit.register(lambda: sys.stderr.write(' '.join({HEAVY} & set(sys.modules))))\n"
    run = subprocess.run([sys.executable, "-c", ending + program, *arguments], capture_output=True, text=True, check=True)
    return set(run.stderr.split())


def test_the_lab_itself_loads_nothing_heavy() -> None:
    assert loaded("import lab") == set()
    assert loaded("import lab.cli") == set()


def test_other_kernels_are_looked_for_without_what_boots_them() -> None:
    assert not loaded("import lab.kernels_at_hand, lab.kernels") & {"virtme", "packaging", "rich"}


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        ("--help", set()),
        ("capture --help", set()),
        ("shape --help", set()),
        ("schema", set()),
        ("completion fish", set()),
        ("show 576-router", {"lab.judge.expect"}),
        ("graph 576-router --format svg", {"lab.judge.expect"}),
        ("shape star --mtus 1500,1400", {"yaml"}),
        ("list", {"rich", "lab.judge.expect"}),
        ("kernels run --help", set()),
        ("kernels bisect --help", set()),
        ("trace --help", set()),
        ("probe 127.0.0.1", set()),
    ],
)
def test_a_command_that_builds_nothing_loads_no_netlink(arguments: str, needs: set[str]) -> None:
    assert loaded("from lab.cli import main; main()", *arguments.split()) <= needs


def test_looking_for_labs_loads_no_netlink_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And so `exec` and `shell` do not, which reach a lab in the same way."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert loaded("from lab.cli import main; main()", "ls") == set()
    assert loaded("import lab.inside") == set()


def test_the_instrument_sees_what_is_loaded() -> None:
    assert loaded("import pyroute2") >= {"pyroute2", "asyncio"}


def test_the_holder_has_the_standard_library_and_its_own_files() -> None:
    """It starts with each lab, and as pid 1 of a standing one it stays in memory."""
    holder = TOP / "lab/world/holder.py"
    said = f"import runpy, sys; runpy.run_path({str(holder)!r}); print(*(set(sys.modules) - {{'lab', 'lab.world'}}))"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", said], capture_output=True, text=True, check=True)
    modules = set(run.stdout.split())
    assert {m for m in modules if m.startswith("lab.")} == {f"lab.world.{name}" for name in ("children", "holding", "syscalls")}
    assert not modules & {"dataclasses", "pathlib", "subprocess", "threading", "asyncio"}


def test_a_pytest_run_of_whoever_has_it_installed_loads_next_to_nothing() -> None:
    """Beside what pytest itself has loaded: the plugin, and the empty package that it is in."""
    program = """
import sys
import pytest
before = set(sys.modules)
from importlib.metadata import entry_points
(plugin,) = (entry for entry in entry_points(group="pytest11") if entry.name == "pmtulab")
plugin.load()
print(sorted(name for name in set(sys.modules) - before if name.partition(".")[0] in ("lab", "topologies", "yaml", "click")))
"""
    run = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "['lab', 'lab.pytest_plugin']\n"
