"""Capture files: load and dump undo each other, the bytes are those of the format, and nonsense is a ValueError."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.model.pcapng import Capture, CapturedFrame, Interface, Statistics, dump, load

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**64 - 1)
interfaces = st.builds(Interface, texts, texts, st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))


@st.composite
def captures(draw: st.DrawFn) -> Capture:
    ends = draw(st.lists(interfaces, max_size=3))
    frames = st.builds(
        CapturedFrame,
        st.integers(0, max(0, len(ends) - 1)),
        counts,
        st.binary(max_size=40),
        st.integers(0, 0xFFFFFFFF),
        st.booleans(),
        st.lists(texts, max_size=3).map(tuple),
    )
    seen = draw(st.lists(frames, max_size=4)) if ends else []
    size = len(ends) if draw(st.booleans()) else 0
    counted = draw(st.lists(st.builds(Statistics, counts, counts), min_size=size, max_size=size))
    return Capture(tuple(ends), tuple(seen), tuple(counted), draw(texts), draw(texts), draw(texts), draw(texts))


CAPTURE = Capture(
    (Interface("r1:server", "towards the server"),),
    (CapturedFrame(0, 1_700_000_000_000_000_001, b"abcde", 60, True, ("too big",)),),
    (Statistics(1, 0),),
)


@given(captures())
def test_load_reads_what_dump_wrote(capture: Capture) -> None:
    octets = dump(capture)
    assert load(octets) == capture
    assert len(octets) % 4 == 0


def test_a_frame_block_octet_by_octet() -> None:
    # Type 6, length 64, interface 0, time 0x17979cfe_362a0001 in two halves, 5 of 60 octets, three of padding; option 2 (flags)
    # with 2, outbound; option 1 (comment) of seven octets and one of padding; the end of options; the length again.
    expected = (
        "06000000 40000000 00000000 fe9c9717 01002a36 05000000 3c000000 6162636465 000000"
        " 02000400 02000000 01000700 746f6f20626967 00 00000000 40000000"
    )
    assert bytes.fromhex(expected) in dump(CAPTURE)


def test_a_statistics_block_octet_by_octet() -> None:
    # Type 5, length 52, interface 0, the last frame's time; option 4 (received) and option 5 (dropped), 64 bits each.
    counted = dataclasses.replace(CAPTURE, statistics=(Statistics(1, 2),))
    expected = "05000000 34000000 00000000 fe9c9717 01002a36 04000800 0100000000000000 05000800 0200000000000000 00000000 34000000"
    assert dump(counted).endswith(bytes.fromhex(expected))


def test_the_file_begins_with_its_magic() -> None:
    # A section header without options: 28 octets, byte-order magic, version 1.0, length unknown.
    bare = bytes.fromhex("0a0d0d0a 1c000000 4d3c2b1a 01000000 ffffffffffffffff 1c000000")
    assert dump(Capture((), ())) == bare


def test_unknown_blocks_and_options_are_passed_over() -> None:
    octets = dump(CAPTURE)
    unknown = bytes.fromhex("adde0000 10000000 01020304 10000000")
    section = int.from_bytes(octets[4:8], "little")
    assert load(octets[:section] + unknown + octets[section:]) == CAPTURE


@given(st.binary(max_size=100))
def test_nonsense_is_a_value_error(noise: bytes) -> None:
    with pytest.raises(ValueError, match=r"pcapng|block"):
        load(noise)


@given(captures(), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_damage_is_a_value_error_or_another_capture(capture: Capture, damage: list[tuple[int, int]]) -> None:
    octets = bytearray(dump(capture))
    for place, value in damage:
        octets[place % len(octets)] = value
    try:
        seen = load(bytes(octets))
    except ValueError:
        return
    assert len(seen.interfaces) <= len(octets) // 20


@given(st.integers(1, 200))
def test_a_cut_file_is_a_value_error_or_a_shorter_capture(missing: int) -> None:
    octets = dump(CAPTURE)
    try:
        seen = load(octets[:-missing])
    except ValueError:
        return
    assert len(seen.frames) + len(seen.statistics) < 2


FRAME = CAPTURE.frames[0]
REFUSED = {
    "no such interface": (dataclasses.replace(CAPTURE, frames=(dataclasses.replace(FRAME, interface=1),)), "of interface 1"),
    "negative interface": (dataclasses.replace(CAPTURE, frames=(dataclasses.replace(FRAME, interface=-1),)), "of interface -1"),
    "time before the epoch": (dataclasses.replace(CAPTURE, frames=(dataclasses.replace(FRAME, time_ns=-1),)), "does not fit"),
    "time too late": (dataclasses.replace(CAPTURE, frames=(dataclasses.replace(FRAME, time_ns=1 << 64),)), "does not fit"),
    "comment too long": (dataclasses.replace(CAPTURE, comment="x" * 65536), "does not fit"),
    "no UTF-8": (dataclasses.replace(CAPTURE, comment="\ud800"), "surrogates not allowed"),
    "too many statistics": (dataclasses.replace(CAPTURE, statistics=(Statistics(0, 0),) * 2), "2 statistics for 1 interfaces"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    capture, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        dump(capture)


SECTION, INTERFACE = dump(Capture((), ())), dump(Capture((Interface("x"),), ()))[28:]
DAMAGED = {
    "nothing": ("", "does not begin with a section"),
    "no section": (INTERFACE.hex(), "one section, at its beginning"),
    "two sections": ((SECTION * 2).hex(), "one section, at its beginning"),
    "big-endian": ("0a0d0d0a 1c000000 1a2b3c4d 00010000 ffffffffffffffff 1c000000", "not a little-endian"),
    "no length": (SECTION.hex() + "01000000 00000000 00000000", "block at octet 28 has no sound length"),
    "length too long": (SECTION.hex() + "01000000 10000000 10000000", "block at octet 28 has no sound length"),
    "lengths that differ": (SECTION.hex() + "01000000 0c000000 10000000", "block at octet 28 has no sound length"),
    "microseconds": (SECTION.hex() + "01000000 14000000 01000000 00000000 14000000", "does not count nanoseconds"),
    "an option too long": (SECTION.hex() + "01000000 18000000 01000000 00000000 0200ff00 18000000", "longer than its block"),
    "a frame of nothing": (SECTION.hex() + "06000000 20000000" + "00" * 20 + "20000000", "of no interface"),
    "a frame too long": (
        (SECTION + INTERFACE).hex() + "06000000 20000000" + "00" * 12 + "01000000 01000000 20000000",
        "cut short",
    ),
    "statistics of nothing": (SECTION.hex() + "05000000 18000000" + "00" * 12 + "18000000", "there are 0"),
    "statistics of one of two": (
        (SECTION + INTERFACE * 2).hex() + "05000000 18000000" + "00" * 12 + "18000000",
        "no statistics for interface 1",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_such_file_is_refused(name: str) -> None:
    octets, message = DAMAGED[name]
    with pytest.raises(ValueError, match=message):
        load(bytes.fromhex(octets))
