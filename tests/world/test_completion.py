"""Completion in real shells: somebody types, presses TAB, and the word is there."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from lab.find import catalogue, files, group_of, load
from lab.suggest import scenarios
from tests.world.command import PMTULAB, surroundings
from tests.world.standing import User, a_user
from tests.world.typist import at_a_terminal

TAB, KILL_LINE = "\t", "\x15"


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """Somebody who has `pmtulab` on the PATH, a lab, `standing`, and a file, quiet.yaml."""
    folder = tmp_path_factory.mktemp("user")
    program = folder / "bin" / "pmtulab"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(PMTULAB)} "$@"\n')
    program.chmod(0o755)
    (folder / "quiet.yaml").write_text("nodes: {a: host, b: host}\nlinks: [{a: a, b: b}]\n")
    with a_user(folder) as user:
        user.environment["PATH"] = f"{program.parent}:{surroundings()['PATH']}"
        user.up(name="standing")
        yield user


# What is typed before TAB, and what it has become after it.
WORDS = [
    ("pmtulab sche", "pmtulab schema "),
    ("pmtulab graph 576-router --form", "pmtulab graph 576-router --format "),
    ("pmtulab graph 576-router --format s", "pmtulab graph 576-router --format svg "),
    ("pmtulab show 1280-rou", "pmtulab show 1280-router-v6 "),
    ("pmtulab list docu", "pmtulab list documents "),
    ("pmtulab up qui", "pmtulab up quiet.yaml "),
    ("pmtulab shape park", "pmtulab shape parking-lot "),
    ("pmtulab down stan", "pmtulab down standing "),
    ("pmtulab exec --in stan", "pmtulab exec --in standing "),
    ("pmtulab exec cli", "pmtulab exec client "),
    ("pmtulab capture --in standing server:", "pmtulab capture --in standing server:r2 "),
    ("pmtulab capture r1:cl", "pmtulab capture r1:client "),
    ("pmtulab inspect --in standing serv", "pmtulab inspect --in standing server "),
]
SET_UP = {
    "bash": (["--norc", "--noprofile"], 'bind "set enable-bracketed-paste off"; eval "$(pmtulab completion bash)"'),
    "zsh": (["-f"], 'unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D; eval "$(pmtulab completion zsh)"'),
}


@pytest.mark.parametrize("shell", [pytest.param(shell, marks=pytest.mark.tools(shell)) for shell in SET_UP])
def test_tab_completes_the_word(user: User, shell: str) -> None:
    options, set_up = SET_UP[shell]
    environment = surroundings(**user.environment, TERM="dumb", PS1="$ ")
    program = shutil.which(shell, path=environment["PATH"])
    assert program
    with at_a_terminal([program, *options, "-i"], user.folder, environment) as terminal:
        terminal.type(f"{set_up}; echo re''ady\n")
        terminal.expect("ready\r\n")
        for typed, wanted in WORDS:
            terminal.type(typed + TAB)
            terminal.expect(wanted)
            terminal.type(KILL_LINE)  # and nothing of it is run


@pytest.mark.tools("fish")
def test_fish_is_told_the_words_and_what_they_mean(user: User) -> None:
    environment = surroundings(**user.environment, XDG_CONFIG_HOME=str(user.folder / "config"))
    asked = "pmtulab completion fish | source; " + "; ".join(f"complete -C '{typed}'" for typed, _ in WORDS)
    run = subprocess.run(["fish", "--no-config", "-c", asked], cwd=user.folder, env=environment, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    told = {line.partition("\t")[0].removesuffix(" "): line.partition("\t")[2] for line in run.stdout.splitlines()}
    assert {wanted.split()[-1] for _, wanted in WORDS} <= told.keys()
    assert told["schema"].startswith("Print the JSON Schema")
    assert told["1280-router-v6"]


def answered(user: User, *words: str) -> list[str]:
    """What bash is told of the last word."""
    asking = {"COMP_WORDS": " ".join(["pmtulab", *words]), "COMP_CWORD": str(len(words)), "_PMTULAB_COMPLETE": "bash_complete"}
    environment = surroundings(**user.environment, **asking)
    run = subprocess.run(PMTULAB, cwd=user.folder, env=environment, capture_output=True, text=True)
    assert run.stderr == ""
    return [line.removeprefix("plain,") for line in run.stdout.splitlines() if line.startswith("plain,")]


def test_link_ends_of_the_lab_that_is_named_and_of_the_only_one(user: User) -> None:
    assert answered(user, "capture", "r1") == answered(user, "capture", "--in", "standing", "r1") == ["r1", "r1:client", "r1:r2"]
    assert answered(user, "capture", "--in", "nobody", "r1") == []


def test_a_lab_is_suggested_for_every_in(user: User) -> None:
    for command in ("exec", "shell", "inspect", "set", "capture", "run"):
        assert answered(user, command, "--in", "s") == ["standing"]


def test_names_are_suggested_without_loading_other_files() -> None:
    for path in files():
        stem = path.stem.replace("_", "-")
        assert all(scenario.name.startswith(stem) for scenario in load(path)), f"{path} has names that completion does not find"


@pytest.mark.parametrize("beginning", ["5", "black-hole", "fragmented-v6-1500-over", "path", "zzz"])
def test_what_begins_so_is_suggested(beginning: str) -> None:
    named = {scenario.name: scenario.title for scenario in catalogue() if scenario.name.startswith(beginning)}
    groups = {group_of(path) for path in files() if group_of(path).startswith(beginning)}
    suggested = scenarios(beginning)
    assert suggested.keys() == named.keys() | groups
    assert all(suggested[name] == title for name, title in named.items())


def test_of_everything_the_groups_are_suggested() -> None:
    assert scenarios("").keys() == {group_of(path) for path in files()}
