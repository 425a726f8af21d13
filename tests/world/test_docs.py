"""The pages of docs/ show real output: every command on them is run, as tests/pages.py says, and its output compared."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.pages import DOCS, Command, File, may_fail, pages, parts, rewritten, tools
from tests.shown import alike, steady
from tests.world.command import PMTULAB, surroundings

WITHIN = 120.0
"""Seconds that all the commands of a page may take together."""

Printed = dict[Command, tuple[str, int]]
"""What each command printed, and the status that it exited with; without those that the shell never came to."""

# After each command its number and exit status, between characters that no program here prints. It returns that status, too, so
# that `echo $?` comes upon it.
SAID = """said() { printf '\\036%d %d\\036' "$1" "$2"; return "$2"; }"""


def as_parameters() -> list[object]:
    """Each page, with the marker for its tools."""
    rows = [(page, tools(page.read_text())) for page in pages()]
    return [
        pytest.param(page, id=str(page.relative_to(DOCS)), marks=[pytest.mark.tools(*names)] * bool(names)) for page, names in rows
    ]


def play(page: str, directory: Path) -> Printed:
    """Does all that the page says, in `directory`."""
    commands = [part for part in parts(page) if isinstance(part, Command)]
    script = [SAID]
    for part in parts(page):
        if isinstance(part, File):
            script.append(f"printf %s {shlex.quote(part.text)} >{shlex.quote(str(directory / part.name))}")
        else:
            script += [part.text, f"said {commands.index(part)} $?"]
    with labs_of_its_own() as environment, tempfile.TemporaryFile() as output:
        run_to_end("\n".join(script), directory, environment, output.fileno())
        output.seek(0)
        said = re.findall(r"(.*?)\x1e(\d+) (\d+)\x1e", output.read().decode(), re.DOTALL)
    return {commands[int(number)]: (text, int(status)) for text, number, status in said}


def run_to_end(script: str, directory: Path, environment: dict[str, str], output: int) -> None:
    """Has a shell run the script, for WITHIN seconds at most. Whoever is left of its process group is killed."""
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    ) as shell:
        try:
            shell.wait(WITHIN)
        except subprocess.TimeoutExpired:
            pass  # its last command has then said nothing, and is missed
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)


@contextlib.contextmanager
def labs_of_its_own() -> Iterator[dict[str, str]]:
    """An environment with pmtulab on PATH, and a place for the labs that the page keeps up, which are taken down at the end.

    The place has a short name, as there are sockets in it.
    """
    with tempfile.TemporaryDirectory(prefix="labs-", dir="/tmp") as place:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        environment = surroundings(PATH=path, XDG_RUNTIME_DIR=place, LC_ALL="C.UTF-8", TERM="dumb")
        try:
            yield environment
        finally:
            subprocess.run([*PMTULAB, "down", "--all"], env=environment, stdin=subprocess.DEVNULL, timeout=60, check=True)


def failures(page: str, printed: Printed) -> list[str]:
    """The commands that did not run to their end, or failed although the page does not show with what status."""
    commands = [part for part in parts(page) if isinstance(part, Command)]
    free = may_fail(commands)
    found = []
    for number, command in enumerate(commands):
        if command not in printed:
            found.append(f"{place(command)}was not run to its end")
        elif (status := printed[command][1]) and number not in free:
            found.append(f"{place(command)}exited with {status}:\n{printed[command][0]}")
    return found


def differences(printed: Printed) -> list[str]:
    """The outputs that are not as the page shows them."""
    found = []
    for command, (seen, _) in printed.items():
        if not alike(command.shown, seen):
            shown, now = (steady(text).splitlines(keepends=True) for text in (command.shown, seen))
            found.append(place(command) + "".join(unified_diff(shown, now, "shown", "seen")))
    return found


def place(command: Command) -> str:
    return f"line {command.first}: $ {command.text}\n"


@pytest.mark.parametrize("path", as_parameters())
def test_a_page_shows_what_is_printed(path: Path, tmp_path: Path) -> None:
    page = path.read_text()
    printed = play(page, tmp_path)
    assert not (failed := failures(page, printed)), "\n\n".join(failed)
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        path.write_text(
            rewritten(page, {command: seen for command, (seen, _) in printed.items() if not alike(command.shown, seen)})
        )
    else:
        assert not (different := differences(printed)), "\n\n".join(different)


def faults(page: str, directory: Path) -> list[str]:
    printed = play(page, directory)
    return [*failures(page, printed), *differences(printed)]


# --- the test of pages, tested

TRUE = """\
<!-- file: small.txt -->
```text
it's "small"
```

```console
$ cat small.txt; \\
  echo and a line in two
it's "small"
and a line in two
$ cd /
$ pwd
/
$ ls /nowhere
ls: cannot access '/nowhere': No such file or directory
$ echo $?
2
$ seq 9
1
…
9
```

```console
$ pwd
/
```
"""


def test_a_page_that_is_true_has_no_fault(tmp_path: Path) -> None:
    assert faults(TRUE, tmp_path) == []


@pytest.mark.parametrize(
    ("true", "false", "told"),
    [
        ("and a line in two\n$ cd", "and a line\n$ cd", "-and a line\n+and a line in two"),
        ("\n2\n", "\n3\n", "-3\n+2"),
        ("\n9\n", "\n8\n", "+9\n"),
        ("$ echo $?\n2\n", "", "exited with 2:"),
        ("$ pwd\n/\n$ ls", "$ exit 3\n$ ls", "was not run to its end"),
        ("…\n9", "2\n9", "+3\n"),
    ],
)
def test_a_page_that_is_not_has(true: str, false: str, told: str, tmp_path: Path) -> None:
    assert true in TRUE
    page = TRUE.replace(true, false, 1)
    assert told in faults(page, tmp_path)[0]


def test_a_page_that_takes_too_long_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "WITHIN", 0.5)
    page = "```console\n$ echo on\non\n$ sleep 60 & sleep 60\n$ echo later\nlater\n```\n"
    assert [fault.splitlines()[0] for fault in faults(page, tmp_path)] == [
        "line 4: $ sleep 60 & sleep 60",
        "line 5: $ echo later",
    ]


def test_a_lab_that_a_page_leaves_up_is_taken_down(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    play("```console\n$ pmtulab up 576-router\n$ pmtulab exec client -- sleep 60 & exit\n```\n", tmp_path)
    assert capfd.readouterr().out == "lab 576-router is down\n"
