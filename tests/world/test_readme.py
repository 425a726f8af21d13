"""The README shows real output: each of its blocks is run here, and what differs from run to run is all that may differ."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.judge.faults import FAULTS
from tests.shown import steady

README = Path(__file__).parents[2] / "README.md"
PMTULAB = [sys.executable, "-c", "from lab.cli import main; main()"]


def block(name: str) -> str:
    """What stands between the fences that follow `<!-- name -->`."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w*\n(.*?)```\n", README.read_text(), re.DOTALL)
    assert found, f"README.md has no block {name!r}"
    return found[1]


def pmtulab(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PMTULAB, *words], cwd=cwd, capture_output=True, text=True, timeout=60)


def test_the_first_commands_output(tmp_path: Path) -> None:
    run = pmtulab("run", "576-router", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        before, after = README.read_text().split(f"<!-- pmtulab run 576-router -->\n```\n{block('pmtulab run 576-router')}")
        README.write_text(f"{before}<!-- pmtulab run 576-router -->\n```\n{run.stdout}{after}")
    assert steady(run.stdout) == steady(block("pmtulab run 576-router"))


def test_the_groups_are_those_there_are(tmp_path: Path) -> None:
    run = pmtulab("list", cwd=tmp_path)
    listed = "".join(f"{line.rstrip()}\n" for line in run.stdout.splitlines())
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        before, after = README.read_text().split(f"<!-- pmtulab list -->\n```\n{block('pmtulab list')}")
        README.write_text(f"{before}<!-- pmtulab list -->\n```\n{listed}{after}")
    assert listed == block("pmtulab list")


def test_the_scenario_of_ones_own_passes(tmp_path: Path) -> None:
    (tmp_path / "my_tunnel.py").write_text(block("scenario"))
    run = pmtulab("run", "my_tunnel.py", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "PASS my-tunnel: 3 claims" in run.stdout


@pytest.mark.tools("ping")
def test_the_imperative_example_runs(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", block("imperative")], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr


@pytest.mark.tools("nft")
def test_a_fault_is_noticed_as_shown(tmp_path: Path) -> None:
    command = "pmtulab run fragmented-1500-over-576 --fault smaller-fragments"
    run = pmtulab(*command.split()[1:], cwd=tmp_path)
    assert run.returncode == 1, run.stdout + run.stderr
    assert steady(run.stdout) == steady(block(command))
    for fault in FAULTS:
        assert f"`{fault}`" in README.read_text()


@pytest.mark.tools("ip")
def test_the_traits_that_are_shown_are_told(tmp_path: Path) -> None:
    """On the kernel that the README names, word for word; on others an answer, and what was seen, may differ."""
    run = pmtulab("traits", cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    shown = entries(block("pmtulab traits"))
    told = entries(run.stdout)
    assert shown
    if f"on Linux {os.uname().release.partition('-')[0]}:" in README.read_text():
        assert set(shown) <= set(told)
    assert {entry[1:3] for entry in shown} <= {entry[1:3] for entry in told}


def entries(text: str) -> list[tuple[str, ...]]:
    """Answer, name, what it says, what was seen, and of a trait when it changed."""
    each = re.split(r"\n(?=\S)", text.rstrip())
    return [(*first.split(), *(line.strip() for line in rest)) for first, *rest in map(str.splitlines, each)]


def test_a_wrong_number_would_be_noticed() -> None:
    shown = block("pmtulab run 576-router")
    assert steady(shown.replace("next-hop MTU 576", "next-hop MTU 577")) != steady(shown)
