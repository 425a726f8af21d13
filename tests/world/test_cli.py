"""`pmtulab` from end to end: exit codes, messages, formats, evidence; what it needs privileges for, and what it does not."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lab.find import about, files, find, group_of
from tests.world.command import PMTULAB, SLOW, pmtulab, surroundings, until

EVIDENCE = ("capture.pcapng", "junit.xml", "result.json")
OWN = '''"""A scenario of a user's own."""

from lab.judge.expect import Delivered, PathMtu
from lab.judge.scenario import Act, Scenario
from lab.model.flow import DO, Udp
from lab.model.story import Send
from topologies import chain

flow = Udp("client", "server", discover=DO)
scenario = Scenario(
    "own",
    "A user's own",
    chain("client", "r1", "server", mtus=(1500, {mtu})),
    (Act("a datagram", (Send(flow, 1472),), (PathMtu(1400, at="client", to="server"), Delivered(1472, to="server"))),),
)
'''
# No capability, and no user namespace to get one in; root and ordinary users can both make it so for a program.
FORBIDDEN = (
    *("unshare", "--map-root-user", "--user", "sh", "-c"),
    'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"',
    "sh",
)
ESCAPE = "\x1b["


def own(folder: Path, mtu: int = 1400) -> Path:
    path = folder / "own.py"
    path.write_text(OWN.format(mtu=mtu))
    return path


def expect_message(run: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """It ended with this code and said all this on stderr, without a traceback, and nothing on stdout."""
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    assert "Traceback" not in run.stderr
    for part in parts:
        assert part in run.stderr


def test_a_passing_scenario(tmp_path: Path) -> None:
    run = pmtulab("run", "576-router", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "client ──1500── r1 ──576── r2 ──1500── server" in run.stdout
    assert "r1 tells client that the next-hop MTU is 576" in run.stdout
    assert run.stdout.rstrip().splitlines()[-1].startswith("PASS 576-router: ")


def test_evidence_is_kept(tmp_path: Path) -> None:
    assert pmtulab("run", "576-router", "--out", "kept", cwd=tmp_path).returncode == 0
    folder = tmp_path / "kept/576-router"
    assert sorted(path.name for path in folder.iterdir()) == list(EVIDENCE)
    assert (folder / "capture.pcapng").read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"
    assert json.loads((folder / "result.json").read_text())["verdict"] == "pass"
    assert ElementTree.parse(folder / "junit.xml").getroot().get("failures") == "0"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_users_own_file(tmp_path: Path) -> None:
    """It fails: 1472 octets of payload do not get through 1400. The report says what was claimed and what was seen."""
    run = pmtulab("run", own(tmp_path), cwd=tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    assert re.search(r"ok +client holds a path MTU of 1400 towards server", run.stdout)
    assert re.search(r"FAIL +1472 octets reach server intact.*\n +seen: \S", run.stdout)
    assert "FAIL own: 1 of 2 claims failed" in run.stdout
    assert json.loads((tmp_path / "out/own/result.json").read_text())["verdict"] == "fail"


def test_a_failure_among_others_is_told_in_full(tmp_path: Path) -> None:
    run = pmtulab("run", own(tmp_path), "576-router", "-j", "2", cwd=tmp_path)
    assert run.returncode == 1, run.stderr
    assert "1472 octets reach server intact" in run.stdout
    assert run.stdout.rstrip().splitlines()[-1] == "1 pass, 1 fail"


def test_an_unknown_scenario_names_those_near_it(tmp_path: Path) -> None:
    expect_message(pmtulab("run", "576-ruoter", cwd=tmp_path), 2, "576-ruoter", "near it: ", "576-router")
    expect_message(pmtulab("show", "576-ruoter", cwd=tmp_path), 2, "near it: ", "576-router")
    assert not (tmp_path / "out").exists()


def test_everything_wrong_with_a_topology_is_said_and_nothing_is_built(tmp_path: Path) -> None:
    path = own(tmp_path)
    faulty = 'Topology((Host("client"), Host("server")), (Link("client", "server", 66000), Link("client", "sevrer", 10)))'
    imports = "from lab.model.topology import Host, Link, Topology\n"
    path.write_text(
        path.read_text().replace('chain("client", "r1", "server", mtus=(1500, 1400))', faulty).replace("flow =", imports + "flow =")
    )
    expect_message(pmtulab("run", path, "576-ruoter", cwd=tmp_path), 2, "scenario own", "66000", "10", "sevrer", "576-ruoter")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("x = 1\nx.y\n", ("own.py:2", "AttributeError")),
        ("def f(:\n", ("own.py:1", "SyntaxError")),
        ("import no_such_module\n", ("own.py:1", "no_such_module")),
        ("x = 1\n", ("own.py", "scenario")),
        (None, ("own.py", "no Python file")),
    ],
)
def test_a_file_that_is_no_scenario(tmp_path: Path, content: str | None, parts: tuple[str, ...]) -> None:
    if content is not None:
        (tmp_path / "own.py").write_text(content)
    expect_message(pmtulab("run", "own.py", cwd=tmp_path), 2, *parts)


@pytest.mark.parametrize("out", ["a-file/out", "/proc/out", "a-file"])
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_built(tmp_path: Path, out: str) -> None:
    (tmp_path / "a-file").write_text("")
    (tmp_path / "slow.py").write_text(SLOW)  # its runs last for a minute: this one would not be back in time
    expect_message(pmtulab("run", "slow.py", "--out", out, cwd=tmp_path), 2, out)


@pytest.mark.parametrize(
    "arguments", [("run",), ("run", "576-router", "-j", "0"), ("run", "576-router", "--format", "html"), ("fly",)]
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    expect_message(pmtulab(*arguments, cwd=tmp_path), 2, "Usage: ")


def test_ktap(tmp_path: Path) -> None:
    run = pmtulab("run", own(tmp_path), "576-router", "--format", "ktap", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    lines = run.stdout.splitlines()
    assert lines[:2] == ["KTAP version 1", "1..2"]
    results = [line for line in lines if re.match(r"(not )?ok \d+ ", line)]
    assert results == ["not ok 1 own", "ok 2 576-router"]
    for plan in [i for i, line in enumerate(lines) if re.match(r"  1\.\.\d+$", line)]:
        count = int(lines[plan].split("..")[1])
        numbers: list[int] = []
        for line in lines[plan + 1 :]:
            if not line.startswith("  "):
                break
            numbers += (int(number) for number in re.findall(r"^  (?:not )?ok (\d+) ", line))
        assert numbers == list(range(1, count + 1))


def test_junit(tmp_path: Path) -> None:
    run = pmtulab("run", own(tmp_path), "576-router", "--format", "junit", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    root = ElementTree.fromstring(run.stdout)
    assert [suite.get("name") for suite in root] == ["own", "576-router"]
    assert (root.get("failures"), root.get("errors")) == ("1", "0")
    assert "1472 octets reach server intact" in str(next(case for case in root.iter("testcase") if len(case)).get("name"))


@pytest.mark.parametrize("names", [("own.py",), ("own.py", "576-router")])
def test_json(tmp_path: Path, names: tuple[str, ...]) -> None:
    own(tmp_path)
    run = pmtulab("run", *names, "--format", "json", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (1, "")
    found = re.findall(r'"scenario": "(.*?)"', json.dumps(json.loads(run.stdout)))
    assert found == ["own", "576-router"][: len(names)]


def test_a_group_is_run_two_at_a_time(tmp_path: Path) -> None:
    names = [scenario.name for scenario in find("clamp/")]
    run = pmtulab("run", "clamp", "-j", "2", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout
    lines = run.stdout.splitlines()
    assert lines[-1] == f"{len(names)} pass"
    assert sorted(name for line in lines[:-1] for name in names if name in line.split()) == sorted(names)


def on_a_terminal(*arguments: str, cwd: Path) -> tuple[int, str]:
    """Runs `pmtulab` with a terminal for its output: exit code, and all that appeared on it."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PMTULAB, *arguments], cwd=cwd, env=surroundings(TERM="xterm-256color"), stdout=theirs, stderr=theirs, stdin=theirs
    ) as run:
        os.close(theirs)
        said = b""
        while select.select([ours], [], [], 30)[0]:
            try:
                said += os.read(ours, 1 << 16)
            except OSError:  # EIO: nobody has the other end open any more
                break
        os.close(ours)
        return run.wait(5), said.decode()


def test_colour_on_a_terminal_and_none_in_a_pipe(tmp_path: Path) -> None:
    code, said = on_a_terminal("run", "576-router", cwd=tmp_path)
    assert code == 0
    assert ESCAPE in said
    assert "PASS" in said
    for arguments in (("run", "576-router"), ("run", "576-router", "black-hole"), ("list",), ("show", "576-router"), ("doctor",)):
        run = pmtulab(*arguments, cwd=tmp_path)
        assert (run.returncode, ESCAPE in run.stdout + run.stderr) == (0, False), arguments


def forbidden(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs `pmtulab` where it may make no namespaces."""
    return subprocess.run(
        [*FORBIDDEN, *PMTULAB, *arguments], cwd=cwd, env=surroundings(), capture_output=True, text=True, check=False
    )


@pytest.mark.tools("unshare", "setpriv")
def test_where_namespaces_are_forbidden_one_message_says_so(tmp_path: Path) -> None:
    run = forbidden("run", "576-router", cwd=tmp_path)
    expect_message(run, 125, "does not let pmtulab make its network: user namespace", "max_user_namespaces", "run as root")
    assert 1 <= len(run.stderr.splitlines()) <= 3


@pytest.mark.tools("unshare", "setpriv")
def test_where_namespaces_are_forbidden_doctor_says_so_too(tmp_path: Path) -> None:
    run = forbidden("doctor", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (125, "")
    assert re.search(r"^missing +namespaces, links and taps", run.stdout, re.MULTILINE)
    assert "max_user_namespaces" in run.stdout


@pytest.mark.tools("unshare", "setpriv")
@pytest.mark.parametrize("arguments", [("list", "all"), ("show", "576-router"), ("--help",)])
def test_what_needs_no_namespaces_works_without(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run = forbidden(*arguments, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "576-router" in run.stdout


def first_words(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


def test_list_has_every_group_and_what_it_is_about(tmp_path: Path) -> None:
    run = pmtulab("list", cwd=tmp_path)
    groups = dict.fromkeys(group_of(path) for path in files())
    assert first_words(run.stdout) == [*groups]
    for path in files():
        assert about(path.parent) in run.stdout


def test_list_of_all_or_of_a_group_has_every_scenario_of_it(tmp_path: Path) -> None:
    for name in ("all", "clamp"):
        assert first_words(pmtulab("list", name, cwd=tmp_path).stdout) == [scenario.name for scenario in find(name)]
    assert pmtulab("list", "no-such-group", cwd=tmp_path).returncode == 2


def test_show_says_what_will_be_done_and_claimed(tmp_path: Path) -> None:
    run = pmtulab("show", "576-router", cwd=tmp_path)
    for part in ("──576──", "10.0.2.2", "r1 tells client that the next-hop MTU is 576", "RFC 1191"):
        assert part in run.stdout
    assert not (tmp_path / "out").exists()


def test_doctor_finds_this_machine_well(tmp_path: Path) -> None:
    run = pmtulab("doctor", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(r"^ok +namespaces, links and taps, IPv4", run.stdout, re.MULTILINE)
    for what in ("virtme-ng", "KVM"):
        assert f"  {what} (for `pmtulab kernels`)" in run.stdout


@pytest.mark.parametrize(
    "command",
    [(), ("run",), ("report",), ("list",), ("show",), ("doctor",), ("traits",), ("kernels",), ("kernels", "matrix")],
)
def test_help_has_examples(tmp_path: Path, command: tuple[str, ...]) -> None:
    run = pmtulab(*command, "--help", cwd=tmp_path)
    assert run.returncode == 0
    assert re.search(rf"pmtulab {' '.join(command)}", run.stdout.partition("Usage")[2].partition("\n")[2])


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    """`pmtulab run all | head -1`."""
    read, write = os.pipe()
    with subprocess.Popen(
        [*PMTULAB, "run", "all"], cwd=tmp_path, env=surroundings(), stdout=write, stderr=subprocess.PIPE, text=True
    ) as run:
        os.close(write)
        until(lambda: select.select([read], [], [], 0)[0], within=20)
        os.close(read)
        _, said = run.communicate(timeout=30)
    assert said == ""
    assert run.returncode != 1  # which would say that a claim failed


@pytest.mark.parametrize("arguments", [("list",), ("schema",), ("--help",)])
def test_a_full_disk_is_said_and_is_no_failed_claim(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*PMTULAB, *arguments], env=surroundings(), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 125
    assert done.stderr == "cannot write all of it: No space left on device; make room, or write elsewhere\n"
