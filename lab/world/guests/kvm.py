"""Whether KVM works: tried, for /dev/kvm may be there and refuse, or take a machine and never run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache

from lab.world.syscalls import end_with_parent

# mov al, 0x10; out 0xf4, al; hlt: a boot sector that ends QEMU by its debug port.
SECTOR = bytes((0xB0, 0x10, 0xE6, 0xF4, 0xF4)).ljust(510, b"\0") + b"\x55\xaa"
CPU = "host,topoext=on"
"""As virtme-ng gives a guest one."""
ENDED = 0x10 << 1 | 1
"""QEMU's exit status then (hw/misc/debugexit.c)."""
DEVICE = "/dev/kvm"
WITHIN = 5.0
"""Seconds; where it works it takes a third of one."""


@cache
def kvm_works(qemu: str = "qemu-system-x86_64") -> tuple[bool, str]:
    """Whether it does, and why not."""
    if not os.path.exists(DEVICE):
        return False, f"there is no {DEVICE}"
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return False, f"{DEVICE} may not be opened by this user (group kvm)"
    if not shutil.which(qemu):
        return False, f"{qemu} is not installed"
    with tempfile.NamedTemporaryFile() as sector:
        sector.write(SECTOR)
        sector.flush()
        machine = ["-accel", "kvm", "-cpu", CPU, "-nodefaults", "-display", "none", "-no-reboot"]
        machine += ["-device", "isa-debug-exit,iobase=0xf4"]
        disk = ["-drive", f"file={sector.name},format=raw,if=ide,snapshot=on"]
        try:
            done = subprocess.run(
                [qemu, *machine, *disk],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=WITHIN,
                preexec_fn=end_with_parent,
            )
        except subprocess.TimeoutExpired:
            return False, f"{DEVICE} is there, but a boot sector of five instructions did not come to its end in {WITHIN:.0f} s"
    if done.returncode == ENDED:
        return True, "a boot sector ran"
    return False, (done.stderr.strip().splitlines() or [f"QEMU's exit status {done.returncode}"])[-1]
