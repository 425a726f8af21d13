"""Imports go down only. Every import that is forbidden stands here, with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).parents[2]


class Rule(NamedTuple):
    """None of the modules `of` may import any of `never` (names separated by spaces; a package stands for all that is in it).

    `but` names modules among them that may, all the same.
    """

    of: str
    never: str
    because: str
    but: str = ""


PURE = "lab.model lab.theory lab.judge lab.report topologies scenarios"
FUZZ = "lab.fuzz.generate lab.fuzz.followed lab.fuzz.compare lab.fuzz.search lab.fuzz.write"
KERNELS = "lab.kernels lab.kernels_at_hand lab.booted lab.guest lab.bisect lab.matrix lab.trace lab.trace_in_guest"
CONDUCTORS = f"lab.run lab.run_in lab.run_all lab.traits lab.standing lab.inside lab.capture lab.suggest {KERNELS}"
DOORS = "lab.cli lab.pytest_plugin"
TESTING = "lab.testing lab.failure"
# No shape but a door: Mininet's command `mn` opens this file by its path, to get a topology in classes of Mininet's. Those are in
# lab.world.mininet.
MN = "topologies.mn"

EXCHANGE = "lab.model.exchange lab.model.strict_yaml"

RULES = (
    Rule("lab.model", "lab.theory", "what is written does not depend on what follows from it"),
    Rule("lab.model lab.theory", "lab.judge", "what must happen is worked out without knowing what was seen"),
    Rule("lab.model lab.theory lab.judge", "lab.world", "these can be tested, and shown before a run, without any privilege"),
    Rule("lab.model lab.theory lab.judge", "lab.report", "how a thing is printed is not a part of what it is"),
    Rule("lab.world", "lab.report", "the world yields observations; what they look like in print is not its business"),
    Rule("lab.report", "lab.world", "a report is made of findings alone, so that it can be made again without the run"),
    Rule(f"{PURE} lab.world", CONDUCTORS, "the conductor calls the floors, they do not call it"),
    Rule(f"{PURE} lab.world {CONDUCTORS}", DOORS, "doors are thin: what two of them need belongs behind them"),
    Rule("lab.cli", "lab.pytest_plugin", "neither door leads through the other"),
    Rule("lab.pytest_plugin", "lab.cli", "neither door leads through the other"),
    Rule(DOORS, "lab.world", "doors go through the conductors, which alone know how a run is put together"),
    Rule(f"{PURE} lab.world lab.run", "lab.fuzz hypothesis", "the lab does without its fuzzer, which needs a package of its own"),
    Rule(FUZZ, "lab.world lab.run lab.fuzz.play lab.fuzz.run", "cases are drawn, foreseen, compared and written without a network"),
    Rule(FUZZ, "socket os subprocess threading asyncio time", "what is drawn from a seed depends on nothing else"),
    Rule(
        "lab",
        "lab.report.html",
        "a page is made where evidence is kept or read",
        but="lab.report.html lab.evidence lab.pages lab.matrix lab.trace",
    ),
    Rule("lab", "topologies scenarios", "the lab serves any scenario; the doors find scenario files by path"),
    Rule("lab topologies scenarios", "tests", "tests are not in the wheel"),
    Rule(
        "topologies", "lab.theory lab.judge lab.world lab.report", "a topology is a written value, and needs only its words", but=MN
    ),
    Rule(MN, "lab.judge lab.report", "Mininet is shown a plan, and nothing of what is made of it"),
    Rule("lab.world.mininet", "lab.world lab.judge pyroute2", "Mininet's own command loads it, by a Python that may have no more"),
    Rule("lab.report.calls", "lab.report.html", "a trace is told in words first, and a page is one form of them"),
    Rule("lab.world.tracing", "lab.judge.chains", "what is traced is handed over as it came, and set beside frames elsewhere"),
    Rule("topologies", "scenarios", "scenarios use topologies, not the other way round"),
    Rule("scenarios", "lab.world lab.report", "a scenario is a value: what is done and what must be seen, not how"),
    Rule(f"{PURE} {CONDUCTORS} {DOORS}", "pyroute2", "one floor alone speaks netlink"),
    Rule("lab topologies scenarios", "mininet", "one file alone speaks to Mininet", but="lab.world.mininet"),
    Rule(f"{PURE} lab.world", "lab.probe", "the conductor calls the floors, they do not call it"),
    Rule("lab.world", "lab.world.guests", "guests are asked by conductors alone", but="lab.world.guests"),
    Rule(
        "lab.world",
        "lab.world.kernels",
        "kernels are asked for by conductors, and by guests",
        but="lab.world.kernels lab.world.guests",
    ),
    Rule(
        "lab.run lab.run_all lab.find lab.evidence",
        "lab.world.guests lab.world.kernels",
        "what runs in a guest does not start guests",
    ),
    Rule("lab.world.guests", "pyroute2 lab.world.net lab.world.sandbox", "networks are made in a guest, and not around one"),
    Rule("lab.booted lab.kernels lab.bisect lab.trace_in_guest", "lab.guest", "it is what the guest's first process imports"),
    Rule("lab topologies scenarios", "virtme packaging", "what makes guests may be missing", but="lab.world.guests"),
    Rule("lab.world.kernels", "pyroute2 lab.world.net lab.world.sandbox", "a kernel is fetched and found without a lab"),
    Rule("lab.probe lab.world.probing", "pyroute2 lab.world.net lab.world.sandbox", "a probe of a real network needs no lab"),
    Rule("lab topologies scenarios", "yaml jsonschema", "one form of exchange is read and written in one place", but=EXCHANGE),
    Rule(
        "lab.judge lab.report", "lab.find", "the groups of the catalogue are given to what is made of them: files are not read here"
    ),
    Rule(
        "lab", "rich", "a terminal is drawn where it is asked for, and not whenever pmtulab starts", but="lab.report.matrix lab.cli"
    ),
    Rule(PURE, "socket", "pure floors open no sockets"),
    Rule(PURE, "os", "pure floors read neither environment nor files"),
    Rule(PURE, "subprocess", "pure floors start no programs"),
    Rule(PURE, "threading asyncio", "pure floors run from top to bottom, in one thread"),
    Rule(PURE, "time", "on pure floors the time is an argument"),
    Rule(TESTING, DOORS, "doors are thin: what two of them need belongs behind them"),
    Rule(f"{PURE} lab.world lab.run", TESTING, "what tests do with a network rests on all that the lab can do, and nothing on it"),
)


def within(module: str, names: str) -> bool:
    """Whether `module` is one of `names`, or inside one."""
    return any(module == name or module.startswith(f"{name}.") for name in names.split())


def imported(source: str, module: str, *, is_package: bool) -> Iterator[tuple[int, str]]:
    """Each import in `source`, anywhere in it: line number and full name. `from a import b` is a.b, since b may be a module."""
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            path = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{path}.{alias.name}") for alias in node.names)


def offences(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Every import in `source` that a rule forbids to `module`, with the rule's reason."""
    return [
        f"{module}, line {line}: imports {name}: {rule.because}"
        for line, name in imported(source, module, is_package=is_package)
        for rule in RULES
        if within(module, rule.of) and within(name, rule.never) and not within(module, rule.but)
    ]


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the three packages; a scenario's file name need not be importable (576_router.py)."""
    for package in ("lab", "topologies", "scenarios"):
        for path in sorted((TOP / package).rglob("*.py")):
            parts = path.relative_to(TOP).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def test_no_module_imports_upwards() -> None:
    found = [line for name, path in modules() for line in offences(path.read_text(), name, is_package=path.name == "__init__.py")]
    assert not found, "\n" + "\n".join(found)


