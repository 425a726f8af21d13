"""A trace on another kernel: what the guest hands over is told and kept; a guest that hands over none is BROKEN."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lab.judge.verdict import Verdict
from lab.report.calls.json import told_json
from lab.report.calls.told import Told
from tests.fake_qemu import fake_qemu
from tests.kernels import bzimage
from tests.world.command import pmtulab

pytestmark = pytest.mark.tools("modprobe", "depmod")

PLOT = """
from pathlib import Path
out.write(hello)
for path in sorted(Path({evidence!r}).iterdir()):
    octets = path.read_bytes()
    line = json.dumps({{"kind": "file", "octets": len(octets), "scenario": "576-router", "name": path.name}})
    out.write(line.encode() + b"\\n" + octets)
send("result", scenario="576-router")
send("bye", uptime=2.0)
"""


def traced(tmp_path: Path, trace: bytes | None) -> subprocess.CompletedProcess[str]:
    """`pmtulab trace` on a guest that hands over a run of this machine's, and this trace."""
    pmtulab("run", "576-router", "--out", tmp_path / "run", cwd=tmp_path)
    if trace is not None:
        (tmp_path / "run/576-router/trace.json").write_bytes(trace)
    fake_qemu(tmp_path / "bin", PLOT.format(evidence=str(tmp_path / "run/576-router")))
    (tmp_path / "bzImage").write_bytes(bzimage("9.9"))
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return pmtulab("trace", "576-router", "--kernel", "./bzImage", "--out", "out", cwd=tmp_path, PATH=path)


def test_what_a_guest_hands_over_is_told_and_kept_with_its_page(tmp_path: Path) -> None:
    told = Told("576-router", "A 576-octet link", "9.9", "by hand", "nothing", "to the ns", Verdict.PASS, "", (), ())
    done = traced(tmp_path, told_json(told).encode())
    assert done.returncode == 0, done.stderr
    assert told.title in done.stdout
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["._bzImage"], "and no empty folder beside it"
    kept = {path.name for path in (tmp_path / "out/._bzImage/576-router").iterdir()}
    assert kept >= {"capture.pcapng", "result.json", "trace.json", "trace.html"}


@pytest.mark.parametrize("trace", [None, b"nothing", b"{}"])
def test_without_a_trace_it_is_broken(trace: bytes | None, tmp_path: Path) -> None:
    done = traced(tmp_path, trace)
    assert done.returncode == 125
    assert "./bzImage: the guest has left no trace that can be read: " in done.stderr
    assert "Traceback" not in done.stderr
