"""pcapng captures as values, and to bytes and back: `dump` and `load`; or in parts, while it is captured.

A capture in parts is `opening()`, then any number of `frame_block()`, then, if it ends in good order, `closing()`.

We write one section, little-endian: a Section Header Block, an Interface Description Block per interface, an Enhanced Packet Block
per frame, and an Interface Statistics Block per interface where there are statistics. Times are nanoseconds (if_tsresol 9). The
format is that of draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

ETHERNET = 1

# Block types.
_SECTION, _INTERFACE, _FRAME, _STATISTICS = 0x0A0D0D0A, 1, 6, 5
_MAGIC = 0x1A2B3C4D
_WHOLE_FILE = 0xFFFF_FFFF_FFFF_FFFF
# Option codes: opt_comment is the same everywhere, the others mean different things in different blocks.
_COMMENT = 1
_HARDWARE, _SYSTEM, _APPLICATION = 2, 3, 4
_NAME, _DESCRIPTION, _RESOLUTION = 2, 3, 9
_FLAGS = 2
_RECEIVED, _DROPPED = 4, 5
_INBOUND, _OUTBOUND = 1, 2

Options = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Interface:
    """Where frames were captured: for us one end of a link. `snap_length` is the most octets kept of a frame, 0 for no limit."""

    name: str
    description: str = ""
    link_type: int = ETHERNET
    snap_length: int = 0


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an interface's tap counted: frames received (dropped ones among them or not, as the kernel counts) and dropped."""

    received: int
    dropped: int


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One frame: `interface` counts from 0, `time_ns` is since the epoch, `length` what there was of which `octets` were kept."""

    interface: int
    time_ns: int
    octets: bytes
    length: int
    outbound: bool
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture file. `statistics` has one entry per interface, or none at all. Empty texts are left out of the file."""

    interfaces: tuple[Interface, ...]
    frames: tuple[CapturedFrame, ...]
    statistics: tuple[Statistics, ...] = ()
    comment: str = ""
    hardware: str = ""
    system: str = ""
    application: str = ""


def dump(capture: Capture) -> bytes:
    """The file. Raises ValueError for a frame of no interface, a text over 65,535 octets, or a number that does not fit."""
    if capture.statistics and len(capture.statistics) != len(capture.interfaces):
        raise ValueError(f"{len(capture.statistics)} statistics for {len(capture.interfaces)} interfaces")
    for frame in capture.frames:
        if frame.interface not in range(len(capture.interfaces)):
            raise ValueError(f"a frame of interface {frame.interface}, but there are {len(capture.interfaces)}")
    # A statistics block has a time of its own: that of the last frame.
    last = max((frame.time_ns for frame in capture.frames), default=0)
    try:
        return b"".join((opening(capture), *map(frame_block, capture.frames), closing(capture.statistics, last)))
    except struct.error as error:
        raise ValueError(f"a number does not fit in its field: {error}") from error


def opening(capture: Capture) -> bytes:
    """What stands before the frames: the section, and each interface."""
    texts = [(_COMMENT, capture.comment), (_HARDWARE, capture.hardware)]
    texts += [(_SYSTEM, capture.system), (_APPLICATION, capture.application)]
    blocks = [_block(_SECTION, struct.pack("<IHHQ", _MAGIC, 1, 0, _WHOLE_FILE), _texts(*texts))]
    for interface in capture.interfaces:
        options = [*_texts((_NAME, interface.name), (_DESCRIPTION, interface.description)), (_RESOLUTION, b"\x09")]
        blocks.append(_block(_INTERFACE, struct.pack("<HxxI", interface.link_type, interface.snap_length), options))
    return b"".join(blocks)


def frame_block(frame: CapturedFrame) -> bytes:
    """One frame; `interface` counts those of the opening."""
    flags = struct.pack("<I", _OUTBOUND if frame.outbound else _INBOUND)
    options = [(_FLAGS, flags), *((_COMMENT, text.encode()) for text in frame.comments)]
    upper, lower = divmod(frame.time_ns, 1 << 32)
    fixed = struct.pack("<IIIII", frame.interface, upper, lower, len(frame.octets), frame.length)
    return _block(_FRAME, fixed + _padded(frame.octets), options)


def closing(statistics: Sequence[Statistics], time_ns: int) -> bytes:
    """What stands behind the frames: what the tap of each interface had counted at that time."""
    upper, lower = divmod(time_ns, 1 << 32)
    blocks = []
    for number, counted in enumerate(statistics):
        options = [(_RECEIVED, struct.pack("<Q", counted.received)), (_DROPPED, struct.pack("<Q", counted.dropped))]
        blocks.append(_block(_STATISTICS, struct.pack("<III", number, upper, lower), options))
    return b"".join(blocks)


