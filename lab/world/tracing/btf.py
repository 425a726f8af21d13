"""Where a member stands in a struct of the running kernel, read from its own description of its types (BTF).

Only what that takes: structs, unions, and what leads from one to the next (Documentation/bpf/btf.rst has the format).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAGIC = 0xEB9F
HEADER = struct.Struct("=HBBIIIII")
TYPE = struct.Struct("=III")
MEMBER = struct.Struct("=III")
ENUMERATOR = struct.Struct("=Ii")
PTR, STRUCT, UNION, ENUM = 2, 4, 5, 6
NAMED_OTHERWISE = (8, 9, 10, 11, 18)  # typedef, volatile, const, restrict, type tag: they lead to another type
# Octets that follow a type's first 12, by its kind: always, and for each of its elements.
ALWAYS = {1: 4, 3: 12, 14: 4, 17: 4}
EACH = {STRUCT: 12, UNION: 12, ENUM: 8, 13: 8, 15: 12, 19: 12}


class NoType(ValueError):
    """This kernel has no such struct or member, or describes none."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member: its type's number, and where it is, in octets from the start of the struct that was asked."""

    type: int
    offset: int


class Types:
    """All types of a kernel. Raises NoType where `octets` are no BTF."""

    def __init__(self, octets: bytes) -> None:
        if len(octets) < HEADER.size or HEADER.unpack_from(octets)[0] != MAGIC:
            raise NoType("this kernel does not describe its types (CONFIG_DEBUG_INFO_BTF)")
        _, _, _, length, types, types_length, strings, _ = HEADER.unpack_from(octets)
        self._octets = octets
        self._strings = length + strings
        self._places = self._walk(length + types, length + types + types_length)

    def _walk(self, at: int, end: int) -> list[int]:
        """Where each type begins; a type's number is its place in the list, and 0 is void."""
        places = [0]
        unpack = TYPE.unpack_from
        while at < end:
            places.append(at)
            info = unpack(self._octets, at)[1]
            kind = info >> 24 & 31
            at += TYPE.size + ALWAYS.get(kind, 0) + EACH.get(kind, 0) * (info & 0xFFFF)
        return places

    def structs(self, names: Iterable[str]) -> dict[str, int]:
        """The numbers of structs of these names, as far as there are such."""
        wanted = {name.encode(): name for name in names}
        found: dict[str, int] = {}
        for number, at in enumerate(self._places[1:], 1):
            name, info, _ = TYPE.unpack_from(self._octets, at)
            if info >> 24 & 31 == STRUCT and name and (written := self._string(name)) in wanted:
                found.setdefault(wanted[written], number)
        return found

    def enumerators(self, name: str) -> dict[int, str]:
        """The names of an enum's values; none where there is no such enum."""
        found: dict[int, str] = {}
        for at in self._places[1:]:
            written, info, _ = TYPE.unpack_from(self._octets, at)
            if info >> 24 & 31 == ENUM and self._string(written) == name.encode():
                for number in range(info & 0xFFFF):
                    own, value = ENUMERATOR.unpack_from(self._octets, at + TYPE.size + number * ENUMERATOR.size)
                    found[value] = self._string(own).decode()
        return found

    def path(self, struct_number: int, *members: str) -> list[int]:
        """The way from a struct to a member of a member: offsets in octets, a pointer followed between each two. Raises NoType."""
        offsets, number = [0], struct_number
        for name in members:
            if self._kind(number) == PTR:
                offsets.append(0)
                number = self._plain(self._parts(number)[2])
            found = self._find(number, name.encode())
            if found is None:
                raise NoType(f"no member {name} where {'.'.join(members)} is looked for")
            offsets[-1] += found.offset
            number = self._plain(found.type)
        return offsets

    def _find(self, number: int, name: bytes) -> Member | None:
        """The member, also where it is inside a member without a name."""
        for written, type_, offset in self._members(number):
            if written == name:
                return Member(type_, offset)
            if not written and (inside := self._find(self._plain(type_), name)):
                return Member(inside.type, offset + inside.offset)
        return None

    def _members(self, number: int) -> Iterator[tuple[bytes, int, int]]:
        _, info, _ = self._parts(number)
        if info >> 24 & 31 not in (STRUCT, UNION):
            return
        at, packed = self._places[number] + TYPE.size, info >> 31
        for index in range(info & 0xFFFF):
            name, type_, bits = MEMBER.unpack_from(self._octets, at + index * MEMBER.size)
            # With bit fields in it, the upper 8 bits have a member's width.
            yield self._string(name), type_, (bits & 0xFFFFFF if packed else bits) // 8

    def _plain(self, number: int) -> int:
        while self._kind(number) in NAMED_OTHERWISE:
            number = self._parts(number)[2]
        return number

    def _kind(self, number: int) -> int:
        return self._parts(number)[1] >> 24 & 31 if number else 0

    def _parts(self, number: int) -> tuple[int, int, int]:
        name, info, other = TYPE.unpack_from(self._octets, self._places[number])
        return name, info, other

    def _string(self, offset: int) -> bytes:
        start = self._strings + offset
        return self._octets[start : self._octets.index(b"\0", start)]
