"""Scenarios by name, by group, or by the path of a file or folder; topologies by the same, or by the path of a YAML file.

Python files are loaded by path: `lab` itself imports no scenario.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

# Of these every command would wait: what is needed of them is loaded when something is found.
if TYPE_CHECKING:
    from lab.judge.scenario import Scenario
    from lab.model.topology import Topology

YAML = (".yaml", ".yml")


class NoScenario(Exception):
    """There is no such scenario, or the file does not define one. The message says what there is."""


class NoTopology(NoScenario):
    """There is no such topology, or it cannot be planned. The message is every problem, one a line."""


def find(name: str) -> tuple[Scenario, ...]:
    """The scenario of this name, or all of a file, a folder, a group of the catalogue, or (`all`) the whole. Raises NoScenario."""
    return tuple(scenario for _, scenario in located(name))


def located(name: str) -> tuple[tuple[Path, Scenario], ...]:
    """The same, each with the file that it is in.

    A scenario's name comes before a group's: `black-hole` is a scenario, `black-hole/` the group of that name.
    """
    if name.endswith(".py"):
        return each_of([Path(name)])
    if name.endswith(YAML):
        instead = f"`pmtulab show {name}` shows the network, `pmtulab up {name}` makes it"
        raise NoScenario(f"{name} is a topology, and tells no story that could be run; {instead}")
    if name == "all":
        return each_of(files())
    # A file is named after its scenario, or after the first of several: usually one file has to be loaded.
    likely = [path for path in files() if name.startswith(path.stem.replace("_", "-"))]
    for path in likely:
        found = tuple((path, scenario) for scenario in load(path) if scenario.name == name)
        if found:
            return found
    group = [path for path in files() if group_of(path) == name.rstrip("/")]
    if group and "/" not in name.rstrip("/"):
        return each_of(group)
    if "/" in name:
        paths = sorted(path for path in Path(name).rglob("*.py") if path.stem != "__init__")
        if paths:
            return each_of(paths)
        raise NoScenario(f"{name} is neither a scenario file nor a folder of such files")
    everything = {scenario.name: (path, scenario) for path, scenario in each_of(files())}
    if name in everything:
        return (everything[name],)
    near = difflib.get_close_matches(name, [*everything, *map(group_of, files())], n=5, cutoff=0.4)
    hint = f"near it: {', '.join(dict.fromkeys(near))}" if near else "`pmtulab list` shows all"
    raise NoScenario(f"there is no scenario {name!r}; {hint}")


def each_of(paths: Iterable[Path]) -> tuple[tuple[Path, Scenario], ...]:
    return tuple((path, scenario) for path in paths for scenario in load(path))


def group_of(path: Path) -> str:
    """The catalogue's groups are its folders: black_hole is written black-hole."""
    return path.parent.name.replace("_", "-")


def about(folder: Path) -> str:
    """What a group is about: the first line of its package's docstring; empty where it has none."""
    package = folder / "__init__.py"
    docstring = ast.get_docstring(ast.parse(package.read_text(encoding="utf-8"))) if package.is_file() else None
    return (docstring or "").partition("\n")[0]


def catalogue() -> Iterator[Scenario]:
    """Every scenario that comes with the lab, in the order of their files."""
    for path in files():
        yield from load(path)


def files() -> list[Path]:
    """Every scenario file, beside the checkout's or the wheel's own `lab`."""
    spec = importlib.util.find_spec("scenarios")
    folders = spec.submodule_search_locations if spec else None
    return sorted(path for folder in folders or [] for path in Path(folder).rglob("*.py") if path.stem != "__init__")


def load(path: Path) -> tuple[Scenario, ...]:
    """What a file defines as `scenario`, or in the tuple `scenarios`. Raises NoScenario, with the line where the file fails."""
    return _scenarios(_module(path), path)


def _scenarios(module: ModuleType, path: Path) -> tuple[Scenario, ...]:
    from lab.judge.scenario import Scenario

    one = getattr(module, "scenario", None)
    several = getattr(module, "scenarios", (one,) if one else ())
    if not isinstance(several, tuple | list) or not several or not all(isinstance(scenario, Scenario) for scenario in several):
        raise NoScenario(f"{path} defines neither `scenario = Scenario(...)` nor a tuple `scenarios` of them")
    return tuple(several)


def topology_of(name: str) -> Topology:
    """The topology that `name` stands for, fit to be planned.

    That is a scenario's, by the scenario's name; or what a file has: a .yaml or .yml file the form of `lab.model.exchange`, a .py
    file `topology`, or a scenario. Raises NoTopology, or NoScenario where a name is not known.
    """
    if name.endswith(YAML):
        return _from_yaml(Path(name))
    if name.endswith(".py"):
        module = _module(Path(name))
        topology = _own_topology(module)
        return _sound(topology if topology is not None else _common(name, _scenarios(module, Path(name))), name)
    return _sound(_common(name, find(name)), name)


def topology_alone(name: str) -> Topology | None:
    """The topology of a file that has one and tells no story. None where `name` is anything else. Raises as topology_of() does."""
    if name.endswith(YAML):
        return _from_yaml(Path(name))
    if not name.endswith(".py"):
        return None
    module = _module(Path(name))
    topology = None if hasattr(module, "scenario") or hasattr(module, "scenarios") else _own_topology(module)
    return None if topology is None else _sound(topology, name)


def shapes() -> Mapping[str, Callable[..., Topology]]:
    """The functions that make topologies of the usual shapes, by name; none where `topologies` is not installed."""
    if importlib.util.find_spec("topologies") is None:
        return {}
    module = importlib.import_module("topologies")
    return {name: getattr(module, name) for name in module.__all__}


def _from_yaml(path: Path) -> Topology:
    from lab.model.exchange import BadFile
    from lab.theory.written import sound

    try:
        return sound(path.read_text(encoding="utf-8"), str(path))
    except BadFile as error:
        raise NoTopology(str(error)) from error
    except OSError as error:
        raise NoTopology(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise NoTopology(f"{path}:{line}: this is not UTF-8 text; save the file as UTF-8") from error


def _own_topology(module: ModuleType) -> Topology | None:
    """What a file defines as `topology`."""
    from lab.model.topology import Topology

    topology = getattr(module, "topology", None)
    return topology if isinstance(topology, Topology) else None


def _sound(topology: Topology, name: str) -> Topology:
    """The same, where it can be planned; else raises NoTopology."""
    from lab.theory.problems import BadTopology, problems

    if found := problems(topology):
        raise NoTopology(f"{name}: {BadTopology(found)}")
    return topology


def _common(name: str, scenarios: tuple[Scenario, ...]) -> Topology:
    """The one topology that all scenarios of `name` have."""
    topologies = dict.fromkeys(scenario.topology for scenario in scenarios)
    if len(topologies) > 1:
        raise NoTopology(f"{name} has scenarios of {len(topologies)} topologies; name one: {scenarios[0].name}, for example")
    return next(iter(topologies))


def _module(path: Path) -> ModuleType:
    """The module in a Python file. Raises NoScenario, with the line where the file fails."""
    spec = importlib.util.spec_from_file_location(f"scenario_file_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise NoScenario(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise NoScenario(f"{path}{line_of(error, path)}: {type(error).__name__}: {error}") from error
    return module


def line_of(error: BaseException, path: Path) -> str:
    """Where in the user's file an error came from, as ":12"; empty where it did not come from there."""
    if isinstance(error, SyntaxError) and error.filename == str(path.absolute()):
        return f":{error.lineno}"
    line = ""
    trace = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path.absolute()):
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    return line
