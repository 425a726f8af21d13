"""A guest: a kernel with a file system of ours in memory, in QEMU as virtme-ng starts it; and what it tells."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from socket import socket, socketpair
from typing import Any

from lab.model.kernel import Kernel
from lab.world.errors import Broken
from lab.world.guests.messages import PORT, Message, received
from lab.world.guests.parts import empty_folder
from lab.world.syscalls import end_with_parent

CONSOLE_OCTETS = 1 << 20
"""Of a console, its end: a kernel that complains of everything fills a disk, and need not fill our memory."""
CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-_c])?|[^\t\n\x20-\x7e\xa0-\U0010ffff]")
"""Escape sequences and all that is no text (ECMA-48): a BIOS clears the screen first of all."""
MEMORY = 1024
"""MB. The file system takes a tenth of it."""
OPTIONS = (
    *("rdinit=/init", "console=ttyS0", "earlyprintk=serial,ttyS0,115200", "loglevel=4", "panic=-1"),
    # Nothing that touches the network. By plain emulation it would take longer to boot without; and a busy machine lets timers come
    # late, of which the kernel would think that they do not work.
    *("mitigations=off", "nokaslr", "cryptomgr.notests=1", "no_timer_check", "tsc=reliable", "audit=0", "selinux=0", "apparmor=0"),
)


class Silent(Exception):
    """A guest's time is over, and it has not come to its end."""


class Guest:
    """Boots at once. `messages()` gives what it tells; `close()` ends it, whatever it is doing; it ends with us in any case.

    `console` is the file that its console goes to. It has no network but its own, no disk, and sees two folders of this machine, an
    empty one and virtme-ng's own, which it does not mount. Raises Broken where virtme-ng refuses.
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
        with contextlib.ExitStack() as undo:
            self._errors = undo.enter_context(tempfile.TemporaryFile())
            self._socket, theirs = map(undo.enter_context, socketpair())
            # QEMU takes the last of two -initrd: ours, and not that of virtme-ng.
            ours = ["-no-reboot", "-initrd", f"/proc/self/fd/{initramfs}", "-device", "virtio-serial-pci,id=ours"]
            ours += ["-device", f"virtserialport,bus=ours.0,name={PORT},chardev={PORT}"]
            ours += ["-chardev", f"socket,id={PORT},fd={theirs.fileno()}", *qemu]
            with console.open("wb") as written:
                self._process = subprocess.Popen(
                    composed(kernel, empty_folder(), kvm, cpus, (*OPTIONS, *options), ours),
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=self._errors,
                    pass_fds=(initramfs, theirs.fileno()),
                    start_new_session=True,
                    preexec_fn=end_with_parent,
                )
            undo.pop_all()
            theirs.close()

    def messages(self, until: Callable[[], float]) -> Iterator[Message]:
        """What it tells, to its end. Raises Silent at the time (time.monotonic) that `until` gives, and Garbled."""
        source = io.BufferedReader(Timed(self._socket, until))
        with contextlib.suppress(ConnectionResetError):
            yield from received(source)

    def console(self) -> str:
        """What its console has in the end, after what QEMU itself complained of; nothing in it does anything to a terminal."""
        # Not by the file's own place, at which QEMU may be writing.
        complained = os.pread(self._errors.fileno(), CONSOLE_OCTETS, 0).decode(errors="replace").splitlines(True)
        with self._console.open("rb") as file:
            file.seek(-min(CONSOLE_OCTETS, file.seek(0, os.SEEK_END)), os.SEEK_END)
            written = file.read(CONSOLE_OCTETS).decode(errors="replace")
        return CONTROL.sub("", "".join(line for line in complained if line.startswith("qemu")) + written)

    def end(self) -> None:
        """Ends it; messages() then comes to its end. Any thread may do so."""
        self._process.kill()

    def close(self) -> None:
        """Ends it, and waits until it is gone."""
        self.end()
        self._process.wait()
        self._socket.close()
        self._errors.close()


def composed(kernel: Kernel, empty: Path, kvm: bool, cpus: int, options: Sequence[str], qemu: Sequence[str]) -> list[str]:
    """The command line by which virtme-ng would boot a kernel, with these options for it and for QEMU. Raises Broken.

    It is only asked, and not run: between QEMU and us there is then no process that could end before QEMU does.
    """
    argv = [sys.executable, "-m", "virtme.commands.run", "--show-command", "--dry-run", "--kimg", kernel.image, "--mods", "none"]
    argv += ["--root", str(empty), "--force-9p", "--disable-microvm", "--disable-monitor", "--no-virtme-ng-init"]
    argv += [] if kvm else ["--disable-kvm"]
    argv += ["--memory", f"{MEMORY}M", "--cpus", str(cpus), *(word for option in options for word in ("-a", option))]
    asked = subprocess.run([*argv, "--qemu-opts", *qemu], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if asked.returncode or not asked.stdout.strip():
        raise Broken(f"virtme-ng does not boot {kernel.image}: {asked.stderr.strip()}")
    return shlex.split(asked.stdout.splitlines()[-1])


class Timed(io.RawIOBase):
    """What comes from a socket, until a time."""

    def __init__(self, source: socket, until: Callable[[], float]) -> None:
        self._source, self._until = source, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # Looked at before each piece: what comes without a pause has an end, too.
        if (left := self._until() - time.monotonic()) <= 0:
            raise Silent
        self._source.settimeout(left)
        try:
            return self._source.recv_into(buffer)
        except TimeoutError as error:
            raise Silent from error
