"""Where Debian's archive is found, on machines that have it in their own apt and on those that have not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.kernels_at_hand import NotFetched, located
from lab.world.kernels import mirrors
from lab.world.kernels.mirrors import keyring, mirror

pytestmark = pytest.mark.tools("apt-get")

OTHERS = """
deb http://packages.example/linux/debian bookworm stable
deb http://packages.example/raspbian bookworm main
deb http://packages.example/ubuntu noble main
"""
MAIN, FIXES = "deb http://mirror.example/debian/ bookworm main", "deb http://fixes.example/debian-security bookworm-security main"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of a machine that has never fetched a list."""
    (tmp_path / "lists/partial").mkdir(parents=True)
    own = {"Dir::State::Lists": "lists", "Dir::Etc::SourceList": "sources.list"}
    conf = "".join(f'{name} "{tmp_path}/{path}";\n' for name, path in own.items())
    (tmp_path / "apt.conf").write_text(conf + 'Dir::Etc::SourceParts "/dev/null";\n')
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    monkeypatch.delenv(mirrors.MIRROR, raising=False)
    monkeypatch.delenv(mirrors.KEYRING, raising=False)
    monkeypatch.setenv("PMTULAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "sources.list"


@pytest.mark.parametrize(
    ("sources", "main", "fixes"),
    [
        (f"{MAIN}\n{FIXES}", "http://mirror.example/debian", "http://fixes.example/debian-security"),
        (MAIN, "http://mirror.example/debian", "http://mirror.example/debian-security"),
        (FIXES, "http://fixes.example/debian", "http://fixes.example/debian-security"),
    ],
)
def test_an_archive_is_the_machines_and_what_is_not_written_is_its_neighbour(
    machine: Path, sources: str, main: str, fixes: str
) -> None:
    machine.write_text(f"{OTHERS}{sources}\n")
    assert (mirror(security=False), mirror(security=True)) == (main, fixes)


def test_a_machine_that_is_no_debian_is_told_what_to_set(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write_text(OTHERS)
    with pytest.raises(NotFetched, match="knows no archive of Debian's: set PMTULAB_DEBIAN_MIRROR to the address of a mirror"):
        located("debian:trixie", print)
    monkeypatch.setenv(mirrors.MIRROR, "http://given.example/debian/")
    assert (mirror(security=False), mirror(security=True)) == (
        "http://given.example/debian",
        "http://given.example/debian-security",
    )


def test_without_keys_or_apt_it_says_what_to_install(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write_text(MAIN)
    monkeypatch.setattr(mirrors, "KEYRINGS", ())
    with pytest.raises(NotFetched, match="install the package debian-archive-keyring"):
        located("debian:trixie", print)
    monkeypatch.setenv(mirrors.KEYRING, "/keys")
    assert keyring() == "/keys"
    monkeypatch.setenv("PATH", str(machine.parent))
    with pytest.raises(NotFetched, match=r"apt-get is not installed, .*: install the package apt"):
        located("debian:trixie", print)
