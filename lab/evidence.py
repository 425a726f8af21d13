"""A run on disk, in a folder of the scenario's name: capture.pcapng, result.json, junit.xml, and report.html if wanted."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from lab.judge.result import Result
from lab.report.evidence import capture
from lab.report.json import result_json
from lab.report.junit import junit
from lab.run import Broken, Run

NAMES = ("capture.pcapng", "result.json", "junit.xml")
PAGE, INDEX, TRACE = "report.html", "index.html", "trace.json"


def keep(run: Run, folder: Path, html: bool = False) -> None:
    """Writes the evidence of a run, and with `html` its page. Each file appears whole or not at all. Raises Broken."""
    kernel = os.uname().release
    contents = (capture(run.result, run.taps), result_json(run.result, kernel).encode(), junit([run.result]).encode())
    for name, octets in zip(NAMES, contents, strict=True):
        write(folder / name, octets)
    if html:
        from lab.report.html.page import page  # only here, as most runs have no page

        write(folder / PAGE, page(run.result, kernel))


def read(folder: Path) -> tuple[Result, str]:
    """The run that is kept in a folder, and the release of the kernel that it ran on.

    Raises Unreadable, which says what is wrong with which file, and OSError.
    """
    from lab.model.pcapng import load
    from lab.report.reread import Unreadable, reread

    capture, result, _ = NAMES
    try:
        document = json.loads((folder / result).read_bytes())
    except ValueError as error:
        raise Unreadable(f"{folder / result} is not JSON: {error}") from error
    try:
        frames = load((folder / capture).read_bytes())
    except ValueError as error:
        raise Unreadable(f"{folder / capture}: {error}") from error
    try:
        return reread(document, frames), str(document.get("kernel", ""))
    except Unreadable as error:
        raise Unreadable(f"{folder}: {error}") from error


def write(path: Path, octets: bytes) -> None:
    """A file, whole or not at all. Raises Broken where the disk refuses it."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(octets)
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise Broken(f"cannot keep {path}: {error.strerror}") from error


def prepare(folder: Path) -> None:
    """Makes the folder, and tries that it can be written to. Raises OSError: better now than after the run."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
