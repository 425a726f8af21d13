"""Pages of runs that are on disk: a run's own, made again from its evidence, and the index of many."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab.evidence import INDEX, NAMES, PAGE, read, write
from lab.find import files, group_of, load
from lab.judge.result import Result
from lab.report.html.index import Entry, entry, entry_read, index
from lab.report.html.page import page
from lab.report.reread import Unreadable

_, RESULT, _ = NAMES


class NoReport(Exception):
    """There is nothing to make a page of. The message says what was looked for."""


def make(folder: Path) -> Path:
    """The page of the run that is in `folder`, or the index of the runs in the folders there. Raises NoReport and Broken."""
    return page_again(folder) if (folder / RESULT).exists() else index_folder(folder)


def page_again(folder: Path) -> Path:
    """Writes the page of a run into its folder, from the evidence there. Returns where it is. Raises NoReport and Broken."""
    try:
        result, kernel = read(folder)
    except OSError as error:
        raise NoReport(f"cannot read {error.filename}: {error.strerror}") from error
    except Unreadable as error:
        raise NoReport(str(error)) from error
    path = folder / PAGE
    write(path, page(result, kernel))
    return path


def index_results(runs: Sequence[tuple[Result, str]], out: Path) -> Path:
    """Writes the index of these runs, each given with its group, to `out`. Returns where it is. Raises Broken."""
    kernel = os.uname().release
    return _write([entry(result, group, _link(out / result.scenario.name), kernel) for result, group in runs], out)


def index_folder(folder: Path) -> Path:
    """The same of every run that is in a folder of `folder`. Raises NoReport and Broken."""
    groups = {scenario.name: group_of(path) for path in files() for scenario in load(path)}
    entries = []
    for path in sorted(folder.glob(f"*/{RESULT}")):
        document = _document(path)
        try:
            entries.append(entry_read(document, groups.get(document["scenario"], ""), _link(path.parent)))
        except (KeyError, TypeError, ValueError) as error:
            raise NoReport(f"{path} is not the result of a run: {type(error).__name__}: {error}") from error
    if not entries:
        raise NoReport(f"{folder} has neither a {RESULT} nor folders with one")
    places = {name: number for number, name in enumerate(groups)}
    entries.sort(key=lambda one: (places.get(one.name, len(places)), one.name))
    return _write(entries, folder)


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise NoReport(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise NoReport(f"{path} is not JSON: {error}") from error


def _write(entries: Sequence[Entry], out: Path) -> Path:
    path = out / INDEX
    write(path, index(entries))
    return path


def _link(folder: Path) -> str:
    """From an index to what there is to see of a run."""
    return f"{quote(folder.name)}/{PAGE if (folder / PAGE).exists() else RESULT}"
