"""Inside a standing lab: a program in a node, and a shell."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import PurePath

from lab.standing import check_nodes, connected
from lab.world.sandbox import in_memory
from lab.world.terminal import CannotRun, in_background, run_at_terminal, run_beside

__all__ = ["CannotRun", "execute", "shell"]

SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")

# The user's own rc first; then before each prompt, so that it lasts, whatever else makes the prompt.
BASH_RC = """
[ -r ~/.bashrc ] && . ~/.bashrc
pmtulab_prompt() {{ case $PS1 in "{prompt}"*) ;; *) PS1="{prompt}$PS1" ;; esac; }}
PROMPT_COMMAND="${{PROMPT_COMMAND:+$PROMPT_COMMAND
}}pmtulab_prompt"
exec 3<&-
"""


def execute(lab: str | None, node: str, argv: Sequence[str]) -> int:
    """Runs a program in a node of a lab (None: of the only one), at our terminal where we have one. Gives the exit code of a shell.

    In the background it runs with no input, where a terminal of its own would stop us at once. Raises NoLab and CannotRun.
    """
    with connected(lab) as (found, sandbox):
        check_nodes(found, [node])
        run = run_at_terminal if at_terminal() and not in_background() else run_beside
        return code(run(sandbox, node, argv, environment(), directory()))


def shell(lab: str | None, node: str) -> int:
    """Runs a shell in a node, with the node's name in the prompt; without a terminal it reads commands from stdin. As execute().

    It is $SHELL, else bash, else sh. bash reads the user's ~/.bashrc, and after that an rc file of ours (from memory) that puts the
    prompt before the user's; other shells get theirs by PS1, and every shell PMTULAB_LAB and PMTULAB_NODE for a prompt of its own.
    """
    with connected(lab) as (found, sandbox), contextlib.ExitStack() as undo:
        check_nodes(found, [node])
        argv, prompt = [find_shell()], f"[{node}@{found.name}] "
        more: list[int] = []
        names = {"PMTULAB_LAB": found.name, "PMTULAB_NODE": node}
        if not at_terminal():
            return code(run_beside(sandbox, node, argv, environment() | names, directory()))
        if PurePath(argv[0]).name == "bash":
            rc = undo.enter_context(in_memory(BASH_RC.format(prompt=prompt)))
            argv += ["--rcfile", "/proc/self/fd/3"]
            more.append(rc.fileno())
        else:
            names["PS1"] = f"{prompt}# "  # in its own namespaces everybody is root
        return code(run_at_terminal(sandbox, node, [*argv, "-i"], environment() | names, directory(), more))


def at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def find_shell() -> str:
    """The user's own, unless it is one that nobody may log in with."""
    own = os.environ.get("SHELL", "")
    if PurePath(own).name in ("nologin", "false"):
        own = ""
    return next(path for path in (shutil.which(own), shutil.which("bash"), "/bin/sh") if path)


def environment() -> dict[str, str]:
    """Ours, with the directories of ip, nft and tcpdump: an ordinary user's PATH lacks them, and in the lab everybody is root."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return {**os.environ, "PATH": os.pathsep.join([*path, *(folder for folder in SBIN if folder not in path)])}


def directory() -> str:
    """Ours; where that has been removed, the root."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return "/"


def code(status: int) -> int:
    """What a shell's $? is: 128 and the number of the signal that ended it."""
    return status if status >= 0 else 128 - status
