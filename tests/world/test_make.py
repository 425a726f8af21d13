"""The Makefile, where a newcomer meets it: no Python that will do, a set-up that fails or is interrupted, a name misspelt.

Each test has a folder of its own with the Makefile in it, and a PATH that holds only what the test put there.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tools("make")

TOP = Path(__file__).parents[2]
SETUP = ".venv/.run"
WRITTEN = (TOP / "Makefile").read_text().split("\nTOOLS :=")[1].split("\n#")[0]
PACKAGES = dict(re.findall(r"(\S+):(\S+)", WRITTEN))
TOOLS = [*PACKAGES]
"""What the Makefile installs, by program."""


class Checkout:
    """A folder with the Makefile and what .venv depends on; `programs` is all of its PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.programs = folder / "programs"
        self.folder.mkdir()
        self.programs.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt"):
            shutil.copy(TOP / name, self.folder)
        self.program("id", "echo 1000")
        for name in ("cut", "mkdir", "rm", "sed"):
            (self.programs / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name}"))

    def program(self, name: str, script: str) -> None:
        """Puts a shell script on the PATH."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def python(self, name: str, pretence: str) -> None:
        """Puts a Python on the PATH that runs `pretence` before what it is given with -c."""
        self.program(name, f"exec {sys.executable} -c 'import sys; {pretence}; exec(sys.argv[2])' \"$@\"")

    def command(self, *arguments: str) -> list[str]:
        return [shutil.which("make") or "make", f"PATH={self.programs}", *arguments]

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs make with nothing of our own environment, least of all the MAKEFLAGS of a `make test` around us."""
        return subprocess.run(
            self.command(*arguments), cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def pretend_set_up(self, made_in: Path) -> None:
        """Leaves the stamp that a set-up in `made_in` leaves."""
        (self.folder / ".venv").mkdir()
        (self.folder / SETUP).write_text(f"{made_in}\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def ours(result: subprocess.CompletedProcess[str]) -> list[str]:
    """What was printed, without make's own error line."""
    return [line for line in (result.stdout + result.stderr).splitlines() if not line.startswith("make: ***")]


def test_python_without_venv_gives_one_line(checkout: Checkout) -> None:
    checkout.python("python3", 'sys.modules["ensurepip"] = None')
    result = checkout.make(SETUP)
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert result.returncode != 0
    assert ours(result) == [f"python3 cannot make a virtual environment: apt-get install {package}"]
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.parametrize("python", ["sys.version_info = (3, 10, 12)", "sys.exit(127)", None])
def test_no_python_that_will_do_gives_one_line(checkout: Checkout, python: str | None) -> None:
    if python:
        checkout.python("python3", python)
    result = checkout.make(SETUP)
    assert result.returncode != 0
    (line,) = ours(result)
    assert line.startswith("pmtulab needs Python 3.11 or newer: install python3 and python3-venv")
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.parametrize("first", ["sys.version_info = (3, 10, 12)", 'sys.modules["ensurepip"] = None', "sys.exit(127)"])
def test_a_later_python_serves_and_its_error_is_shown(checkout: Checkout, first: str) -> None:
    checkout.python("python3", first)
    checkout.program("python3.13", 'if [ "$1" = -c ]; then echo fits; else mkdir .venv; echo no space; echo left >&2; exit 1; fi')
    result = checkout.make(SETUP)
    assert result.returncode != 0
    assert ours(result) == ["setting up .venv (once, about 10 s)", "no space", "left"]
    assert not (checkout.folder / ".venv").exists()


def test_the_first_python_that_fits_is_taken_and_one_that_is_named_is_the_only_one_tried(checkout: Checkout) -> None:
    checkout.program("python3", 'if [ "$1" = -c ]; then echo fits; else echo python3 it is; exit 1; fi')
    checkout.program("python3.12", 'if [ "$1" = -c ]; then echo fits; else echo "$0"; exit 1; fi')
    assert ours(checkout.make(SETUP))[1:] == ["python3 it is"]
    assert ours(checkout.make(SETUP, PYTHON="python3.12"))[1:] == [str(checkout.programs / "python3.12")]
    assert ours(checkout.make(SETUP, PYTHON="python3.14"))[0].startswith("pmtulab needs Python 3.11 or newer")


def test_an_interrupted_set_up_leaves_nothing(checkout: Checkout, tmp_path: Path) -> None:
    begun, never = tmp_path / "begun", tmp_path / "never"
    os.mkfifo(begun)
    os.mkfifo(never)
    checkout.program("python3", f'if [ "$1" = -c ]; then echo fits; else mkdir .venv; echo half >{begun}; read x <{never}; fi')
    with subprocess.Popen(checkout.command(SETUP), cwd=checkout.folder, env={}, start_new_session=True) as process:
        try:
            assert begun.read_text() == "half\n"  # blocks until the set-up has got that far
            assert (checkout.folder / ".venv").is_dir()
            os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
            assert process.wait(timeout=20) != 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert not (checkout.folder / ".venv").exists()


def test_a_scenario_is_one_command_once_set_up(checkout: Checkout) -> None:
    checkout.pretend_set_up(made_in=checkout.folder)
    assert ours(checkout.make("-n", "scenario-576-router")) == [".venv/bin/pmtulab run '576-router'"]


def test_a_copied_checkout_does_not_run_the_original(checkout: Checkout) -> None:
    checkout.pretend_set_up(made_in=TOP)
    assert "echo 'setting up .venv (once, about 10 s)'" in ours(checkout.make("-n", "scenario-576-router"))


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_set_up_again_when_a_requirement_changes(checkout: Checkout, changed: str) -> None:
    checkout.pretend_set_up(made_in=checkout.folder)
    stamp = (checkout.folder / SETUP).stat().st_mtime
    os.utime(checkout.folder / changed, (stamp + 1, stamp + 1))
    assert "echo 'setting up .venv (once, about 10 s)'" in ours(checkout.make("-n", "scenario-576-router"))


def test_a_misspelt_scenario_gets_near_names(checkout: Checkout) -> None:
    checkout.pretend_set_up(made_in=checkout.folder)
    (checkout.folder / ".venv/bin").mkdir()
    start = f"import sys; sys.path.insert(0, {str(TOP)!r}); from lab.cli import main; main()"
    pmtulab = checkout.folder / ".venv/bin/pmtulab"
    pmtulab.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{start}" "$@"\n')
    pmtulab.chmod(0o755)
    result = checkout.make("scenario-576-ruoter")
    assert result.returncode == 2
    assert "576-router" in "\n".join(ours(result))
    assert re.search(r"make: \*\*\* .* Error 2", result.stderr)


def test_help_is_the_default_and_lists_every_target(checkout: Checkout) -> None:
    result = checkout.make()
    assert result.returncode == 0
    listed = re.findall(r"^  make (\S+) +\w", result.stdout, re.MULTILINE)
    assert listed == [
        *("help", "scenario-NAME", "report", "kernels", "test", "test-kernels", "check", "bench", "fuzz", "clean", "constraints")
    ]


def test_missing_tools_are_named_and_fail_only_in_ci(checkout: Checkout) -> None:
    (checkout.programs / "ip").symlink_to("/bin/true")
    result = checkout.make("tools")
    assert result.returncode == 0
    missing = [name for name in TOOLS if name != "ip"]
    advice = f"Debian, Ubuntu: apt-get install {' '.join(PACKAGES[name] for name in missing)}"
    assert ours(result) == [f"missing: {' '.join(missing)}; tests that need them are skipped ({advice})"]
    assert checkout.make("tools", CI="true").returncode != 0


def test_root_on_debian_gets_the_missing_tools(checkout: Checkout) -> None:
    for name in {*TOOLS} - {"tshark"}:
        (checkout.programs / name).symlink_to("/bin/true")
    tshark, asked = checkout.programs / "tshark", checkout.folder / "asked"
    install = f'[ "$1" = -qq ] && [ "$2" = update ] || {{ echo >{tshark}; /bin/chmod +x {tshark}; }}'
    checkout.program("apt-get", f'echo "$DEBIAN_FRONTEND $@" >>{asked}; echo chatter; {install}')
    checkout.program("id", "echo 0")
    result = checkout.make("tools", CI="true")
    assert result.returncode == 0
    assert ours(result) == ["installing tshark"]
    assert asked.read_text().splitlines() == [" -qq update", "noninteractive -qq --no-install-recommends install tshark"]
    asked.unlink()
    assert ours(checkout.make("tools", CI="true")) == []
    assert not asked.exists()


def test_what_apt_cannot_install_is_shown(checkout: Checkout) -> None:
    checkout.program("apt-get", "echo no network; exit 100")
    checkout.program("id", "echo 0")
    result = checkout.make("tools")
    assert result.returncode == 0
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["no network", "missing"]
    assert checkout.make("tools", CI="true").returncode != 0


def without_daemons(checkout: Checkout) -> Path:
    """A checkout with all tools and one daemon, nginx. apt-get has lists after an update only; returns where it is written up."""
    checkout.pretend_set_up(made_in=checkout.folder)
    for name in (*TOOLS, "nginx"):
        (checkout.programs / name).symlink_to("/bin/true")
    (checkout.programs / "mktemp").symlink_to(shutil.which("mktemp") or pytest.fail("no mktemp"))
    asked, lists = checkout.folder / "asked", checkout.folder / "lists"
    download = "echo chronyd >chrony.deb; echo gtlsserver >ngtcp2-server.deb"
    checkout.program("apt-get", f'echo "$@" >>{asked}; [ "$2" = download ] || : >{lists}; [ -e {lists} ] || exit 100; {download}')
    program = '"$3/usr/sbin/$program"'
    checkout.program("dpkg-deb", f'mkdir -p "$3/usr/sbin"; read program <"$2"; echo >{program}; /bin/chmod +x {program}')
    return asked


def test_daemons_are_unpacked_and_not_installed(checkout: Checkout) -> None:
    asked = without_daemons(checkout)
    result = checkout.make("daemons", CI="true")
    assert ours(result) == ["unpacking chrony ngtcp2-server"]
    assert result.returncode == 0
    download = "-qq download chrony ngtcp2-server"
    assert asked.read_text().splitlines() == [download, "-qq update", download]
    unpacked = sorted(path.name for path in (checkout.folder / ".venv/daemons/usr/sbin").iterdir())
    assert unpacked == ["chronyd", "gtlsserver"]
    assert ours(checkout.make("daemons", CI="true")) == []


def test_daemons_that_are_nowhere_fail_only_in_ci(checkout: Checkout) -> None:
    without_daemons(checkout)
    checkout.program("apt-get", "echo no network; exit 100")
    result = checkout.make("daemons")
    assert result.returncode == 0
    assert result.stderr.splitlines()[-1] == (
        "missing: chronyd gtlsserver; tests that need them are skipped (Debian, Ubuntu: apt-get download chrony ngtcp2-server)"
    )
    assert checkout.make("daemons", CI="true").returncode != 0


def test_clean_removes_what_was_made_and_nothing_else(checkout: Checkout) -> None:
    checkout.pretend_set_up(made_in=checkout.folder)
    for folder in ("out/run", "build/lib", "lab/__pycache__", "topologies", "scenarios", "tests", ".mypy_cache"):
        (checkout.folder / folder).mkdir(parents=True)
    (checkout.programs / "find").symlink_to(shutil.which("find") or pytest.fail("no find"))
    assert checkout.make("clean").returncode == 0
    left = sorted(path.relative_to(checkout.folder).as_posix() for path in checkout.folder.rglob("*"))
    assert left == ["Makefile", "constraints.txt", "lab", "pyproject.toml", "scenarios", "tests", "topologies"]


@pytest.mark.parametrize(
    ("ran", "compared", "says"),
    [(0, 0, None), (1, 0, None), (1, 1, "Error 1"), (125, 0, "Error 125"), (125, 1, "Error 1"), (130, 0, "Error 130")],
)
def test_kernels_are_compared_whatever_a_claim_came_to(checkout: Checkout, ran: int, compared: int, says: str | None) -> None:
    """Of a claim that failed the matrix tells; but who was interrupted wants none."""
    checkout.pretend_set_up(checkout.folder)
    (checkout.folder / ".venv/bin").mkdir()
    pmtulab = checkout.folder / ".venv/bin/pmtulab"
    pmtulab.write_text(f'#!/bin/sh\necho "$@"\ncase $2 in run) exit {ran} ;; matrix) exit {compared} ;; esac\n')
    pmtulab.chmod(0o755)
    for stamp in (".run", ".dev"):
        (checkout.folder / ".venv" / stamp).touch()
    (checkout.folder / ".venv/.run").write_text(f"{checkout.folder}\n")
    (checkout.folder / ".venv/.dev").touch()
    result = checkout.make("kernels")
    wanted = ["kernels run --traits all", "kernels matrix --html out/kernels.html"]
    assert ours(result) == wanted[: 1 if ran == 130 else 2]
    assert (says is None) == (result.returncode == 0)
    assert says is None or f"{says}\n" in result.stderr
