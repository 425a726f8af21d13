"""Whether KVM works is tried: a QEMU that works, one that refuses, one that takes the machine and never runs it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.world.guests import kvm
from tests.world.command import TOP, until

MACHINE = "import sys; assert '-accel kvm' in ' '.join(sys.argv)\n"


@pytest.fixture(autouse=True)
def a_machine_with_kvm(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as the device goes, which no fake QEMU opens."""
    monkeypatch.setattr(kvm, "DEVICE", os.devnull)


def qemu(folder: Path, does: str) -> str:
    path = folder / "qemu"
    path.write_text(f"#!{sys.executable}\n{MACHINE}{does}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("does", "works", "why"),
    [
        ("sys.exit(33)", True, "a boot sector ran"),
        (
            "sys.exit('warning: old\\nfailed to initialize kvm: Permission denied')",
            False,
            "failed to initialize kvm: Permission denied",
        ),
        ("sys.exit(0)", False, "QEMU's exit status 0"),
        ("import os; os.abort()", False, "QEMU's exit status -6"),
    ],
)
def test_it_works_where_a_boot_sector_came_to_its_end(does: str, works: bool, why: str, tmp_path: Path) -> None:
    assert kvm.kvm_works(qemu(tmp_path, does)) == (works, why)


def test_one_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kvm, "WITHIN", 0.5)
    pid = tmp_path / "pid"
    works, why = kvm.kvm_works(qemu(tmp_path, f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"))
    assert not works
    assert "did not come to its end" in why
    assert not pid.exists() or not Path("/proc", pid.read_text()).exists()


def test_one_that_never_ends_does_not_outlive_who_tries_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    path = qemu(tmp_path, f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    code = f"from lab.world.guests import kvm; kvm.DEVICE, kvm.WITHIN = {os.devnull!r}, 600; kvm.kvm_works({path!r})"
    with subprocess.Popen([sys.executable, "-c", code], cwd=TOP) as tries:
        number = until(lambda: pid.exists() and pid.read_text(), within=30.0)
        guest = os.pidfd_open(int(str(number)))
        try:
            tries.send_signal(signal.SIGKILL)
            assert select.select([guest], [], [], 30.0)[0], "it is there still"
        finally:
            os.close(guest)


def test_without_the_device_or_without_qemu_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kvm.kvm_works(str(tmp_path / "none")) == (False, f"{tmp_path / 'none'} is not installed")
    monkeypatch.setattr(kvm, "DEVICE", str(tmp_path / "kvm"))
    assert kvm.kvm_works(qemu(tmp_path, "sys.exit(33)")) == (False, f"there is no {tmp_path / 'kvm'}")
