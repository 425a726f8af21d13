"""Texts that are kept on disk, below tests/golden, and compared whole.

PMTULAB_GOLDEN=write in the environment writes them anew: read the difference before it is kept.
"""

from __future__ import annotations

import os
from difflib import unified_diff
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Asserts that `text` is what tests/golden/`name` holds ("errors/no-nodes.txt")."""
    path = GOLDEN / name
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    difference = unified_diff(kept.splitlines(keepends=True), text.splitlines(keepends=True), f"golden/{name}", "now")
    assert kept == text, "".join(difference) + "\nPMTULAB_GOLDEN=write keeps what is now"
