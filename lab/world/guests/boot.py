"""A guest: a kernel with a file system of ours in memory, started in QEMU by virtme-ng's runner; and what it tells."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from socket import socket, socketpair
from typing import Any

from lab.model.kernel import Kernel
from lab.world.guests.messages import PORT, Message, received

MEMORY = "1G"
OPTIONS = (
    "rdinit=/init",
    "mitigations=off",
    "nokaslr",
    "cryptomgr.notests=1",
    "no_timer_check",
    "tsc=reliable",
    "audit=0",
    "selinux=0",
    "apparmor=0",
)
"""What the kernel is told: nothing that touches the network. Without them plain emulation takes longer to boot."""


class Silent(Exception):
    """Nothing came from a guest until its time was over."""


class Guest:
    """Boots at once. `messages()` gives what it tells; `close()` ends it, whatever it is doing.

    `console` is the file that its console goes to. It has no network but its own, no disk, and no folder of this machine but an
    empty one.
    """

    def __init__(
        self,
        kernel: Kernel,
        initramfs: int,
        console: Path,
        *,
        kvm: bool,
        cpus: int = 1,
        options: Sequence[str] = (),
        qemu: Sequence[str] = (),
    ) -> None:
        self._console = console
        self._socket, theirs = socketpair()
        self._empty = tempfile.TemporaryDirectory(prefix="pmtulab-")
        argv = [sys.executable, "-m", "virtme.commands.run", "--kimg", kernel.image, "--mods", "none"]
        argv += ["--root", self._empty.name, "--force-9p", "--disable-microvm", *(() if kvm else ("--disable-kvm",))]
        argv += ["--memory", MEMORY, "--cpus", str(cpus), "--no-virtme-ng-init", "--show-boot-console", "--script-sh", "true"]
        argv += [word for option in (*OPTIONS, *options) for word in ("-a", option)]
        # QEMU takes the last of two -initrd: ours, and not that of the runner.
        argv += ["--qemu-opts", "-initrd", f"/proc/self/fd/{initramfs}", "-device", "virtio-serial-pci,id=ours"]
        argv += ["-device", f"virtserialport,bus=ours.0,name={PORT},chardev={PORT}"]
        argv += ["-chardev", f"socket,id={PORT},fd={theirs.fileno()}", *qemu]
        with theirs, console.open("w+b") as written:
            fds = (initramfs, theirs.fileno())
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=written, pass_fds=fds, start_new_session=True
            )

    def messages(self, until: Callable[[], float]) -> Iterator[Message]:
        """What it tells, to its end. Raises Silent at the time (time.monotonic) that `until` gives, and Garbled."""
        source = io.BufferedReader(Timed(self._socket, until))
        with contextlib.suppress(ConnectionResetError):
            yield from received(source)

    def console(self) -> str:
        return self._console.read_text(errors="replace")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._socket.close()
        self._empty.cleanup()


class Timed(io.RawIOBase):
    """What comes from a socket, until a time."""

    def __init__(self, source: socket, until: Callable[[], float]) -> None:
        self._source, self._until = source, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._source.settimeout(max(self._until() - time.monotonic(), 0.001))
        try:
            return self._source.recv_into(buffer)
        except TimeoutError as error:
            raise Silent from error
