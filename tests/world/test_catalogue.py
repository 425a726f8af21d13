"""The whole catalogue on this kernel, run twice at once: both runs pass, keep their evidence, and leave nothing behind."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lab.find import catalogue
from tests.world.census import Census, adopting_orphans, census
from tests.world.command import PMTULAB, surroundings

EVIDENCE = ["capture.pcapng", "junit.xml", "result.json"]
WITHIN = 400  # seconds; alone, two workers take under 90
LACKS_FEATURE = re.compile(r"this kernel has no \w+ \(CONFIG_\w+\)")
LACKS_ROOT = re.compile(r"an ordinary user's namespaces have no sysctl [\w.]+: run as root")
LASTS = re.compile(r"it lasts \d+ s: ")
LACKS_PROGRAM = re.compile(r"[\w-]+ is not installed")


class Runs(NamedTuple):
    """Two runs: the exit code and the results of each, where their evidence is, and what they left."""

    codes: list[int]
    said: list[str]
    results: list[list[dict[str, Any]]]
    folders: list[Path]
    left: dict[str, list[object]]


def started(folder: Path, temporary: Path) -> subprocess.Popen[str]:
    with (folder / "results.json").open("w") as out, (folder / "said").open("w") as err:
        command = [*PMTULAB, "run", "all", "-j", "2", "--format", "json"]
        return subprocess.Popen(command, cwd=folder, env=surroundings(TMPDIR=str(temporary)), stdout=out, stderr=err, text=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    temporary = tmp_path_factory.mktemp("temporary")
    with adopting_orphans():
        before: Census = census(temporary)
        both = [started(folder, temporary) for folder in folders]
        codes = [run.wait(WITHIN) for run in both]
        left = census(temporary).besides(before)
        yield Runs(
            codes,
            [(folder / "said").read_text() for folder in folders],
            [json.loads((folder / "results.json").read_text()) for folder in folders],
            folders,
            left,
        )


def test_every_scenario_passes_but_where_this_kernel_lacks_what_it_needs(runs: Runs) -> None:
    names = sorted(scenario.name for scenario in catalogue())
    may_lack = [LACKS_FEATURE, LASTS] + [LACKS_ROOT] * (os.geteuid() != 0) + [LACKS_PROGRAM] * (os.environ.get("CI") != "true")
    for results in runs.results:
        assert sorted(result["scenario"] for result in results) == names
        wrong = {
            result["scenario"]: result["reason"] or [f for act in result["acts"] for f in act["findings"] if f["verdict"] != "pass"]
            for result in results
            if result["verdict"] != "pass"
            and not (result["verdict"] == "skip" and any(lack.match(result["reason"]) for lack in may_lack))
        }
        assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
    assert runs.codes == [0, 0]
    assert runs.said == ["", ""]


def test_each_keeps_its_evidence(runs: Runs) -> None:
    for folder, results in zip(runs.folders, runs.results, strict=True):
        kept = {path.name: sorted(each.name for each in path.iterdir()) for path in (folder / "out").iterdir()}
        assert kept == {result["scenario"]: EVIDENCE for result in results}


def test_nothing_is_left_behind(runs: Runs) -> None:
    assert runs.left == {}
