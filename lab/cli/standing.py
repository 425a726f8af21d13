"""Standing labs: `pmtulab up`, `ls`, `down`, `attach`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import PurePath

import click

from lab.cli.completing import labs, scenarios_or_files
from lab.cli.group import cli

in_a_lab = click.option("--in", "lab", metavar="LAB", shell_complete=labs, help="The lab; may be left out where only one stands.")


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What is wrong with what the user wrote is a message, and exit code 2."""
    from lab.find import NoScenario, NoTopology
    from lab.standing import NoLab
    from lab.theory.problems import BadTopology
    from lab.theory.settings import BadSettings

    try:
        yield
    except (NoLab, NoScenario, NoTopology, BadTopology, BadSettings) as error:
        raise click.ClickException(str(error)) from error


@cli.command("up")
@click.argument("source", metavar="FILE|NAME", shell_complete=scenarios_or_files)
@click.option("--as", "name", metavar="LAB", help="The lab's name.  [default: the file's or scenario's]")
def up_command(source: str, name: str | None) -> None:
    """Make a lab that stands until `pmtulab down`, whatever becomes of this terminal.

    FILE is a topology (.yaml, .py), NAME a scenario, of which it takes the topology. It needs no root where user namespaces are
    allowed, only you can use it, and nothing of the machine's is changed.

    \b
    Exit: 0 it stands, 2 bad usage or input or a lab of that name stands, 125 the lab cannot run here.
    Example: pmtulab up 576-router --as mylab
    """
    from lab.find import topology_of
    from lab.report.picture import picture
    from lab.report.wording import count
    from lab.standing import up

    name = name or re.sub(r"\.(py|ya?ml)$", "", PurePath(source).name)
    with told():
        topology = topology_of(source)
        up(topology, name)
    click.echo(f"{picture(topology)}\nlab {name} is up: {count(len(topology.nodes), 'node')}, {count(len(topology.links), 'link')}")


@cli.command("ls")
@click.option("--names", is_flag=True, help="Print names alone.")
def ls_command(names: bool) -> None:
    """The labs that stand. Of one whose process was killed it says so, once, and sweeps away the name that it left.

    \b
    Exit: 0.
    Example: pmtulab ls
    """
    from lab.standing import Lab, clock, labs

    for lab in labs():
        if not isinstance(lab, Lab):
            click.echo(str(lab), err=True)
        elif names:
            click.echo(lab.name)
        else:
            click.echo(f"{lab.name:24} {len(lab.nodes):4} nodes  since {clock(lab.since)}  process {lab.pid}")


@cli.command("down")
@click.argument("labs", nargs=-1, metavar="[LAB]...", shell_complete=labs)
@click.option("--all", "every", is_flag=True, help="All labs.")
def down_command(labs: tuple[str, ...], every: bool) -> None:
    """Take labs down, with every program in them; the only one where no LAB is named. When this returns, nothing is left.

    \b
    Exit: 0 all are down, 2 there is no such lab (the others are down), 125 one did not end.
    Example: pmtulab down mylab
    """
    from lab.standing import NoLab, down, names

    wrong = []
    for name in dict.fromkeys(names() if every else labs or (None,)):
        try:
            click.echo(f"lab {down(name)} is down")
        except NoLab as error:  # no reason to leave the others up
            wrong.append(str(error))
    if every:  # killed, or gone just now: down is what was asked for
        click.echo("".join(f"{line}\n" for line in wrong), nl=False, err=True)
    elif wrong:
        raise click.ClickException("\n".join(wrong))


@cli.command("attach")
@click.argument("lab", required=False, shell_complete=labs)
def attach_command(lab: str | None) -> None:
    """Give the nodes of a lab names for `ip netns` on this machine, LAB.NODE each; `pmtulab down` takes them back. For root.

    Nothing else needs this: `pmtulab exec` and `shell` reach every node. While a namespace has a name it stays, whatever becomes of
    the lab. A name that is there already is left alone, and then none is given.

    \b
    Exit: 0 all have names, 2 there is no such lab or a name is taken, 125 you are not root.
    Example: pmtulab attach mylab && ip netns exec mylab.client ip route
    """
    from lab.standing import attach

    with told():
        for name in attach(lab):
            click.echo(name)
