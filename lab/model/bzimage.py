"""What the head of an x86 kernel image says of it (the kernel's Documentation/arch/x86/boot.rst)."""

from __future__ import annotations

HEAD = 0x8000
"""Octets that are enough: the version lies in the setup code, which is at most 64 sectors long."""

BOOT_FLAG, MAGIC, VERSION = 0x1FE, 0x202, 0x20E


class NoImage(ValueError):
    """These octets are no bzImage; the message says what they are instead."""


def release_of(head: bytes) -> str:
    """What uname -r says in the kernel whose bzImage begins so. Raises NoImage."""
    if head[:4] == b"\x7fELF":
        raise NoImage("an ELF file: vmlinux boots nowhere, arch/x86/boot/bzImage of the same build does")
    if head[BOOT_FLAG : BOOT_FLAG + 2] != b"\x55\xaa" or head[MAGIC : MAGIC + 4] != b"HdrS":
        raise NoImage("no bzImage: it has no boot header of x86")
    # The pointer leaves out the boot sector's 512 octets.
    start = int.from_bytes(head[VERSION : VERSION + 2], "little") + 0x200
    text = head[start : head.find(b"\0", start)] if start > 0x200 else b""
    words = text.decode("ascii", errors="replace").split()
    if not words or not words[0].isprintable() or "/" in words[0]:
        raise NoImage("a bzImage that does not say its version")
    return words[0]
