"""A QEMU that boots nothing: what becomes of a guest is played by some lines of Python."""

from __future__ import annotations

import sys
from pathlib import Path

FAKE = """#!{python}
import json, os, socket, sys, time
if "--version" in sys.argv:
    print("QEMU emulator version 7.2.0")
    sys.exit()
if "-chardev" not in sys.argv:
    sys.exit("this is no KVM")
port = next(word for word in sys.argv if word.startswith("socket,id=pmtulab"))
out = socket.socket(fileno=int(port.rpartition("fd=")[2])).makefile("wb", buffering=0)
def send(kind, **fields):
    out.write(json.dumps({{"kind": kind, "octets": 0, **fields}}).encode() + b"\\n")
kernel = sys.argv[sys.argv.index("-kernel") + 1]
print("the console's last words", flush=True)
hello = b'{{"kind": "hello", "octets": 0, "release": "9.9", "uptime": 1.0}}\\n'
{plot}
"""


def fake_qemu(folder: Path, plot: str) -> None:
    """Puts it into a folder for PATH. Its `plot` has the path of its `kernel`, `hello`, `send` and the port, `out`."""
    path = folder / "qemu-system-x86_64"
    path.parent.mkdir()
    path.write_text(FAKE.format(python=sys.executable, plot=plot))
    path.chmod(0o755)
