"""The file system of a guest, as initramfs: this Python, what pmtulab needs to run, programs of scenarios, and a kernel's modules.

All of it lies where it lies on this machine, so that paths mean the same here and there. Nothing else of the machine is in it, and
neither a disk nor a folder is shared: what runs in a guest cannot touch what is outside.
"""

from __future__ import annotations

import importlib.util
import os
import py_compile
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path, PurePath

from lab.world.errors import Lacking
from lab.world.guests.tree import Tree
from lab.world.programs import PACKAGES

TOP = Path(__file__).parents[3]
SHELL = (
    *(
        "awk",
        "basename",
        "bash",
        "cat",
        "cp",
        "cut",
        "date",
        "dd",
        "dirname",
        "env",
        "expr",
        "grep",
        "head",
        "id",
        "ln",
        "ls",
        "mkdir",
    ),
    *("mount", "mv", "od", "printf", "rm", "sed", "seq", "sh", "sleep", "sort", "stat", "sysctl", "tail", "tee", "test", "timeout"),
    *("touch", "tr", "true", "umount", "uname", "uniq", "wc", "xargs"),
)
"""What the shell commands of scenarios are made of."""
KMOD = ("modprobe",)
"""What the kernel starts when it wants a module (/proc/sys/kernel/modprobe)."""
ALWAYS = ("ip", "ping")
BESIDE = {"iptables": "xtables", "ip6tables": "xtables", "tshark": "wireshark"}
"""Folders beside the libraries of a program, with more that it loads."""
MERGED = {f"/{name}": f"usr/{name}" for name in ("bin", "sbin", "lib", "lib64")}
TABLES = ("/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2", "/etc/protocols", "/etc/services", "/etc/ethertypes")
UNUSED = {
    *("test", "tests", "idlelib", "idle_test", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "site-packages"),
    *("dist-packages", "distutils", "curses", "dbm", "venv", "wsgiref", "pygments"),
}
"""Folders of modules that nothing in a lab loads."""
UNUSED_MODULES = ("_tkinter", "_curses", "_test", "_xxtest", "_codecs_", "readline", "_dbm", "_gdbm", "xx")
PACKAGES_UNUSED = {"pygments"}
"""rich needs it for colours of source code."""


def python_tree() -> Tree:
    """This interpreter, its library, and the packages that pmtulab needs to run; modules in their compiled form alone.

    Raises Lacking where a package does not say which files are its own, as those of a distribution do not.
    """
    tree = Tree()
    interpreter = interpreter_path()
    tree.add(interpreter)
    tree.links["/usr/bin/python3"] = str(interpreter)
    base = {"base": sys.base_prefix, "installed_base": sys.base_prefix}
    library = Path(sysconfig.get_path("stdlib", vars=base))
    for path in sorted(library.rglob("*")):
        add_module(tree, library, path.relative_to(library))
    for package in sorted(needed_packages("pmtulab") - PACKAGES_UNUSED):
        parts = metadata.files(package)
        if parts is None:
            raise Lacking(f"a guest needs the files of {package}, and nothing here says which they are: install it by pip")
        for part in parts:
            if ".." not in part.parts:
                add_module(tree, Path(str(part.locate())).parents[len(part.parts) - 1], part)
    tree.add_libraries()
    return tree


