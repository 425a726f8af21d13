"""The first process of a guest: mounts what Linux programs expect, opens the port to who booted it, runs the job, powers off.

There is nothing else in the guest: no shell, no udev, no daemon.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from lab.world.guests.messages import PORT, send
from lab.world.syscalls import call

MOUNTS = (
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", ""),
    ("devpts", "/dev/pts", "ptmxmode=0666"),
    ("tmpfs", "/dev/shm", ""),
    ("tracefs", "/sys/kernel/tracing", ""),
)
LINKS = (
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
)
UNASKED = ("br_netfilter",)
"""Modules that a kernel loads for nobody, though a machine that has them usually runs with them."""
PORT_WITHIN = 30.0  # seconds; under emulation probing a device takes some tenths
ENVIRONMENT = {"PATH": "/usr/bin:/usr/sbin:/bin:/sbin", "HOME": "/", "LANG": "C.UTF-8", "TERM": "linux"}


def start(job: Callable[[BinaryIO], None]) -> None:
    """Runs `job` with the port, and powers off. What goes wrong is on the console, and in a message where one can be sent."""
    try:
        os.environ.clear()
        os.environ.update(ENVIRONMENT)
        for kind, where, options in MOUNTS:
            mount(kind, where, options)
        # The root is in memory itself, and a user's scenarios may lie in /tmp.
        for folder in ("/tmp", "/run"):
            Path(folder).mkdir(exist_ok=True)
            Path(folder).chmod(0o1777)
        for target, link in LINKS:
            if not os.path.lexists(link):
                os.symlink(target, link)
        with open_port() as port:
            send(port, "hello", release=os.uname().release, uptime=time.monotonic())
            for module in UNASKED:
                subprocess.run(["modprobe", "-q", module], check=False)
            try:
                job(port)
            except BaseException as error:
                traceback.print_exc()
                send(port, "failed", reason=f"{type(error).__name__}: {error}")
            send(port, "bye", uptime=time.monotonic())
            # A write to the port does not wait until it is taken, and what a busy machine has not taken goes with the power: who
            # booted us ends us, when this has come, or closes the port.
            port.read(1)
    except BaseException:
        traceback.print_exc()
    power_off()


def mount(kind: str, where: str, options: str = "") -> None:
    """A file system that this kernel lacks is left out: what needs it says so."""
    Path(where).mkdir(parents=True, exist_ok=True)
    try:
        call("mount", kind.encode(), where.encode(), kind.encode(), 0, options.encode())
    except OSError as error:
        print(f"{where}: {kind}: {error.strerror}", file=sys.stderr)


def open_port() -> BinaryIO:
    """The port to who booted us. Raises TimeoutError where the kernel does not find it."""
    for module in ("virtio_pci", "virtio_mmio", "virtio_console"):
        subprocess.run(["modprobe", "-q", module], check=False)
    until = time.monotonic() + PORT_WITHIN
    while time.monotonic() < until:
        for name in Path("/sys/class/virtio-ports").glob("*/name"):
            if name.read_text().strip() == PORT:
                return (Path("/dev") / name.parent.name).open("r+b", buffering=0)
        time.sleep(0.01)
    raise TimeoutError(f"this kernel finds no virtio port {PORT}: CONFIG_VIRTIO_PCI, CONFIG_VIRTIO_CONSOLE")


def power_off() -> None:
    os.sync()
    sys.stderr.flush()
    # reboot(2): RB_POWER_OFF, and where that is not possible RB_AUTOBOOT, at which QEMU ends as well.
    for how in (0x4321FEDC, 0x01234567):
        ctypes.CDLL(None).reboot(ctypes.c_int(how))
