"""docs/kernels.md is what the runs in docs/kernels.json give.

To record others: save `pmtulab kernels matrix --format json` there, and run this with PMTULAB_GOLDEN=write. That takes out where
the kernels lay on the machine that ran them, and makes the page anew.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from lab.judge.matrix import Kind, matrix
from lab.judge.traits import TRAITS
from lab.matrix import kept_matrix
from lab.report.matrix.json import matrix_json, runs_of
from lab.report.matrix.markdown import kernels_page

DOCS = Path(__file__).parents[2] / "docs"
RECORDED = DOCS / "kernels.json"


ANEW = os.environ.get("PMTULAB_GOLDEN") == "write"


def test_the_record_is_as_pmtulab_writes_it_and_knows_no_machine() -> None:
    runs, groups = runs_of(RECORDED.read_text())
    anywhere = [replace(run, kernel=replace(run.kernel, image="", modules="")) for run in runs]
    text = matrix_json(matrix(anywhere, groups))
    if ANEW:
        RECORDED.write_text(text)
    assert RECORDED.read_text() == text, "PMTULAB_GOLDEN=write makes it anew"


def test_the_page_is_what_the_recorded_runs_give() -> None:
    page = kernels_page(kept_matrix([RECORDED]), TRAITS)
    if ANEW:
        (DOCS / "kernels.md").write_text(page)
    assert (DOCS / "kernels.md").read_text() == page, "PMTULAB_GOLDEN=write makes it anew"


def test_what_was_recorded_are_traits_that_there_are() -> None:
    made = kept_matrix([RECORDED])
    tried = {row.name for row in made.rows if row.kind is Kind.TRAIT}
    assert tried == set(TRAITS)
    assert len(made.columns) > 1
