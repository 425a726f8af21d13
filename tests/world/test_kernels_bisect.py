"""Where something changed among Debian's kernels: an archive of made-up ones, and guests of them, played by a fake QEMU."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_qemu import fake_qemu
from tests.kernels import Archive, Key, served, throwaway_key, whole
from tests.world.command import pmtulab

pytestmark = pytest.mark.tools("apt-get", "dpkg-deb", "depmod", "modprobe", "gpg")

TRAIT = "below-min-pmtu-locks"
VERSIONS = [f"6.12.{10 * number}" for number in range(1, 10)]
PLOT = f"""
number = int(kernel.split("_")[-2].split(".")[2].partition("+")[0]) // 10
send("hello", release="6.12", uptime=1.0)
def says(holds):
    send("trait", name="{TRAIT}", says="it locks", holds=holds, seen=str(holds))
"""
DONE = "\nsend('bye', uptime=2.0)\n"

Bisect = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Archive, Key]]:
    """One suite, as of a snapshot of all its time."""
    with throwaway_key() as key:
        archive = Archive(tmp_path_factory.mktemp("archive"))
        archive.add("trixie", [whole(f"{version}+deb13-amd64", f"{version}-1") for version in VERSIONS], key)
        with served(archive):
            yield archive, key


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def bisect(archive: tuple[Archive, Key], cache: Path, tmp_path: Path) -> Bisect:
    """Runs `pmtulab kernels bisect` from the first version to the last, or the other way round, with guests of this plot."""
    served_at, key = archive

    def run(plot: str, ends: tuple[str, str] = (VERSIONS[0], VERSIONS[-1])) -> subprocess.CompletedProcess[str]:
        fake_qemu(tmp_path / "bin", PLOT + plot + DONE)
        environment = {
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PMTULAB_DEBIAN_MIRROR": served_at.address,
            "PMTULAB_DEBIAN_KEYRING": str(key.public),
            "PMTULAB_CACHE": str(cache),
            "no_proxy": "127.0.0.1",
        }
        words = [f"--{which}=debian:{version}" for which, version in zip(("good", "bad"), ends, strict=True)]
        return pmtulab("kernels", "bisect", *words, "--trait", TRAIT, "--timeout", "5", cwd=tmp_path, **environment)

    return run


def test_the_two_neighbours_are_found_around_those_that_cannot_be_told(bisect: Bisect) -> None:
    """Of nine: the fifth never answers, and the seventh panics before it does. Which end is older does not matter."""
    plot = """
if number == 5: says(None)
elif number == 7: print("Kernel panic - not syncing: oh", flush=True); sys.exit()
else: says(number > 5)
"""
    done = bisect(plot, (VERSIONS[-1], VERSIONS[0]))
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert said[-1] == ("it changed between debian:6.12.40-1 (no) and debian:6.12.60-1 (yes); 1 between them cannot be told")
    tried = [line.split()[:2] for line in said[:-1]]
    assert tried[:2] == [["debian:6.12.10", "no"], ["debian:6.12.90", "yes"]]
    assert ["debian:6.12.50-1", "untold"] in tried
    assert len(tried) <= 6
    assert len(tried) == len({name for name, _ in tried})


def test_one_that_panicked_before_it_answered_is_neither_good_nor_bad(bisect: Bisect) -> None:
    plot = """
if number in (4, 5, 6): print("Kernel panic - not syncing: oh", flush=True); sys.exit()
says(number == 9)
"""
    done = bisect(plot)
    assert "debian:6.12.50-1             untold  Kernel panic - not syncing: oh" in done.stdout
    assert done.stdout.splitlines()[-1] == "it changed between debian:6.12.80-1 (no) and debian:6.12.90 (yes)"


def test_where_nothing_changed_it_says_so(bisect: Bisect) -> None:
    done = bisect("says(True)")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: nothing changed: yes on debian:6.12.10 and on debian:6.12.90"
    assert len(done.stdout.splitlines()) == 2


def test_an_end_that_cannot_be_told_is_no_end(bisect: Bisect) -> None:
    """It is not "bad" either: git-bisect(1) takes 125 for that."""
    done = bisect("says(None)")
    assert done.returncode == 125
    assert done.stderr.splitlines()[-1] == "debian:6.12.10 cannot be told: None"
