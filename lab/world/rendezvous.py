"""Where standing labs are found: a directory of the user's own, with a socket in it for each lab.

It is `pmtulab` in $XDG_RUNTIME_DIR, or where that names no directory of this user's, /tmp/pmtulab-UID. Only the user may enter it
(mode 0700), and so only the user, and root, can use a lab. A bound socket is the lock on a lab's name, and one that nobody listens
on any more is what a killed lab leaves: the kernel refuses to connect to it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, socket
from typing import Any

from lab.world.errors import Forbidden

SOCKET, NAMES = ".lab", ".netns"
BACKLOG = 128


class Rendezvous:
    """The directory, made where there is none. A context manager. Raises Forbidden where it is not this user's alone."""

    def __init__(self) -> None:
        self.path = place()
        try:
            with contextlib.suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
            # What is found is looked at through the descriptor that is used from then on: nobody can put another in its place.
            self._fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise Forbidden(f"standing labs need the directory {self.path}: {error.strerror}") from error
        found = os.fstat(self._fd)
        if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
            os.close(self._fd)
            whose = f"it belongs to uid {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}"
            raise Forbidden(
                f"standing labs need the directory {self.path} for uid {os.geteuid()} alone (mode 0700), and {whose}."
                "\nRemove it, or let XDG_RUNTIME_DIR name a directory of your own."
            )

    def labs(self) -> list[str]:
        """The names of all that there are, also of killed ones that have left something."""
        left = (os.path.splitext(name) for name in os.listdir(self._fd))
        return sorted({lab for lab, kind in left if kind in (SOCKET, NAMES)})

    def names(self, lab: str) -> dict[str, Any] | None:
        """What was noted of the lab's names in /run/netns; None where it has none."""
        try:
            with open(os.open(lab + NAMES, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._fd)) as file:
                noted: dict[str, Any] = json.load(file)
                return noted
        except FileNotFoundError:
            return None

    def note_names(self, lab: str, noted: dict[str, Any] | None) -> None:
        """Notes them before they are given, whole or not at all; None when they are taken back."""
        if noted is None:
            os.unlink(lab + NAMES, dir_fd=self._fd)
            return
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        unfinished = f"{lab}{NAMES}.new"
        with open(os.open(unfinished, flags, 0o600, dir_fd=self._fd), "w") as file:
            json.dump(noted, file)
        os.rename(unfinished, lab + NAMES, src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def bind(self, lab: str) -> socket:
        """A listening socket by the lab's name. Raises FileExistsError where another one listens."""
        listener = socket(AF_UNIX, SOCK_SEQPACKET)
        try:
            with self._locked():
                self._sweep(lab)
                listener.bind(self._short(lab))
                listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                raise FileExistsError(error.errno, error.strerror, lab) from error
            raise
        return listener

    def connect(self, lab: str) -> socket | None:
        """A connection to the lab's holder; None where it was killed. Raises FileNotFoundError where there is no such lab."""
        connection = socket(AF_UNIX, SOCK_SEQPACKET)
        try:
            connection.connect(self._short(lab))
        except OSError as error:
            connection.close()
            if isinstance(error, ConnectionRefusedError):
                return None
            raise
        return connection

    def since(self, lab: str) -> float:
        """When the lab's socket was bound, in seconds since the epoch. Raises FileNotFoundError."""
        return os.stat(lab + SOCKET, dir_fd=self._fd).st_mtime

    def sweep(self, lab: str) -> None:
        """Removes the socket of a lab that has ended; of one that has not, nothing."""
        with self._locked():
            self._sweep(lab)

    def _sweep(self, lab: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            connection = self.connect(lab)
            if connection:
                connection.close()
            else:
                os.unlink(lab + SOCKET, dir_fd=self._fd)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time between looking whether a socket is dead and putting another in its place."""
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def socket_path(self, lab: str) -> str:
        return os.path.join(os.path.realpath(self.path), lab + SOCKET)

    def _short(self, lab: str) -> str:
        """The same by way of our descriptor, as an address has room for 108 octets only (struct sockaddr_un)."""
        return f"/proc/self/fd/{self._fd}/{lab}{SOCKET}"

    def __enter__(self) -> Rendezvous:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


def place() -> Path:
    """Where the directory is to be."""
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    with contextlib.suppress(OSError):
        # `su` and `sudo` may hand on that of another user.
        if os.path.isabs(base) and os.stat(base).st_uid == os.geteuid():
            return Path(base, "pmtulab")
    return Path(f"/tmp/pmtulab-{os.geteuid()}")
