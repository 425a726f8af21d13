"""`pmtulab run --in LAB`: where the topology allows it, with the lab's own MTUs, and again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world.standing import User, a_user


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    with a_user(tmp_path_factory.mktemp("user")) as user:
        user.up("576-router")
        yield user


def test_a_scenario_passes_in_a_lab_of_its_topology_and_once_more(user: User) -> None:
    """What the first run has taught the client is flushed before the second, and neither takes the lab down."""
    for _ in range(2):
        said = user.said("run", "576-router-ping", "--in", "here")
        assert said.splitlines()[-1].startswith("PASS 576-router-ping: 8 claims")
        assert "in lab here" not in said
    assert "exception  server" in user.said("inspect", "client")
    result = json.loads((user.folder / "out/576-router-ping/result.json").read_text())
    assert result["verdict"] == "pass"
    assert (user.folder / "out/576-router-ping/capture.pcapng").stat().st_size > 1_000
    assert user.said("ls", "--names") == "here\n"


def test_what_was_set_is_real_and_said(user: User) -> None:
    user.said("set", "r1-r2", "mtu=1280", "r2:server", "mtu=1400")
    try:
        run = user.types("run", "576-router", "--in", "here", "--format", "json")
        assert run.returncode == 1
        assert run.stderr == "in lab here, and not as 576-router has it: r1–r2 has MTU 1280, r2:server has MTU 1400\n"
        acts = json.loads(run.stdout)["acts"]
        assert "r1–r2 (1280)" in json.dumps(acts, ensure_ascii=False)
    finally:
        user.said("set", "r1-r2", "mtu=576", "r2:server", "mtu=1500")


def test_what_does_not_fit_is_told_whole_before_anything_runs(user: User) -> None:
    """A line a scenario: of a group there may be eighty."""
    said = user.refused(2, "run", "576-router", "1280-router-v6", "offloads", "asymmetric-return", "--in", "here", "--out", "none")
    assert said.splitlines() == [
        "Error: lab here: 1280-router-v6 does not fit: it has IPv4, and not IPv6",
        "lab here: offloads does not fit: its offloads are off",
        "lab here: asymmetric-return does not fit: there is no node r3; there is no link r1–r3; there is no link r3–r2",
    ]
    assert not (user.folder / "none").exists()


def test_wrong_usage(user: User) -> None:
    assert "one after another" in user.refused(2, "run", "576-router", "--in", "here", "-j", "2")
    assert "one after another" in user.refused(2, "run", "576-router", "--in", "here", "--builder", "mininet")
    assert "near it: here" in user.refused(2, "run", "576-router", "--in", "hre")


def test_one_after_another_in_the_same_lab(user: User, tmp_path: Path) -> None:
    said = user.said("run", "576-router", "576-router-ping", "--in", "here", "--out", str(tmp_path))
    assert said.splitlines()[-1] == "2 pass"
