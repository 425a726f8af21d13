"""Topologies as pictures: `pmtulab graph`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import click

from lab.cli.completing import scenarios_or_files
from lab.cli.group import cli
from lab.find import NoScenario, topology_of

if TYPE_CHECKING:
    from lab.model.topology import Topology
    from lab.report.graph import Graph

Form = Literal["text", "svg", "dot", "mermaid"]


def network(name: str) -> Topology:
    """The topology that NAME stands for. Raises click.ClickException, with everything that is wrong."""
    try:
        return topology_of(name)
    except NoScenario as error:
        raise click.ClickException(str(error)) from error


@cli.command("graph")
@click.argument("name", shell_complete=scenarios_or_files)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "svg", "dot", "mermaid"]),
    default="text",
    show_default=True,
    help="Text, a picture, or the language of Graphviz or of Mermaid.",
)
@click.option("--flow", metavar="NODE:NODE", help="Mark the way between these two.  [default: the first host and the last]")
def graph_command(name: str, form: Form, flow: str | None) -> None:
    """A network as a picture, MTUs on its links; marked for a flow: its path MTU, what sets it, who sends PTBs.

    NAME is a scenario, or a file: a topology in YAML, a topology or scenario in Python.

    \b
    Exit: 0, or 2 for bad usage or input.
    Example: pmtulab graph 576-router --format svg > network.svg
    """
    from lab.report.graph import graph
    from lab.theory.plan import plan

    topology = network(name)
    source, to = ends(flow, topology)
    click.echo(drawn(graph(name, plan(topology), source, to), form), nl=False)


def drawn(graph: Graph, form: Form) -> str:
    if form == "svg":
        from lab.report.graph_svg import graph_svg

        return graph_svg(graph)
    if form == "dot":
        from lab.report.graph_dot import graph_dot

        return graph_dot(graph)
    if form == "mermaid":
        from lab.report.graph_mermaid import graph_mermaid

        return graph_mermaid(graph)
    from lab.report.graph_text import graph_text

    return graph_text(graph)


def ends(flow: str | None, topology: Topology) -> Sequence[str]:
    """The two nodes that --flow names, or the first and the last host."""
    if flow is None:
        return topology.hosts[0].name, topology.hosts[-1].name
    names = flow.split(":")
    wrong = [] if len(names) == 2 else [f"{flow!r} names no two nodes: write client:server"]
    able = [node.name for node in topology.nodes if node not in topology.bridges]
    for name in names if not wrong else ():
        if name in able:
            continue
        close = get_close_matches(name, able)
        hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(able)}"
        bridge = any(bridge.name == name for bridge in topology.bridges)
        wrong.append(f"{name} is a bridge, and has no address; {hint}" if bridge else f"there is no node {name!r}; {hint}")
    if not wrong and names[0] == names[1]:
        wrong = [f"a flow is between two nodes, and {flow!r} names one"]
    if wrong:
        raise click.BadParameter("\n".join(wrong), param_hint="--flow")
    return names
