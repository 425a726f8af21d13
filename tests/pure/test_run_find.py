"""Scenarios by name and by path: what is found, and what is said where nothing is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from lab.find import NoScenario, NoTopology, catalogue, files, find, group_of, load, located, topology_of
from lab.judge.scenario import Scenario
from tests.catalogue import CATALOGUE, of_each_scenario
from topologies import chain

GOOD = """
from lab.judge.expect import NothingLearned
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import Send
from topologies import chain

flow = Udp("client", "server")
scenario = Scenario(
    name="mine",
    title="A scenario of mine",
    topology=chain("client", "r1", "server", mtus=(1500, 1400)),
    acts=(Act("a datagram", (Send(flow, 100),), (NothingLearned("client", "server"),)),),
)
"""


def written(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(name: str | Path) -> str:
    """What is said of a name or a path for which there is no scenario."""
    with pytest.raises(NoScenario) as caught:
        find(str(name))
    return str(caught.value)


# --- by name


@of_each_scenario
def test_every_name_is_found(scenario: Scenario) -> None:
    assert find(scenario.name) == (scenario,)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("576-ruoter", "576-router"),
        ("576_router", "576-router"),
        ("576", "576-router"),
        ("blackhole", "black-hole"),
        ("black-hole-ipv6", "black-hole-v6"),
        ("three-descent", "three-descents"),
        ("Jumbo", "jumbo"),
        ("1280-router", "1280-router-v6"),
    ],
)
def test_a_slip_is_told_what_is_near(typed: str, meant: str) -> None:
    said = refused(typed)
    assert repr(typed) in said
    assert meant in re.split(r"[:,] ", said.split("near it")[1])


@pytest.mark.parametrize("typed", ["zzzzzz", "", "?"])
def test_where_nothing_is_near_it_is_said_how_to_see_all(typed: str) -> None:
    said = refused(typed)
    assert "near it" not in said
    assert "pmtulab list" in said


def test_a_name_that_a_file_name_begins_is_not_mistaken_for_it() -> None:
    assert "'576-router-pong'" in refused("576-router-pong")


# --- by path


def test_a_file_of_the_catalogue_by_path() -> None:
    for path in files():
        assert find(str(path)) == load(path)
        assert all(scenario == CATALOGUE[scenario.name] for scenario in load(path))


def test_a_file_of_the_users_own(tmp_path: Path) -> None:
    (found,) = find(str(written(tmp_path, GOOD)))
    assert (found.name, len(found.acts)) == ("mine", 1)


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, GOOD, "576_router.py")
    monkeypatch.chdir(tmp_path)
    assert [found.name for found in find("576_router.py")] == ["mine"]
    assert [found.name for found in find("./576_router.py")] == ["mine"]


@pytest.mark.parametrize("several", ["(scenario, scenario)", "[scenario, scenario]"])
def test_several_in_one_file(tmp_path: Path, several: str) -> None:
    assert [found.name for found in find(str(written(tmp_path, f"{GOOD}\nscenarios = {several}\n")))] == ["mine", "mine"]


def test_two_files_of_one_name(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one, other = written(tmp_path, GOOD), written(tmp_path / "other", GOOD.replace('"mine"', '"yours"'))
    assert [found.name for path in (one, other) for found in find(str(path))] == ["mine", "yours"]


# --- by group and by folder


def test_a_group_is_a_folder_of_the_catalogue() -> None:
    groups = {group_of(path) for path in files()}
    assert {"path", "tcp", "black-hole"} <= groups
    for group in groups:
        inside = [scenario for path in files() if group_of(path) == group for scenario in load(path)]
        assert [*find(f"{group}/")] == inside
    assert find("path") == find("path/")


def test_a_scenarios_name_comes_before_a_groups() -> None:
    assert [found.name for found in find("black-hole")] == ["black-hole"]
    assert len(find("black-hole/")) > 1


def test_all_is_the_whole_catalogue() -> None:
    assert find("all") == tuple(catalogue())


def test_a_folder_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    written(tmp_path, GOOD)
    other = written(tmp_path / "deep", GOOD.replace('"mine"', '"yours"'))
    written(tmp_path, "", "__init__.py")
    assert [(path, found.name) for path, found in located(f"{tmp_path}/")] == [(other, "yours"), (tmp_path / "mine.py", "mine")]


# --- files that define none


@pytest.mark.parametrize("name", ["nowhere.py", "some/nowhere.py"])
def test_no_such_file(tmp_path: Path, name: str) -> None:
    assert refused(tmp_path / name) == f"{tmp_path / name} is no Python file"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    assert "is no Python file" in refused(tmp_path / "folder.py")


@pytest.mark.parametrize("name", ["nowhere/at/all", "empty", "mine.toml"])
def test_neither_a_file_nor_a_folder_of_them(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    written(tmp_path, "scenario = 'mine'\n", "mine.toml")
    assert refused(tmp_path / name) == f"{tmp_path / name} is neither a scenario file nor a folder of such files"


@pytest.mark.parametrize("name", ["mine.yaml", "some/mine.yml"])
def test_a_topology_has_no_story(name: str) -> None:
    said = refused(name)
    assert said.startswith(f"{name} is a topology")
    assert f"`pmtulab show {name}`" in said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "scenario = None\n",
        "scenario = 'mine'\n",
        "scenarios = ()\n",
        f"{GOOD}\nscenarios = (scenario, 'mine')\n",
        f"{GOOD}\nscenarios = scenario\n",
        "scenarios = 5\n",
        "Scenario = 1\n",
    ],
)
def test_a_file_that_defines_none_is_told_what_to_define(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    said = refused(path)
    assert said.startswith(f"{path} defines neither")
    assert "`scenario = Scenario(...)`" in said
    assert "`scenarios`" in said


# --- files that fail


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\ny = x +\n", 2, "SyntaxError"),
        ("x = 1\n\nz = y\n", 3, "NameError: name 'y' is not defined"),
        ("import lab.no_such_floor\n", 1, "ModuleNotFoundError: No module named 'lab.no_such_floor'"),
        (
            "from topologies import chain\n\nchain('a', 'b',\n      mtus=(1500, 1400))\n",
            3,
            "ValueError: 2 nodes in a chain have 1 links",
        ),
        ("def f():\n    raise OSError('no')\n\nf()\n", 2, "OSError: no"),
        ("from lab.model.topology import Link\nLink('a')\n", 2, "TypeError"),
    ],
)
def test_an_error_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = written(tmp_path, text)
    assert refused(path).startswith(f"{path}:{line}: {words}")


def test_an_error_is_told_with_its_line_under_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "\nraise OSError('no')\n")
    monkeypatch.chdir(tmp_path)
    assert refused(f".{os.sep}mine.py") == "mine.py:2: OSError: no"


def test_a_line_of_another_file_is_not_told_as_one_of_this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "\n\n\n\nx = (\n", "shapes_of_mine.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = written(tmp_path, "\nimport shapes_of_mine\n")
    assert refused(path).startswith(f"{path}:2: SyntaxError")


def test_no_traceback_hides_behind_it(tmp_path: Path) -> None:
    with pytest.raises(NoScenario) as caught:
        load(written(tmp_path, "1 / 0\n"))
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert "\n" not in str(caught.value)


# --- topologies


YAML = """nodes: {client: host, r1: router, server: host}
links:
  - {a: client, b: r1}
  - {a: r1, b: server, mtu: 1400}
