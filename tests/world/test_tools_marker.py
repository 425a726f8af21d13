"""The `tools` marker of conftest.py: runs, skips with the reason, or fails in CI; and finds what is only in /usr/sbin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]

PROBE = """
import shutil

import pytest


@pytest.mark.tools("sh")
def test_present():
    assert True


@pytest.mark.tools("sh", "no-such-tool")
def test_absent():
    assert False, "must not run"


def test_path():
    assert shutil.which("sh", path="/nowhere") is None
    import os
    assert {"/usr/sbin", "/sbin"} <= set(os.environ["PATH"].split(":"))
"""


def probe(folder: Path, ci: str) -> str:
    """pytest's output over PROBE, under a conftest.py like ours and an ordinary user's PATH."""
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "test_probe.py").write_text(PROBE)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -ra\nmarkers = tools\n")
    environment = {**os.environ, "PATH": "/usr/bin:/bin", "CI": ci}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False).stdout


def test_a_missing_tool_skips_and_says_which(tmp_path: Path) -> None:
    said = probe(tmp_path, ci="")
    assert "2 passed, 1 skipped" in said
    assert "needs no-such-tool, not on PATH" in said


def test_a_missing_tool_fails_in_ci(tmp_path: Path) -> None:
    said = probe(tmp_path, ci="true")
    assert "2 passed, 1 error" in said
    assert "needs no-such-tool, not on PATH" in said