def _texts(*texts: tuple[int, str]) -> Options:
    return [(code, text.encode()) for code, text in texts if text]


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _block(kind: int, body: bytes, options: Options) -> bytes:
    """A block: its type and its whole length, before and after; every option padded to 32 bits, a zero option behind the last."""
    parts = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options]
    if parts:
        body += b"".join(parts) + bytes(4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    section: Options | None = None
    interfaces: list[Interface] = field(default_factory=list)
    frames: list[CapturedFrame] = field(default_factory=list)
    statistics: dict[int, Statistics] = field(default_factory=dict)


def load(octets: bytes) -> Capture:
    """What `dump` wrote. Other blocks and options are passed over.

    Raises ValueError for what is no such file: big-endian, with several sections, times not in nanoseconds, cut short.
    """
    reading = _Reading()
    try:
        at = 0
        while at < len(octets):
            kind, length = struct.unpack_from("<II", octets, at)
            if (
                length < 12
                or length % 4
                or at + length > len(octets)
                or octets[at + 4 : at + 8] != octets[at + length - 4 : at + length]
            ):
                raise ValueError(f"the block at octet {at} has no sound length")
            _read(reading, kind, octets[at + 8 : at + length - 4])
            at += length
        if reading.section is None:
            raise ValueError("not a pcapng file: it does not begin with a section")
        missing = set(range(len(reading.interfaces))) - reading.statistics.keys() if reading.statistics else ()
        if missing:
            raise ValueError(f"no statistics for interface {min(missing)}")
        return Capture(
            tuple(reading.interfaces),
            tuple(reading.frames),
            tuple(reading.statistics[number] for number in sorted(reading.statistics)),
            *(_text(reading.section, code) for code in (_COMMENT, _HARDWARE, _SYSTEM, _APPLICATION)),
        )
    except struct.error as error:
        raise ValueError(f"a block is cut short: {error}") from error


def _read(reading: _Reading, kind: int, body: bytes) -> None:
    """Take in one block."""
    if (kind == _SECTION) != (reading.section is None):
        raise ValueError("a pcapng file of ours has one section, at its beginning")
    if kind == _SECTION:
        if struct.unpack_from("<IH", body) != (_MAGIC, 1):
            raise ValueError("not a little-endian pcapng file of version 1")
        reading.section = _options(body[16:])
    elif kind == _INTERFACE:
        link_type, snap_length = struct.unpack_from("<HxxI", body)
        options = _options(body[8:])
        if (_RESOLUTION, b"\x09") not in options:
            raise ValueError(f"interface {len(reading.interfaces)} does not count nanoseconds")
        reading.interfaces.append(Interface(_text(options, _NAME), _text(options, _DESCRIPTION), link_type, snap_length))
    elif kind == _FRAME:
        reading.frames.append(_frame(reading, body))
    elif kind == _STATISTICS:
        (number,) = struct.unpack_from("<I", body)
        counted = dict(_options(body[12:]))
        received, dropped = (struct.unpack("<Q", counted.get(code, bytes(8)))[0] for code in (_RECEIVED, _DROPPED))
        if number >= len(reading.interfaces):
            raise ValueError(f"statistics of interface {number}, but there are {len(reading.interfaces)}")
        reading.statistics[number] = Statistics(received, dropped)


def _frame(reading: _Reading, body: bytes) -> CapturedFrame:
    interface, upper, lower, kept, length = struct.unpack_from("<IIIII", body)
    if interface >= len(reading.interfaces) or kept > len(body) - 20:
        raise ValueError(f"frame {len(reading.frames) + 1} is of no interface, or cut short")
    options = _options(body[20 + kept + -kept % 4 :])
    (flags,) = struct.unpack("<I", dict(options).get(_FLAGS, bytes(4)))
    comments = tuple(value.decode() for code, value in options if code == _COMMENT)
    return CapturedFrame(interface, upper << 32 | lower, body[20 : 20 + kept], length, flags & 3 == _OUTBOUND, comments)


def _options(octets: bytes) -> Options:
    options: Options = []
    at = 0
    while at < len(octets):
        code, length = struct.unpack_from("<HH", octets, at)
        at += 4
        if code == 0:
            break
        if at + length > len(octets):
            raise ValueError("an option is longer than its block")
        options.append((code, octets[at : at + length]))
        at += length + -length % 4
    return options


def _text(options: Options, code: int) -> str:
    return dict(options).get(code, b"").decode()
