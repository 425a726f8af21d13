"""The catalogue, loaded once for all tests of it, and tests of every scenario that are one test a file.

Six hundred scenarios times a dozen tests would take longer to collect than to run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lab.find import files, load
from lab.judge.scenario import Scenario

BY_FILE: Mapping[Path, tuple[Scenario, ...]] = {path: load(path) for path in files()}
CATALOGUE = {scenario.name: scenario for scenarios in BY_FILE.values() for scenario in scenarios}
EACH_FILE = pytest.mark.parametrize("path", BY_FILE, ids=lambda path: f"{path.parent.name}/{path.stem}")


def of_each_scenario(check: Callable[[Scenario], None]) -> Callable[[Path], None]:
    """Makes of a check of one scenario a test of every file. What failed is told with the scenario's name."""

    @EACH_FILE
    def test(path: Path) -> None:
        for scenario in BY_FILE[path]:
            try:
                check(scenario)
            except AssertionError as error:
                raise AssertionError(f"{scenario.name}: {error}") from error

    test.__name__, test.__doc__ = check.__name__, check.__doc__
    return test
