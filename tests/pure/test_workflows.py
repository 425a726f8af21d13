"""The workflows that people copy: each is YAML, and each command of ours in it is one that there is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from lab.cli import cli

FOLDER = Path(__file__).parents[2] / "docs/examples/workflows"
FILES = sorted(FOLDER.iterdir())


def commands(script: str) -> Iterator[list[str]]:
    """The command lines of pmtulab in a shell script, as words, without what is done with their output."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        words = words[words.index("exec") + 1 :] if "exec" in words else words
        if words[:1] == ["pmtulab"]:
            ends = [number for number, word in enumerate(words) if word.startswith((">", "|"))]
            yield words[1 : ends[0] if ends else None]


def scripts(path: Path) -> Iterator[str]:
    if path.suffix == ".sh":
        yield path.read_text()
        return
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        assert job["timeout-minutes"] > 0
        yield from (step["run"] for step in job["steps"] if "run" in step)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_command_of_ours_is_one(path: Path) -> None:
    found = [words for script in scripts(path) for words in commands(script)]
    assert found
    for words in found:
        command: click.Command = cli
        context = click.Context(cli)
        while isinstance(command, click.Group):
            name, *words = words
            command = command.commands[name]
            context = click.Context(command, parent=context)
        command.parse_args(context, [word for word in words if word != "$@"])


def test_a_command_that_is_none_is_found() -> None:
    assert list(commands("set -e\nexec pmtulab kernels run \\\n  --kernel . all || true\n")) == [
        ["kernels", "run", "--kernel", ".", "all"]
    ]
