"""The parts of an initramfs, kept from one boot to the next: each under a name with a hash of what it is made of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Collection, Iterable
from importlib import metadata
from pathlib import Path

from lab.model.kernel import Kernel
from lab.world.guests import image, modules
from lab.world.guests.tree import Tree
from lab.world.kernels.cached import folder as cache
from lab.world.kernels.locks import alone

UNUSED_FOR = 30 * 24 * 3600.0
"""Seconds after which a part that nobody used is removed."""


def folder() -> Path:
    return cache() / "guests"


def empty_folder() -> Path:
    """What QEMU shows a guest as a folder of this machine, where it has to show one."""
    path = folder() / "empty"
    path.mkdir(parents=True, exist_ok=True)
    return path


def initramfs(kernel: Kernel, sources: Collection[str], programs: Iterable[str], job: bytes) -> int:
    """A descriptor of the whole file system of a guest, in memory. Raises Lacking, Broken and OSError."""
    here = image.programs_here(sorted(programs))
    parts = [
        kept("python", (sys.version, *packages()), image.python_tree),
        # By where they are and since when: one that is installed later, or anew, is another.
        kept("programs", (*here, *stamps(here.values())), lambda: image.program_tree(here)),
        kept("lab", stamps(image.lab_files(sources)), lambda: image.lab_tree(sources)),
        *(
            [kept("modules", stamps([Path(kernel.modules, "modules.dep")]), lambda: modules.module_tree(kernel))]
            if kernel.modules
            else []
        ),
    ]
    fd = os.memfd_create("initramfs", 0)
    try:
        for part in parts:
            write(fd, part.read_bytes())
        write(fd, own_tree(job).archive())
    except BaseException:
        os.close(fd)
        raise
    return fd


def write(fd: int, octets: bytes) -> None:
    unsent = memoryview(octets)
    while unsent:
        unsent = unsent[os.write(fd, unsent) :]


def own_tree(job: bytes) -> Tree:
    """What the guest's first process is, and what it is to do."""
    tree = Tree(modes={"/init": 0o755})
    lines = (
        f"#!{image.interpreter_path()} -I",
        f"import sys\nsys.path[:0] = {image.search_path()!r}",
        "if __name__ == '__main__':\n    from lab.guest import main\n    main()\n",
    )
    tree.contents["/init"] = "\n".join(lines).encode()
    tree.contents["/job.json"] = job
    tree.contents["/etc/hosts"] = b"127.0.0.1 localhost\n::1 localhost\n"
    tree.contents["/etc/hostname"] = b"guest\n"
    tree.contents["/etc/passwd"] = (
        b"root:x:0:0:root:/:/bin/sh\ntcpdump:x:1:1:tcpdump:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
    )
    tree.contents["/etc/group"] = b"root:x:0:\ntcpdump:x:1:\nnogroup:x:65534:\n"
    tree.contents["/etc/nsswitch.conf"] = b"passwd: files\ngroup: files\nhosts: files\n"
    tree.contents["/etc/resolv.conf"] = b""
    return tree


def kept(kind: str, made_of: Iterable[str], make: Callable[[], Tree]) -> Path:
    """The archive of a part, made where it is not there. It is there whole or not at all."""
    summed = hashlib.sha256(repr((kind, *made_of, *stamps(Path(__file__).parent.glob("*.py")))).encode()).hexdigest()[:20]
    path = folder() / f"{kind}-{summed}.cpio"
    path.parent.mkdir(parents=True, exist_ok=True)
    # Guests that start together wait for who makes it first.
    with alone(path.parent / "lock", lambda _: None, ""):
        try:
            os.utime(path)
        except FileNotFoundError:
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(make().archive())
            unfinished.replace(path)
            prune()
    return path


def prune() -> None:
    """Removes what was not used for long."""
    for path in folder().glob("*.*"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - UNUSED_FOR:
                path.unlink()


def stamps(paths: Iterable[Path]) -> list[str]:
    """Names, sizes and times of files."""
    return [f"{path} {status.st_size} {status.st_mtime_ns}" for path in sorted(paths) for status in [path.stat()]]


def packages() -> list[str]:
    """Which Python, and which packages in which versions."""
    interpreter = image.interpreter_path()
    needed = sorted(image.needed_packages("pmtulab"))
    return [*stamps([interpreter]), sysconfig.get_path("stdlib"), *(f"{name} {metadata.version(name)}" for name in needed)]
