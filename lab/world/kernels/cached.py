"""The project's own cache of Debian's kernels: fetched, unpacked and never installed.

CACHE/debian/RELEASE_VERSION/ has vmlinuz, lib/modules/RELEASE/ and kernel.json. It is there whole or not at all: it is made as a
.part beside it, under a lock, and gets its name last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from lab.model.debian import DebianKernel
from lab.model.kernel import Kernel
from lab.world.errors import NotFetched
from lab.world.kernels.archive import NO_ROOM, Suite
from lab.world.kernels.locks import alone
from lab.world.kernels.tools import Say, run

CACHE = "PMTULAB_CACHE"
PART, MODULES, WRITTEN_LAST = ".part", "lib/modules", "kernel.json"

ROOM = 2.5
"""How much of the disk a kernel takes while it is unpacked, to the size of its packages; they are removed in the end."""


def folder() -> Path:
    """Where the cache is."""
    if given := os.environ.get(CACHE):
        return Path(given).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "pmtulab" / "kernels"


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """What cannot be written into the cache is a NotFetched, which says where another one may be."""
    try:
        yield
    except OSError as error:
        raise NotFetched(f"{error.filename or folder()}: {error.strerror}; {CACHE} names another place for the cache") from error


def cached() -> Iterator[tuple[DebianKernel, Path]]:
    """Every kernel in the cache, and its folder. Raises NotFetched where this user may not look into it."""
    with kept():
        found = sorted((folder() / "debian").glob("*/" + WRITTEN_LAST))
    for path in found:
        if path.parent.suffix != PART and (kernel := whole(path.parent)):
            yield kernel, path.parent


def whole(path: Path) -> DebianKernel | None:
    """The kernel in a folder of the cache; None where somebody has taken of it what it boots with."""
    try:
        written = json.loads((path / WRITTEN_LAST).read_text())
        kernel = DebianKernel(**{**written, "packages": tuple(written["packages"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    parts = (path / "vmlinuz", path / MODULES / kernel.release / "modules.dep")
    return kernel if all(part.is_file() for part in parts) else None


def kernel_in(path: Path, kernel: DebianKernel, name: str) -> Kernel:
    return Kernel(name, kernel.release, str(path / "vmlinuz"), str(path / MODULES / kernel.release), kernel.version)


def fetched(kernel: DebianKernel, name: str, say: Say) -> Kernel:
    """The kernel, from the cache or, where it is not yet there, fetched into it. Raises NotFetched."""
    path = folder() / "debian" / f"{kernel.release}_{kernel.version}"
    if not whole(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with alone(path.parent / f"{path.name}.lock", say, f"another process fetches {kernel.word}: waiting") as lock:
            if not whole(path):
                try:
                    _fetch(kernel, path, say, lock)
                except (OSError, NotFetched) as error:
                    raise full(kernel) if NO_ROOM in str(error) else error from None
    return kernel_in(path, kernel, name)


def _fetch(kernel: DebianKernel, path: Path, say: Say, lock: int) -> None:
    part = path.with_name(path.name + PART)
    for old in (path, part):  # of one who was killed, or had a part taken from it
        shutil.rmtree(old, ignore_errors=True)
    debs, tree = part / "debs", part / "tree"
    debs.mkdir(parents=True)
    try:
        if shutil.disk_usage(part).free < ROOM * kernel.octets:
            raise full(kernel)
        say(f"fetching Linux {kernel.release} ({kernel.version}) of {kernel.suite}: {kernel.octets / 1e6:.1f} MB")
        for deb in Suite(kernel.suite, folder()).download(kernel, debs, say, lock):
            _run(["dpkg-deb", "--extract", str(deb), str(tree)], lock)
        _arrange(kernel, tree, part)
        say("  listing what each module needs (depmod)")
        _run(["depmod", "--basedir", str(part), kernel.release], lock)
        for needless in (debs, tree):
            shutil.rmtree(needless)
        (part / WRITTEN_LAST).write_text(json.dumps(asdict(kernel), indent=1))
        part.rename(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _arrange(kernel: DebianKernel, tree: Path, part: Path) -> None:
    """Image and modules stand where they stand in every kernel's folder, wherever the packages of this one have them."""
    roots = [tree / base / "lib/modules" / kernel.release for base in ("usr", ".")]
    images = [tree / "boot" / f"vmlinuz-{kernel.release}", *(root / "vmlinuz" for root in roots)]
    image = next((path for path in images if path.is_file()), None)
    modules = next((root for root in roots if (root / "kernel").is_dir()), None)
    if image is None or modules is None:
        raise NotFetched(
            f"the packages of {kernel.word} have no {'image' if image is None else 'modules'} of {kernel.release} in them"
        )
    image.rename(part / "vmlinuz")
    (part / MODULES).mkdir(parents=True)
    modules.rename(part / MODULES / kernel.release)


def _run(argv: list[str], lock: int) -> None:
    status, said = run(argv, keep=lock)
    if status:
        raise NotFetched(f"{argv[0]} failed: {said.strip() or f'exit status {status}'}")


def full(kernel: DebianKernel) -> NotFetched:
    need = ROOM * kernel.octets / 1e6
    return NotFetched(
        f"no room for {kernel.word} in {folder()}: it takes {need:.0f} MB; make room, or name another place with {CACHE}"
    )
