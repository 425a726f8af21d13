"""Topologies in one form for files and programs: `as_object` and `of_object`, and the same as YAML: `dump` and `load`.

    nodes:
      client: host
      r1: router
      r2: {kind: router, sends_ptb: false}
      server: host
    links:
      - {a: client, b: r1, mtu: 1500}
      - {a: r1, b: r2, mtu: 576, delay: 20}
      - {a: r2, b: server, mtu: 1500, mtu_b: 1400}

What may stand where is in topology.schema.json beside this file, a JSON Schema (2020-12) that editors read as well; how the text
may be written is in `lab.model.strict_yaml`. What cannot be planned (an MTU of 67, a link to nobody) is no matter here, as with any
Topology: `lab.theory.written` finds that, too, and gives all at once.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from lab.model.problem import TOPOLOGY, Path, Place, Problem
from lab.model.topology import IPV4, IPV6, Bridge, Family, Host, Link, Node, Router, Topology

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

FAMILIES: Mapping[str, Family] = {"ipv4": IPV4, "ipv6": IPV6}
KINDS: Mapping[type[Node], str] = {Host: "host", Router: "router", Bridge: "bridge"}

# Limits that the schema states for editors. A Topology may exceed them, and lab.theory.problems says it, with its sources.
_LIMITS = {"minimum", "maximum", "minItems", "minProperties", "uniqueItems", "pattern", "maxLength", "not"}


class BadFile(ValueError):
    """A text, or an object, that is no topology. Its text is every problem with its line, one a line, in the order of lines."""

    def __init__(self, source: str, problems: Sequence[tuple[int, Problem]]) -> None:
        super().__init__(source, problems)
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda numbered: numbered[0]))

    def __str__(self) -> str:
        return "\n".join(f"{self.source}:{line}: {problem}" if line else str(problem) for line, problem in self.problems)


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says, as far as it can be understood: of what is `unsound` the topology has what is usual.

    `whole` is false where the text stops half-way: what is missing is then nobody's fault.
    """

    topology: Topology
    problems: tuple[tuple[int, Problem], ...]
    lines: Mapping[Path, int]
    unsound: frozenset[Path]
    whole: bool


def as_object(topology: Topology) -> dict[str, Any]:
    """A topology as plain data, fit for JSON. Raises ValueError where two nodes have one name, which no mapping can say."""
    nodes = {node.name: _node_object(node) for node in topology.nodes}
    if len(nodes) < len(topology.nodes):
        raise ValueError("two nodes have one name")
    found: dict[str, Any] = {"families": [name for family in topology.families for name in FAMILIES if FAMILIES[name] == family]}
    found |= {"offloads": True} if topology.offloads else {}
    return found | {"nodes": nodes, "links": [_link_object(link) for link in topology.links]}


def _node_object(node: Node) -> str | dict[str, Any]:
    kind = KINDS[type(node)]
    if isinstance(node, Router) and not node.sends_ptb:
        return {"kind": kind, "sends_ptb": False}
    if isinstance(node, Bridge) and node.calls_iptables:
        return {"kind": kind, "calls_iptables": True}
    return kind


def _link_object(link: Link) -> dict[str, Any]:
    mtus = {"mtu": link.mtu} | ({} if link.mtu_b is None else {"mtu_b": link.mtu_b})
    return {"a": link.a, "b": link.b} | mtus | ({"delay": link.delay} if link.delay else {})


def of_object(data: object) -> Topology:
    """The topology that plain data says. Raises BadFile, with everything that is not of the form."""
    problems = _shape(data, frozenset())
    if problems:
        raise BadFile("", [(0, problem) for problem in problems])
    return _topology(data)


def load(text: str, source: str = "topology") -> Topology:
    """The topology in a YAML text, which came from `source`. Raises BadFile, with everything that is not of the form."""
    written = read(text)
    if written.problems:
        raise BadFile(source, written.problems)
    return written.topology


def read(text: str) -> Written:
    """Reads as much as can be. Raises nothing."""
    from lab.model import strict_yaml

    reading = strict_yaml.read(text)
    problems = [(line, Problem(place(path, reading.data), what, remedy)) for line, path, what, remedy in reading.wrong]
    shape = _shape(reading.data, frozenset(reading.unsound)) if reading.whole else []
    problems += [(reading.line(problem.place.path), problem) for problem in shape]
    unsound = reading.unsound | {problem.place.path for _, problem in problems}
    return Written(_topology(reading.data), tuple(problems), reading.lines, frozenset(unsound), reading.whole)


def dump(topology: Topology) -> str:
    """The topology as YAML, a node and a link a line: load(dump(t)) == t. Raises as as_object() does."""
    from lab.model.strict_yaml import Line, write

    data = as_object(topology)
    data["nodes"] = {name: Line(node) if isinstance(node, dict) else node for name, node in data["nodes"].items()}
    data["links"] = list(map(Line, data["links"]))
    return write(data)


@cache
def schema() -> str:
    """The JSON Schema, as it is published."""
    return (pkgutil.get_data(__package__, "topology.schema.json") or b"").decode()


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema()))