"""


CHAIN = chain("client", "r1", "server", mtus=(1500, 1400))


def no_topology(name: str | Path) -> str:
    with pytest.raises(NoTopology) as caught:
        topology_of(str(name))
    return str(caught.value)


@of_each_scenario
def test_the_topology_of_a_scenario(scenario: Scenario) -> None:
    assert topology_of(scenario.name) == scenario.topology


def test_the_topology_of_nothing() -> None:
    with pytest.raises(NoScenario, match="576-router"):
        topology_of("576-ruoter")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("mine.yaml", YAML),
        ("mine.yml", YAML),
        ("mine.py", GOOD),
        ("mine.py", "from topologies import chain\ntopology = chain('client', 'r1', 'server', mtus=(1500, 1400))\n"),
        ("mine.py", GOOD + "topology = 'no topology'\n"),
    ],
)
def test_the_topology_of_a_file(tmp_path: Path, file: str, text: str) -> None:
    assert topology_of(str(written(tmp_path, text, file))) == CHAIN


def test_several_scenarios_have_one_topology_or_are_asked_for_one(tmp_path: Path) -> None:
    both = "\nfrom dataclasses import replace\nscenarios = (scenario, replace(scenario, name='yours'{}))\n"
    assert topology_of(str(written(tmp_path, GOOD + both.format("")))) == CHAIN
    path = written(tmp_path, GOOD + both.format(", topology=chain('a', 'b', mtus=(1500,))"))
    assert no_topology(path) == f"{path} has scenarios of 2 topologies; name one: mine, for example"


def test_a_topology_that_cannot_be_planned_is_told_whole(tmp_path: Path) -> None:
    path = written(tmp_path, "from topologies import chain\ntopology = chain('a', 'B', 'b', mtus=(67, 68))\n")
    assert no_topology(path).startswith(f"{path}: node 'B': the name is not a hostname; ")
    assert "\nlink 1 (a–B): MTU 67 is below 68" in no_topology(path)


def test_a_yaml_file_is_told_with_its_lines(tmp_path: Path) -> None:
    path = written(tmp_path, YAML.replace("b: r1", "b: serve").replace("mtu", "mut"), "mine.yaml")
    assert no_topology(path).splitlines() == [
        f"{path}:3: link 1 (client–serve): there is no node 'serve'; did you mean server?",
        f"{path}:4: link 2 (r1–server): there is no key 'mut'; did you mean mtu?",
    ]


def test_a_yaml_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert no_topology(path) == f"{path}: No such file or directory"
    path.mkdir()
    assert no_topology(path) == f"{path}: Is a directory"
    other = tmp_path / "other.yaml"
    other.write_bytes(b"nodes:\n  \xff: host\n")
    assert no_topology(other).startswith(f"{other}:2: this is not UTF-8 text")
