"""The programs that fetch and unpack a kernel, run in one language, found where an ordinary user's PATH does not lead."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence

from lab.world.errors import NotFetched

Say = Callable[[str], None]
"""What is told of the progress goes here, a line at a time."""

PACKAGES = {"apt-get": "apt", "dpkg-deb": "dpkg", "depmod": "kmod"}
"""Debian's package of each; other distributions have them by these names, too."""

WITHIN = 3600.0
"""Seconds for one program: a kernel's 110 MB at 30 kB/s. A server that says nothing at all apt gives up long before."""


def path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def program(name: str) -> str:
    """Where it is. Raises NotFetched where it is not installed."""
    found = shutil.which(name, path=path())
    if not found:
        raise NotFetched(f"{name} is not installed, and a kernel of Debian's needs it: install the package {PACKAGES[name]}")
    return found


def run(
    argv: Sequence[str], *, cwd: str | None = None, each: Callable[[str], None] | None = None, keep: int | None = None
) -> tuple[int, str]:
    """Runs it to its end: exit status, and all that it printed. `each` gets the lines as they come.

    It dies with us. `keep` is a descriptor that it holds, too: a lock, so that nobody takes for free what it still writes to.
    """
    # Not by a function between fork and exec: that is no good where there are threads, and suites are asked in several.
    with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv", path=path()) else []
    with subprocess.Popen(
        [*with_us, program(argv[0]), *argv[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C", "PATH": path()},
        pass_fds=() if keep is None else (keep,),
    ) as child:
        assert child.stdout
        said = []
        late = threading.Timer(WITHIN, child.kill)
        late.start()
        try:
            for line in child.stdout:
                said.append(line)
                if each:
                    each(line.rstrip("\n"))
        except BaseException:
            child.terminate()
            raise
        finally:
            late.cancel()
    return child.returncode, "".join(said)