def test_what_may_be_missing_is_imported_where_it_is_needed() -> None:
    """Not at the top of a file: `pmtulab doctor` says that it is missing."""
    for name, path in modules():
        top = ast.Module([node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)], [])
        at_once = {found.partition(".")[0] for _, found in imported(ast.unparse(top), name, is_package=False)}
        assert not at_once & {"virtme", "packaging"}, name


def test_every_package_is_walked() -> None:
    assert {name.split(".")[0] for name, _ in modules()} == {"lab", "topologies", "scenarios"}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("lab.model.topology", "import lab.theory.plan"),
        ("lab.model.topology", "from lab import theory"),
        ("lab.model.topology", "from ..theory import plan"),
        ("lab.theory.oracle", "from lab.judge.verdict import Verdict"),
        ("lab.judge.expect", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lab.world import tap"),
        ("lab.judge.expect", "def late() -> None:\n    from lab.report import terminal"),
        ("lab.world.tap", "from lab.report.terminal import show"),
        ("lab.world.tap", "import lab.run"),
        ("lab.report.ktap", "from lab.world.tap import Tap"),
        ("lab.run", "from lab import cli"),
        ("lab.cli", "import lab.pytest_plugin"),
        ("lab.pytest_plugin", "from .cli import main"),
        ("lab.cli", "from lab.world.build import build"),
        ("lab.pytest_plugin", "from lab.world.net import Net"),
        ("lab.testing", "from lab.pytest_plugin import net"),
        ("lab.world.net", "from lab.testing import black_hole"),
        ("lab.run", "import topologies"),
        ("lab.run_all", "from lab.report.html.page import page"),
        ("lab.world", "from tests import strategies"),
        ("topologies.shapes", "from lab.theory.plan import plan"),
        ("topologies.mn", "from lab.judge.scenario import Scenario"),
        ("topologies.mn", "from mininet.topo import Topo"),
        ("lab.world.mininet", "from lab.world.messages import AF"),
        ("topologies", "import scenarios"),
        ("scenarios.classic.576_router", "from lab.world import netns"),
        ("lab.run", "from pyroute2 import IPRoute"),
        ("lab.world.probing.wire", "from lab.probe import probe"),
        ("lab.probe", "from lab.world.net import Net"),
        ("lab.judge.expect", "import socket"),
        ("lab.report.html", "import os.path"),
        ("scenarios.classic.576_router", "from subprocess import run"),
        ("topologies", "import threading as t"),
        ("lab.theory.plan", "import asyncio"),
        ("lab.theory.linux", "from time import monotonic"),
        ("lab.fuzz.generate", "import time"),
        ("lab.fuzz.compare", "from lab.world.net import Net"),
        ("lab.fuzz.search", "from lab.fuzz import play"),
        ("lab.judge.expect", "import hypothesis"),
        ("lab.run", "from lab.fuzz.run import fuzz"),
        ("lab.find", "import yaml"),
        ("lab.judge.matrix", "from lab.find import group_of"),
        ("lab.judge.matrix", "from lab.matrix import kept_matrix"),
        ("lab.judge.bisection", "from lab.bisect import bisect"),
        ("lab.world.guests.boot", "from lab.booted import Job"),
        ("lab.world.net", "from lab.world.guests.kvm import kvm_works"),
        ("lab.world.features", "from lab.world.kernels.locks import alone"),
        ("lab.world.kernels.cached", "from lab.world.guests.parts import kept"),
        ("lab.world.guests.init", "from lab.world.net import Net"),
        ("lab.run_all", "from lab.world.guests.boot import Guest"),
        ("lab.booted", "from lab.guest import main"),
        ("lab.cli.kernels_run", "from lab.world.guests.kvm import kvm_works"),
        ("lab.doctor", "import virtme"),
        ("lab.kernels", "from packaging.version import Version"),
        ("lab.report.ktap", "from rich.text import Text"),
    ],
)
def test_an_offender_is_caught_once(module: str, source: str) -> None:
    (offence,) = offences(source, module)
    assert offence.startswith(f"{module}, line {source.count(chr(10)) + 1}: imports ")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("lab.judge.scenario", "from lab.model.topology import Topology\nimport struct, ipaddress"),
        ("lab.world.guests.tree", "from virtme.cpiowriter import CpioWriter"),
        ("lab.world.guests.parts", "from lab.world.kernels.cached import folder"),
        ("lab.booted", "from lab.world.guests.boot import Guest"),
        ("lab.world.netlink", "import os, socket, time\nfrom pyroute2 import IPRoute\nfrom lab.theory.plan import Plan"),
        ("lab.run", "import lab.world.build, lab.report.terminal, time"),
        ("lab.cli", "from lab.run import run\nfrom lab.report import terminal"),
        ("lab.cli", "from lab.fuzz.run import fuzz"),
        ("lab.pages", "from lab.report.html.index import index"),
        ("lab.pytest_plugin", "from lab.failure import Watch"),
        ("lab.testing", "from lab.world.net import Net"),
        ("lab.fuzz.play", "from lab.world.net import Net"),
        ("lab.modelling", "import lab.theory"),
        ("lab.model.exchange", "from jsonschema import Draft202012Validator"),
        ("topologies.mn", "from lab.theory.plan import plan\nfrom lab.world.mininet import PlannedTopo"),
        ("lab.model.topology", "import timeit"),
        ("scenarios.classic.576_router", "from topologies import chain\nfrom lab.judge.expect import Mss"),
    ],
)
def test_an_honest_import_is_not(module: str, source: str) -> None:
    assert offences(source, module) == []


def test_a_package_is_its_own_parent_in_relative_imports() -> None:
    assert offences("from .theory import plan", "lab", is_package=True) == []
    assert len(offences("from ..theory import plan", "lab.model", is_package=True)) == 1
