"""`git bisect run` finds the commit by pmtulab's exit codes: 0 good, 1 bad, 125 for one that cannot be told.

The tree is made up, and so are make and QEMU. A bzImage says its release, and what a guest of it tells was recorded here: of a
scenario that passes, or of one in which a fault was put.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import bzimage

TOP = Path(__file__).parents[2]
SCRIPT = TOP / "docs/examples/workflows/git-bisect.sh"
COMMITS, UNBUILDABLE, UNBOOTABLE, FIRST_BAD = 12, 5, 8, 7

MAKE = """#!/bin/sh
case $* in
*bzImage*)
    mkdir -p arch/x86/boot
    ! grep -q broken release || exit 2
    cp image arch/x86/boot/bzImage
esac
"""

QEMU = """#!{python}
import json, socket, sys
from pathlib import Path
if "--version" in sys.argv:
    print("QEMU emulator version 7.2.0")
    sys.exit()
if "-kernel" not in sys.argv:
    sys.exit("this is no KVM")
release = Path("release").read_text().split()[0]
number = int(release.split(".")[1])
if number == {unbootable}:
    sys.exit(1)
port = next(word for word in sys.argv if word.startswith("socket,id=pmtulab"))
out = socket.socket(fileno=int(port.rpartition("fd=")[2])).makefile("wb")
def send(kind, octets=b"", **fields):
    out.write(json.dumps({{"kind": kind, "octets": len(octets), **fields}}).encode() + b"\\n" + octets)
send("hello", release=release, uptime=1.0)
evidence = Path({evidence!r}, "bad" if number >= {first_bad} else "good", "576-router")
for name in ("capture.pcapng", "result.json", "junit.xml"):
    send("file", (evidence / name).read_bytes(), scenario="576-router", name=name)
send("result", scenario="576-router")
send("bye", uptime=2.0)
out.flush()
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.mark.tools("git", "modprobe")
def test_git_bisect_run_finds_the_commit(tmp_path: Path) -> None:
    ours = f'#!/bin/sh\nPYTHONPATH={TOP} exec {sys.executable} -c "from lab.cli import main; main()" "$@"\n'
    program(tmp_path / "bin/pmtulab", ours)
    program(tmp_path / "bin/make", MAKE)
    code = {"python": sys.executable, "evidence": str(tmp_path), "first_bad": FIRST_BAD, "unbootable": UNBOOTABLE}
    program(tmp_path / "bin/qemu-system-x86_64", QEMU.format(**code))
    environment = os.environ | {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": "nobody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    tree = tmp_path / "tree"
    tree.mkdir()

    def run(*words: str) -> str:
        done = subprocess.run(
            words, cwd=tree, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or words[0] == "pmtulab", done.stdout + done.stderr
        return done.stdout

    run("pmtulab", "run", "576-router", "--out", str(tmp_path / "good"))
    run("pmtulab", "run", "576-router", "--out", str(tmp_path / "bad"), "--fault", "skip-icmp")
    run("git", "init", "--quiet")
    for number in range(COMMITS):
        (tree / "release").write_text(f"9.{number}{' broken' if number == UNBUILDABLE else ''}\n")
        (tree / "image").write_bytes(bzimage(f"9.{number}"))
        run("git", "add", ".")
        run("git", "commit", "--quiet", "--message", f"change {number}")
    run("git", "bisect", "start", "HEAD", f"HEAD~{COMMITS - 1}")
    said = run("git", "bisect", "run", str(SCRIPT), "576-router")
    assert f"change {FIRST_BAD}\n" in run("git", "log", "-1", "--format=%s", "refs/bisect/bad")
    assert "is the first bad commit" in said
