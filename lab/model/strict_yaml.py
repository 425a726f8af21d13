"""YAML read strictly, and written so that every reader reads the same.

What is read is plain data, the line of each part of it, and all that two readers of YAML could take for two things.

Taken: mappings with text for keys, lists, text, whole numbers in plain digits, true and false. Refused, each with its line:

* what makes a file a program: anchors, aliases, tags, merge keys, directives, further documents;
* a key that is given twice, of which readers keep one or the other;
* plain scalars that YAML 1.1 and 1.2 read differently: `no` and `on`, 0576 and 1_500, 1:30, 1e3; and dates and fractions, which
  both take for what nothing here is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from lab.model.problem import Path

DEEPEST = 16  # nothing of ours is nested so deep, and whoever reads a value by recursion is safe
LONGEST = 18  # digits: more than any number here has, and no work for int()

_WHOLE = re.compile(rf"-?(0|[1-9][0-9]{{0,{LONGEST - 1}}})")
_TAG = "tag:yaml.org,2002:"
# What YAML 1.2 (§10.3.2) takes for a number, and YAML 1.1, which PyYAML follows, for text.
_WHOLE_12 = re.compile(r"(0o[0-7]+|[-+]?[0-9]+)$")
_FRACTION_12 = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
_PLAIN: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_TRAPS = {
    "bool": ("is a truth value to some readers of YAML, and text to others", "write true or false, or put it in quotes"),
    "null": ("is nothing to some readers of YAML, and text to others", "put it in quotes"),
    "int": ("is a number that readers of YAML do not agree on", "write plain digits, or put it in quotes"),
    "float": ("is a number with a fraction or an exponent", "write a whole number in plain digits, or put it in quotes"),
    "timestamp": ("is a date to some readers of YAML", "put it in quotes"),
    "merge": ("is a merge key, and there are no expressions here", "write each value out"),
    "value": ("is a key with a meaning of its own in YAML 1.1", "put it in quotes"),
}


class Scalars(yaml.resolver.Resolver):
    """Which plain scalars are anything but text to a reader of YAML, be it of 1.1 or of 1.2."""


Scalars.add_implicit_resolver(f"{_TAG}int", _WHOLE_12, list("-+0123456789"))
Scalars.add_implicit_resolver(f"{_TAG}float", _FRACTION_12, list("-+.0123456789"))


class Line(dict[str, Any]):
    """A mapping that is written on one line."""


class Writer(yaml.SafeDumper, Scalars):
    """Indents lists, writes those of scalars on one line, and puts into quotes what is no text to some reader."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        return super().represent_sequence(tag, sequence, not any(isinstance(value, dict | list) for value in sequence))

    def represent_line(self, line: Line) -> yaml.MappingNode:
        return self.represent_mapping(f"{_TAG}map", line, flow_style=True)


Writer.add_representer(Line, Writer.represent_line)


def write(data: object) -> str:
    """Plain data as YAML, in the order that it has; read() gives it back."""
    return yaml.dump(data, Dumper=Writer, sort_keys=False, default_flow_style=False, width=1 << 30)


