"""House rules that a program can check: docstrings, tests that assert, no names of the machines it was written on."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FOLDERS = ("lab", "topologies", "scenarios", "tests")
# The names are put together here so that this file passes its own test.
HOSTS = (
    *("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "crates" + ".io", "golang" + ".org"),
    *("debian" + ".org", "ubuntu" + ".com", "docker" + ".io", "gh" + "cr.io", "qu" + "ay.io"),
)
HOME = r"(?<![\w.~])/" + r"(?:root|home/\w[\w.-]*|Users/\w[\w.-]*|work)/\w"
MACHINE = re.compile("|".join((*(rf"\b{re.escape(host)}\b" for host in HOSTS), HOME)))


def python_files() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((TOP / folder).rglob("*.py"))]


def committed() -> Iterator[Path]:
    """Files that are in the repository or will be with the next commit; outside one (a tarball) the Python files alone."""
    listing = ["git", "-c", f"safe.directory={TOP}", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(listing, cwd=TOP, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        return iter(python_files())
    return (TOP / name for name in names if (TOP / name).is_file())


def asserts(test: ast.AST) -> bool:
    """Whether a test has an assert, `pytest.raises`, or a call of check..., expect..., assert... or verify..."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if re.match(r"_*(check|expect|assert|verify)|raises$|warns$", called):
                return True
    return False


def silent_tests(source: str) -> list[str]:
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") and not asserts(node)
    ]


def machine_names(text: str) -> list[str]:
    return [match.group() for match in MACHINE.finditer(text)]


def test_every_file_says_what_it_is_for() -> None:
    mute = [str(path.relative_to(TOP)) for path in python_files() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert not mute, f"no module docstring: {', '.join(mute)}"


def test_every_test_asserts() -> None:
    silent = [f"{path.relative_to(TOP)}: {name}" for path in python_files() for name in silent_tests(path.read_text())]
    assert not silent, "\n" + "\n".join(silent)


def test_no_file_names_a_registry_or_a_home() -> None:
    found = []
    for path in committed():
        try:
            names = machine_names(path.read_text())
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(TOP)}: {name}" for name in names]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("body", ["pass", "x = 1 == 2", "print(assert_=1)", "recheck()"])
def test_a_silent_test_is_caught(body: str) -> None:
    assert silent_tests(f"def test_x():\n    {body}\n") == ["test_x"]


@pytest.mark.parametrize("body", ["assert x", "with pytest.raises(E): f()", "check(x)", "net.expect_mtu(5)", "_verify(1)"])
def test_a_test_that_asserts_is_not(body: str) -> None:
    assert silent_tests(f"def test_x():\n    {body}\n") == []


@pytest.mark.parametrize("host", HOSTS)
def test_a_registry_is_caught(host: str) -> None:
    assert machine_names(f"see https://mirror.{host}/simple") == [host]


@pytest.mark.parametrize("text", ["cd /" + "root/lab", "'/" + "home/eve/lab'", "(/" + "Users/eve/x)", "file:///" + "home/eve/x"])
def test_a_home_is_caught(text: str) -> None:
    assert len(machine_names(text)) == 1


@pytest.mark.parametrize(
    "text", ["~/lab", "tree" + "/root" + "/leaf", "/proc/sys/net", "run it as root/ordinary user", "/home is not read"]
)
def test_an_innocent_path_is_not(text: str) -> None:
    assert machine_names(text) == []
