"""The file system of a guest: archives read back, an interpreter that finds all it needs, modules, and what is kept of them."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import stat
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from lab.model.kernel import Kernel
from lab.world.errors import Broken, Lacking
from lab.world.guests import image, parts
from lab.world.guests.modules import module_tree
from lab.world.guests.tree import Tree
from tests.newc import entries, unpack
from tests.world.command import until

RELEASE = "9.9"


def test_an_archive_has_files_links_and_the_folders_above_them(tmp_path: Path) -> None:
    program = tmp_path / "real/bin/program"
    program.parent.mkdir(parents=True)
    program.write_bytes(b"#!/bin/sh\n")
    program.chmod(0o755)
    tree = Tree(contents={"/a/b/odd": b"123", "/init": b"first"}, modes={"/init": 0o700})
    tree.add(program)
    archive = tree.archive()
    found = {entry.name: entry for entry in entries(archive)}
    at = str(program)[1:]
    assert (found[at].octets, stat.S_IMODE(found[at].mode)) == (b"#!/bin/sh\n", 0o755)
    assert (found["a/b/odd"].octets, stat.S_IMODE(found["a/b/odd"].mode)) == (b"123", 0o644)
    assert stat.S_IMODE(found["init"].mode) == 0o700
    names = [*found]
    for name in names:
        above = os.path.dirname(name)
        assert not above or (stat.S_ISDIR(found[above].mode) and names.index(above) < names.index(name))
    assert len([*entries(archive + archive)]) == 2 * len(names), "one may follow another"


def test_every_link_on_the_way_to_a_file_comes_along(tmp_path: Path) -> None:
    """lib -> usr/lib, there library.so -> /PATH/library.so.1 -> library.so.1.2"""
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "usr/lib/library.so.1.2").write_bytes(b"code")
    (tmp_path / "usr/lib/library.so.1").symlink_to("library.so.1.2")
    (tmp_path / "usr/lib/library.so").symlink_to(tmp_path / "lib/library.so.1")
    tree = Tree()
    tree.add(tmp_path / "lib/library.so")
    tree.add(tmp_path / "lib/none.so")
    unpack(tree.archive(), out := empty(tmp_path / "out"))
    inside = Path(f"{out}{tmp_path}")
    assert os.readlink(inside / "lib") == "usr/lib"
    assert os.readlink(inside / "usr/lib/library.so") == str(tmp_path / "lib/library.so.1")
    assert (inside / "lib/library.so.1").read_bytes() == b"code"
    assert sorted(path.name for path in inside.rglob("*")) == [
        *("lib", "lib", "library.so", "library.so.1", "library.so.1.2", "usr"),
    ]


def empty(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.tools("modprobe", "unshare", "chroot")
def test_in_a_guests_files_its_python_finds_all_and_its_programs_run(tmp_path: Path) -> None:
    fd = parts.initramfs(Kernel("x", RELEASE, "/none"), [], {"ethtool"}, b"{}")
    try:
        unpack(os.pread(fd, os.fstat(fd).st_size, 0), out := empty(tmp_path / "out"))
    finally:
        os.close(fd)

    def inside(*words: str) -> str:
        argv = ["unshare", "--map-root-user", "chroot", str(out), *words]
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{os.environ['PATH']}:/usr/sbin"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = "import runpy; runpy.run_path('/init'); import lab.guest; from lab.find import find; print(len(find('all')))"
    interpreter = (out / "init").read_text().partition("\n")[0].removeprefix("#!").split()
    assert int(inside(*interpreter, "-c", first)) > 250
    traced = "import runpy; runpy.run_path('/init'); import lab.trace, lab.traits, multiprocessing, concurrent.futures.process"
    inside(*interpreter, "-c", traced)
    assert inside("/usr/bin/sh", "-c", "seq 2 | grep 2 | sed s/2/two/ && ip -V").startswith("two\nip utility")
    inside("/usr/sbin/modprobe", "--version")


def ko(*needs: str) -> bytes:
    """A module with nothing in it: an ELF file with a section that says what it needs."""
    info = b"license=GPL\0depends=" + ",".join(needs).encode() + b"\0"
    names = b"\0.modinfo\0.shstrtab\0"
    start = 64 + len(info) + len(names)
    sections = [struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)]
    sections += [struct.pack("<IIQQQQIIQQ", 1, 1, 2, 0, 64, len(info), 0, 0, 1, 0)]
    sections += [struct.pack("<IIQQQQIIQQ", 10, 3, 0, 0, 64 + len(info), len(names), 0, 0, 1, 0)]
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, start, 0, 64, 0, 0, 64, 3, 2)
    return head + info + names + b"".join(sections)


@pytest.fixture
def modules(tmp_path: Path) -> Kernel:
    """A folder in which a GRE needs a tunnel, in three forms, and a disk's driver nobody."""
    folder = tmp_path / "lib/modules" / RELEASE
    files = {
        "kernel/net/ipv4/ip_gre.ko.xz": lzma.compress(ko("gre")),
        "kernel/lib/gre.ko.gz": gzip.compress(ko()),
        "kernel/drivers/net/veth.ko": ko(),
        "kernel/drivers/ata/ata_piix.ko": ko(),
    }
    for name, octets in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets)
    needs = {"kernel/net/ipv4/ip_gre.ko.xz": " kernel/lib/gre.ko.gz"}
    (folder / "modules.dep").write_text("".join(f"{name}:{needs.get(name, '')}\n" for name in files))
    (folder / "modules.builtin").write_text("kernel/net/ipv6/ipv6.ko\n")
    return Kernel("x", RELEASE, "/none", str(folder))


