"""The fuzzer without a network: what it draws, how it compares, and that a fault in the theory is found, shrunk and written."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from lab.find import load
from lab.fuzz.compare import Difference
from lab.fuzz.followed import PATIENCE, SILENCE, TCP_SILENCE, followed
from lab.fuzz.generate import Case
from lab.fuzz.search import BATCH, Mismatch, batches, search
from lab.fuzz.write import scenario_of, scenario_text
from lab.judge.expect import ErrorQueued, Fragments, Leaves, Mss, PathMtu, TooBig, Unanswered
from lab.model.flow import DO, DONT, WANT, Tcp, Udp
from lab.model.story import FlushRouteCache, Send, SetMtu
from lab.model.topology import IPV4, IPV6, Topology
from lab.report.picture import drawn_links, read_picture
from lab.theory import linux
from lab.theory.foresee import foresee
from lab.theory.oracle import Prediction
from lab.theory.plan import plan
from lab.theory.problems import problems
from topologies import chain

TOP = Path(__file__).parents[2]
SEED, MANY = 1981, 150
UDP = Udp("client", "server", DO)
ROUTER_576 = chain("client", "r1", "server", mtus=(1500, 576))


@cache
def drawn(seed: int, count: int) -> list[Case]:
    """The cases that a run of this seed plays."""
    cases: list[Case] = []

    def play(case: Case) -> list[Difference]:
        cases.append(case)
        return []

    for number, size in batches(count):
        assert search(seed, number, size, play) is None
    return cases


# --- what is drawn


def test_one_seed_gives_the_same_networks() -> None:
    assert drawn(SEED, 20) == drawn(SEED, MANY)[:20]
    assert drawn(SEED + 1, 20) != drawn(SEED, 20)


def test_a_batch_is_fresh() -> None:
    assert len(drawn(SEED, MANY)) == MANY
    assert len({case.topology for case in drawn(SEED, MANY)}) > MANY * 9 / 10
    assert list(batches(25)) == [(0, BATCH), (1, BATCH), (2, 5)]


def test_every_case_can_be_built_and_is_foreseen() -> None:
    assert [case for case in drawn(SEED, MANY) if problems(case.topology)] == []
    assert [case for case in drawn(SEED, MANY) if not list(followed(case))] == []


def test_the_networks_show_all_that_there_is_to_see() -> None:
    shown: Counter[str] = Counter()
    for case in drawn(SEED, MANY):
        of = case.topology
        mtus = [mtu for link in of.links for mtu in link.mtus]
        shown["IPv6"] += IPV6 in of.families
        shown["both families"] += len(of.families) == 2
        shown["eight routers"] += len(of.routers) == 8
        shown["mesh"] += len(of.links) >= len(of.nodes)
        shown["uneven"] += any(a != b for a, b in (link.mtus for link in of.links))
        shown["below 552"] += min(mtus) < 552
        shown["below 100"] += min(mtus) < 100
        shown["above 20000"] += max(mtus) > 20000
        for act in followed(case):
            kinds = [type(step).__name__ for step in act.story]
            shown["flush"] += "FlushRouteCache" in kinds
            shown["SetMtu"] += "SetMtu" in kinds
            shown["SetMtu mid-flow"] += "SetMtu" in kinds[1:-1] and kinds[0] == "Send"
            for send, seen in zip(act.sends, act.predictions, strict=True):
                shown[type(send.flow).__name__] += 1
                count(shown, send, seen)
    least = {"IPv6": 45, "both families": 20, "eight routers": 8, "mesh": 8, "uneven": 20, "below 552": 30, "below 100": 8}
    least |= {"above 20000": 30, "flush": 10, "SetMtu": 30, "SetMtu mid-flow": 8, "Udp": 100, "Tcp": 40, "Echo": 40}
    least |= {"PTB": 50, "two PTBs": 3, "silent router": 1, "link end": 12, "TCP swallowed": 2, "lock": 8, "refused": 20}
    least |= {"fragments by routers": 20, "cut twice": 8, "answer taught": 1, "knew before": 20}
    assert {name: min(shown[name], number) for name, number in least.items()} == least


def count(shown: Counter[str], send: Send, seen: Prediction) -> None:
    shown["PTB"] += bool(seen.ptbs)
    shown["two PTBs"] += len(seen.ptbs) > 1
    shown["silent router"] += seen.black_hole in seen.path.nodes
    shown["link end"] += ":" in (seen.black_hole or "")
    shown["TCP swallowed"] += isinstance(send.flow, Tcp) and not seen.delivered
    shown["lock"] += seen.exception is not None and seen.exception.locked
    shown["refused"] += seen.refused is not None
    shown["fragments by routers"] += any(cut.at in seen.path.nodes[1:-1] for cut in seen.fragments)
    shown["cut twice"] += len(seen.fragments) > 1
    shown["answer taught"] += seen.returning is not None
    shown["knew before"] += seen.exception is not None and not seen.ptbs


# --- as far as it is foreseen


def test_nothing_waits_long_for_what_is_not_to_come() -> None:
    udp, tcp = Udp("client", "server", DO), Tcp("client", "server")
    hole = chain("client", "r1", "server", mtus=(1500, 1400), silent=("r1",))
    (act,) = followed(Case(hole, ((Send(udp, 1372), Send(udp, 1472)),)))
    assert [send.within for send in act.sends] == [PATIENCE, SILENCE]
    (act,) = followed(Case(hole, ((Send(udp, 1472),),)))
    uneven = chain("client", "r1", "server", mtus=(1500, (1500, 1400)))
    acts = list(followed(Case(uneven, ((Send(tcp, 1348),), (Send(udp, 100),)))))
    assert [[send.within for send in act.sends] for act in acts] == [[PATIENCE], [PATIENCE]]


def test_the_steps_between_sends_stay_where_they_are() -> None:
    story = (Send(UDP, 100), FlushRouteCache(), Send(UDP, 200), SetMtu("client", "r1", 1400), Send(UDP, 300))
    (act,) = followed(Case(ROUTER_576, (story,)))
    assert act.story == story


def test_nothing_follows_segments_that_are_sent_again_or_what_is_not_foreseen() -> None:
    tcp, udp = Tcp("client", "server"), Udp("client", "server", DO)
    uneven = chain("client", "r1", "r2", "server", mtus=(1500, (1500, 1400), 1500))
    (act,) = followed(Case(uneven, ((Send(tcp, 1448),), (Send(udp, 100),))))
    assert [(send.flow, send.within) for send in act.sends] == [(tcp, TCP_SILENCE)]
    (act,) = followed(Case(uneven, ((Send(udp, 100), FlushRouteCache(), Send(tcp, 9000)), (Send(udp, 100),))))
    assert act.story == (replace(act.sends[0], within=PATIENCE),)


# --- shrunk


def eight_octets_off(total: int, mtu: int, family: object = IPV4, offset: int = 0) -> tuple[linux.Fragment, ...]:
    """Pieces that are smaller than they need be; those of IPv6 as large as those of IPv4."""
    return REAL_FRAGMENTS(total, mtu - 8 if total > mtu > 76 else mtu, IPV4, offset)


REAL_FRAGMENTS = linux.fragments


def found_with(wrong: pytest.MonkeyPatch, seed: int = 3) -> Mismatch:
    """What the fuzzer finds where the theory is broken, and the sound one takes the kernel's place."""

    def play(case: Case) -> list[Difference]:
        with pytest.MonkeyPatch.context() as sound:
            sound.setattr(linux, "fragments", REAL_FRAGMENTS)
            true = [seen for act in foresee(plan(case.topology), case.acts) for seen in act]
        wrongly = [seen for act in foresee(plan(case.topology), case.acts) for seen in act]
        pairs = enumerate(zip(wrongly, true, strict=True), 1)
        return [
            Difference(1, i, "fragments", p.fragments, t.fragments) for i, (p, t) in pairs if p and t and p.fragments != t.fragments
        ]

    wrong.setattr(linux, "fragments", eight_octets_off)
    mismatches = (search(seed, number, size, play) for number, size in batches(100))
    return next(mismatch for mismatch in mismatches if mismatch)


