"""What the running kernel does and has: every question has an answer, and where a program is missing, that is said."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.judge.traits import TRAITS
from lab.model.features import FEATURES, LINK_KINDS
from lab.run import Broken, probe
from lab.traits import known_features, known_traits
from lab.world.features import tried
from lab.world.net import Net
from tests.world.command import pmtulab

ANSWERED_NO: dict[str, set[str]] = {
    "6.18.44": {
        "errors-name-the-interface",
        "refuses-what-its-length-cannot-say",
        "v6-multipath-ptb-marks-its-way",
        "v6-refuses-what-its-length-cannot-say",
    }
}
"""Kernels on which every answer has been looked at, and the traits that they have not."""

TOOLS = pytest.mark.tools("ip")


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No program is installed, and no trait has been tried."""
    monkeypatch.setattr("lab.world.programs.environment", lambda: {**os.environ, "PATH": ""})
    probe.cache_clear()
    yield
    probe.cache_clear()


@TOOLS
@pytest.mark.parametrize("name", TRAITS)
def test_it_can_be_told_on_this_kernel(name: str) -> None:
    probed = probe(name)
    assert probed.trait is TRAITS[name]
    assert probed.seen


@TOOLS
def test_on_a_kernel_that_is_known_the_answers_are() -> None:
    release = os.uname().release.partition("-")[0]
    if release not in ANSWERED_NO:
        pytest.skip(f"the answers on Linux {release} have not been looked at")
    assert {name for name in TRAITS if not probe(name).holds} == ANSWERED_NO[release]


def test_a_trait_is_tried_once_a_process() -> None:
    assert probe("below-min-pmtu-locks") is probe("below-min-pmtu-locks")


def test_what_is_neither_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    trait = TRAITS["below-min-pmtu-locks"]
    monkeypatch.setitem(TRAITS, "odd", replace(trait, name="odd", no=trait.yes))
    with pytest.raises(Broken, match="trait odd cannot be told"):
        probe("odd")
    (known,) = known_traits(["odd"])
    assert (known.holds, known.broken) == (None, True)


@pytest.mark.usefixtures("no_programs")
def test_without_its_program_a_trait_is_unknown_and_the_others_are_told() -> None:
    known = {trait.name: trait for trait in known_traits()}
    unknown = {name: trait for name, trait in known.items() if trait.holds is None}
    by_program = {
        "broadcast-route-mtu",
        "drop-reason-too-big",
        "errors-name-the-interface",
        "exceptions-bounded-by-chance",
        "icmp-send-traced",
        "min-adv-mss-per-namespace",
        "mtu-expires-per-namespace",
        "multipath-ptb-marks-all-nexthops",
        "refuses-what-its-length-cannot-say",
        "segments-without-checksum-offload",
        "withheld-errors-counted",
        "v6-multipath-ptb-marks-its-way",
        "v6-refuses-what-its-length-cannot-say",
        "min-pmtu-per-namespace",
        "icmp-budget-per-namespace",
        "error-from-192.0.0.8",
        "tunnel-answers-bridged-senders",
    }
    assert set(unknown) == by_program
    assert unknown["error-from-192.0.0.8"].seen == "ip is not installed (Debian, Ubuntu: apt-get install iproute2)"
    assert not any(trait.broken for trait in known.values())


@pytest.mark.usefixtures("no_programs")
def test_without_its_program_a_feature_is_unknown_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.world.features.environment", lambda: {**os.environ, "PATH": ""})
    known = list(known_features())
    assert [(feature.name, feature.broken) for feature in known if feature.holds is None] == [("esp", False), ("tracefs", False)]


@pytest.mark.tools("ip")
def test_a_feature_whose_program_does_not_end_is_unknown_and_that_is_the_labs_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.world.features.WITHIN", 0.0)
    known = {feature.name: feature for feature in known_features()}
    assert known["esp"].broken
    assert "did not end within 0 s" in known["esp"].seen


def test_every_feature_is_tried_and_says_what_the_kernel_answered() -> None:
    known = list(known_features())
    assert [feature.name for feature in known] == sorted(FEATURES)
    assert {feature.holds for feature in known} <= {True, False}
    assert all(feature.seen and FEATURES[feature.name] in feature.says for feature in known)


def test_a_feature_that_no_kernel_has_is_lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LINK_KINDS, "warp", "CONFIG_WARP")
    with Net(TRAITS["exceptions-listed"].topology, taps=False) as net:
        assert tried(net["a"], "warp") == (False, "adding a link of kind warp: Operation not supported")
        with pytest.raises(KeyError):
            tried(net["a"], "weft")


def test_the_command_shows_them_all(tmp_path: Path) -> None:
    done = pmtulab("traits", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first = [line.split() for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [name for _, name in first] == [*TRAITS, *sorted(FEATURES)]
    assert {answer for answer, _ in first} <= {"yes", "no", "unknown"}


def test_as_json_for_programs(tmp_path: Path) -> None:
    done = pmtulab("traits", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["kernel"] == os.uname().release
    assert [trait["name"] for trait in document["traits"]] == list(TRAITS)
    assert [feature["name"] for feature in document["features"]] == sorted(FEATURES)
