"""`pmtulab attach`: names for `ip netns`, never another's, taken back by `down`. In a mount namespace with a /run of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world.command import PMTULAB, surroundings
from tests.world.standing import User, a_user

# As root in a user namespace, also where we are root outside: neither touches the machine's /run.
PRIVATE = ("unshare", "--user", "--map-root-user", "--mount", "--propagation", "private", "sh", "-ec")


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    with a_user(tmp_path) as user:
        yield user


def play(user: User, script: str) -> subprocess.CompletedProcess[str]:
    """A shell script in which `lab` is pmtulab, and /run and /run/netns are new."""
    functions = f"""
        mount -t tmpfs tmpfs /run
        lab() {{ {" ".join(map(quoted, PMTULAB))} "$@"; }}
        lab up 576-router --as t >/dev/null
    """
    environment = surroundings(**user.environment)
    return subprocess.run(
        [*PRIVATE, functions + script], cwd=user.folder, env=environment, capture_output=True, text=True, timeout=60
    )


def quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


@pytest.mark.tools("unshare", "ip")
def test_names_are_given_and_taken_back(user: User) -> None:
    done = play(
        user,
        """
        lab attach
        lab attach >/dev/null
        nsenter --net=/run/netns/t.r1 ip -o link show r2
        lab down
        ls -A /run
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *names, link, down = done.stdout.splitlines()
    assert names == ["t.client", "t.r1", "t.r2", "t.server"]
    assert "mtu 576" in link
    assert down == "lab t is down"


@pytest.mark.tools("unshare")
def test_a_name_that_is_there_is_left_alone_and_then_none_is_given(user: User) -> None:
    done = play(
        user,
        """
        mkdir /run/netns && echo mine >/run/netns/t.r2
        lab attach || echo $?
        ls /run/netns
        lab down
        cat /run/netns/t.r2
        """,
    )
    assert done.stdout.splitlines() == ["2", "t.r2", "lab t is down", "mine"]
    assert "/run/netns/t.r2 is there already, and is not of the lab t" in done.stderr


@pytest.mark.tools("unshare")
def test_a_killed_lab_whose_names_are_left_is_told_of_until_it_is_taken_down(user: User) -> None:
    done = play(
        user,
        """
        lab attach >/dev/null
        kill -9 $(lab ls | sed 's/.* //')
        while lab exec client true 2>/dev/null; [ $? != 2 ]; do :; done
        for i in 1 2; do lab ls; done
        lab up 576-router --as t || echo $?
        lab down
        ls -A /run
        lab ls
        """,
    )
    said = "the lab t was killed, and its names in /run/netns keep its namespaces: `pmtulab down t` takes them back\n"
    assert done.stderr == said + said + "Error: " + said
    assert done.stdout.splitlines() == ["2", "lab t is down"]


@pytest.mark.tools("unshare", "ip")
def test_names_that_were_given_where_mounts_are_not_seen_from_here_are_given_here_as_well(user: User) -> None:
    done = play(
        user,
        """
        unshare --mount --propagation private LAB attach >/dev/null
        [ -f /run/netns/t.r1 ] && ! nsenter --net=/run/netns/t.r1 true 2>/dev/null && echo bare
        lab attach >/dev/null
        nsenter --net=/run/netns/t.r1 ip -o link show r2
        lab down
        ls -A /run
        """.replace("LAB", " ".join(map(quoted, PMTULAB))),
    )
    assert (done.returncode, done.stderr) == (0, "")
    bare, link, down = done.stdout.splitlines()
    assert (bare, down) == ("bare", "lab t is down")
    assert "mtu 576" in link


@pytest.mark.tools("unshare")
def test_names_that_a_killed_lab_has_left_are_taken_back_with_all_labs(user: User) -> None:
    done = play(
        user,
        """
        lab attach >/dev/null
        kill -9 $(lab ls | sed 's/.* //')
        while lab exec client true 2>/dev/null; [ $? != 2 ]; do :; done
        lab down --all
        ls -A /run
        """,
    )
    assert (done.stdout, done.stderr) == ("lab t is down\n", "")


@pytest.mark.tools("unshare")
def test_only_root_may(user: User) -> None:
    user.up()
    # Nobody at all, for whom uid 0 is not mapped, as an ordinary user is not.
    asked = ["unshare", "--user", *PMTULAB, "attach"] if os.geteuid() == 0 else [*PMTULAB, "attach"]
    done = subprocess.run(asked, cwd=user.folder, env=surroundings(**user.environment), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (125, "")
    assert "only root may give names in /run/netns" in done.stderr
