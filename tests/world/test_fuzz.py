"""The fuzzer on the kernel: 300 random networks are as foreseen, a fault of the theory is found, and networks share a sandbox."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from lab.cli import cli
from lab.find import load
from lab.fuzz.compare import Difference
from lab.fuzz.generate import Case
from lab.fuzz.play import Player
from lab.fuzz.run import Fuzzed
from lab.fuzz.search import Mismatch, batches, search
from lab.fuzz.write import scenario_text
from lab.judge.expect import Fragments
from lab.judge.verdict import Verdict
from lab.model.flow import DO, DONT, WANT, Echo, Tcp, Udp
from lab.model.story import FlushRouteCache, Send, SetMtu, Step
from lab.model.topology import IPV6
from lab.run import run
from lab.theory import linux
from lab.world.net import Net
from lab.world.sandbox import Sandbox
from tests.world.census import namespaces
from tests.world.command import started, surroundings
from topologies import chain

SEED = 1981
MOST_SECONDS = 300  # it takes 15 on two cores that do nothing else
NETWORK = chain("client", "r1", "r2", "server", mtus=(1500, 1400, 1500))
UDP, WANTING = Udp("client", "server", DO), Udp("client", "server", WANT)
UDP6 = Udp("client", "server", DO, IPV6)


def test_300_random_networks_are_as_foreseen(tmp_path: Path) -> None:
    with started("fuzz", "--n", "300", "--seed", str(SEED), cwd=tmp_path) as fuzzing:
        out, err = fuzzing.communicate(timeout=MOST_SECONDS)
    assert (fuzzing.returncode, err) == (0, ""), out + err
    assert re.fullmatch(r"300 networks and \d{3} sends in \d+ s, [\d.]+ networks a second: all as foreseen\n", out)


# --- the command


def test_a_mismatch_is_printed_as_a_file_and_the_command_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    case = Case(NETWORK, ((Send(UDP, 1472),),))
    found = Mismatch(12, case, (Difference(1, 1, "delivered", True, False),))
    monkeypatch.setattr("lab.fuzz.run.fuzz", lambda count, seed, progress: Fuzzed(seed, count, 1030, 2500, 40.0, (found,)))
    done = CliRunner().invoke(cli, ["fuzz", "--n", "1000", "--seed", "7"])
    assert done.exit_code == 1
    summary = "1030 networks and 2500 sends in 40 s, 25.8 networks a second: 1 of 1000 seen otherwise (seed 7)"
    assert done.stderr.splitlines() == ["scenarios/fuzz/fuzz_7_12.py:", summary]
    file = tmp_path / "fuzz_7_12.py"
    file.write_text(done.stdout)
    assert [scenario.name for scenario in load(file)] == ["fuzz-7-12"]


def test_without_hypothesis_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = CliRunner().invoke(cli, ["fuzz"])
    assert (done.exit_code, done.stdout) == (125, "")
    (line,) = done.stderr.splitlines()
    assert line.endswith("pip install 'pmtulab[fuzz]'")


def test_a_run_says_how_far_it_is() -> None:
    """In a process of its own: multiprocessing leaves its resource tracker to run beside whoever used it."""
    program = f"done = []; run = fuzz(20, {SEED}, done.append); print(run.drawn, run.networks, len(run.mismatches), *done)"
    argv = [sys.executable, "-c", f"from lab.fuzz.run import fuzz; {program}"]
    out = subprocess.run(argv, env=surroundings(), capture_output=True, text=True, check=True, timeout=MOST_SECONDS).stdout
    assert out == "20 20 0 10 20\n"


# --- a fault of the theory


def smaller_fragments(total: int, mtu: int, family: object = None, offset: int = 0) -> tuple[linux.Fragment, ...]:
    """Fragments that are 8 octets smaller than they could be."""
    return REAL_FRAGMENTS(total, mtu - 8 if total > mtu > 76 else mtu, offset=offset)


REAL_FRAGMENTS = linux.fragments


def cut_elsewhere(case: Case, player: Player) -> list[Difference]:
    """Fragments alone, of IPv4: the planted fault is one of those."""
    if IPV6 in case.topology.families:
        return []
    return [found for found in player.play(case) if found.what == "fragments"]


def test_a_fault_of_the_theory_is_found_shrunk_and_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "fuzz_fault.py"
    with Player() as player, monkeypatch.context() as planted:
        planted.setattr(linux, "fragments", smaller_fragments)
        found = (search(SEED, number, size, lambda case: cut_elsewhere(case, player)) for number, size in batches(100))
        mismatch = next(each for each in found if each)
        file.write_text(scenario_text("fuzz-fault", mismatch.case, mismatch.differences))
    assert (mismatch.again, len(mismatch.case.topology.nodes), len(mismatch.case.acts)) == (True, 3, 1)
    (scenario,) = load(file)
    failed = [finding for finding in run(scenario).result.findings if finding.verdict is Verdict.FAIL]
    assert [claim for claim in scenario.acts[0].expect if isinstance(claim, Fragments)]
    assert {finding.claim.split(" makes ")[-1][:9] for finding in failed} == {"fragments"}
    file.write_text(scenario_text("fuzz-fault", mismatch.case, mismatch.differences))
    (scenario,) = load(file)
    assert run(scenario).result.verdict is Verdict.PASS


STORIES: tuple[tuple[tuple[Step, ...], ...], ...] = (
    ((Send(UDP, 1472), Send(UDP, 1472), SetMtu("client", "r1", 1300), Send(UDP, 1272)), (FlushRouteCache(), Send(UDP, 1272))),
    (
        (Send(Tcp("client", "server"), 65536),),
        (Send(Udp("server", "client", WANT), 1472), Send(Udp("server", "client", WANT), 1472)),
    ),
    ((Send(Udp("client", "server", DONT), 1472),), (Send(Tcp("server", "client", timestamps=False), 20000),)),
    (
        (Send(UDP, 1472), SetMtu("client", "r1", 1400), Send(UDP, 1372), SetMtu("client", "r1", 9000), Send(UDP, 1472)),
        (SetMtu("r1", "r2", 551), FlushRouteCache(), Send(WANTING, 1472), Send(WANTING, 500)),
        (SetMtu("client", "r1", 553), Send(WANTING, 500), SetMtu("client", "r1", 552), Send(WANTING, 500)),
    ),
)
STORY_IPV6: tuple[tuple[Step, ...], ...] = (
    (Send(UDP6, 1452), SetMtu("client", "r1", 1450), Send(UDP6, 1352), SetMtu("client", "r1", 1300), Send(UDP6, 1252)),
    (SetMtu("client", "r1", 1500), Send(UDP6, 1352), Send(Echo("client", "server", WANT, IPV6), 1352)),
    (Send(Tcp("server", "client", family=IPV6), 20000),),
)
"""In these the exception follows its link: down, up where it was equal, and free of its lock."""


@pytest.mark.parametrize("acts", [*STORIES, STORY_IPV6])
def test_a_case_that_is_as_foreseen_is_a_scenario_that_passes(acts: tuple[tuple[Step, ...], ...], tmp_path: Path) -> None:
    case = Case(replace(NETWORK, families=(IPV6,)) if acts == STORY_IPV6 else NETWORK, acts)
    file = tmp_path / "fuzz_0.py"
    file.write_text(scenario_text("fuzz-0", case, []))
    with Player() as player:
        assert player.play(case) == []
        assert (player.played, player.sends) == (1, sum(isinstance(step, Send) for steps in acts for step in steps))
    (scenario,) = load(file)
    result = run(scenario).result
    assert [str(finding) for finding in result.findings if finding.verdict is not Verdict.PASS] == []


def test_a_connection_has_timestamps_although_the_last_one_had_none() -> None:
    """Both are sysctls of both ends: the one that listens may have been told otherwise by a connection of its own."""
    flows = [Tcp("client", "server", timestamps=False), Tcp("server", "client", timestamps=True, number=2)]
    with Player() as player:
        assert player.play(Case(NETWORK, tuple((Send(flow, 20000),) for flow in flows))) == []


# --- many networks in one sandbox


def test_networks_in_one_sandbox_leave_nothing_to_the_next() -> None:
    sandbox = Sandbox()
    try:
        with Net(NETWORK, sandbox=sandbox) as net:
            assert net["client"].run(["cat", "/etc/hosts"]).stdout.count("server") == 1
            standing = len(set(namespaces()))
        left = len(set(namespaces()))
        for _ in range(3):
            with Net(chain("h1", "r1", "h2", mtus=(1500, 576)), sandbox=sandbox) as net:
                named = net["h1"].run(["cat", "/etc/hosts"]).stdout.splitlines()[2:]
                assert named == ["10.0.0.1 h1", "10.0.0.2 r1", "10.0.1.2 h2"]
                assert net["h1"].run(["cat", "/proc/self/mounts"]).stdout.count(" /etc/hosts ") == 1
                assert net["h1"].exceptions() == ()
        # The holder waits in an empty one: in that of a node it would keep the node.
        assert len(set(namespaces())) == left == standing - len(NETWORK.nodes) + 1
    finally:
        sandbox.close()


def test_a_sandbox_is_not_left_to_the_next_while_a_program_runs() -> None:
    sandbox = Sandbox()
    try:
        net = Net(NETWORK, sandbox=sandbox)
        with net["client"].popen(["sleep", "60"]), pytest.raises(OSError, match="busy") as refused:
            net.close()
        assert refused.value.errno == errno.EBUSY
    finally:
        sandbox.close()


def test_a_sandbox_in_which_something_failed_is_not_used_again() -> None:
    with Player() as player:
        player.play(Case(NETWORK, ((Send(UDP, 100),),)))
        first = player.sandbox
        with pytest.raises(KeyError):
            player.play(Case(NETWORK, ((Send(Udp("client", "nobody"), 100),),)))
        assert player.sandbox is not first
        assert player.play(Case(NETWORK, ((Send(UDP, 100),),))) == []
        assert player.played == 2


def test_a_leftover_that_dies_where_full_segments_would_not_is_no_difference() -> None:
    """Full segments are told of 551 and go on without DF; the last one, smaller, had DF, and met the silent router behind."""
    mtus = (1500, 115, 1500, 551, 1500)
    network = chain("h1", "r3", "r4", "r5", "r6", "h2", mtus=mtus, silent=("r5",))
    learned = (Send(Udp("h1", "h2", DO), 1472),)  # so h1 announces an MSS of 512: 8 full segments, and one of 424 octets
    transfer = (SetMtu("r4", "r5", 113), Send(Tcp("h2", "h1", timestamps=False, number=2), 8 * 512 + 424))
    with Player() as player:
        assert player.play(Case(network, (learned, transfer))) == []


def test_fragments_of_a_full_segment_are_no_leftovers() -> None:
    """The first piece of 321 octets has 308, and r3's end of the link takes no more than 300."""
    network = chain("h1", "r1", "r2", "r3", "h2", mtus=(1500, 308, (1500, 296), 1500))
    with Player() as player:
        assert player.play(Case(network, ((Send(Tcp("h1", "h2", timestamps=False), 281, within=0.3),),))) == []
