"""Topologies at the command line: `show`, `graph`, `shape`, `schema`, and every command's --help."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from unittest import mock

import click
import pytest

import topologies
from lab.cli import cli, main
from lab.find import topology_of
from lab.model.exchange import dump, load, schema
from lab.model.topology import IPV4, IPV6, Topology
from lab.report.picture import picture
from lab.report.plan_text import plan_text
from lab.theory.plan import plan
from tests.damaged import damaged
from topologies import chain, dumbbell, fat_tree, mesh, parking_lot, star, tree

CHAIN = chain("client", "r1", "server", mtus=(1500, (1400, 1300)))


def run(*words: str | Path) -> tuple[int, str, str]:
    """Exit code, output and what is said of errors."""
    code: str | int | None = 0
    with (
        mock.patch.object(sys, "argv", ["pmtulab", *map(str, words)]),
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return int(code or 0), out.getvalue(), err.getvalue()


def printed(*words: str | Path) -> str:
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    return out


def refused(*words: str | Path) -> str:
    """What is said of bad usage or input: one message, exit 2."""
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    return err.partition("Error: ")[2].rstrip()


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    path = tmp_path / "network.yaml"
    path.write_text(dump(CHAIN))
    return path


# --- show


def test_show_prints_the_form_of_exchange(yaml: Path) -> None:
    assert printed("show", "576-router", "--yaml") == dump(topology_of("576-router"))
    assert printed("show", yaml, "--yaml") == yaml.read_text()


@pytest.mark.parametrize("name", ["network.yaml", "network.py"])
def test_show_of_a_topology_is_its_plan(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = dump(CHAIN) if name.endswith("yaml") else "from topologies import chain\ntopology = chain(*'ab', mtus=(1500,))\n"
    path.write_text(text)
    assert printed("show", path) == plan_text(plan(topology_of(str(path))))


def test_a_bad_file_is_told_line_by_line(yaml: Path) -> None:
    yaml.write_text(yaml.read_text().replace("1400", "'1400'").replace("b: r1", "b: R1"))
    for command in ("show", "graph"):
        assert refused(command, yaml).splitlines() == [
            f"{yaml}:7: link 1 (client–R1): there is no node 'R1'; add the node, or correct the name",
            f"{yaml}:8: link 2 (r1–server): mtu is the text '1400'; write a whole number of octets, as in `1500`",
        ]


def test_a_topology_cannot_be_run(yaml: Path) -> None:
    assert refused("run", yaml).startswith(f"{yaml} is a topology, and tells no story")


def test_damaged_files_are_told_at_the_command_line_too(yaml: Path) -> None:
    source = Random(2)
    codes: Counter[int] = Counter()
    for _ in range(100):
        text = damaged(source)
        yaml.write_bytes(text.encode(errors="surrogatepass"))
        code, out, err = run("graph", yaml)
        codes[code] += 1
        assert (code, bool(out), bool(err)) in ((0, True, False), (2, False, True)), text
        assert all(line.isprintable() for line in err.splitlines())
    assert codes[2] > codes[0] > 0


# --- graph


def test_graph_marks_the_way_between_the_first_host_and_the_last(yaml: Path) -> None:
    assert printed("graph", yaml) == (
        "client ──1500── r1 ══1400/1300══ server\n10.0.0.1                         10.0.1.2\n\n"
        "client → server: path MTU 1400, set by r1–server; r1 tells client 1400; black hole at server:r1\n"
        "server → client: path MTU 1300, set by server–r1\n"
    )


def test_graph_marks_the_flow_that_is_asked_for() -> None:
    assert "r2 → client: path MTU 576, set by r2–r1" in printed("graph", "576-router", "--flow", "r2:client")


@pytest.mark.parametrize(
    ("form", "start"),
    [("svg", "<svg "), ("dot", 'graph "576-router" {'), ("mermaid", "flowchart LR"), ("text", "client ──1500── r1")],
)
def test_graph_has_four_forms(form: str, start: str) -> None:
    assert printed("graph", "576-router", "--format", form).startswith(start)


@pytest.mark.parametrize(
    ("flow", "said"),
    [
        ("clint:servr", ["there is no node 'clint'; did you mean client?", "there is no node 'servr'; did you mean server?"]),
        ("client:x", ["there is no node 'x'; there are client, r1, server"]),
        ("client", ["'client' names no two nodes: write client:server"]),
        ("client:r1:server", ["'client:r1:server' names no two nodes: write client:server"]),
        ("r1:r1", ["a flow is between two nodes, and 'r1:r1' names one"]),
        ("client:sw", ["sw is a bridge, and has no address; there are client, r1, server"]),
    ],
)
def test_a_flow_between_nobody(tmp_path: Path, flow: str, said: list[str]) -> None:
    path = tmp_path / "bridged.yaml"
    path.write_text(dump(chain("client", "sw", "r1", "server", mtus=(1500,) * 3, bridges=("sw",))))
    assert refused("graph", path, "--flow", flow).removeprefix("Invalid value for --flow: ").splitlines() == said


# --- shape and schema


@pytest.mark.parametrize(
    ("words", "topology"),
    [
        ("chain client r1 server --mtus 1500,1400/1300", CHAIN),
        ("chain a r1 sw b --mtus 1500,576,68 --silent r1 --bridges sw --offloads", None),
        ("chain a r1 b --mtus 1500,1400 --delays 10,0", chain("a", "r1", "b", mtus=(1500, 1400), delays=(10, 0))),
        ("dumbbell --left 2 --right 3 --mtu 576/600 --edge 9000", dumbbell(2, 3, (576, 600), edge=9000)),
        ("star --mtus 1500,1400 --bridge --families ipv6", star((1500, 1400), bridge=True, families=(IPV6,))),
        ("tree --branches 2 --mtus 1400,1500", tree(2, (1400, 1500))),
        ("mesh --routers 3 --mtu 1400 --families ipv4,ipv6", mesh(3, 1400, families=(IPV4, IPV6))),
        ("fat-tree --k 4 --mtu 9000", fat_tree(4, 9000)),
        ("parking-lot --mtus 1500,1400", parking_lot((1500, 1400))),
    ],
)
def test_each_shape_is_written(words: str, topology: Topology | None) -> None:
    topology = topology or chain("a", "r1", "sw", "b", mtus=(1500, 576, 68), silent=("r1",), bridges=("sw",), offloads=True)
    assert load(printed("shape", *words.split())) == topology


def test_there_is_a_command_for_each_shape() -> None:
    assert [name.replace("-", "_") for name in shape_commands()] == topologies.__all__


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("chain a b --mtus 1500,1400", ["2 nodes in a chain have 1 links between them, but 2 MTUs are given"]),
        ("chain a b --mtus 1500 --delays 1,2", ["2 nodes in a chain have 1 links between them, but 2 delays are given"]),
        ("chain a b --mtus 1500 --delays -1", ["'-1' is no delay: "]),
        ("star --mtus 1500,a,1/2/3", ["'a' is no MTU: ", "'1/2/3' is no MTU: "]),
        ("star --mtus 1500,14 --families ipv5,ipv7", ["'ipv5' is no address family: ", "'ipv7' is no address family: "]),
        ("fat-tree --k 3 --mtu 9000", ["a fat tree has an even number of pods, 2 or more, and not 3"]),
        ("chain a R1 b --mtus 1500,14", ["node 'R1': the name is not a hostname", "link 2 (R1–b): MTU 14 is below 68"]),
        ("fat_tre --k 3", ["there is no shape 'fat_tre'; did you mean fat-tree?"]),
    ],
)
def test_a_shape_that_cannot_be(words: str, said: list[str]) -> None:
    told = refused("shape", *words.split())
    assert all(part in told for part in said)


def shape_commands() -> list[str]:
    shape = cli.commands["shape"]
    assert isinstance(shape, click.Group)
    return shape.list_commands(click.Context(shape))


def test_the_schema_is_printed_as_it_is() -> None:
    assert printed("schema") == schema()
    assert json.loads(schema())["$schema"] == "https://json-schema.org/draft/2020-12/schema"


# --- help


def test_a_slip_in_a_commands_name_is_told_what_is_near() -> None:
    assert refused("grpah", "576-router") == "No such command 'grpah'. Did you mean 'graph'?"
    assert refused("xyzzy") == "No such command 'xyzzy'."


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command there is, by its words."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_help_has_an_example_that_is_one_of_it(words: tuple[str, ...]) -> None:
    (example,) = [line for line in printed(*words, "--help").splitlines() if "Example: " in line]
    assert f"Example: pmtulab {' '.join(words)}" in example


@pytest.mark.parametrize("name", shape_commands())
def test_the_example_of_a_shape_prints_the_network_in_its_picture(name: str) -> None:
    help_text = printed("shape", name, "--help")
    (example,) = [line.split("Example: pmtulab ")[1] for line in help_text.splitlines() if "Example: " in line]
    topology = load(printed(*shlex.split(example)))
    assert all(line in help_text for line in picture(topology).splitlines())
