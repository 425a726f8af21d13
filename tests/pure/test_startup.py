"""What is loaded when: start-up counts, and pyroute2 alone takes as long as all the rest."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"pyroute2", "rich", "asyncio", "multiprocessing", "xml", "yaml", "jsonschema", "lab.world.net"}


def loaded(program: str, *arguments: str) -> set[str]:
    """Which of HEAVY a Python program has loaded by its end."""
    ending = f"import atexit, sys; atexit.register(lambda: sys.stderr.write(' '.join({HEAVY} & set(sys.modules))))\n"
    run = subprocess.run([sys.executable, "-c", ending + program, *arguments], capture_output=True, text=True, check=True)
    return set(run.stderr.split())


def test_the_lab_itself_loads_nothing_heavy() -> None:
    assert loaded("import lab") == set()


@pytest.mark.parametrize(
    ("arguments", "needs"), [("--help", set()), ("show 576-router", set()), ("list", {"rich"}), ("probe 127.0.0.1", set())]
)
def test_a_command_that_builds_nothing_loads_no_netlink(arguments: str, needs: set[str]) -> None:
    assert loaded("from lab.cli import main; main()", *arguments.split()) <= needs


def test_the_instrument_sees_what_is_loaded() -> None:
    assert loaded("import pyroute2") >= {"pyroute2", "asyncio"}


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
