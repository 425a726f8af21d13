"""Made-up kernels: images that have a head and nothing else, and an archive like Debian's with packages of them, signed."""

from __future__ import annotations

import contextlib
import hashlib
import lzma
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

WITHIN = 30.0
"""Seconds for what the tests wait for, on a busy machine."""


def bzimage(release: str, octets: int = 0x800) -> bytes:
    """What boots nowhere and says its version where a bzImage says it."""
    image = bytearray(octets)
    image[0x1FE:0x206] = b"\x55\xaa\xeb\x66HdrS"
    if release:
        image[0x20E:0x210] = (0x300 - 0x200).to_bytes(2, "little")
    text = f"{release} (made up) #1 SMP".encode() + b"\0"
    image[0x300 : 0x300 + len(text)] = text
    return bytes(image)


@dataclass
class Key:
    """A throwaway key. Its home is short, as gpg's agent has a socket in it."""

    home: Path

    @property
    def public(self) -> Path:
        return self.home / "public.gpg"

    def gpg(self, *arguments: str | Path) -> None:
        argv = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--yes", "--passphrase", "", *arguments]
        subprocess.run(argv, check=True, capture_output=True, timeout=WITHIN)

    def sign(self, release: Path) -> None:
        self.gpg("--output", release.with_name("InRelease"), "--clearsign", release)


@contextlib.contextmanager
def throwaway_key() -> Iterator[Key]:
    home = Path(tempfile.mkdtemp(prefix="pmtulab-"))
    try:
        key = Key(home)
        key.gpg("--quick-generate-key", "A test of pmtulab", "ed25519", "sign", "never")
        key.gpg("--output", key.public, "--export")
        yield key
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False, capture_output=True, timeout=WITHIN)
        shutil.rmtree(home)


@dataclass
class Archive:
    """Files below `root`, served on a port of this machine. `asked` are the paths that were asked for.

    Of each file in `spoilt` the first answer is another one, as long. Of one in `held` half comes; then `half` is set, and the rest
    comes when `go` is.
    """

    root: Path
    address: str = ""
    asked: list[str] = field(default_factory=list)
    spoilt: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    half: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def debs(self) -> list[str]:
        """The names of the packages that were asked for, in order."""
        return [path.rpartition("/")[2].partition("_")[0] for path in self.asked if path.endswith(".deb")]

    def deb(self, package: str) -> Path:
        (found,) = self.root.rglob(f"{package}_*.deb")
        return found

    def add(self, suite: str, packages: Sequence[Package], key: Key) -> None:
        """Makes a suite of these packages; one of fixes is in the neighbouring archive."""
        base = self.root / ("debian-security" if suite.endswith("-security") else "debian")
        index = "\n".join(package.build(base) for package in packages)
        dists = base / "dists" / suite
        listed = dists / "main/binary-amd64/Packages.xz"
        listed.parent.mkdir(parents=True)
        listed.write_bytes(lzma.compress(index.encode()))
        entries = f" {hashlib.sha256(index.encode()).hexdigest()} {len(index)} main/binary-amd64/Packages\n"
        entries += f" {hashlib.sha256(listed.read_bytes()).hexdigest()} {listed.stat().st_size} main/binary-amd64/Packages.xz\n"
        (dists / "Release").write_text(
            f"Origin: Debian\nLabel: Debian\nSuite: {suite}\nCodename: {suite}\nDate: {formatdate(usegmt=True)}\n"
            f"Architectures: amd64\nComponents: main\nSHA256:\n{entries}"
        )
        key.sign(dists / "Release")
        (dists / "Release").unlink()


@dataclass(frozen=True)
class Package:
    """`files` are its content by path. `needs` are names that it depends on at its own version."""

    name: str
    version: str
    files: dict[str, bytes] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    def build(self, base: Path) -> str:
        """Puts the .deb into the archive's pool, and gives its paragraph of the index."""
        depends = ", ".join(["kmod", *(f"{name} (= {self.version})" for name in self.needs)])
        control = (
            f"Package: {self.name}\nVersion: {self.version}\nArchitecture: amd64\nMaintainer: Nobody <nobody@localhost>\n"
            f"Depends: {depends}\nDescription: made up\n"
        )
        deb = base / "pool" / f"{self.name}_{self.version}_amd64.deb"
        deb.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as name:
            for path, octets in {**self.files, "DEBIAN/control": control.encode()}.items():
                (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(name) / path).write_bytes(octets)
            os.chmod(name, 0o755)
            subprocess.run(["dpkg-deb", "-Znone", "--build", name, deb], check=True, capture_output=True, timeout=WITHIN)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        return control + f"Filename: pool/{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"


def whole(release: str, version: str, modules: str = "lib/modules", octets: int = 0x800) -> Package:
    """A kernel in one package."""
    lists = {f"{modules}/{release}/{name}": text for name, text in LISTS.items()}
    return Package(
        f"linux-image-{release}", version, {f"boot/vmlinuz-{release}": bzimage(release, octets), **lists, **tree(release, modules)}
    )


def split(release: str, version: str) -> tuple[Package, ...]:
    """A kernel in four packages, as from 6.19 on."""
    base, modules = f"linux-base-{release}", f"usr/lib/modules/{release}"
    lists = {f"{modules}/{name}": text for name, text in LISTS.items()}
    parts = tuple(f"linux-{part}-{release}" for part in ("base", "binary", "modules"))
    return (
        Package(f"linux-image-{release}", version, needs=parts),
        Package(parts[0], version, {**lists, f"usr/share/doc/{base}/changelog": b"long"}),
        Package(parts[1], version, {f"{modules}/vmlinuz": bzimage(release)}, (base,)),
        Package(parts[2], version, tree(release, "usr/lib/modules"), (base,)),
    )


def meta(release: str, version: str) -> Package:
    return Package("linux-image-amd64", version, needs=(f"linux-image-{release}",))


LISTS = {"modules.order": b"kernel/net/ipv4/ip_gre.ko\n", "modules.builtin": b"kernel/net/ipv6/ipv6.ko\n"}


def tree(release: str, modules: str) -> dict[str, bytes]:
    """A folder of modules without any, as a made-up one depmod would not take."""
    return {f"{modules}/{release}/kernel/net/ipv4/README": b"no module"}


@contextlib.contextmanager
def served(archive: Archive) -> Iterator[None]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            archive.asked.append(unquote(self.path))
            path = archive.root / archive.asked[-1].lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            octets = path.read_bytes()
            if path.name in archive.spoilt:
                archive.spoilt.remove(path.name)
                octets = octets[:-8] + bytes(byte ^ 0xFF for byte in octets[-8:])
            self.send_response(200)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                if path.name in archive.held:
                    self.wfile.write(octets[: len(octets) // 2])
                    self.wfile.flush()
                    archive.half.set()
                    archive.go.wait(WITHIN)
                    octets = octets[len(octets) // 2 :]
                self.wfile.write(octets)

        def log_message(self, *_: object) -> None:
            """Says nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        archive.address = f"http://127.0.0.1:{server.server_port}/debian"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            archive.go.set()
            server.shutdown()
            thread.join()
