"""The conductor: what breaks in the lab is BROKEN, never PASS or FAIL, and does not hide what was found before."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lab.find import find
from lab.judge.verdict import Verdict
from lab.run import Broken, run
from lab.theory.problems import BadTopology
from lab.world.drive import Driver

(SCENARIO,) = find("576-router")


def test_every_act_is_judged_and_every_tap_counted() -> None:
    done = run(SCENARIO)
    assert done.result.verdict is Verdict.PASS
    assert [len(act.findings) for act in done.result.acts] == [len(act.expect) for act in SCENARIO.acts]
    assert set(done.taps) == {"client:r1", "r1:client", "r1:r2", "r2:r1", "r2:server", "server:r2"}
    assert sum(seen for seen, _ in done.taps.values()) == sum(len(act.observation.frames) for act in done.result.acts)


def test_a_tap_that_drops_frames_is_broken_with_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.world.tap.ROOM", 1)  # the kernel makes 2304 octets of it: a frame or two
    monkeypatch.setattr("lab.world.tap.Capture.drain", lambda _: None)
    result = run(SCENARIO).result
    assert result.verdict is Verdict.BROKEN
    assert re.search(r"the tap at [\w:-]+ dropped \d+ of \d+ frames", result.reason)
    assert result.acts == ()


@pytest.mark.parametrize("error", [Broken("a cable came loose"), OSError(5, "Input/output error")])
def test_what_was_found_before_it_broke_is_kept(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    play, played = Driver.play, 0

    def breaks(driver: Driver, story: object) -> object:
        nonlocal played
        played += 1
        if played == 2:
            raise error
        return play(driver, story)  # type: ignore[arg-type]  # whatever the conductor gives

    monkeypatch.setattr(Driver, "play", breaks)
    result = run(SCENARIO).result
    assert (result.verdict, result.reason) == (Verdict.BROKEN, str(error))
    assert [act.title for act in result.acts] == ["a datagram with DF"]
    assert all(finding.verdict is Verdict.PASS for finding in result.findings)


def test_a_bad_topology_is_nobodys_fault_but_its_own() -> None:
    lonely = replace(SCENARIO.topology, links=SCENARIO.topology.links[:1])
    with pytest.raises(BadTopology, match="r2"):
        run(replace(SCENARIO, topology=lonely))