def interpreter_path() -> Path:
    """The interpreter itself, which is not a virtual environment's link to it."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def search_path() -> list[str]:
    """Where the interpreter of a guest finds pmtulab and its packages, which may be installed in several places."""
    packages = map(metadata.distribution, sorted(needed_packages("pmtulab")))
    return [*dict.fromkeys([str(TOP), *(str(Path(str(package.locate_file("."))).resolve()) for package in packages)])]


def needed_packages(name: str) -> set[str]:
    """The packages that one needs to run, those included that they need."""
    from packaging.requirements import Requirement

    needed: set[str] = set()
    waiting = [name]
    while waiting:
        for requirement in map(Requirement, metadata.requires(waiting.pop()) or ()):
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and requirement.name not in needed:
                needed.add(requirement.name)
                waiting.append(requirement.name)
    return needed


def add_module(tree: Tree, folder: Path, part: PurePath) -> None:
    """A file of a library of Python's: a module in its compiled form, as under emulation compiling takes longer than running."""
    path = folder / part
    if UNUSED.intersection(part.parts) or "__pycache__" in part.parts or part.name.startswith(UNUSED_MODULES) or not path.is_file():
        return
    if path.suffix == ".py":
        tree.contents[str(path.with_suffix(".pyc"))] = compiled(path)
    elif path.suffix in (".so", ".json", ".typed"):
        tree.add(path)


def compiled(path: Path) -> bytes:
    """A module's compiled form: as it lies there, else made now."""
    kept = Path(importlib.util.cache_from_source(str(path)))
    try:
        octets = kept.read_bytes()
        if octets.startswith(importlib.util.MAGIC_NUMBER) and kept.stat().st_mtime >= path.stat().st_mtime:
            return octets
    except OSError:
        pass
    return freshly_compiled(path)


def freshly_compiled(path: Path) -> bytes:
    """The same, made now. Of a file with a mistake in it nothing: it is told when the file is read."""
    with tempfile.TemporaryDirectory() as work:
        out = Path(work, "out.pyc")
        try:
            py_compile.compile(str(path), str(out), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        except py_compile.PyCompileError:
            return b""
        return out.read_bytes()


def lab_files(sources: Iterable[str]) -> list[Path]:
    """The files of pmtulab with its scenarios, and scenario files of the user's with the modules beside them."""
    own = (path for package in ("lab", "topologies", "scenarios") for path in (TOP / package).rglob("*"))
    beside = (path for folder in {Path(source).resolve().parent for source in sources} for path in folder.glob("*.py"))
    return sorted({path for path in (*own, *beside) if "__pycache__" not in path.parts and path.is_file()})


def lab_tree(sources: Iterable[str]) -> Tree:
    """lab_files() with their text, as scenarios are found by their files. What is compiled is believed without a look at it."""
    tree = Tree()
    for path in lab_files(sources):
        tree.add(path)
        if path.suffix == ".py":
            tree.contents[importlib.util.cache_from_source(str(path.resolve()))] = freshly_compiled(path)
    return tree


def programs_here(wanted: Iterable[str]) -> dict[str, Path]:
    """Where the programs `wanted` and those of any shell command are, as far as this machine has them. Raises Lacking."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    found = {name: shutil.which(name, path=path) for name in (*KMOD, *SHELL, *ALWAYS, *wanted)}
    for name in KMOD:
        if found[name] is None:
            raise Lacking(f"a guest needs {name}, which is not installed here (Debian, Ubuntu: apt-get install kmod)")
    return {name: Path(where) for name, where in found.items() if where}


def program_tree(programs: Mapping[str, Path]) -> Tree:
    """These programs, as programs_here() gives them, and what they are linked with."""
    tree = Tree()
    folders = set()
    for name, found in programs.items():
        program = found.resolve()
        tree.add(found)
        # Where a guest looks for it, which need not be where it was found.
        for link in (f"/usr/bin/{name}", f"/usr/sbin/{name}"):
            if str(program) != link:
                tree.links.setdefault(link, str(program))
        if name in BESIDE:
            folders.add(BESIDE[name])
    tree.add_libraries()
    for library in {Path(path).parent for path in tree.files if ".so" in path}:
        for name in folders:
            if (library / name).is_dir():
                tree.add(library / name)
    tree.add_libraries()
    tree.links |= MERGED
    for table in map(Path, TABLES):
        if table.exists():
            tree.add(table)
    return tree


def programs_of(words: Iterable[str]) -> set[str]:
    """The programs among these words of stories that a package is known for."""
    return {name for name in PACKAGES if name != "python3"}.intersection(words)