@dataclass(slots=True)
class Reading:
    """`data` and the line of each part of it, counted from 1. `wrong` is each path, what is wrong there, and what to do.

    At the `unsound` paths `data` is not what was meant. `whole` is false where the text is no YAML, and `data` stops short.
    """

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    wrong: list[tuple[int, Path, str, str]] = field(default_factory=list)
    unsound: set[Path] = field(default_factory=set)
    whole: bool = True

    def line(self, path: Path) -> int:
        """The line of `path`, or of what is nearest around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Reading:
    """Reads one document. Raises nothing: what is wrong is in the Reading."""
    reading = Reading()
    try:
        text.encode()
        # libyaml's parser where there is one: ten times as fast.
        _document(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), reading)
    except _TooDeep as error:
        reading.whole = False
        reading.wrong.append((error.line, (), "it is nested deeper than any topology", "look for a bracket too many"))
    except UnicodeEncodeError as error:
        _no_yaml(reading, text, text.count("\n", 0, error.start), "half a surrogate pair stands there")
    except yaml.reader.ReaderError as error:
        at = text.encode()[: error.position].count(b"\n")
        _no_yaml(reading, text, at, f"a character may not stand there ({error.reason})")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _no_yaml(reading, text, None if mark is None else mark.line, error.problem or "it ends too early")
    return reading


class _TooDeep(Exception):
    def __init__(self, line: int) -> None:
        self.line = line


def _no_yaml(reading: Reading, text: str, at: int | None, said: str) -> None:
    """`at` is a line of `text` from 0."""
    reading.whole = False
    last = max(len(text.splitlines()), 1)
    line = last if at is None else min(at + 1, last)
    reading.wrong.append((line, (), f"this is no YAML: {said}", "look at indentation, colons, quotes and brackets near there"))


def _document(events: Iterator[yaml.Event], reading: Reading) -> None:
    documents = 0
    for event in events:
        line = _line(event)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if event.version or event.tags:
                reading.wrong.append((line, (), "it has a directive (%)", "leave it out"))
            if documents > 1:
                reading.wrong.append((line, (), "a second document begins", "write one topology a file"))
                return
        elif isinstance(event, yaml.NodeEvent):
            reading.lines[()] = line
            reading.data = _value(events, event, (), reading)


def _value(events: Iterator[yaml.Event], event: yaml.Event, path: Path, reading: Reading) -> Any:
    """The value that begins with `event`; takes the rest of it from `events`."""
    line = _line(event)
    if len(path) > DEEPEST:
        raise _TooDeep(line)
    if isinstance(event, yaml.AliasEvent):
        reading.wrong.append((line, path, f"*{event.anchor} is an alias", "there are no expressions here: write each value out"))
        reading.unsound.add(path)
        return None
    _no_expression(event, line, path, reading)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event, line, path, reading)
    if isinstance(event, yaml.SequenceStartEvent):
        values: list[Any] = []
        while not isinstance(inner := next(events), yaml.SequenceEndEvent):
            below = (*path, len(values))
            reading.lines[below] = _line(inner)
            values.append(_value(events, inner, below, reading))
        return values
    return _mapping(events, path, reading)


def _mapping(events: Iterator[yaml.Event], path: Path, reading: Reading) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        line = _line(event)
        key = _key(events, event, path, reading)
        below = (*path, key)
        if key in found:
            what = f"{_shown(key)} is given twice, and in line {reading.lines[below]} first"
            reading.wrong.append((line, below, what, "remove one, or give it another name"))
            _value(events, next(events), (*path, "?"), reading)
            continue
        reading.lines[below] = line
        found[key] = _value(events, next(events), below, reading)
    return found


def _key(events: Iterator[yaml.Event], event: yaml.Event, path: Path, reading: Reading) -> str:
    line = _line(event)
    if not isinstance(event, yaml.ScalarEvent):
        value = _value(events, event, (*path, "?"), reading)
        reading.wrong.append((line, path, f"{_shown(value)} is no key", "write a word and a colon"))
        return _shown(value)
    _no_expression(event, line, path, reading)
    if event.implicit[0] and (kind := _kind(event.value)) != "str":
        what, remedy = _TRAPS[kind]
        if kind == "merge":
            reading.unsound.add((*path, event.value))
        else:
            what, remedy = "is a number" if _WHOLE.fullmatch(event.value) else what, "put it in quotes, if it is a name"
        reading.wrong.append((line, path, f"the key {_cut(event.value)} {what}", remedy))
    return str(event.value)


def _no_expression(event: yaml.Event, line: int, path: Path, reading: Reading) -> None:
    remedy = "there are no expressions here: write each value out"
    if anchor := getattr(event, "anchor", None):
        reading.wrong.append((line, path, f"&{anchor} is an anchor", remedy))
    if tag := getattr(event, "tag", None):
        reading.wrong.append((line, path, f"{_cut(tag.replace(_TAG, '!!'))} is a tag", remedy))
        reading.unsound.add(path)


def _scalar(event: yaml.ScalarEvent, line: int, path: Path, reading: Reading) -> Any:
    text = str(event.value)
    if not event.implicit[0]:
        return text
    kind = _kind(text)
    if kind == "str":
        return text
    if kind == "int" and _WHOLE.fullmatch(text):
        return int(text)
    if kind in ("bool", "null") and text in _PLAIN:
        return _PLAIN[text]
    what, remedy = _TRAPS[kind]
    reading.wrong.append((line, path, f"{_cut(text)} {what}", remedy))
    reading.unsound.add(path)
    return text


def _line(event: yaml.Event) -> int:
    return 1 if event.start_mark is None else event.start_mark.line + 1


_RESOLVER: Any = Scalars()


def _kind(text: str) -> str:
    """What a plain scalar is to readers of YAML: "str", or one of _TRAPS."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False))).removeprefix(_TAG)


def _shown(value: object) -> str:
    return _cut(repr(value))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