def place(path: Path, data: object = None) -> Place:
    """What people call the part of a topology that `path` leads to: a node, a link with its ends, or a key of the whole."""
    if path[:1] == ("nodes",) and len(path) > 1:
        return Place(f"node {path[1]!r}", path)
    if path[:1] == ("links",) and len(path) > 1 and isinstance(path[1], int):
        links = data.get("links") if isinstance(data, dict) else None
        link = links[path[1]] if isinstance(links, list) else None
        a, b = (link.get(key) if isinstance(link, dict) else None for key in ("a", "b"))
        ends = f" ({a}\N{EN DASH}{b})" if isinstance(a, str) and isinstance(b, str) else ""
        return Place(f"link {path[1] + 1}{ends}", path)
    return Place(str(path[0]) if path and path[0] in ("nodes", "links", "families") else TOPOLOGY.words, path)


def _shape(data: object, unsound: frozenset[Path]) -> list[Problem]:
    """What is not of the form, but for what is at or below the `unsound` paths."""
    found: list[Problem] = []
    for error in _validator().iter_errors(data):
        path = tuple(error.absolute_path)
        told = () if str(error.validator) in _LIMITS else _words(error, path)
        found += (Problem(place(at, data), what, remedy) for at, what, remedy in told if not within(at, unsound))
    return list(dict.fromkeys(found))  # each key that is missing is told with every other


def within(path: Path, unsound: Set[Path]) -> bool:
    """Whether `path` is one of `unsound`, or below one."""
    return any(path[:length] in unsound for length in range(len(path) + 1))


def _words(error: ValidationError, path: Path) -> Iterator[tuple[Path, str, str]]:
    """One violation of the schema in our own words: where, what, and what to do."""
    rule: Any = error.schema
    value: Any = error.instance
    name = f"{path[-1]} is " if len(path) > 2 else "it is "
    if error.validator == "additionalProperties":
        keys = list(rule["properties"])
        for key in (key for key in value if key not in keys):
            near = get_close_matches(str(key), keys)
            yield (*path, key), f"there is no key {key!r}", f"did you mean {' or '.join(near)}?" if near else f"it has {_or(keys)}"
    elif error.validator == "required":
        for key in rule["required"]:
            if key not in value:
                wanted = rule["properties"][key]
                yield path, f"`{key}` is missing", f"add {wanted['title']}, as in `{key}: {_flow(wanted['examples'][0])}`"
    elif error.validator == "enum":
        near = get_close_matches(value, rule["enum"]) if isinstance(value, str) else []
        yield path, f"{name}{_told(value)}", f"did you mean {' or '.join(near)}?" if near else f"write {_or(rule['enum'])}"
    elif error.validator == "const":
        key = error.absolute_schema_path[-4]
        if value in KINDS.values():  # else that is what is wrong
            yield (*path[:-1], key), f"`{key}` is for a {error.validator_value}, and this is a {value}", "leave it out"
    else:
        example = f", as in `{_flow(rule['examples'][0])}`" if path else ""
        yield path, f"{name}{_told(value)}", f"write {rule['title']}{example}"


def _told(value: object) -> str:
    """A value of the wrong kind, in a few words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, dict | list):
        return ("a mapping" if isinstance(value, dict) else "a list") if value else "empty"
    return f"the number {value}"


def _or(words: Sequence[str]) -> str:
    return " or ".join((", ".join(words[:-1]), words[-1]) if len(words) > 1 else words)


def _flow(value: Any) -> str:
    """An example, as YAML in one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_flow(below)}' for key, below in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _topology(data: object) -> Topology:
    """What data says; of what it does not say properly, what is usual."""
    whole = data if isinstance(data, dict) else {}
    nodes, links = whole.get("nodes"), whole.get("links")
    families = whole.get("families", ["ipv4"])
    return Topology(
        tuple(_node(name, entry) for name, entry in nodes.items()) if isinstance(nodes, dict) else (),
        tuple(map(_link, links)) if isinstance(links, list) else (),
        tuple(FAMILIES[f] for f in families if isinstance(f, str) and f in FAMILIES) if isinstance(families, list) else (IPV4,),
        whole.get("offloads", False) is True,
    )


def _node(name: str, entry: object) -> Node:
    settings = entry if isinstance(entry, dict) else {"kind": entry}
    if settings.get("kind") == "host":
        return Host(name)
    if settings.get("kind") == "bridge":
        return Bridge(name, settings.get("calls_iptables", False) is True)
    return Router(name, settings.get("sends_ptb", True) is not False)


def _link(entry: object) -> Link:
    written = entry if isinstance(entry, dict) else {}
    a, b = (name if isinstance(name := written.get(end), str) else "" for end in ("a", "b"))
    numbers = (int(number) if isinstance(number := written.get(key), int | float) else None for key in ("mtu", "mtu_b", "delay"))
    mtu, mtu_b, delay = numbers
    return Link(a, b, 1500 if mtu is None else mtu, mtu_b, delay or 0)
