"""Files of a guest's file system, and the archive that the kernel unpacks into it.

The format is "newc" (Documentation/driver-api/early-userspace/buffer-format.rst); one archive may follow another.
"""

from __future__ import annotations

import io
import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tree:
    """By absolute path: `files` are copied from this machine, `contents` written, `links` point where they say.

    `modes` are those of `contents`, where they are not 0644.
    """

    files: dict[str, Path] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """A file with all symbolic links on the way to it, or a folder with all in it. What does not exist is left out."""
        for link in symlinks(path):
            self.links[str(link)] = os.readlink(link)
        real = path.resolve()
        if real.is_dir():
            for inside in sorted(real.rglob("*")):
                if inside.is_file():
                    self.add(inside)
        elif real.is_file():
            self.files[str(real)] = real

    def add_libraries(self) -> None:
        """What its programs and libraries are linked with, and the loader."""
        binaries = [path for path in self.files if is_elf(path)]
        if not binaries:
            return
        # One file that is linked with nothing makes its exit status 1.
        told = subprocess.run(["ldd", *binaries], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout
        for line in told.splitlines():
            path, bracket, _ = line.strip().rpartition("=> ")[2].partition(" (0x")
            if path.startswith("/") and bracket:
                self.add(Path(path))

    def archive(self) -> bytes:
        from virtme.cpiowriter import CpioWriter

        out = io.BytesIO()
        writer = CpioWriter(out)
        for folder in folders((*self.files, *self.contents, *self.links)):
            writer.mkdir(folder[1:].encode(), 0o755)
        for path, target in sorted(self.links.items()):
            if path not in self.files:
                writer.symlink(target.encode(), path[1:].encode())
        for path, source in sorted(self.files.items()):
            writer.write_file(path[1:].encode(), source.read_bytes(), stat.S_IMODE(source.stat().st_mode))
        for path, octets in sorted(self.contents.items()):
            writer.write_file(path[1:].encode(), octets, self.modes.get(path, 0o644))
        writer.write_trailer()
        return out.getvalue()


def symlinks(path: Path) -> Iterator[Path]:
    """Every symbolic link that is met on the way to a file, the file's own name included."""
    for prefix in reversed([path, *path.parents]):
        if prefix.is_symlink():
            yield prefix
            target = Path(os.path.normpath(prefix.parent / os.readlink(prefix)))
            yield from symlinks(target / path.relative_to(prefix))
            return


def folders(paths: Iterable[str]) -> list[str]:
    """All folders above these files, each before what is in it."""
    return sorted({str(parent) for path in paths for parent in Path(path).parents} - {"/"})


def is_elf(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"
