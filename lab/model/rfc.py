"""What a claim rests on: a section of an RFC, or a function of the Linux kernel.

A test holds every citation in the project against TITLES, so that a section number cannot be a slip of the pen.
"""

from __future__ import annotations

from dataclasses import dataclass

TITLES: dict[tuple[int, str], str] = {}


@dataclass(frozen=True, slots=True)
class Rfc:
    """A section of an RFC: Rfc(1191, "4") is written "RFC 1191 §4"."""

    number: int
    section: str

    @property
    def title(self) -> str:
        return TITLES[self.number, self.section]

    def __str__(self) -> str:
        return f"RFC {self.number} §{self.section}"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A function of the Linux kernel and the file that it is in: Kernel("ip_forward", "net/ipv4/ip_forward.c")."""

    function: str
    file: str

    def __str__(self) -> str:
        return f"{self.function}()"


Citation = Rfc | Kernel
