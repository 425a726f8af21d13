"""Matrices of kernels from what their runs have left on disk, and their page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.evidence import write
from lab.find import files, group_of, load
from lab.judge.guest import KernelRun
from lab.judge.matrix import Matrix, matrix
from lab.report.matrix.json import Unreadable, run_json, runs_of

KEPT = "kernel.json"
"""One kernel's run, in a folder of its own: out/kernels/*/kernel.json."""


class NoRuns(Exception):
    """What was named has no runs of kernels, or what it has cannot be read. The message is every problem, one a line."""


def kept_matrix(paths: Sequence[Path]) -> Matrix:
    """The matrix of all runs in these files, and in the folders of these folders. Raises NoRuns.

    A file is one kernel's, or a saved matrix. Scenarios are in the groups of the catalogue; those of others in the group that their
    file says.
    """
    runs: list[KernelRun] = []
    groups: dict[str, str] = {}
    wrong: list[str] = []
    for path in paths:
        try:
            for file in _files(path):
                its, their_groups = _read(file)
                runs += its
                groups |= their_groups
        except NoRuns as error:
            wrong.append(str(error))
    if wrong:
        raise NoRuns("\n".join(wrong))
    return made(runs, groups)


def made(runs: Iterable[KernelRun], groups: dict[str, str] | None = None) -> Matrix:
    """The matrix of these runs, its scenarios in the groups of the catalogue; `groups` says where others are."""
    catalogue = {scenario.name: group_of(path) for path in files() for scenario in load(path)}
    return matrix(runs, catalogue | {name: group for name, group in (groups or {}).items() if name not in catalogue})


def keep_run(run: KernelRun, folder: Path) -> Path:
    """Writes one kernel's run into its folder. Returns where it is. Raises lab.run.Broken where the disk refuses it."""
    path = folder / KEPT
    write(path, run_json(run).encode())
    return path


def keep_page(of: Matrix, path: Path) -> None:
    """Writes the page of a matrix. Raises lab.run.Broken where the disk refuses it."""
    from lab.report.html.matrix import matrix_page  # only here, as most matrices have no page

    write(path, matrix_page(of))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [path / KEPT] if (path / KEPT).exists() else sorted(path.glob(f"*/{KEPT}"))
    if not found:
        raise NoRuns(f"{path} has neither a {KEPT} nor folders with one: `pmtulab kernels run` makes them")
    return found


def _read(path: Path) -> tuple[tuple[KernelRun, ...], dict[str, str]]:
    try:
        return runs_of(path.read_bytes())
    except OSError as error:
        raise NoRuns(f"cannot read {path}: {error.strerror}") from error
    except Unreadable as error:
        raise NoRuns(f"{path}: {error}") from error