@pytest.mark.tools("depmod", "modprobe")
def test_modules_come_unpacked_with_what_they_need_and_nothing_else(modules: Kernel, tmp_path: Path) -> None:
    tree = module_tree(modules)
    base = f"/usr/lib/modules/{RELEASE}/"
    assert tree.contents[f"{base}kernel/net/ipv4/ip_gre.ko"] == ko("gre")
    assert tree.contents[f"{base}kernel/lib/gre.ko"] == ko()
    assert sorted(name for name in tree.contents if name.endswith(".ko")) == [
        f"{base}kernel/{name}.ko" for name in ("drivers/net/veth", "lib/gre", "net/ipv4/ip_gre")
    ]
    unpack(tree.archive(), out := empty(tmp_path / "out"))
    asked = ["modprobe", "-d", str(out / "usr"), "-S", RELEASE, "--show-depends"]
    said = subprocess.run([*asked, "ip_gre"], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["insmod", f"{out}{base}kernel/net/ipv4/ip_gre.ko"]
    assert subprocess.run([*asked, "ipv6"], capture_output=True, text=True, check=True).stdout == "builtin ipv6\n"


def test_what_is_built_in_needs_no_folder() -> None:
    assert module_tree(Kernel("x", RELEASE, "/none")) == Tree()


def test_a_folder_that_was_never_listed_says_what_does_that(modules: Kernel) -> None:
    Path(modules.modules, "modules.dep").unlink()
    with pytest.raises(Broken, match=r"is no folder of modules: modules\.dep: No such file or directory; `depmod` makes it"):
        module_tree(modules)


@pytest.mark.parametrize(("name", "octets"), [("net/ipv4/ip_gre.ko.xz", 9), ("lib/gre.ko.gz", 12), ("lib/gre.ko.gz", 3)])
def test_a_module_that_is_not_whole_is_named(modules: Kernel, name: str, octets: int) -> None:
    path = Path(modules.modules, "kernel", name)
    path.write_bytes(path.read_bytes()[:octets])
    with pytest.raises(Broken, match=rf"{path}, which modules\.dep names: "):
        module_tree(modules)


def test_a_module_that_is_gone_is_named(modules: Kernel) -> None:
    Path(modules.modules, "kernel/lib/gre.ko.gz").unlink()
    with pytest.raises(Broken, match=r"gre\.ko\.gz, which modules\.dep names: No such file or directory"):
        module_tree(modules)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PMTULAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/guests"


def making(made: list[str]) -> Callable[[], Tree]:
    def make() -> Tree:
        made.append("made")
        return Tree(contents={"/a": b"1"})

    return make


def test_a_part_is_made_once_and_again_when_what_it_is_made_of_has_changed(cache: Path) -> None:
    made: list[str] = []
    first = parts.kept("lab", ["a file 7 1000"], making(made))
    assert parts.kept("lab", ["a file 7 1000"], making(made)) == first
    assert len(made) == 1
    assert [entry.name for entry in entries(first.read_bytes())] == ["a"]
    assert parts.kept("lab", ["a file 7 1001"], making(made)) != first
    assert parts.kept("python", ["a file 7 1000"], making(made)) != first
    assert len(made) == 3


def test_a_part_that_could_not_be_made_is_not_there(cache: Path) -> None:
    def fails() -> Tree:
        raise Lacking("a program")

    with pytest.raises(Lacking):
        parts.kept("lab", [], fails)
    made: list[str] = []
    assert parts.kept("lab", [], making(made)).exists()
    assert made


def test_who_comes_second_waits_and_makes_nothing(cache: Path) -> None:
    made: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def slowly() -> Tree:
        begun.set()
        assert go.wait(30.0)
        return making(made)()

    def second() -> None:
        begun.wait(30.0)
        found.append(parts.kept("lab", [], making(made)))

    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(parts.kept("lab", [], slowly))), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    # It waits for the lock: /proc/locks says so of our inode.
    until(lambda: waits(cache / "lock"), within=30.0)
    go.set()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert made == ["made"]


def waits(path: Path) -> bool:
    """Whether somebody waits for this lock (proc_locks(5))."""
    inode = f":{path.stat().st_ino} " if path.exists() else "none"
    return any("-> FLOCK" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())


def test_what_nobody_used_for_long_is_removed_when_something_is_made(cache: Path) -> None:
    used, unused = (parts.kept("lab", [name], making([])) for name in ("used", "unused"))
    old = time.time() - parts.UNUSED_FOR - 1
    for path in (used, unused):
        os.utime(path, (old, old))
    assert parts.kept("lab", ["used"], making([])) == used
    parts.kept("lab", ["another"], making([]))
    assert used.exists()
    assert not unused.exists()


def test_a_program_that_is_installed_later_is_found(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept from before has it not."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(image, "python_tree", Tree)
    monkeypatch.setattr(image, "lab_tree", lambda _: Tree())

    def names() -> set[str]:
        fd = parts.initramfs(Kernel("x", RELEASE, "/none"), [], {"pmtulab-probe"}, b"{}")
        try:
            return {entry.name for entry in entries(os.pread(fd, os.fstat(fd).st_size, 0))}
        finally:
            os.close(fd)

    assert "usr/bin/pmtulab-probe" not in names()
    program = empty(tmp_path / "bin") / "pmtulab-probe"
    shutil.copy(shutil.which("true") or "", program)
    assert "usr/bin/pmtulab-probe" in names()


def test_a_package_that_does_not_say_what_its_files_are_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "files", lambda _: None)
    monkeypatch.setattr(image, "add_module", lambda *_: None)
    with pytest.raises(
        Lacking, match=r"a guest needs the files of [a-z-]+, and nothing here says which they are: install it by pip"
    ):
        image.python_tree()
