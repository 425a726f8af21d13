"""Topologies as files: `pmtulab shape` writes one, `pmtulab schema` says to an editor what may stand in it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, get_type_hints

import click

from lab.cli.group import cli
from lab.find import shapes
from lab.model.topology import IPV4, IPV6, Family, Topology
from lab.theory.problems import BadTopology, problems

Mtu = int | tuple[int, int]
T = TypeVar("T")


def one_mtu(text: str) -> Mtu:
    numbers = text.split("/")
    if not all(number.isdecimal() for number in numbers) or len(numbers) > 2:
        raise click.BadParameter(f"{text!r} is no MTU: write 1500, or 1500/1400 for the two ends of a link, as it is drawn")
    return int(numbers[0]) if len(numbers) == 1 else (int(numbers[0]), int(numbers[1]))


def one_delay(text: str) -> int:
    if not text.isdecimal():
        raise click.BadParameter(f"{text!r} is no delay: write a whole number of milliseconds, as 20")
    return int(text)


def one_family(text: str) -> Family:
    if text not in FAMILIES:
        raise click.BadParameter(f"{text!r} is no address family: write ipv4, ipv6 or ipv4,ipv6")
    return FAMILIES[text]


def each(convert: Callable[[str], T]) -> Callable[[str | tuple[T, ...]], tuple[T, ...]]:
    """For values with commas between them. What is wrong with any is said of all."""

    def convert_all(given: str | tuple[T, ...]) -> tuple[T, ...]:
        if not isinstance(given, str):  # a default
            return given
        found, wrong = [], []
        for text in given.split(","):
            try:
                found.append(convert(text))
            except click.BadParameter as error:
                wrong.append(error.message)
        if wrong:
            raise click.BadParameter("\n".join(wrong))
        return tuple(found)

    return convert_all


FAMILIES = {"ipv4": IPV4, "ipv6": IPV6}
TYPES: Mapping[object, tuple[Any, str]] = {
    int: (click.INT, "N"),
    Mtu: (lambda given: one_mtu(str(given)), "MTU"),
    Sequence[Mtu]: (each(one_mtu), "MTU,MTU..."),
    Sequence[int]: (each(one_delay), "MS,MS..."),
    Collection[str]: (each(str), "NODE,NODE..."),
    tuple[Family, ...]: (each(one_family), "FAMILY,FAMILY"),
}
"""For each type of a shape's parameters what makes one of a word on the command line, and what such a word is called in --help."""


class Shapes(click.Group):
    """A command for each shape, made of its signature."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name.replace("_", "-") for name in shapes()]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        shape = shapes().get(name.replace("-", "_"))
        if shape is None and not context.resilient_parsing:
            every = self.list_commands(context)
            near = get_close_matches(name, every)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(every)}"
            raise click.UsageError(f"there is no shape {name!r}; {hint}", context)
        return command(name, shape) if shape else None


@cli.group("shape", cls=Shapes, subcommand_metavar="SHAPE ...", no_args_is_help=True)
def shape_group() -> None:
    """Print a topology of a usual shape as YAML.

    \b
    Exit: 0, or 2 for bad usage or input.
    Example: pmtulab shape chain client r1 server --mtus 1500,1400 > network.yaml
    """


def command(name: str, shape: Callable[..., Topology]) -> click.Command:
    """`pmtulab shape NAME`: an argument for *names, and an option for each other parameter."""
    signature = inspect.signature(shape)
    hints = get_type_hints(shape)

    def write(**values: Any) -> None:
        from lab.model.exchange import dump

        try:
            topology = shape(*values.pop("names", ()), **values)
        except ValueError as error:
            raise click.ClickException(str(error)) from error
        if found := problems(topology):
            raise click.ClickException(str(BadTopology(found)))
        click.echo(dump(topology), nl=False)

    params = [parameter(written, hints[written.name]) for written in signature.parameters.values()]
    return click.Command(name, params=params, callback=write, help=told(name, inspect.getdoc(shape) or "", signature))


def parameter(written: inspect.Parameter, hint: object) -> click.Parameter:
    if written.kind == written.VAR_POSITIONAL:
        return click.Argument([written.name], nargs=-1, required=True, metavar="NODE...")
    if hint is bool:
        return click.Option([option(written.name)], is_flag=True)
    convert, metavar = TYPES[hint]
    needed = written.default is written.empty
    default = None if needed else written.default
    return click.Option([option(written.name)], type=convert, metavar=metavar, required=needed, default=default)


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def told(name: str, docstring: str, signature: inspect.Signature) -> str:
    """A shape's docstring as help: its example as a command, its picture as it is, nothing of what it raises in Python."""
    paragraphs = []
    for paragraph in docstring.split("\n\n"):
        if paragraph.startswith(f"{signature_name(name)}("):
            example = f"pmtulab shape {name} {words(paragraph.rstrip(':'), signature)}"
            paragraphs.append(f"\b\nExit: 0, or 2 for bad usage or input.\nExample: {example}")
        elif not paragraph.startswith("Raises "):
            paragraphs.append(f"\b\n{paragraph}" if paragraph.startswith(" ") else paragraph)
    return "\n\n".join(paragraphs)


def signature_name(name: str) -> str:
    return name.replace("-", "_")


def words(call: str, signature: inspect.Signature) -> str:
    """A call in Python as words on the command line: `star((1500, 1400))` is `--mtus 1500,1400`."""
    (expression,) = ast.parse(call).body
    assert isinstance(expression, ast.Expr)
    assert isinstance(expression.value, ast.Call)
    given = [ast.literal_eval(value) for value in expression.value.args]
    keywords = {str(named.arg): ast.literal_eval(named.value) for named in expression.value.keywords}
    found: list[str] = []
    for key, value in signature.bind(*given, **keywords).arguments.items():
        listed = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        found += value if signature.parameters[key].kind == inspect.Parameter.VAR_POSITIONAL else [option(key), listed]
    return " ".join(found)


@cli.command("schema")
def schema_command() -> None:
    """Print the JSON Schema (2020-12) of topologies in YAML, for editors that complete and check as you type.

    An editor with a YAML language server takes it by a file's first line:
    "# yaml-language-server: $schema=topology.schema.json".

    \b
    Exit: 0.
    Example: pmtulab schema > topology.schema.json
    """
    from lab.model.exchange import schema

    click.echo(schema(), nl=False)
