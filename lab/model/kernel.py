"""A kernel to boot: where its image and its modules are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that is on this machine and ready to boot.

    `name` is what the user asked for (`debian:trixie`, a path, a version). `release` is what uname -r says in it. `image` is the
    path of a bzImage; `modules` that of its folder lib/modules/RELEASE (kernel/ and modules.dep), or "" where there is none, as
    everything is built in. `version` is the package's ("6.12.118-1"), or "" where it comes from none.
    """

    name: str
    release: str
    image: str
    modules: str = ""
    version: str = ""
