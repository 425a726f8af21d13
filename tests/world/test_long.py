"""What waits for minutes is run where it is asked for: a group or a folder brings it as a SKIP that says how."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world.command import pmtulab

PATIENT = '''"""It says that it lasts for minutes, and does not: so a test need not wait."""

from lab.judge.expect import Delivered
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import Send
from topologies import chain

scenario = Scenario(
    "patient",
    "Says that it waits",
    chain("client", "r1", "server", mtus=(1500, 1400)),
    (Act("one", (Send(Udp("client", "server"), 100),), (Delivered(100, to="server"),)),),
    lasts=924,
)
'''
SKIPPED = "it lasts 924 s: run it by its name, with --long, or in seconds with `pmtulab kernels run --warp`"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "patient.py").write_text(PATIENT)
    return tmp_path


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_brings_it_as_a_skip(folder: Path, jobs: str) -> None:
    done = pmtulab("run", "mine/", "black-hole", "-j", jobs, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "1 pass, 1 skip"
    (line,) = (line for line in done.stdout.splitlines() if "patient" in line)
    assert SKIPPED in line
    assert sorted(path.name for path in (folder / "out" / "patient").iterdir()) == ["capture.pcapng", "junit.xml", "result.json"]


@pytest.mark.parametrize("asked", [("mine/patient.py",), ("mine/", "--long")])
def test_it_is_run_where_it_is_asked_for(folder: Path, asked: tuple[str, ...]) -> None:
    done = pmtulab("run", *asked, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PASS patient" in done.stdout


def test_show_says_for_how_long(folder: Path) -> None:
    done = pmtulab("show", "mine/patient.py", cwd=folder)
    assert "    waits for 924 s\n" in done.stdout
