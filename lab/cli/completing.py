"""`pmtulab completion`, and what the shell is told while somebody types: names of scenarios, labs, nodes and link ends."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from lab.cli.group import cli

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

VARIABLE = "_PMTULAB_COMPLETE"
"""The environment variable by which a shell asks what a word may become."""


def complete() -> int | None:
    """Answers a shell, and gives the exit code; None where no shell asks."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        return None
    from click.shell_completion import shell_complete

    return shell_complete(cli, {}, "pmtulab", VARIABLE, asked)


@cli.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print what makes bash, zsh or fish complete the words of pmtulab: commands, options, scenarios, labs, nodes.

    \b
    bash:  echo 'eval "$(pmtulab completion bash)"' >>~/.bashrc
    zsh:   echo 'eval "$(pmtulab completion zsh)"' >>~/.zshrc
    fish:  pmtulab completion fish >~/.config/fish/completions/pmtulab.fish

    \b
    Exit: 0, or 2 for bad usage.
    Example: pmtulab completion bash
    """
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    assert completer, "Choice has no other"
    click.echo(completer(cli, {}, "pmtulab", VARIABLE).source())


def scenarios_or_files(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of scenarios and groups, and files."""
    from click.shell_completion import CompletionItem

    from lab.suggest import scenarios

    named = [CompletionItem(name, help=title) for name, title in scenarios(incomplete).items()] if "/" not in incomplete else []
    # bash begins anew with this one: so it comes first.
    return [CompletionItem(incomplete, type="file"), *named]


def labs(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from lab.suggest import labs

    return [name for name in labs() if name.startswith(incomplete)]


def nodes(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Nodes of the lab that --in names."""
    from lab.suggest import nodes

    return [name for name in nodes(context.params.get("lab")) if name.startswith(incomplete)]


def ends(context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Link ends, and nodes for all of theirs."""
    from lab.suggest import ends, nodes

    lab = context.params.get("lab")
    before = before_a_colon(context.params.get(str(param.name)) or (), incomplete)
    typed = before + incomplete.removeprefix(":")
    return [name.removeprefix(before) for name in (*nodes(lab), *ends(lab)) if name.startswith(typed)]


def before_a_colon(words: Sequence[str], incomplete: str) -> str:
    """bash takes a colon for a word of its own, and "client:r" for three: what is completed begins with those before."""
    if not os.environ.get(VARIABLE, "").startswith("bash"):
        return ""
    if incomplete == ":":
        return f"{words[-1]}:" if words else ""
    return f"{words[-2]}:" if len(words) > 1 and words[-1] == ":" else ""
