"""What this kernel or machine lacks is SKIP, with the reason, in every form of a report; and it is no failure."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab.find import load
from lab.judge.verdict import Verdict
from lab.run import run
from tests.world.command import pmtulab

HEAD = '''"""Scenarios that are skipped everywhere."""

from lab.judge.expect import Delivered, PathMtu, Prints
from lab.judge.scenario import Act, Scenario
from lab.model.features import FEATURES, LINK_KINDS
from lab.model.flow import Udp
from lab.model.story import Configure, Run, Send
from topologies import chain

NETWORK = chain("client", "r1", "server", mtus=(1500, 1400))
PLAIN = Act("plain", (Send(Udp("client", "server"), 100),), (Delivered(100, to="server"),))
'''
NO_KERNEL_HAS_IT = f"""{HEAD}
LINK_KINDS["warp"] = FEATURES["warp"] = "CONFIG_WARP"
scenario = Scenario("needy", "Needs what no kernel has", NETWORK, (PLAIN,), needs=("warp",))
"""
PROGRAM = f"""{HEAD}
scenario = Scenario(
    "programmed", "Runs a program", NETWORK, (PLAIN, Act("ping", (STEP,), (Prints("1 received", "ping(8)"),)))
)
"""
PING, IP = 'Run("client", "ping -c1 $server")', 'Configure("client", "ip link")'
REASON = "this kernel has no warp (CONFIG_WARP)"


def written(folder: Path, text: str) -> Path:
    path = folder / "lacking.py"
    path.write_text(text)
    return path


def test_a_feature_that_the_kernel_lacks(tmp_path: Path) -> None:
    done = pmtulab("run", written(tmp_path, NO_KERNEL_HAS_IT), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith(f"SKIP needy: {REASON} ")


def test_among_others_it_is_one_line_and_counted(tmp_path: Path) -> None:
    done = pmtulab("run", written(tmp_path, NO_KERNEL_HAS_IT), "black-hole", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second, last = done.stdout.splitlines()
    assert first.split() == ["[1/2]", "SKIP", "needy", *REASON.split()]
    assert "PASS" in second
    assert last == "1 pass, 1 skip"


def test_a_failure_beside_it_is_still_one(tmp_path: Path) -> None:
    failing = written(tmp_path, NO_KERNEL_HAS_IT).with_name("failing.py")
    failing.write_text(
        f'{HEAD}\nscenario = Scenario("wrong", "", NETWORK, (Act("", PLAIN.story, (Delivered(101, to="server"),)),))\n'
    )
    done = pmtulab("run", "lacking.py", "failing.py", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "1 fail, 1 skip")


def test_the_forms_for_programs(tmp_path: Path) -> None:
    written(tmp_path, NO_KERNEL_HAS_IT)
    said = {form: pmtulab("run", "lacking.py", "--format", form, cwd=tmp_path) for form in ("ktap", "junit", "json")}
    assert {form: done.returncode for form, done in said.items()} == dict.fromkeys(said, 0)
    assert said["ktap"].stdout.splitlines() == ["KTAP version 1", "1..1", f"ok 1 needy # SKIP {REASON}"]
    root = ElementTree.fromstring(said["junit"].stdout)
    assert (root.get("skipped"), root.get("failures"), root.get("errors")) == ("1", "0", "0")
    assert [skipped.get("message") for skipped in root.iter("skipped")] == [REASON]
    document = json.loads(said["json"].stdout)
    assert (document["verdict"], document["reason"], document["acts"]) == ("skip", REASON, [])


@pytest.mark.parametrize(("step", "package"), [(PING, "iputils-ping"), (IP, "iproute2")])
def test_a_program_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, package: str) -> None:
    """What was found before it is kept."""
    monkeypatch.setattr("lab.world.programs.environment", lambda: {**os.environ, "PATH": ""})
    (scenario,) = load(written(tmp_path, PROGRAM.replace("STEP", step)))
    result = run(scenario).result
    program = "ping" if step == PING else "ip"
    assert result.verdict is Verdict.SKIP
    assert result.reason == f"{program} is not installed (Debian, Ubuntu: apt-get install {package})"
    assert [finding.verdict for finding in result.findings] == [Verdict.PASS]


@pytest.mark.skipif(shutil.which("ping", path="/usr/sbin:/sbin") is not None, reason="ping is where the lab looks in any case")
def test_the_command_with_an_empty_path(tmp_path: Path) -> None:
    done = pmtulab("run", written(tmp_path, PROGRAM.replace("STEP", PING)), cwd=tmp_path, PATH="")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith(
        "SKIP programmed: ping is not installed (Debian, Ubuntu: apt-get install iputils-ping)"
    )