def test_a_fault_of_the_theory_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.fuzz.search.MOST_TRIES", 150)
    found = found_with(monkeypatch)
    topology = found.case.topology
    assert found.again
    assert (len(topology.routers), len(topology.hosts), len(topology.links)) == (1, 2, 2)
    (story,) = found.case.acts
    assert len(story) <= 2  # a datagram that the source has to cut: because of its link, or of what the one before it taught
    assert [difference.what for difference in found.differences] == ["fragments"]


def test_what_is_seen_once_is_said_so() -> None:
    times = []

    def play(case: Case) -> list[Difference]:
        times.append(case)
        return [Difference(1, 1, "delivered", True, False)] if len(times) == 4 else []

    found = search(1, 0, 10, play)
    assert found
    assert (found.case, found.again) == (times[3], False)
    assert times[3] == times[4]
    assert len(times) == 11  # ten cases, and one of them twice


def test_shrinking_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = {}
    for most in (300, -5):
        monkeypatch.setattr("lab.fuzz.search.MOST_TRIES", most)
        times: list[Case] = []

        def play(case: Case, times: list[Case] = times) -> list[Difference]:
            times.append(case)
            return [Difference(1, 1, "delivered", True, False)] if sum(link.mtu for link in case.topology.links) > 9999 else []

        found = search(1, 0, 10, play)
        assert found
        assert found.again
        assert sum(link.mtu for link in found.case.topology.links) > 9999
        tries[most] = len(times)
    assert tries[-5] <= BATCH - 5 + 3 < tries[300] < BATCH + 300 + 3, (
        tries
    )  # the one that began it is played twice, the last once more


