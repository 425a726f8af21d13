"""Where Debian's kernels changed a trait is found by booting few of them. Nobody says where: the ends are booted like the rest.

It fetches about five kernels of 108 MB each, the first time, and boots them: `make test-kernels`, and not a part of `make test`.
"""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TRAIT = "exception-needs-socket"
OLD, NEW = "debian:6.12.107", "debian:6.12.118"
"""Ends of a series that are some releases apart. What a suite no longer has, and no cache, cannot be tried any more."""


def pmtulab(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", "from lab.cli import main; main()", "kernels", *words]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.tools("qemu-system-x86_64", "depmod", "dpkg-deb", "apt-get")
@pytest.mark.parametrize("ends", [(OLD, NEW), (NEW, OLD)], ids=["forwards", "backwards"])
def test_the_version_that_changed_a_trait_is_found(ends: tuple[str, str], tmp_path: Path) -> None:
    good, bad = ends
    done = pmtulab("bisect", "--good", good, "--bad", bad, "--trait", TRAIT, "--out", str(tmp_path))
    if "no suite of Debian's has a kernel" in done.stderr:
        pytest.skip(done.stderr)  # an archive drops old kernels, and then nobody can boot them
    assert done.returncode == 0, done.stdout + done.stderr
    *tried, last = done.stdout.splitlines()
    found = re.fullmatch(r"it changed between debian:(\S+) \((yes|no)\) and debian:(\S+) \((yes|no)\)", last)
    assert found, done.stdout
    before, answer, after, other = found.groups()
    assert {answer, other} == {"yes", "no"}
    listed = [line.split()[0].removeprefix("debian:") for line in pmtulab("ls", "6.12").stdout.splitlines()]
    names = [next(name for name in listed if name.startswith(end)) for end in (before, after)]
    assert listed.index(names[1]) == listed.index(names[0]) + 1
    between = next(i for i, name in enumerate(listed) if name.startswith("6.12.118")) - next(
        i for i, name in enumerate(listed) if name.startswith("6.12.107")
    )
    assert len(tried) <= 2 + math.ceil(math.log2(between))
