"""The wheel, as a stranger installs it: it holds what it should, and runs a scenario from an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
DEV_LINE = "# Only for tests and checks:"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command without our PYTHON... variables; shows all that it said where it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}"
    return result.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new virtual environment with our pins for running and building, and nothing else of ours."""
    home = tmp_path_factory.mktemp("home")
    pins = home / "pins.txt"
    pins.write_text((TOP / "constraints.txt").read_text().split(DEV_LINE)[0])
    run(sys.executable, "-m", "venv", home / "venv", cwd=home)
    made = home / "venv/bin/python"
    run(made, *PIP, "install", "--require-hashes", "-r", pins, cwd=home)
    return made


@pytest.fixture(scope="module")
def wheel(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: a build in the checkout leaves build/lib there, whose stale files get into the next wheel."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    shutil.copy(TOP / "pyproject.toml", source)
    for folder in ("lab", "topologies", "scenarios", "tests"):
        shutil.copytree(TOP / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    run(python, *PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", out, source, cwd=out)
    (built,) = out.glob("*.whl")
    return built


def test_it_holds_every_file_of_the_three_packages_and_no_tests(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    written = {path.relative_to(TOP).as_posix() for top in ("lab", "topologies", "scenarios") for path in (TOP / top).rglob("*.py")}
    assets = {path.relative_to(TOP).as_posix() for path in (TOP / "lab/report/html/assets").iterdir()}
    assert packed == written | assets | {"lab/py.typed", "lab/model/topology.schema.json", "topologies/py.typed"}
    assert "lab/report/html/assets/page.js" in assets
    assert any(name.startswith("scenarios/") and name.endswith("/576_router.py") for name in packed)


def test_it_runs_from_an_empty_folder(python: Path, wheel: Path, tmp_path: Path) -> None:
    run(python, *PIP, "install", "--no-deps", wheel, cwd=tmp_path)
    where = run(python, "-c", "import lab.model; print(lab.model.__file__)", cwd=tmp_path)
    assert where.startswith(str(python.parents[1]))
    assert "576-router" in run(python.with_name("pmtulab"), "run", "576-router", cwd=tmp_path)


def test_a_project_tests_with_it(python: Path, wheel: Path, tmp_path: Path) -> None:
    """The example of docs/, by pytest and the wheel alone: it passes as shipped, and without its line for black holes fails."""
    pins = re.findall(
        r"^(?:iniconfig|packaging|pluggy|pytest)==.*(?:\n    .*)+", (TOP / "constraints.txt").read_text(), re.MULTILINE
    )
    (tmp_path / "pins.txt").write_text("\n".join(pins))
    run(python, *PIP, "install", "--require-hashes", "-r", tmp_path / "pins.txt", cwd=tmp_path)
    run(python, *PIP, "install", "--no-deps", wheel, cwd=tmp_path)
    project = shutil.copytree(TOP / "docs/examples/parcel", tmp_path / "parcel", ignore=shutil.ignore_patterns("__pycache__"))
    assert "1 passed" in run(python, "-m", "pytest", "-W", "error", cwd=project)
    assert not (project / "pmtulab-failures").exists()
    naive = re.sub(r"room = min\(room, BASE\)", "pass", (project / "parcel.py").read_text())
    (project / "parcel.py").write_text(naive)
    failed = subprocess.run([python, "-m", "pytest"], cwd=project, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "too big for provider–cloud (1280), and says nothing  ×20" in failed.stdout
    assert list((project / "pmtulab-failures").rglob("capture.pcapng"))
