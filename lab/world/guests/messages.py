"""What passes between a guest and who booted it: an object in one line of JSON, and the octets that it announces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, NamedTuple, NoReturn

PORT = "pmtulab"
"""The name of the guest's virtio port."""
LARGEST = 1 << 30
"""Octets after a line. More is not ours: a guest may run a kernel that is broken."""
LONGEST = 1 << 20
"""Octets of a line, its end included. What is long goes after it."""


class Message(NamedTuple):
    """`kind` says what is told; `octets` belong to it."""

    kind: str
    fields: dict[str, Any]
    octets: bytes = b""


class Garbled(Exception):
    """What came is no message of ours."""


def send(out: BinaryIO, kind: str, octets: bytes = b"", **fields: Any) -> None:
    """Writes one message whole. Raises OSError."""
    line = json.dumps({"kind": kind, "octets": len(octets), **fields}, ensure_ascii=False)
    unsent = memoryview(line.encode() + b"\n" + octets)
    # An unbuffered file may take less than it is given.
    while unsent:
        unsent = unsent[out.write(unsent) :]


def received(source: IO[bytes]) -> Iterator[Message]:
    """Messages until the other side ends; one that is cut short is not given. Raises Garbled, and OSError as `source` does."""
    while line := source.readline(LONGEST):
        if not line.endswith(b"\n") and len(line) < LONGEST:
            return
        try:
            fields = json.loads(line, parse_constant=no_number)
            kind, length = fields.pop("kind"), fields.pop("octets")
            json.dumps(fields, ensure_ascii=False).encode()  # a lone surrogate could be neither kept nor printed
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
            raise Garbled(f"no message: {line[:80]!r}") from error
        if not isinstance(kind, str) or not isinstance(length, int) or not 0 <= length <= LARGEST:
            raise Garbled(f"no message: {line[:80]!r}")
        octets = source.read(length) if length else b""
        if len(octets) < length:
            return
        yield Message(kind, fields, octets)


def no_number(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number of JSON")
