"""The comparator of golden files: it fails on a difference, on a missing file, and writes only when told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import golden_files


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(golden_files, "GOLDEN", tmp_path)
    monkeypatch.delenv("PMTULAB_GOLDEN", raising=False)
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    return tmp_path


def test_a_difference_is_shown(kept: Path) -> None:
    golden_files.check("a.txt", "one\ntwo\n")
    with pytest.raises(AssertionError, match=r"-two\n\+three"):
        golden_files.check("a.txt", "one\nthree\n")
    assert (kept / "a.txt").read_text(encoding="utf-8") == "one\ntwo\n"


def test_a_missing_file_is_a_difference(kept: Path) -> None:
    with pytest.raises(AssertionError, match=r"\+new"):
        golden_files.check("b/c.txt", "new\n")
    assert not (kept / "b").exists()


def test_it_writes_when_told_to(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMTULAB_GOLDEN", "write")
    golden_files.check("b/c.txt", "new\n")
    assert (kept / "b" / "c.txt").read_text(encoding="utf-8") == "new\n"
