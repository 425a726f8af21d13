"""The modules of a kernel that a guest may need, uncompressed, with the tables by which modprobe finds them."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from lab.model.kernel import Kernel
from lab.world.errors import Broken, Lacking
from lab.world.guests.tree import Tree

FOLDERS = (
    "kernel/net/802",
    "kernel/net/8021q",
    "kernel/net/bridge",
    "kernel/net/core",
    "kernel/net/ipv4",
    "kernel/net/ipv6",
    "kernel/net/key",
    "kernel/net/llc",
    "kernel/net/mpls",
    "kernel/net/mptcp",
    "kernel/net/netfilter",
    "kernel/net/packet",
    "kernel/net/sched",
    "kernel/net/sctp",
    "kernel/net/unix",
    "kernel/net/xfrm",
    "kernel/drivers/net/geneve",
    "kernel/drivers/net/ipvlan",
    "kernel/drivers/net/vxlan",
    "kernel/drivers/net/wireguard",
    "kernel/drivers/virtio",
    "kernel/crypto",
    "kernel/arch/x86/crypto",
    "kernel/lib/crypto",
)
"""What networks of namespaces are made of. Whatever these depend on comes along."""
SINGLE = tuple(
    f"kernel/drivers/net/{name}.ko"
    for name in ("dummy", "geneve", "ifb", "macvlan", "macvtap", "tap", "tun", "veth", "vrf", "vxlan")
)
CONSOLE = ("kernel/drivers/char/virtio_console.ko", "kernel/drivers/char/hw_random/virtio-rng.ko")
TABLES = ("modules.builtin", "modules.builtin.modinfo", "modules.order")
SUFFIXES = (".xz", ".gz", ".zst")


def module_tree(kernel: Kernel) -> Tree:
    """Raises Lacking where a program is missing, and Broken where the folder is not one of modules."""
    tree = Tree()
    if not kernel.modules:
        return tree
    folder = Path(kernel.modules)
    with tempfile.TemporaryDirectory() as work:
        base = Path(work, "lib/modules", kernel.release)
        for name in sorted(wanted(folder)):
            out = base / plain(name)
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(uncompressed(folder / name))
        base.mkdir(parents=True, exist_ok=True)
        for table in TABLES:
            if (folder / table).is_file():
                shutil.copy(folder / table, base / table)
        index(Path(work), kernel.release)
        for path in sorted(base.rglob("*")):
            if path.is_file():
                tree.contents[f"/usr/lib/modules/{kernel.release}/{path.relative_to(base)}"] = path.read_bytes()
    return tree


def wanted(folder: Path) -> set[str]:
    """Names of files, relative to the folder, as modules.dep has them."""
    needs = dict(dependencies(folder))
    chosen = {
        name for name in needs if plain(name) in (*SINGLE, *CONSOLE) or plain(name).startswith(tuple(f"{f}/" for f in FOLDERS))
    }
    return chosen.union(*(needs[name] for name in chosen))


def dependencies(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each module, and all that it needs, as modules.dep(5) has them. Raises Broken."""
    try:
        lines = (folder / "modules.dep").read_text().splitlines()
    except OSError as error:
        raise Broken(f"{folder} is no folder of modules: modules.dep: {error.strerror}; `depmod` makes it") from error
    for line in lines:
        name, _, needs = line.partition(":")
        yield name, tuple(needs.split())


def plain(name: str) -> str:
    stem, suffix = os.path.splitext(name)
    return stem if suffix in SUFFIXES else name


def uncompressed(path: Path) -> bytes:
    """A module's octets. Done here, as under emulation it would take seconds. Raises Broken for a file that is not whole."""
    try:
        octets = path.read_bytes()
        if path.suffix == ".xz":
            return lzma.decompress(octets)
        if path.suffix == ".gz":
            return gzip.decompress(octets)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise Broken(f"{path}, which modules.dep names: {getattr(error, 'strerror', None) or error}") from error
    if path.suffix == ".zst":
        return tool("zstd", ["--decompress", "--stdout", "--quiet", str(path)], "zstd")
    return octets


def index(base: Path, release: str) -> None:
    tool("depmod", ["-b", str(base), release], "kmod")


def tool(name: str, arguments: list[str], package: str) -> bytes:
    """What a program prints. Raises Lacking where it is not installed, Broken where it fails."""
    path = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin")))
    if path is None:
        raise Lacking(f"{name} is not installed (Debian, Ubuntu: apt-get install {package})")
    done = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        raise Broken(f"{name} {' '.join(arguments)}: exit {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
