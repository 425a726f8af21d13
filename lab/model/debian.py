"""Debian's kernels, as the index of a suite lists them: which there are, of which packages, in which order.

A kernel is one package in older releases, and from 6.19 on several: what the image package depends on at exactly its own version is
a part of it. An index keeps packages of a kernel whose other parts are gone; such a kernel cannot be had, and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

STABLE = ("bullseye", "bookworm", "trixie")
"""Releases, the oldest first. Each has two suites more, of fixes and of kernels of later releases."""

FIXES = tuple(f"{name}-security" for name in STABLE)
SUITES = (*(f"{name}{kind}" for name in STABLE for kind in ("", "-security", "-backports")), "forky", "sid", "experimental")
"""Where kernels are looked for. A suite that is not among them is found by its own name."""

BETWEEN = ((6, 16), (7, 0))
META, FLAVOUR = "linux-image-amd64", "-amd64"
OTHER_FLAVOURS = ("-cloud-amd64", "-rt-amd64")
"""Kernels that are never taken: the one lacks 9p and most of what a network is made of, the other is no usual kernel."""

IMAGE = re.compile(r"linux-image-(\d\S*-amd64)(?:-unsigned)?")
PARAGRAPH = re.compile(r"^Package: linux-.*\n(?:.+\n?)*", re.MULTILINE)
NO_PART_OF_BOOTING = "linux-base-"
"""In split packages it has the lists of built-in modules, and is kept as long as the modules are; before, documentation alone."""

Order = tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True, slots=True)
class Package:
    """`needs` are the names of those that it depends on at its own version. `octets` is the size of the .deb."""

    name: str
    version: str
    octets: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DebianKernel:
    """A kernel that can be had from a suite: `release` is what uname -r says, `version` the packages', `octets` their size."""

    release: str
    version: str
    suite: str
    packages: tuple[str, ...]
    octets: int

    @property
    def upstream(self) -> str:
        """Its version at kernel.org: 6.12.118 of 6.12.118-1~bpo13+1, 7.3-rc7 of 7.3~rc7-1~exp1."""
        return self.version.rpartition("-")[0].replace("~rc", "-rc")

    @property
    def word(self) -> str:
        """What asks for this one, whatever becomes newer."""
        return f"debian:{self.version}"


@dataclass(frozen=True, slots=True)
class Listing:
    """What one suite has. `own` is the release that a machine of this suite runs, or "" where the suite names none."""

    suite: str
    kernels: tuple[DebianKernel, ...] = ()
    own: str = ""


def order(version: str) -> tuple[int, Order, Order]:
    """The key by which Debian sorts versions (Debian Policy 5.6.12, `dpkg --compare-versions`)."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch), _pieces(upstream if dash else rest), _pieces((revision if dash else "") or "0")


def _pieces(text: str) -> Order:
    """Signs and numbers by turns. A tilde comes before the end of a piece, that before letters, these before all other signs."""
    weights = {"~": -1}
    pieces = re.findall(r"(\D*)(\d*)", text)
    return tuple(
        ((*(weights.get(sign, ord(sign) if sign.isalpha() else ord(sign) + 256) for sign in signs), 0), int(number or 0))
        for signs, number in pieces
    )


def packages(index: str) -> Iterator[Package]:
    """The packages that a kernel may consist of, of an index as apt keeps it (deb822, a paragraph each)."""
    for paragraph in PARAGRAPH.finditer(index):
        fields = dict(line.split(": ", 1) for line in paragraph[0].splitlines() if ": " in line and not line.startswith(" "))
        name, version = fields["Package"], fields["Version"]
        if name.removesuffix("-unsigned").endswith(FLAVOUR) and not name.removesuffix("-unsigned").endswith(OTHER_FLAVOURS):
            needs = re.findall(rf"(?:^|, )(\S+) \(= {re.escape(version)}\)(?=,|$)", fields.get("Depends", ""))
            yield Package(name, version, int(fields["Size"]), tuple(needs))


def listing(suite: str, index: str) -> Listing:
    """The kernels of a suite that can be had whole, in Debian's order."""
    found = {(package.name, package.version): package for package in packages(index)}
    kernels: dict[tuple[str, str], DebianKernel] = {}
    # The signed image of a release is what its machines run, so that it comes before the unsigned one.
    for name, version in sorted(found, key=lambda key: key[0].endswith("-unsigned")):
        image = IMAGE.fullmatch(name)
        parts = _parts(name, version, found) if image else None
        if image and parts:
            sizes = sum(package.octets for package in parts)
            kernel = DebianKernel(image[1], version, suite, tuple(package.name for package in parts), sizes)
            kernels.setdefault((kernel.release, version), kernel)
    newest = max((version for name, version in found if name == META), key=order, default="")
    images = [IMAGE.fullmatch(name) for name in found[META, newest].needs] if newest else []
    own = next((image[1] for image in images if image), "")
    return Listing(suite, tuple(sorted(kernels.values(), key=lambda kernel: order(kernel.version))), own)


