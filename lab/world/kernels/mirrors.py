"""Where Debian's archive is, and whose signature it has. No address is written here: the machine's apt knows one, or the user."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lab.world.errors import NotFetched
from lab.world.kernels.tools import run

MIRROR, KEYRING = "PMTULAB_DEBIAN_MIRROR", "PMTULAB_DEBIAN_KEYRING"
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")

SECURITY = "-security"
LABELS = {"Debian": False, "Debian-Security": True}
WRITTEN = re.compile(r"'(\S+/debian(-security)?)/+dists/[^/ ]+/main/binary-")
"""An index that apt would fetch. Others have archives at such paths, too, but not with this component."""


def mirror(*, security: bool) -> str:
    """The address of Debian's archive, or of its fixes: as the environment says, or as the machine's own apt knows it.

    Where one of the two is known, the other is its neighbour. Raises NotFetched, which says what to set.
    """
    if given := os.environ.get(MIRROR, "").rstrip("/"):
        return given + SECURITY if security else given
    known = dict(_asked()) or dict(_written())
    if security in known:
        return known[security]
    if not known:
        raise NotFetched(f"this machine's apt knows no archive of Debian's: set {MIRROR} to the address of a mirror")
    return known[False] + SECURITY if security else known[True].removesuffix(SECURITY)


def _asked() -> Iterator[tuple[bool, str]]:
    """Archives whose lists the machine has, which say of themselves that they are Debian's: whether of fixes, and the address."""
    _, said = run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"])
    for line in said.splitlines():
        origin, label, address = f"{line}||".split("|")[:3]
        if origin == "Debian" and label in LABELS:
            yield LABELS[label], address.rstrip("/")


def _written() -> Iterator[tuple[bool, str]]:
    """Archives that look like Debian's in the machine's sources: a container's image often has no lists."""
    _, said = run(["apt-get", "update", "--print-uris"])
    for match in WRITTEN.finditer(said):
        yield bool(match[2]), match[1]


def keyring() -> str:
    """The keys that may sign. Raises NotFetched."""
    if given := os.environ.get(KEYRING):
        return given
    found = next((path for path in KEYRINGS if Path(path).is_file()), None)
    if found is None:
        raise NotFetched("the keys of Debian's archive are not here: install the package debian-archive-keyring")
    return found
