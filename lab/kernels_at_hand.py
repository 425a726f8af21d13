"""Which kernels there are to boot: what a word names, what is cached, and what Debian's archive has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.model import debian
from lab.model.debian import DebianKernel
from lab.model.kernel import Kernel
from lab.world.errors import NoKernel, NotFetched
from lab.world.kernels import cached as cache
from lab.world.kernels import locate

__all__ = ["Kernel", "NoKernel", "NotFetched", "Offered", "available", "cached", "default_kernels", "folder", "located"]

located = locate.located
folder = cache.folder


@dataclass(frozen=True, slots=True)
class Offered:
    """A kernel of Debian's, and the path of its folder in the cache, or "" where it is yet to be fetched."""

    kernel: DebianKernel
    path: str


def cached() -> tuple[Offered, ...]:
    """Those in the cache, in order; asks nobody."""
    found = sorted(cache.cached(), key=lambda pair: debian.order(pair[0].version))
    return tuple(Offered(kernel, str(path)) for kernel, path in found)


def available(pattern: str, say: Callable[[str], None], *, refresh: bool = False) -> tuple[Offered, ...]:
    """What can be had, from the archive or the cache: of each upstream version the newest package, in Debian's order.

    `pattern` as in lab.model.debian.matching(). Raises NotFetched where no suite answers, and nothing is cached.
    """
    here = {(offered.kernel.release, offered.kernel.version): offered for offered in cached()}
    try:
        listed = [kernel for listing in locate.listings(say, refresh=refresh) for kernel in listing.kernels]
    except NotFetched as error:
        if not here:
            raise
        say(f"{error}\nonly what is cached is known")
        listed = []
    # The cache comes last: of one that a suite still has it is the suite of today that counts.
    kernels = {(kernel.release, kernel.version): kernel for kernel in (*(o.kernel for o in here.values()), *listed)}
    return tuple(offered(kernel, here) for kernel in debian.matching(pattern, kernels.values()))


def offered(kernel: DebianKernel, here: dict[tuple[str, str], Offered]) -> Offered:
    known = here.get((kernel.release, kernel.version))
    return Offered(kernel, known.path if known else "")


def default_kernels(say: Callable[[str], None], *, refresh: bool = False) -> tuple[str, ...]:
    """The words for a matrix's columns where none are asked for, the oldest kernel first. Raises NotFetched."""
    return tuple(kernel.word for kernel in debian.defaults(locate.listings(say, refresh=refresh)))
