"""Archives of the format "newc", read independently of what writes them, and unpacked as the kernel does (init/initramfs.c)."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEADER = 110
"""Octets: a magic number of 6, and 13 numbers of 8 hexadecimal digits."""


class Entry(NamedTuple):
    """`octets` are a file's content, or where a symbolic link points."""

    name: str
    mode: int
    octets: bytes


def entries(archive: bytes) -> Iterator[Entry]:
    """What is in one archive, or in several after each other."""
    at = 0
    while at < len(archive):
        if archive[at] == 0:  # between two archives
            at += 4
            continue
        header = archive[at : at + HEADER]
        assert header[:6] == b"070701", f"at {at}: {header[:6]!r}"
        assert at % 4 == 0
        numbers = [int(header[place : place + 8], 16) for place in range(6, HEADER, 8)]
        mode, size, length = numbers[1], numbers[6], numbers[11]
        name = archive[at + HEADER : at + HEADER + length - 1].decode()
        start = at + HEADER + length + -(HEADER + length) % 4
        octets = archive[start : start + size]
        assert len(octets) == size, name
        at = start + size + -size % 4
        if name != "TRAILER!!!":
            yield Entry(name, mode, octets)


def unpack(archive: bytes, root: Path) -> None:
    """Into a folder. What comes later takes the place of what was there."""
    for name, mode, octets in entries(archive):
        path = root / name
        if stat.S_ISDIR(mode):
            path.mkdir(exist_ok=True)
            continue
        path.unlink(missing_ok=True)
        if stat.S_ISLNK(mode):
            os.symlink(octets, path)
        else:
            assert stat.S_ISREG(mode), name
            path.write_bytes(octets)
            path.chmod(stat.S_IMODE(mode))
