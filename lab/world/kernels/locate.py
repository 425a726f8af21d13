"""A word of the user's becomes a kernel on disk."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.model.debian import STABLE, SUITES, DebianKernel, Listing, is_version, names, newest_own, of_version, order, suites_of
from lab.model.kernel import Kernel
from lab.world.errors import NoKernel, NotFetched
from lab.world.kernels.archive import NoLonger, NoSuite, Suite
from lab.world.kernels.cached import cached, fetched, folder, kept, kernel_in
from lab.world.kernels.local import at_path, installed
from lab.world.kernels.tools import Say

DEBIAN = "debian:"
ASKED = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.~-]*")
"""A suite or a version. It goes into paths and into apt's sources: nothing else may be in it."""

AT_ONCE = 4
"""Suites that are asked at a time: half of it is waiting for the network, half is apt's own reckoning."""


def located(word: str, say: Say, *, refresh: bool = False) -> Kernel:
    """The kernel that `word` names, ready to boot; one of Debian's is fetched unless it is cached.

    `say` gets what is to be told of the progress, line by line. `refresh` asks the archive again, however new its lists are.
    Raises NoKernel where there is none such, and NotFetched, which is one, where it cannot be had now.
    """
    if word.startswith(DEBIAN):
        return from_debian(word, say, refresh=refresh)
    try:
        return at_path(word, say) if "/" in word or Path(word.partition(":")[0]).exists() else installed(word)
    except OSError as error:  # a folder on the way that this user may not enter
        raise NoKernel(f"{error.filename or word}: {error.strerror}") from error


def from_debian(word: str, say: Say, *, refresh: bool) -> Kernel:
    asked = word.removeprefix(DEBIAN)
    if not ASKED.fullmatch(asked):
        raise NoKernel(f"{word}: after debian: comes a suite (trixie) or a version (6.12.118, 6.12.118-1, 6.12.118+deb13)")
    # One package version is one kernel for ever, and so is a release in all that matters: nobody need be asked again.
    if here := [pair for pair in cached() if is_version(asked) and names(pair[0], asked)]:
        kernel, path = max(here, key=lambda pair: order(pair[0].version))
        return kernel_in(path, kernel, word)
    choose = version_of if is_version(asked) else suite_kernel
    with kept():
        kernel = choose(asked, say, refresh=refresh)
        try:
            return fetched(kernel, word, say)
        except NoLonger:
            say(f"{kernel.word} is listed, and gone from the archive: asking again")
            newer = choose(asked, say, refresh=True)
            if newer == kernel:
                raise
            return fetched(newer, word, say)


def suite_kernel(asked: str, say: Say, *, refresh: bool) -> DebianKernel:
    """What a machine of this suite runs. Raises NoKernel."""
    listings = []
    for name in suites_of(asked):
        try:
            listings.append(Suite(name, folder()).listing(say, refresh=refresh))
        except NoSuite as error:
            if name == asked:
                raise NoKernel(f"{error}{near(asked, SUITES)}") from error
    found = newest_own(listings)
    if found is None:
        raise NoKernel(f"debian:{asked}: the suite has no kernel{near(asked, SUITES)}")
    return found


def version_of(asked: str, say: Say, *, refresh: bool) -> DebianKernel:
    """Raises NoKernel."""
    kernels = [kernel for listing in listings(say, refresh=refresh) for kernel in listing.kernels]
    found = of_version(asked, kernels)
    if found is None:
        known = dict.fromkeys(word for kernel in kernels for word in (kernel.upstream, kernel.version))
        raise NoKernel(f"no suite of Debian's has a kernel {asked}{near(asked, known)}; `pmtulab kernels ls` shows all")
    return found


def listings(say: Say, *, refresh: bool = False) -> tuple[Listing, ...]:
    """What each suite has that is there; one that is silent is told of, and passed over. Raises NotFetched where all are."""

    def ask(name: str) -> Listing | NotFetched:
        try:
            with kept():
                return Suite(name, folder()).listing(say, refresh=refresh)
        except NotFetched as error:
            return error

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = tuple(pool.map(ask, SUITES))
    found = tuple(answer for answer in answers if isinstance(answer, Listing))
    wrong = dict.fromkeys(str(answer) for answer in answers if isinstance(answer, NotFetched) and not isinstance(answer, NoSuite))
    if wrong and not any(listing.kernels for listing in found):
        first, *others = wrong
        raise NotFetched(first + (f"\nand so it is with {len(others)} suites more" if others else ""))
    for why in wrong:
        say(why)
    return found


def near(asked: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(asked, list(known), n=4, cutoff=0.5)
    return f"; near it: {', '.join(found)}" if found else f"; there are {', '.join(STABLE)} and others"
