"""Ten thousand broken YAML files: each is a topology, or is told in lines of ours, and nothing else ever comes of it.

They are the same files each time.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from lab.model.exchange import BadFile, dump, load
from lab.theory.plan import plan
from lab.theory.written import sound
from tests.damaged import damaged

FILES = 10_000


def outcome(text: str) -> str:
    """What comes of a file, after everything that can be done with it."""
    try:
        topology = sound(text, "f.yaml")
    except BadFile as error:
        said = str(error).splitlines()
        assert said
        assert all(line.startswith("f.yaml:") and line.isprintable() and "; " in line for line in said)
        return "no YAML" if "no YAML" in said[-1] else "told"
    assert load(dump(topology)) == topology
    plan(topology)
    return "taken"


def test_a_damaged_file_is_told_or_taken() -> None:
    source = Random(1)
    outcomes: Counter[str] = Counter()
    for number in range(FILES):
        text = damaged(source)
        try:
            outcomes[outcome(text)] += 1
        except Exception as error:
            pytest.fail(f"file {number}: {error!r} of {text!r}")
    # The damage is of every size: some files are still good, many still YAML.
    assert outcomes["taken"] > FILES / 100
    assert outcomes["told"] > FILES / 4
