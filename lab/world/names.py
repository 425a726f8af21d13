"""Names for the nodes of a lab where `ip netns` looks for them: LAB.NODE in /run/netns, each a bind mount of a namespace.

Unlike all else of a lab these are the machine's, and outlive it. So they are known by their namespaces' inodes, which are written
down before a name is given: what another has put in the place of one is left alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping

from lab.world.syscalls import call

FOLDER = "/run/netns"
MS_BIND, MNT_DETACH = 0x1000, 0x2


def place(lab: str, node: str) -> str:
    return f"{FOLDER}/{lab}.{node}"


def is_named(path: str, inode: int) -> bool:
    """Whether this namespace is mounted there; the inode of a plain file in the folder may be the same by chance."""
    try:
        found = os.stat(path, follow_symlinks=False)
        return found.st_ino == inode and found.st_dev != os.stat(FOLDER).st_dev
    except FileNotFoundError:
        return False


def is_bare(path: str) -> bool:
    """Whether it is what a namespace is mounted on, with none on it: an empty file that nobody may read."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_dev == os.stat(FOLDER).st_dev and not found.st_mode & 0o777


def taken(lab: str, inodes: Mapping[str, int], noted: bool) -> Iterator[str]:
    """The paths, of those that these nodes are to have, that there are already and that are not theirs.

    Where names were `noted`, a bare one is: they were given where mounts are not seen here (mount_namespaces(7), private).
    """
    for node, inode in inodes.items():
        path = place(lab, node)
        if os.path.lexists(path) and not is_named(path, inode) and not (noted and is_bare(path)):
            yield path


def make_folder() -> bool:
    """Whether it had to be made."""
    try:
        os.mkdir(FOLDER, 0o755)
    except FileExistsError:
        return False
    return True


def give(lab: str, namespaces: Mapping[str, int]) -> None:
    """Names the namespaces, each given by a descriptor. Raises OSError; some then have names."""
    for node, namespace in namespaces.items():
        path = place(lab, node)
        if not is_named(path, os.fstat(namespace).st_ino):
            if not is_bare(path):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDONLY | os.O_CLOEXEC, 0))
            call("mount", f"/proc/self/fd/{namespace}".encode(), path.encode(), None, MS_BIND, None)


def take_back(lab: str, inodes: Mapping[str, int], made: bool) -> None:
    """Removes the names that still are these nodes', and the folder where it was `made` for them. Raises OSError."""
    for node, inode in inodes.items():
        path = place(lab, node)
        if is_named(path, inode):
            call("umount2", path.encode(), MNT_DETACH)
        if is_bare(path):
            os.unlink(path)
    if made:
        with contextlib.suppress(OSError):  # others' names are in it
            os.rmdir(FOLDER)