def _parts(name: str, version: str, found: dict[tuple[str, str], Package]) -> list[Package] | None:
    """The package and all that it needs at its own version; None where a part is missing, or it only points at a kernel."""
    parts: dict[str, Package] = {}
    wanted = [name]
    while wanted:
        part = wanted.pop()
        if part in parts or (part.startswith(NO_PART_OF_BOOTING) and (part, version) not in found):
            continue
        if (part, version) not in found or (part != name and IMAGE.fullmatch(part)):
            return None
        parts[part] = found[part, version]
        wanted += parts[part].needs
    return list(parts.values())


def is_version(asked: str) -> bool:
    """Whether what stands after `debian:` is a version or release; else it is a suite."""
    return asked[:1].isdigit()


def suites_of(asked: str) -> tuple[str, ...]:
    """The suites that have the kernel of the suite asked for: of a release its fixes, too, as its machines have them."""
    return tuple(name for name in (asked, f"{asked}-security") if name == asked or name in FIXES)


def newest_own(listings: Iterable[Listing]) -> DebianKernel | None:
    """The kernel that a machine of these suites runs; where they name none, the newest."""
    every = tuple(listings)
    named = [kernel for listing in every for kernel in listing.kernels if kernel.release == listing.own]
    return max(named or [kernel for listing in every for kernel in listing.kernels], key=_by_version, default=None)


def names(kernel: DebianKernel, asked: str) -> bool:
    """Whether it is this very package version (6.12.111-1) or release (6.12.111+deb13-amd64, or without its end)."""
    return asked in (kernel.version, kernel.release, kernel.release.removesuffix(FLAVOUR))


def of_version(asked: str, kernels: Iterable[DebianKernel]) -> DebianKernel | None:
    """The newest kernel of this version: the package's, the release, upstream's (6.12.111), or a series' (6.12)."""
    every = tuple(kernels)
    degrees = (
        [kernel for kernel in every if names(kernel, asked)],
        [kernel for kernel in every if kernel.upstream == asked.replace("~rc", "-rc")],
        [kernel for kernel in every if kernel.upstream.startswith((f"{asked}.", f"{asked}-rc"))],
    )
    return max(next(filter(None, degrees), []), key=_by_version, default=None)


def matching(pattern: str, kernels: Iterable[DebianKernel]) -> tuple[DebianKernel, ...]:
    """Those that a pattern fits, in order, of each upstream version the newest package.

    A pattern is a suite, a version or its beginning up to a dot (6.12), or has *, ? and [ ]; an empty one fits all.
    """
    newest: dict[str, DebianKernel] = {}
    for kernel in sorted(kernels, key=_by_version):
        words = (kernel.suite, kernel.version, kernel.upstream, kernel.release, kernel.release.removesuffix(FLAVOUR))
        if not pattern or any(fnmatchcase(word, pattern) for word in words) or kernel.upstream.startswith(f"{pattern}."):
            newest[kernel.upstream] = kernel
    return tuple(newest.values())


def defaults(listings: Iterable[Listing]) -> tuple[DebianKernel, ...]:
    """A kernel for each column of a matrix, in order: what the machines of each suite run, and one between 6.16 and 7.0.

    A release and its fixes have one. A candidate (-rc) is among them where nothing is newer.
    """
    every = {listing.suite: listing for listing in listings}
    own = [newest_own(every[name] for name in suites_of(suite) if name in every) for suite in SUITES if suite not in FIXES]
    found = [kernel for kernel in own if kernel]
    # No suite's machines need run one of those.
    between = [kernel for each in every.values() for kernel in each.kernels if BETWEEN[0] <= _series(kernel) < BETWEEN[1]]
    if between and not any(kernel in between for kernel in found):
        first = min(map(_series, between))
        found.append(max((kernel for kernel in between if _series(kernel) == first), key=_by_version))
    columns = sorted({kernel.upstream: kernel for kernel in found}.values(), key=_by_version)
    return tuple(kernel for kernel in columns if "-rc" not in kernel.upstream or kernel is columns[-1])


def _series(kernel: DebianKernel) -> tuple[int, int]:
    major, minor = re.findall(r"\d+", kernel.upstream)[:2]
    return int(major), int(minor)


def _by_version(kernel: DebianKernel) -> tuple[int, Order, Order]:
    return order(kernel.version)
