"""`pmtulab kernels matrix`: kept runs are read, put together, and told; with exit codes that fit CI."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from lab.judge.guest import KernelRun, Outcome
from lab.judge.matrix import matrix
from lab.judge.verdict import Verdict
from lab.matrix import keep_run
from lab.report.matrix.json import matrix_json
from tests.kernel_runs import MIDDLE, NEVER, NEXT, OLDEST, PASS
from tests.ktap import read
from tests.world.command import pmtulab
from tests.world.test_cli import expect_message


def keep(folder: Path, *runs: KernelRun) -> None:
    """Leaves runs as the conductor does."""
    for run in runs:
        (folder / run.kernel.release).mkdir(parents=True)
        keep_run(run, folder / run.kernel.release)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    keep(tmp_path / "out/kernels", OLDEST, NEXT)
    return tmp_path


def test_without_a_word_it_reads_what_was_run_here(kept: Path) -> None:
    run = pmtulab("kernels", "matrix", cwd=kept)
    assert (run.returncode, run.stderr) == (1, "")  # a guest panicked
    assert "yes → no between 5.10.251 and 6.12.111" in run.stdout
    assert "\x1b" not in run.stdout
    assert max(map(len, pmtulab("kernels", "matrix", cwd=kept, COLUMNS="60").stdout.splitlines())) <= 60


def test_runs_of_two_days_are_put_together_as_folders_files_and_saved_matrices(kept: Path) -> None:
    keep(kept / "today", MIDDLE)
    saved = pmtulab("kernels", "matrix", "--format", "json", cwd=kept)
    (kept / "saved.json").write_text(saved.stdout)
    for day in ("out/kernels", "saved.json"):
        run = pmtulab("kernels", "matrix", day, f"today/{MIDDLE.kernel.release}/kernel.json", "--format", "json", cwd=kept)
        assert json.loads(run.stdout)["names"] == ["5.10.251", "6.12.110", "6.12.111"]
        assert run.returncode == 1


def test_forms_for_programs(kept: Path) -> None:
    assert [test.name for test in read(pmtulab("kernels", "matrix", "--format", "ktap", cwd=kept).stdout)] == [
        "5.10.251",
        "6.12.111",
    ]
    suites = fromstring(pmtulab("kernels", "matrix", "--format", "junit", cwd=kept).stdout)
    assert [suite.get("name") for suite in suites] == ["5.10.251", "6.12.111"]


def test_scenarios_are_in_the_groups_of_the_catalogue(tmp_path: Path) -> None:
    keep(tmp_path / "runs", replace(OLDEST, outcomes=tuple(Outcome(name, PASS) for name in ("mine", "dnat", "576-router"))))
    run = pmtulab("kernels", "matrix", "runs", "--format", "json", cwd=tmp_path)
    assert (run.returncode, json.loads(run.stdout)["groups"]) == (0, {"nat": ["dnat"], "path": ["576-router"], "": ["mine"]})


def test_a_page_is_left_where_it_is_wanted(kept: Path) -> None:
    run = pmtulab("kernels", "matrix", "--html", "out/kernels.html", cwd=kept)
    assert run.returncode == 1
    assert b"yes \xe2\x86\x92 no between 5.10.251 and 6.12.111" in (kept / "out/kernels.html").read_bytes()


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        ((OLDEST,), 0),
        ((OLDEST, MIDDLE), 1),
        ((OLDEST, NEXT), 1),
        ((OLDEST, NEVER), 125),
        ((NEXT, NEVER), 1),
        ((replace(OLDEST, outcomes=(Outcome("dnat", Verdict.BROKEN, reason="no veth"),)),), 125),
    ],
)
def test_exit_codes(tmp_path: Path, runs: tuple[KernelRun, ...], status: int) -> None:
    keep(tmp_path / "out/kernels", *runs)
    assert pmtulab("kernels", "matrix", cwd=tmp_path).returncode == status


@pytest.mark.parametrize(
    ("before", "after", "status", "last"),
    [
        (OLDEST, OLDEST, 0, "no regression"),
        (OLDEST, MIDDLE, 1, "1 regression"),
        (MIDDLE, MIDDLE, 0, "no regression"),  # it failed before
        (OLDEST, NEXT, 1, "1 regression"),
        (OLDEST, NEVER, 125, "no regression"),
    ],
)
def test_an_update_is_judged_by_what_it_made_worse(
    tmp_path: Path, before: KernelRun, after: KernelRun, status: int, last: str
) -> None:
    (tmp_path / "before.json").write_text(matrix_json(matrix([before], {})))
    keep(tmp_path / "after", after)
    run = pmtulab("kernels", "matrix", "after", "--against", "before.json", cwd=tmp_path)
    assert (run.returncode, run.stdout.splitlines()[-1], run.stderr) == (status, last, "")
    for_programs = pmtulab("kernels", "matrix", "after", "--against", "before.json", "--format", "ktap", cwd=tmp_path)
    assert (for_programs.returncode, len(read(for_programs.stdout)), for_programs.stderr) == (status, 1, run.stdout)


def test_what_is_not_there_or_not_readable_is_told_all_at_once(kept: Path) -> None:
    (kept / "empty").mkdir()
    (kept / "broken.json").write_text('{"schema": 1, "kernels": [')
    run = pmtulab("kernels", "matrix", "empty", "nowhere", "broken.json", "out/kernels", cwd=kept)
    expect_message(
        run,
        2,
        "empty has neither a kernel.json nor folders with one: `pmtulab kernels run` makes them",
        "cannot read nowhere: No such file or directory",
        "broken.json: this is not JSON",
    )
    expect_message(pmtulab("kernels", "matrix", cwd=kept / "empty"), 2, "out/kernels")
    expect_message(pmtulab("kernels", "matrix", "--against", "broken.json", cwd=kept), 2, "broken.json: this is not JSON")


def test_a_page_that_cannot_be_written_breaks_the_command(kept: Path) -> None:
    expect_message(pmtulab("kernels", "matrix", "--html", "no/where.html", cwd=kept), 125, "cannot keep no/where.html")
