"""Scenarios on another kernel: one of Debian's, booted for real; and guests that go wrong, played by a fake QEMU."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.evidence import read
from lab.judge.verdict import Verdict
from tests.kernels import bzimage

KERNEL = "debian:bookworm"
GUEST_TOOLS = pytest.mark.tools("qemu-system-x86_64", "depmod", "dpkg-deb")

PANICS = '''"""A router that breaks its kernel.

    client ──1500── r1 ──1500── server
"""

from lab.judge.expect import Prints
from lab.judge.scenario import Act, Scenario
from lab.model.story import Run
from topologies import chain

scenario = Scenario(
    name="breaks-the-kernel",
    title="A program writes c to sysrq-trigger.",
    topology=chain("client", "r1", "server", mtus=(1500, 1500)),
    acts=(Act("a crash", (Run("r1", ("sh", "-c", "echo c >/proc/sysrq-trigger")),), (Prints("never", "proc(5)"),)),),
)
'''


def pmtulab(*words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"} if path else {}) | {"NO_COLOR": "1"}
    argv = [sys.executable, "-c", "from lab.cli import main; main()", *words]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment)


@GUEST_TOOLS
def test_another_kernel_is_booted_once_and_tells_all_until_it_panics(tmp_path: Path) -> None:
    breaks = tmp_path / "breaks.py"
    breaks.write_text(PANICS)
    done = pmtulab("kernels", "run", "--kernel", KERNEL, "--out", str(tmp_path), "576-router", "overhead-gre", str(breaks))
    said = done.stdout
    assert done.returncode == 1, said + done.stderr
    assert said.count("has booted after") == 1
    assert "PASS    576-router " in said
    # This machine's kernel may have no GRE; Debian's has, and loads it when it is wanted.
    assert "PASS    overhead-gre " in said
    assert "FAIL after" in said
    assert "Kernel panic - not syncing: sysrq triggered crash" in said
    folder = tmp_path / KERNEL.replace(":", "_")
    result, kernel = read(folder / "576-router")
    assert kernel.startswith("6.1.0-")
    assert kernel != os.uname().release
    assert result.verdict is Verdict.PASS
    assert len(result.findings) == 30
    assert "Kernel panic" in (folder / "console.txt").read_text()
    assert not (folder / "breaks-the-kernel" / "result.json").exists()


FAKE = """#!{python}
import os, socket, sys, time
if "--version" in sys.argv:
    print("QEMU emulator version 7.2.0")
    sys.exit()
if "-chardev" not in sys.argv:
    sys.exit("this is no KVM")
port = next(word for word in sys.argv if word.startswith("socket,id=pmtulab"))
out = socket.socket(fileno=int(port.rpartition("fd=")[2])).makefile("wb", buffering=0)
print("the console's last words", file=sys.stderr, flush=True)
hello = b'{{"kind": "hello", "octets": 0, "release": "9.9", "uptime": 1.0}}\\n'
{plot}
"""


@pytest.mark.parametrize(
    ("plot", "says", "code"),
    [
        ("sys.exit(1)", "BROKEN after * s: it ended without a word", 125),
        ("out.write(b'no message\\n'); time.sleep(600)", "BROKEN after * s: its port said nonsense: no message", 125),
        ("out.write(hello); time.sleep(600)", "FAIL after * s: it hangs, or is too slow: no end after 2 s", 1),
        ("out.write(hello); sys.exit()", "FAIL after * s: it ended before all was done", 1),
        (
            "out.write(hello); os.write(2, b'[ 1.0] Kernel panic - not syncing: oh\\n')",
            "FAIL after * s: Kernel panic - not syncing: oh",
            1,
        ),
        (
            "out.write(hello); out.write(hello.replace(b'hello', b'failed').replace(b'release', b'reason'))",
            "BROKEN after * s: the lab failed in it: 9.9",
            125,
        ),
        (
            'out.write(hello); out.write(b\'{"kind": "bye", "octets": 0, "uptime": 2.0}\\n\')',
            "FAIL after * s: it says that it is done, and told nothing of 576-router",
            1,
        ),
    ],
)
@pytest.mark.tools("modprobe", "depmod")
def test_what_becomes_of_a_guest_that_goes_wrong(plot: str, says: str, code: int, tmp_path: Path) -> None:
    qemu = tmp_path / "bin" / "qemu-system-x86_64"
    qemu.parent.mkdir()
    qemu.write_text(FAKE.format(python=sys.executable, plot=plot))
    qemu.chmod(0o755)
    image = tmp_path / "bzImage"
    image.write_bytes(bzimage("9.9"))
    done = pmtulab(
        "kernels",
        "run",
        "--kernel",
        str(image),
        "--out",
        str(tmp_path / "out"),
        "--timeout",
        "2",
        "576-router",
        path=str(qemu.parent),
    )
    last = done.stdout[done.stdout.find(says.partition(" ")[0]) :]
    before, _, after = says.partition("*")
    assert last.startswith(before), done.stdout + done.stderr
    assert after in last
    assert done.returncode == code
    assert "the console's last words" in last
