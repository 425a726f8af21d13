"""In a standing lab: `pmtulab exec`, `shell`, `inspect`, `set`."""

from __future__ import annotations

import sys

import click

from lab.cli.completing import nodes
from lab.cli.group import cli
from lab.cli.standing import in_a_lab, told


# Options stand before NODE: what comes after it belongs to the command.
@cli.command("exec", context_settings={"allow_interspersed_args": False})
@in_a_lab
@click.argument("node", shell_complete=nodes)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] COMMAND [ARGUMENT]...")
def exec_command(lab: str | None, node: str, command: tuple[str, ...]) -> None:
    """Run a program in a node of a lab, in this directory and with this environment; you are root there.

    Its streams are this command's; at a terminal Ctrl-C, the window's size and, where a shell is there to heed it, Ctrl-Z reach it.
    In the background (&) it reads nothing. It is ended when this command is; a daemon that leaves its session stays, until the lab
    is down.

    \b
    Exit: the program's own; 128+N where signal N ends it, 127 there is no such program, 126 it cannot be run,
    2 there is no such lab or node.
    Example: pmtulab exec --in mylab server -- iperf3 -s
    """
    from lab.inside import CannotRun, execute

    argv = command[1:] if command[0] == "--" else command
    if command[0].partition("=")[0] == "--in":
        raise click.UsageError("Options stand before NODE: pmtulab exec --in LAB NODE -- COMMAND")
    if not argv:
        raise click.UsageError("Missing argument 'COMMAND'.")
    with told():
        try:
            sys.exit(execute(lab, node, argv))
        except CannotRun as error:
            click.echo(f"{node}: {error}", err=True)
            sys.exit(error.code)


@cli.command("shell")
@in_a_lab
@click.argument("node", shell_complete=nodes)
def shell_command(lab: str | None, node: str) -> None:
    """An interactive shell in a node: $SHELL, else bash, else sh, with the node's name in the prompt; you are root there.

    bash reads ~/.bashrc as ever. Shells that make their prompt themselves (zsh, fish) find the names in PMTULAB_LAB and
    PMTULAB_NODE. Without a terminal the shell reads commands from stdin.

    \b
    Exit: the shell's own, 127 or 126 it cannot be run, 2 there is no such lab or node.
    Example: pmtulab shell client
    """
    from lab.inside import CannotRun, shell

    with told():
        try:
            sys.exit(shell(lab, node))
        except CannotRun as error:
            click.echo(f"{node}: {error}", err=True)
            sys.exit(error.code)


@cli.command("inspect")
@in_a_lab
@click.argument("nodes", nargs=-1, metavar="[NODE]...", shell_complete=nodes)
@click.option("--json", "as_json", is_flag=True, help="Print an object for programs, with every node.")
def inspect_command(lab: str | None, nodes: tuple[str, ...], as_json: bool) -> None:
    """A lab as it is now, as its kernel has it: MTU at each end, addresses, routes, route exceptions, TCP sockets.

    \b
    Exit: 0 told, 2 there is no such lab or node, 125 the kernel cannot tell.
    Example: pmtulab inspect client --in mylab
    """
    from lab.report.inspection import inspection_json, inspection_text
    from lab.standing import inspected

    with told():
        found, inspection, owners = inspected(lab, nodes)
    if as_json:
        click.echo(inspection_json(found.name, found.since, found.pid, inspection), nl=False)
    else:
        click.echo(inspection_text(inspection, found.topology, owners, nodes), nl=False)


@cli.command("set")
@in_a_lab
@click.argument("words", nargs=-1, required=True, metavar="TARGET KEY=VALUE... [TARGET KEY=VALUE...]...")
def set_command(lab: str | None, words: tuple[str, ...]) -> None:
    """Change a lab that stands: all of what is asked for, or nothing.

    \b
    client-r1 mtu=1400      both ends of a link (or client–r1, where names have hyphens)
    client:r1 mtu=1400      client's end of it
    r1 icmp=off             router r1 tells nobody of what is too big; icmp=on: it does
    client net.ipv4.tcp_mtu_probing=1      a sysctl of a node

    \b
    Exit: 0 all is set, 2 something is wrong and nothing is set, 125 the kernel refuses it and nothing is set.
    Example: pmtulab set r1-r2 mtu=1400 r1 icmp=off
    """
    from lab.standing import change

    with told():
        for line in change(lab, words):
            click.echo(line)
