"""Pages as files: `pmtulab run --html` leaves them beside the evidence, and `pmtulab report` makes them again from it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.model.pcapng import Capture, dump
from tests.world.command import TOP, pmtulab, surroundings
from tests.world.test_cli import expect_message, own

EVIDENCE = ["capture.pcapng", "junit.xml", "result.json"]


def test_a_page_lies_beside_the_evidence_and_is_the_same_when_it_is_made_again(tmp_path: Path) -> None:
    run = pmtulab("run", "576-router", "--html", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.rstrip().endswith("out/576-router/{capture.pcapng,result.json,junit.xml,report.html}")
    folder = tmp_path / "out/576-router"
    assert sorted(path.name for path in folder.iterdir()) == sorted([*EVIDENCE, "report.html"])
    first = (folder / "report.html").read_bytes()
    assert b"r1 tells client that the next-hop MTU is 576" in first
    (folder / "report.html").unlink()
    again = pmtulab("report", "out/576-router", cwd=tmp_path)
    assert (again.returncode, again.stdout, again.stderr) == (0, "out/576-router/report.html\n", "")
    assert (folder / "report.html").read_bytes() == first


def test_who_wants_no_page_gets_none_and_loads_nothing_of_it(tmp_path: Path) -> None:
    ending = "import atexit, sys; atexit.register(lambda: sys.stderr.write(str([m for m in sys.modules if '.html' in m])))\n"
    program = ending + "from lab.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "576-router"]
    run = subprocess.run(command, cwd=tmp_path, env=surroundings(), capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "[]")
    assert sorted(path.name for path in (tmp_path / "out/576-router").iterdir()) == EVIDENCE


def test_several_runs_have_an_index(tmp_path: Path) -> None:
    run = pmtulab("run", own(tmp_path), "576-router-ping", "--html", "-j2", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    assert run.stdout.rstrip().splitlines()[-1] == "1 pass, 1 fail      out/index.html"
    index = tmp_path / "out/index.html"
    rows = re.findall(r'<tr class="(\w+)">.*?<a href="([^"]+)">', index.read_text(), re.DOTALL)
    assert sorted(rows) == [("fail", "own/report.html"), ("pass", "576-router-ping/report.html")]
    assert all((tmp_path / "out" / link).is_file() for _, link in rows)
    assert "1472 octets reach server intact" in index.read_text()  # why it failed
    first = index.read_text()
    index.unlink()
    again = pmtulab("report", "out", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "out/index.html\n")
    assert sorted(re.findall("<tr class.*?</tr>", index.read_text(), re.DOTALL)) == sorted(
        re.findall("<tr class.*?</tr>", first, re.DOTALL)
    )


def test_a_link_leads_into_a_folder_of_any_name(tmp_path: Path) -> None:
    """Of "1:" a browser would make the scheme of a URL, and of what comes after # a place in a page."""
    assert pmtulab("run", "576-router-ping", cwd=tmp_path).returncode == 0
    (tmp_path / "out/576-router-ping").rename(tmp_path / "out/a:#1 50%")
    assert pmtulab("report", "out", cwd=tmp_path).returncode == 0
    assert 'href="a%3A%231%2050%25/result.json"' in (tmp_path / "out/index.html").read_text()


def test_what_is_printed_for_programs_stays_as_it_is(tmp_path: Path) -> None:
    run = pmtulab("run", "576-router-ping", "--html", "--format", "json", cwd=tmp_path)
    assert json.loads(run.stdout)["verdict"] == "pass"
    assert (tmp_path / "out/576-router-ping/report.html").is_file()


def test_folders_that_hold_no_run_are_told(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    expect_message(pmtulab("report", "nowhere", cwd=tmp_path), 2, "nowhere")
    expect_message(pmtulab("report", "run", cwd=tmp_path), 2, "run has neither a result.json nor folders with one")


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("{", ("run/result.json is not JSON",)),
        ("[]", ("run", "not a result of pmtulab's")),
        ('{"schema": 99}', ("run", "schema 99")),
        ('{"schema": 1, "acts": 7}', ("run", "topology")),
    ],
)
def test_a_result_that_cannot_be_read_is_told(tmp_path: Path, written: str, parts: tuple[str, ...]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/result.json").write_text(written)
    (tmp_path / "run/capture.pcapng").write_bytes(dump(Capture((), ())))
    expect_message(pmtulab("report", "run", cwd=tmp_path), 2, *parts)
    if written != "{":
        expect_message(pmtulab("report", ".", cwd=tmp_path), 2, "run/result.json is not the result of a run")


def test_evidence_that_is_not_of_one_run_is_told(tmp_path: Path) -> None:
    assert pmtulab("run", "576-router-ping", cwd=tmp_path).returncode == 0
    capture = tmp_path / "out/576-router-ping/capture.pcapng"
    whole = capture.read_bytes()
    capture.write_bytes(whole[: len(whole) // 2])
    expect_message(pmtulab("report", "out/576-router-ping", cwd=tmp_path), 2, "out/576-router-ping/capture.pcapng: ")
    capture.unlink()
    expect_message(pmtulab("report", "out/576-router-ping", cwd=tmp_path), 2, "cannot read out/576-router-ping/capture.pcapng")


def test_a_page_that_cannot_be_written_breaks_the_command_and_leaves_no_half(tmp_path: Path) -> None:
    assert pmtulab("run", "576-router-ping", cwd=tmp_path).returncode == 0
    folder = tmp_path / "out/576-router-ping"
    (folder / "report.html").mkdir()
    expect_message(pmtulab("report", "out/576-router-ping", cwd=tmp_path), 125, "cannot keep", "report.html")
    assert sorted(path.name for path in folder.iterdir()) == sorted([*EVIDENCE, "report.html"])


def test_make_report_is_the_576_routers() -> None:
    recipe = (TOP / "Makefile").read_text().partition("\nreport:")[2].partition("\n\n")[0]
    assert "pmtulab run 576-router --html" in recipe
