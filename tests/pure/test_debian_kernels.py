"""Debian's kernels: the order of versions, what a suite's index says can be had, and which one a word means."""

from __future__ import annotations

import contextlib
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.model.bzimage import NoImage, release_of
from lab.model.debian import (
    DebianKernel,
    Listing,
    defaults,
    listing,
    matching,
    newest_own,
    of_version,
    order,
    suites_of,
)
from tests.kernels import bzimage

BACKPORTS = (Path(__file__).parents[1] / "data" / "trixie-backports.Packages").read_text()
"""Of the index of trixie-backports in November 2026: all of some kernels, the fields that say what they consist of."""

ASCENDING = (
    *(
        "5.10.262-1",
        "6.1.0-0.deb11.48",
        "6.1.0-50",
        "6.12.9-1",
        "6.12.43-1~bpo12+1",
        "6.12.43-1",
        "6.12.115-1",
        "6.12.115-2~deb12u1",
    ),
    *("6.12.115-2", "7.3~rc7-1~exp1", "7.3-1~exp1", "7.3-1", "7.3.4-1~bpo13+1", "7.3.4-1", "1:2.0-1"),
)


def kernel(version: str, suite: str = "sid", release: str = "") -> DebianKernel:
    return DebianKernel(release or f"{version.partition('-')[0]}+deb13-amd64", version, suite, (f"linux-image-{version}",), 1)


def test_versions_stand_in_debians_order() -> None:
    assert sorted(sorted(ASCENDING), key=order) == list(ASCENDING)
    assert all(order(a) < order(b) for a, b in pairwise(ASCENDING))


@pytest.mark.tools("dpkg")
@settings(max_examples=150)
@given(st.tuples(*(st.from_regex(r"[0-9][0-9a-c.+~]{0,5}(-[0-9a-c.+~]{1,4})?", fullmatch=True) for _ in "ab")))
def test_the_order_is_dpkgs(versions: tuple[str, str]) -> None:
    a, b = versions
    relation = "lt" if order(a) < order(b) else "gt" if order(a) > order(b) else "eq"
    assert subprocess.run(["dpkg", "--compare-versions", a, relation, b], check=False).returncode == 0, (a, relation, b)


def test_what_a_kernel_consists_of_its_image_package_says() -> None:
    found = {kernel.release: kernel for kernel in listing("trixie-backports", BACKPORTS).kernels}
    assert found["6.16.3+deb13-amd64"].packages == ("linux-image-6.16.3+deb13-amd64",)
    assert set(found["7.3.4+deb13-amd64"].packages) == {
        f"linux-{part}-7.3.4+deb13-amd64" for part in ("image", "binary", "modules", "base")
    }
    assert found["7.3.4+deb13-amd64"].octets == 1900 + 14138336 + 106862204 + 1077476


def test_a_kernel_without_its_modules_cannot_be_had_and_one_without_documentation_can() -> None:
    releases = [kernel.release for kernel in listing("trixie-backports", BACKPORTS).kernels]
    assert "linux-image-7.0.4+deb13-amd64" in BACKPORTS
    assert "linux-base-6.18.5+deb13-amd64" in BACKPORTS  # only named, as what 6.18.5 needs
    assert releases == ["6.16.3+deb13-amd64", "6.18.5+deb13-amd64", "7.3.4+deb13-amd64"]


def test_a_suites_own_kernel_is_what_its_machines_are_led_to() -> None:
    found = listing("trixie-backports", BACKPORTS)
    assert found.own == "7.3.4+deb13-amd64"
    own = newest_own((found,))
    assert own
    assert (own.version, own.word, own.upstream) == ("7.3.4-1~bpo13+1", "debian:7.3.4-1~bpo13+1", "7.3.4")


def index(*packages: str) -> str:
    """Of NAME VERSION, or NAME VERSION NEEDED."""
    fields = [line.split() for line in packages]
    return "\n\n".join(
        f"Package: {name}\nVersion: {version}\nSize: 10\n" + "".join(f"Depends: kmod, {need} (= {version})\n" for need in needs)
        for name, version, *needs in fields
    )


def test_the_kernel_of_a_release_is_no_newer_one_that_its_archive_has_besides() -> None:
    """bullseye-security has 6.1 for those who ask for it; a machine of bullseye runs 5.10, and the one with the fixes."""
    main = index("linux-image-amd64 5.10.223-1 linux-image-5.10.0-32-amd64", "linux-image-5.10.0-32-amd64 5.10.223-1")
    fixes = index(
        "linux-image-amd64 5.10.262-1 linux-image-5.10.0-46-amd64",
        "linux-image-5.10.0-46-amd64 5.10.262-1",
        "linux-image-6.1.0-0.deb11.52-amd64 6.1.190-1~deb11u1",
        "linux-image-6.1-amd64 6.1.190-1~deb11u1 linux-image-6.1.0-0.deb11.52-amd64",
    )
    found = newest_own((listing("bullseye", main), listing("bullseye-security", fixes)))
    assert found
    assert found.version == "5.10.262-1"
    assert suites_of("bullseye") == ("bullseye", "bullseye-security")
    assert suites_of("sid") == ("sid",)


