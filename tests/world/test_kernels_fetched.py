"""Kernels from an archive like Debian's: fetched once, whole and signed, or not at all; kernels that are on disk already."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.kernels_at_hand import NoKernel, NotFetched, available, cached, default_kernels, located
from tests.kernels import WITHIN, Archive, Key, Package, bzimage, meta, served, split, throwaway_key, whole
from tests.world.command import pmtulab

pytestmark = pytest.mark.tools("apt-get", "dpkg-deb", "depmod", "modprobe", "gpg")

OLD, NEW, MIDDLE, LATE = "6.1.0-50-amd64", "6.1.0-56-amd64", "6.12.43+deb12-amd64", "7.3.4+deb13-amd64"
DEB = f"linux-image-{NEW}_6.1.192-2_amd64.deb"
LOCATE = "import sys; from lab.kernels_at_hand import located; print(located(sys.argv[1], lambda line: print(line, flush=True)))"


@pytest.fixture(scope="module")
def key() -> Iterator[Key]:
    with throwaway_key() as key:
        yield key


@pytest.fixture(scope="module")
def built(key: Key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """A release with its fixes, and kernels of later ones; all other suites are gone."""
    archive = Archive(tmp_path_factory.mktemp("archive"))
    archive.add("bookworm", (meta(OLD, "6.1.176-1"), whole(OLD, "6.1.176-1")), key)
    archive.add("bookworm-security", (meta(NEW, "6.1.192-2"), whole(NEW, "6.1.192-2", octets=0x40000)), key)
    gone = Package("linux-image-7.0.4+deb13-amd64", "7.0.4-1~bpo13+1", needs=("linux-modules-7.0.4+deb13-amd64",))
    late = (*split(LATE, "7.3.4-1~bpo13+1"), whole(MIDDLE, "6.12.43-1~bpo12+1", "usr/lib/modules"))
    archive.add("trixie-backports", (gone, meta(LATE, "7.3.4-1~bpo13+1"), *late), key)
    with served(archive):
        yield archive


@pytest.fixture
def archive(built: Archive, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """Nobody has asked for anything yet, and the cache is empty."""
    monkeypatch.setenv("PMTULAB_DEBIAN_MIRROR", built.address)
    monkeypatch.setenv("PMTULAB_DEBIAN_KEYRING", str(key.public))
    monkeypatch.setenv("PMTULAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for kept in (built.asked, built.spoilt, built.held):
        kept.clear()
    built.half.clear()
    built.go.clear()
    yield built
    built.go.set()


def folders(tmp_path: Path) -> list[str]:
    """What is in the cache, but for the locks."""
    return sorted(path.name for path in (tmp_path / "cache/debian").glob("*") if path.suffix != ".lock")


def test_a_release_means_the_kernel_with_its_fixes_and_is_fetched_once(archive: Archive, tmp_path: Path) -> None:
    said: list[str] = []
    kernel = located("debian:bookworm", said.append)
    assert (kernel.name, kernel.release, kernel.version) == ("debian:bookworm", NEW, "6.1.192-2")
    assert Path(kernel.image).read_bytes() == bzimage(NEW, 0x40000)
    assert {path.name for path in Path(kernel.modules).iterdir()} >= {"kernel", "modules.dep", "modules.builtin", "modules.order"}
    assert Path(kernel.modules).parts[-3:] == ("lib", "modules", NEW)
    assert any("0.3 MB" in line for line in said)
    assert archive.debs() == [f"linux-image-{NEW}"]
    assert sorted(os.listdir(Path(kernel.image).parent)) == ["kernel.json", "lib", "vmlinuz"]
    asked = len(archive.asked)
    for word in ("debian:bookworm", "debian:6.1.192-2", "debian:6.1.0-56-amd64"):
        assert located(word, said.append).image == kernel.image
    assert len(archive.asked) == asked, "nobody is asked again for what is there"
    for listed in (tmp_path / "cache/apt").glob("*/kernels.json"):
        os.utime(listed, (0, listed.stat().st_mtime - 25 * 3600))
    assert located("debian:6.1.192-2", said.append).image == kernel.image
    assert len(archive.asked) == asked, "a version is what it is, however old the list"
    assert located("debian:bookworm", said.append).image == kernel.image
    assert len(archive.asked) > asked, "after a day"
    asked = len(archive.asked)
    assert located("debian:bookworm", said.append, refresh=True).image == kernel.image
    assert len(archive.asked) > asked
    assert archive.debs() == [f"linux-image-{NEW}"]


def test_a_split_kernel_comes_in_all_its_parts(archive: Archive) -> None:
    kernel = located("debian:trixie-backports", print)
    assert kernel.release == LATE
    assert sorted(archive.debs()) == [f"linux-{part}-{LATE}" for part in ("base", "binary", "image", "modules")]
    modules = Path(kernel.modules)
    assert (modules / "kernel/net/ipv4").is_dir()
    assert (modules / "modules.builtin").read_text() == "kernel/net/ipv6/ipv6.ko\n"
    asked = ["modprobe", "-d", str(modules.parents[2]), "-S", LATE, "--show-depends", "ipv6"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "builtin ipv6\n"


def test_what_is_cached_is_there_when_the_archive_is_not(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = located("debian:bookworm", print)
    monkeypatch.setenv("PMTULAB_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    said: list[str] = []
    assert located("debian:bookworm", said.append, refresh=True).image == kernel.image
    assert "going by the list of bookworm that is 0 hours old" in "\n".join(said)
    with pytest.raises(NotFetched, match="the list of trixie-backports cannot be fetched"):
        located("debian:trixie-backports", print)


def test_a_spoilt_package_is_noticed_and_fetched_again(archive: Archive) -> None:
    archive.spoilt.add(DEB)
    said: list[str] = []
    kernel = located("debian:bookworm", said.append)
    assert Path(kernel.image).read_bytes() == bzimage(NEW, 0x40000)
    assert archive.debs() == [f"linux-image-{NEW}"] * 2
    assert "Hash Sum mismatch" in "\n".join(said)


@pytest.mark.parametrize("keep", [0.5, 0.0])
def test_a_package_that_stays_cut_off_is_no_kernel(archive: Archive, tmp_path: Path, keep: float) -> None:
    deb = archive.deb(f"linux-image-{NEW}")
    octets = deb.read_bytes()
    deb.write_bytes(octets[: int(len(octets) * keep)])
    try:
        with pytest.raises(NotFetched, match=r"6\.1\.192-2 of bookworm-security cannot be fetched"):
            located("debian:bookworm", print)
    finally:
        deb.write_bytes(octets)
    assert folders(tmp_path) == []
    assert cached() == ()
    assert located("debian:bookworm", print).release == NEW


def test_a_version_that_the_archive_has_replaced_since_it_was_asked_is_asked_for_again(archive: Archive, key: Key) -> None:
    """The list is of today, and yet too old."""
    shutil.rmtree(Path(located("debian:trixie-backports", print).image).parent)
    index = archive.root / "debian/dists/trixie-backports"
    newer, deb = "7.3.5+deb13-amd64", archive.deb(f"linux-image-{LATE}")
    before, octets = index.rename(index.with_name("before")), deb.read_bytes()
    try:
        deb.unlink()
        archive.add("trixie-backports", (whole(newer, "7.3.5-1~bpo13+1"),), key)
        assert located("debian:trixie-backports", print).release == newer
    finally:
        deb.write_bytes(octets)
        shutil.rmtree(index)
        before.rename(index)


def test_a_kernel_that_somebody_has_taken_a_part_of_is_fetched_again(archive: Archive) -> None:
    kernel = located("debian:bookworm", print)
    Path(kernel.image).unlink()
    assert cached() == ()
    assert located("debian:bookworm", print).image == kernel.image
    assert Path(kernel.image).read_bytes() == bzimage(NEW, 0x40000)


def test_a_cache_that_cannot_be_written_is_one_message(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PMTULAB_CACHE", str(tmp_path / "file/cache"))
    for word in ("debian:bookworm", "debian:6.1"):
        with pytest.raises(NotFetched, match="Not a directory; PMTULAB_CACHE names another place"):
            located(word, print)


def test_a_cache_that_may_not_be_looked_into_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMTULAB_CACHE", str(tmp_path / ("x" * 300)))
    for words in (("fetch", "debian:6.1"), ("ls", "--cached")):
        run = pmtulab("kernels", *words, cwd=tmp_path)
        assert run.returncode == 125, run.stderr
        assert run.stderr.endswith("x/debian: File name too long; PMTULAB_CACHE names another place for the cache\n")


def test_an_archive_that_does_not_answer_is_one_message_and_what_to_set(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PMTULAB_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    run = pmtulab("kernels", "ls", cwd=tmp_path)
    assert run.returncode == 125
    said = [line for line in run.stderr.splitlines() if not line.startswith("asking for")]
    assert said[0] == "the list of bullseye cannot be fetched:"
    assert "Could not connect to 127.0.0.1:9" in said[1]
    assert said[2:] == ["PMTULAB_DEBIAN_MIRROR names another archive", "and so it is with 11 suites more"]


def test_lists_of_another_signature_are_refused(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    with throwaway_key() as other:
        monkeypatch.setenv("PMTULAB_DEBIAN_KEYRING", str(other.public))
        with pytest.raises(NotFetched, match="is not signed"):
            located("debian:trixie-backports", print)
    assert archive.debs() == []


def test_a_list_that_was_changed_after_it_was_signed_is_refused(archive: Archive) -> None:
    (index,) = archive.root.rglob("bookworm-security/main/binary-amd64/Packages.xz")
    octets = index.read_bytes()
    index.write_bytes(archive.root.joinpath("debian/dists/bookworm/main/binary-amd64/Packages.xz").read_bytes())
    try:
        with pytest.raises(NotFetched, match=r"Hash Sum mismatch|unexpected size"):
            located("debian:bookworm-security", print)
    finally:
        index.write_bytes(octets)


def test_what_the_machines_apt_allows_and_does_besides_is_not_for_ours(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke", "APT::Update::Post-Invoke-Success", "DPkg::Post-Invoke")
    lax = "".join(f'Acquire::Allow{kind}Repositories "true";\n' for kind in ("Insecure", "Weak", "DowngradeToInsecure"))
    (tmp_path / "apt.conf").write_text(lax + "".join(f'{hook} {{ "touch {tmp_path}/touched"; }};\n' for hook in hooks))
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    assert located("debian:trixie-backports", print).release == LATE
    assert not (tmp_path / "touched").exists()
    monkeypatch.setenv("PMTULAB_CACHE", str(tmp_path / "another"))
    with throwaway_key() as other:
        monkeypatch.setenv("PMTULAB_DEBIAN_KEYRING", str(other.public))
        with pytest.raises(NotFetched, match="is not signed"):
            located("debian:trixie-backports", print)


@contextlib.contextmanager
def locating(word: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", LOCATE, word]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> str:
    assert process.stdout
    return next(line for line in process.stdout if wanted(line))


def test_a_fetch_that_is_killed_half_way_leaves_nothing_that_is_believed(archive: Archive, tmp_path: Path) -> None:
    archive.held.add(DEB)
    with locating("debian:bookworm") as process:
        assert archive.half.wait(WITHIN)
        process.send_signal(signal.SIGKILL)
    assert [name.endswith(".part") for name in folders(tmp_path)] == [True]
    assert cached() == ()
    archive.held.clear()
    kernel = located("debian:bookworm", print)
    assert Path(kernel.image).read_bytes() == bzimage(NEW, 0x40000)
    assert folders(tmp_path) == [f"{NEW}_6.1.192-2"]


def test_two_who_want_the_same_fetch_it_once(archive: Archive) -> None:
    archive.held.add(DEB)
    with locating("debian:bookworm") as first:
        assert archive.half.wait(WITHIN)
        with locating("debian:bookworm") as second:
            read_until(second, lambda line: line.startswith("another process fetches debian:6.1.192-2: waiting"))
            archive.go.set()
            kernels = {read_until(process, lambda line: line.startswith("Kernel(")) for process in (first, second)}
    assert len(kernels) == 1
    assert archive.debs() == [f"linux-image-{NEW}"]


def test_a_full_disk_is_one_message(archive: Archive, tmp_path: Path) -> None:
    """On a file system of 500 kB: it has room for the lists, and none for the kernel."""
    (tmp_path / "cache").mkdir()
    script = 'mount -t tmpfs -o size=500k none "$PMTULAB_CACHE" && exec "$@"'
    argv = ["unshare", "-Urm", "sh", "-c", script, "sh", sys.executable, "-c", "from lab.cli import main; main()"]
    done = subprocess.run(
        [*argv, "kernels", "fetch", "debian:bookworm"], capture_output=True, text=True, check=False, timeout=WITHIN
    )
    assert done.returncode == 125, done.stderr
    told = done.stderr.splitlines()[-1]
    assert told.startswith(f"no room for debian:6.1.192-2 in {tmp_path}/cache: it takes 1 MB; make room, or name another place")
    assert archive.debs() == []


def test_what_can_be_had_is_listed_and_what_is_not_there_has_near_names(archive: Archive, tmp_path: Path) -> None:
    located("debian:6.12", print)
    found = {offered.kernel.version: offered.path for offered in available("", print)}
    assert list(found) == ["6.1.176-1", "6.1.192-2", "6.12.43-1~bpo12+1", "7.3.4-1~bpo13+1"]
    assert [version for version, path in found.items() if path] == ["6.12.43-1~bpo12+1"]
    assert default_kernels(print) == ("debian:6.1.192-2", "debian:7.3.4-1~bpo13+1")
    with pytest.raises(NoKernel, match=r"has a kernel 6\.12\.44; near it: 6\.12\.43"):
        located("debian:6.12.44", print)
    with pytest.raises(NoKernel, match=r"no suite bookwurm.*; near it: bookworm"):
        located("debian:bookwurm", print)
    assert not (tmp_path / "cache/apt/bookwurm").exists()
    listed = pmtulab("kernels", "ls", "6.1", cwd=tmp_path)
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["debian:6.1.176-1", "debian:6.1.192-2"]
    nothing = pmtulab("kernels", "ls", "5.4", cwd=tmp_path)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    fetched = pmtulab("kernels", "fetch", "debian:7.0.4", "debian:6.12.43", cwd=tmp_path)
    assert fetched.returncode == 2
    assert fetched.stdout == f"{tmp_path}/cache/debian/{MIDDLE}_6.12.43-1~bpo12+1/vmlinuz\n"


@pytest.mark.parametrize(
    "word", ["debian:", "debian:.", "debian:..", "debian:a b", "debian:trixie main\ndeb x", "debian:../x", "debian:[trusted=yes]"]
)
def test_what_is_no_word_gets_nowhere(archive: Archive, word: str) -> None:
    with pytest.raises(NoKernel, match="after debian: comes a suite"):
        located(word, print)
    assert archive.asked == []
