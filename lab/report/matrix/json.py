"""Runs of kernels as JSON, and back: what a guest told is kept, so that matrices can be made without it.

One form for one run (a kernel's kernel.json) and for many (a saved matrix): `kernels` has the runs, `groups` the scenarios of
each group. A saved matrix also has `differing`, for programs; it is worked out, and is not read back. What is as usual is left out,
as in lab.report.plain. SCHEMA goes up when a key changes its meaning or goes away, not when one is added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any, NoReturn, TypeVar

from lab.judge.guest import KernelRun, Outcome
from lab.judge.matrix import Matrix, Row
from lab.judge.traits import Known
from lab.judge.verdict import Verdict
from lab.model.kernel import Kernel
from lab.report.matrix.wording import change_words
from lab.report.plain import Plain, unusual
from lab.report.typed import misfits

SCHEMA = 1
T = TypeVar("T", Kernel, KernelRun, Known, Outcome)


class Unreadable(ValueError):
    """The text is no such document, or a damaged one. The message says what is wrong with it."""


def run_json(run: KernelRun) -> str:
    """One kernel's run, with a newline at its end: what the conductor keeps as kernel.json."""
    return _text({"schema": SCHEMA, "kernels": [_run_object(run)]})


def matrix_json(matrix: Matrix) -> str:
    """All runs of a matrix, the groups of its scenarios, and the rows that differ, with a newline at its end."""
    groups = {group: [name for name, _ in members] for group, members in groupby(matrix.groups.items(), lambda item: item[1])}
    differing = [_differing(matrix, row) for row in matrix.rows if row.differs]
    kernels = [_run_object(column.run) for column in matrix.columns]
    return _text({"schema": SCHEMA, "names": matrix.names, "differing": differing, "groups": groups, "kernels": kernels})


def runs_of(text: str | bytes) -> tuple[tuple[KernelRun, ...], dict[str, str]]:
    """The runs that a document has, and of each scenario in its groups the group. Raises Unreadable."""
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"this is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("kernels"), list):
        raise Unreadable("these are no runs of kernels: it has no list `kernels`")
    if document.get("schema") != SCHEMA:
        raise Unreadable(f"its schema is {document.get('schema')}, and this pmtulab reads {SCHEMA}: run the kernels again")
    if not document["kernels"]:
        raise Unreadable("there is no kernel in it")
    try:
        runs = tuple(map(_run_of, document["kernels"]))
        groups = {name: group for group, names in document.get("groups", {}).items() for name in names}
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"it is not as it was written: {type(error).__name__}: {error}") from error
    wrong = next((wrong for number, run in enumerate(runs, 1) for wrong in misfits(run, KernelRun, f"kernel {number}")), "")
    if wrong := wrong or next(misfits(groups, Mapping[str, str], "groups"), ""):
        raise Unreadable(f"it is not as it was written: {wrong}")
    return runs, groups


def _text(document: Plain) -> str:
    """An outcome, a trait or a kernel's own figures a line, so that two of them can be compared by their lines."""
    kernels = [_lines(kernel) for kernel in document["kernels"]]
    rest = ",\n".join(f" {_dumps(key)}: {_listed(value)}" for key, value in document.items() if key != "kernels")
    text = f'{{\n{rest},\n "kernels": [\n' + ",\n".join(kernels) + "\n ]\n}\n"
    # A lone surrogate, which UTF-8 cannot hold, becomes \udcxx: that is JSON's own escape for it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _lines(kernel: Plain) -> str:
    return "  {" + ",\n   ".join(f"{_dumps(key)}: {_listed(value, 4)}" for key, value in kernel.items()) + "}"


def _listed(value: Any, indent: int = 2) -> str:
    """A list of objects, one a line; all else on one."""
    if isinstance(value, Sequence) and value and isinstance(value[0], dict):
        spaces = "\n" + " " * indent
        return f"[{','.join(spaces + _dumps(one) for one in value)}]"
    return _dumps(value)


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _run_object(run: KernelRun) -> Plain:
    nested = {"kernel", "outcomes", "traits", "features", "stopped"}
    found: Plain = {"kernel": unusual(run.kernel)} | unusual(run, *nested)
    if run.stopped:
        found["stopped"] = run.stopped.value
    found |= {name: [unusual(known) for known in its] for name in ("traits", "features") if (its := getattr(run, name))}
    return found | {"outcomes": [unusual(outcome) | {"verdict": outcome.verdict.value} for outcome in run.outcomes]}


def _run_of(found: Plain) -> KernelRun:
    known = {name: tuple(_made(Known, one) for one in found.get(name, ())) for name in ("traits", "features")}
    outcomes = tuple(map(_outcome, found["outcomes"]))
    stopped = Verdict(found["stopped"]) if found.get("stopped") else None
    console = tuple(found.get("console", ()))
    parts = {"kernel": _made(Kernel, found["kernel"]), "outcomes": outcomes, "stopped": stopped, "console": console}
    return _made(KernelRun, found | parts | known)


def _outcome(found: Plain) -> Outcome:
    failed = tuple((claim, seen) for claim, seen in found.get("failed", ()))
    return _made(Outcome, found | {"verdict": Verdict(found["verdict"]), "failed": failed})


def _made(kind: type[T], found: Plain) -> T:
    """Of the keys that this version knows; others are a later one's."""
    names = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in found.items() if name in names})


def _differing(matrix: Matrix, row: Row) -> Plain:
    cells = {name: cell.value.value for name, cell in zip(matrix.names, row.cells, strict=True)}
    return {"kind": row.kind.value, "name": row.name, "cells": cells, "changes": change_words(matrix, row)}


def _no_number(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number of JSON")