def test_of_signed_and_unsigned_the_signed_one_is_taken_and_an_unsigned_one_alone_is_a_kernel() -> None:
    found = listing(
        "sid", index("linux-image-9.0-amd64-unsigned 9.0-1", "linux-image-9.0-amd64 9.0-1", "linux-image-9.1-amd64-unsigned 9.1-1")
    )
    assert [kernel.packages for kernel in found.kernels] == [("linux-image-9.0-amd64",), ("linux-image-9.1-amd64-unsigned",)]


HAD = (
    kernel("6.12.111-1~deb12u1", "bookworm-security", "6.12.111+deb12-amd64"),
    kernel("6.12.111-1", "trixie-security"),
    kernel("6.12.118-1", "trixie-security"),
    kernel("6.1.192-2", "bookworm-security", "6.1.0-56-amd64"),
    kernel("7.3~rc7-1~exp1", "experimental", "7.3-amd64"),
)


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("6.12.111", "6.12.111-1"),
        ("6.12.111-1~deb12u1", "6.12.111-1~deb12u1"),
        ("6.12.111+deb12", "6.12.111-1~deb12u1"),
        ("6.12.111+deb12-amd64", "6.12.111-1~deb12u1"),
        ("6.12", "6.12.118-1"),
        ("6.1", "6.1.192-2"),
        ("6.1.0-56-amd64", "6.1.192-2"),
        ("7.3-rc7", "7.3~rc7-1~exp1"),
        ("7.3~rc7", "7.3~rc7-1~exp1"),
        ("7.3", "7.3~rc7-1~exp1"),
        ("6.12.11", None),
        ("6", "6.12.118-1"),
    ],
)
def test_a_version_means_the_newest_package_that_it_fits(asked: str, version: str | None) -> None:
    found = of_version(asked, HAD)
    assert (found and found.version) == version


def test_a_pattern_is_a_suite_a_beginning_or_has_stars() -> None:
    def versions(pattern: str) -> list[str]:
        return [kernel.version for kernel in matching(pattern, HAD)]

    assert versions("") == ["6.1.192-2", "6.12.111-1", "6.12.118-1", "7.3~rc7-1~exp1"]
    assert versions("6.1") == ["6.1.192-2"]
    assert versions("6.12.11[18]") == ["6.12.111-1", "6.12.118-1"]
    assert versions("*deb12*") == ["6.12.111-1~deb12u1"]
    assert versions("trixie-security") == ["6.12.111-1", "6.12.118-1"]
    assert versions("5.10") == []


def test_the_columns_of_a_matrix_are_each_suites_own_and_one_between() -> None:
    """6.16 and 6.17 no suite's machines run, and the first is a column all the same; a candidate only where it is newest."""

    def suite(name: str, *kernels: DebianKernel) -> Listing:
        return Listing(name, kernels, kernels[-1].release)

    between = (kernel("6.16.3-1~bpo13+1"), kernel("6.16.12-1~bpo13+1"), kernel("6.17.8-1~bpo13+1"), kernel("7.3.4-1~bpo13+1"))
    suites = (
        suite("bookworm", kernel("6.1.176-1")),
        suite("bookworm-security", kernel("6.1.192-2")),
        suite("trixie-backports", *between),
        suite("sid", kernel("7.2.13-1")),
    )
    rc7, rc1 = (suite("experimental", kernel(f"{version}-1~exp1")) for version in ("7.3~rc7", "7.4~rc1"))
    versions = ["6.1.192-2", "6.16.12-1~bpo13+1", "7.2.13-1", "7.3.4-1~bpo13+1"]
    assert [each.version for each in defaults((*suites, rc7))] == versions
    assert [each.version for each in defaults((*suites, rc1))] == [*versions, "7.4~rc1-1~exp1"]
    assert defaults(()) == ()


def test_an_image_says_its_release() -> None:
    assert release_of(bzimage("6.12.118+deb13-amd64")) == "6.12.118+deb13-amd64"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "no bzImage"),
        (b"\x7fELF" + bytes(600), "bzImage of the same build"),
        (bytes(0x1FE) + b"\x55\xaa" + bytes(600), "no bzImage"),
        (bzimage(""), "does not say its version"),
        (bzimage("6.1")[:0x240], "does not say its version"),
    ],
)
def test_what_is_no_image_is_told(octets: bytes, why: str) -> None:
    with pytest.raises(NoImage, match=why):
        release_of(octets)


@given(st.binary(max_size=0x400))
def test_no_octets_are_too_odd_for_the_head_to_be_read(octets: bytes) -> None:
    head = bytearray(bzimage("6.1"))
    head[0x20E : 0x20E + len(octets)] = octets
    with contextlib.suppress(NoImage):
        assert release_of(bytes(head))
