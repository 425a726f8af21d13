"""Segmentation and checksum offload, off: with it on, a tap on a 576-octet link shows packets of 64 KiB with no checksum yet."""

from __future__ import annotations

import ctypes
import fcntl
import struct

from lab.world.errors import Broken

SIOCETHTOOL = 0x8946
ETHTOOL_GSSET_INFO, ETHTOOL_GSTRINGS, ETHTOOL_GFEATURES, ETHTOOL_SFEATURES = 0x37, 0x1B, 0x3A, 0x3B
ETH_SS_FEATURES = 4
ETH_GSTRING_LEN = 32
OFFLOADS = ("checksum", "scatter-gather", "segmentation", "gso", "gro", "lro")


class Offloads:
    """The kernel's offload features by their numbers, which differ from kernel to kernel: asked for once, at any interface."""

    def __init__(self, fd: int, interface: str) -> None:
        answer = ethtool(fd, interface, struct.pack("=IIQI", ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_FEATURES, 0))
        (count,) = struct.unpack_from("=I", answer, 16)
        room = bytes(count * ETH_GSTRING_LEN)
        answer = ethtool(fd, interface, struct.pack("=III", ETHTOOL_GSTRINGS, ETH_SS_FEATURES, count) + room)
        self._masks = [0] * ((count + 31) // 32)  # struct ethtool_set_features_block: 32 features each
        for number in range(count):
            name = answer[12 + number * ETH_GSTRING_LEN :][:ETH_GSTRING_LEN].decode()
            if any(word in name for word in OFFLOADS):
                self._masks[number // 32] |= 1 << number % 32

    def switch_off(self, fd: int, interface: str) -> None:
        """`fd` is any socket opened in the interface's namespace. Raises Broken where a feature stays on all the same."""
        size = len(self._masks)
        ethtool(
            fd, interface, struct.pack("=II", ETHTOOL_SFEATURES, size) + b"".join(struct.pack("=II", m, 0) for m in self._masks)
        )
        answer = ethtool(fd, interface, struct.pack("=II", ETHTOOL_GFEATURES, size) + bytes(16 * size))
        active = [struct.unpack_from("=I", answer, 8 + 16 * block + 8)[0] for block in range(size)]
        if any(mask & on for mask, on in zip(self._masks, active, strict=True)):
            raise Broken(f"{interface}: the kernel keeps an offload on, so what a tap shows would not be what is on the wire")


def ethtool(fd: int, interface: str, octets: bytes) -> bytes:
    """One SIOCETHTOOL request. Any socket of the namespace will do: dev_ioctl() asks only for its net."""
    buffer = ctypes.create_string_buffer(octets, len(octets))
    fcntl.ioctl(fd, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), ctypes.addressof(buffer)))
    return buffer.raw