def test_a_broken_lab_is_not_shrunk() -> None:
    times = []

    def play(case: Case) -> list[Difference]:
        times.append(case)
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        search(1, 0, 10, play)
    assert len(times) == 1


# --- written


@pytest.mark.parametrize("number", range(40))
def test_a_case_is_a_scenario_file(number: int, tmp_path: Path) -> None:
    case = drawn(SEED, MANY)[number]
    file = tmp_path / "fuzz_1.py"
    text = scenario_text("fuzz-1", case, [Difference(1, 1, "MSS", 1448, 1460)])
    file.write_text(text)
    (scenario,) = load(file)
    assert scenario == scenario_of("fuzz-1", case)
    assert scenario.topology == case.topology
    assert [act.story for act in scenario.acts] == [act.story for act in followed(case)]
    assert all(act.expect for act in scenario.acts)
    docstring = ast.get_docstring(ast.parse(text)) or ""
    assert read_picture(docstring) == drawn_links(case.topology)
    assert "act 1, send 1: MSS: predicted 1448, seen 1460" in docstring


@pytest.mark.skipif(not shutil.which("ruff") and not (TOP / ".venv/bin/ruff").exists(), reason="ruff is not installed")
def test_the_file_is_laid_out_as_ours_are(tmp_path: Path) -> None:
    ruff = shutil.which("ruff") or str(TOP / ".venv/bin/ruff")
    for number, case in enumerate(drawn(SEED, MANY)[:60]):
        (tmp_path / f"fuzz_{number}.py").write_text(scenario_text(f"fuzz-{number}", case, []))
    for command in (["format", "--diff"], ["check"]):
        run = subprocess.run(
            [ruff, *command, "--config", str(TOP / "pyproject.toml"), str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr


def test_claims_are_the_theory_s() -> None:
    story = (Send(UDP, 1472), Send(UDP, 1472), SetMtu("client", "r1", 552), Send(UDP, 524))
    cut = (Send(Udp("client", "server", WANT, number=2), 1472),)
    plain = (Send(Udp("client", "server", DONT, number=3), 524),)
    stream = (Send(Tcp("client", "server", number=4), 9000),)
    first, second, third, fourth = scenario_of("x", Case(ROUTER_576, (story, cut, plain, stream))).acts
    assert TooBig(by="r1", to="client", mtu=576) in first.expect
    assert ErrorQueued(send=2, info=576, offender=None) in first.expect
    assert PathMtu(552, at="client", to="server") in first.expect
    assert Fragments(by="client", pieces=((548, 0), (548, 528), (444, 1056))) in second.expect
    assert not [claim for claim in third.expect if isinstance(claim, Fragments | TooBig)]
    assert Mss(500, at="client") in fourth.expect
    swallowed = scenario_of("x", Case(chain("client", "r1", "server", mtus=(1500, 576), silent=("r1",)), ((Send(UDP, 1472),),)))
    assert Unanswered(send=1) in swallowed.acts[0].expect


def test_two_sizes_of_one_ptb_are_no_claim() -> None:
    story = (Send(UDP, 1472), FlushRouteCache(), SetMtu("r1", "server", 572), Send(UDP, 1472))
    (act,) = scenario_of("x", Case(ROUTER_576, (story,))).acts
    assert [claim for claim in act.expect if isinstance(claim, TooBig)] == []


def test_what_goes_with_df_and_then_without_is_no_claim() -> None:
    want = Udp("client", "server", WANT)
    below = chain("client", "r1", "server", mtus=(1500, 551))
    (act,) = scenario_of("x", Case(below, ((Send(want, 500), Send(want, 1472), Send(want, 500)),))).acts
    assert [claim for claim in act.expect if isinstance(claim, Leaves)] == [Leaves(1500, by="client")]


def test_a_wide_picture_is_let_pass() -> None:
    names = [f"r{i}" for i in range(1, 9)]
    wide = chain("h1", *names, "h2", mtus=((65535, 65534),) * 9)
    case = Case(wide, ((Send(Udp("h1", "h2"), 1),),))
    assert '"""  # noqa: E501\n' in scenario_text("x", case, [])
    assert "noqa" not in scenario_text("x", Case(ROUTER_576, ((Send(UDP, 1),),)), [])
    assert isinstance(wide, Topology)
