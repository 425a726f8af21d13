"""Debian's archive, asked by apt: from lists, sources and settings of our own, so that the machine's stay as they are.

Each suite has a folder of its own, with what apt needs of a system, and kernels.json, which says what kernels it has. One that is
gone is nobody else's trouble. apt checks every list by the archive's signature, and every package by the size and the hash in it.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import lzma
import os
import re
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.model.debian import SUITES, DebianKernel, Listing, listing
from lab.world.errors import NotFetched
from lab.world.kernels.locks import alone
from lab.world.kernels.mirrors import MIRROR, SECURITY, keyring, mirror
from lab.world.kernels.tools import Say, run

FRESH = 24 * 3600.0
"""Seconds for which lists are believed: Debian publishes four times a day, and a kernel some times a month."""

TENTHS = 10.0
"""Per cent between two lines of progress."""

OR_OLD_ONES = "or old ones used instead."
GONE = "does not have a Release file"
NO_ROOM = "No space left on device"
NOT_FOUND = re.compile(r"404 +Not Found|was not found|File not found")

CONFIGURATION = """
Dir::State "{root}";
Dir::State::Lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Dir::Etc::SourceList "{root}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
// Signed by the one keyring of sources.list, and by nothing that the machine trusts besides.
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "/dev/null";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Architecture "amd64";
#clear APT::Architectures;
APT::Architectures {{ "amd64"; }};
// What the machine does before and after its own updates is not for these.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
// The user _apt cannot enter a cache in somebody's home.
APT::Sandbox::User "root";
// A list that did not come is no warning.
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::PDiffs "false";
// Kept as small as they come, and in a form that Python reads.
Acquire::GzipIndexes "true";
#clear Acquire::CompressionTypes::Order;
Acquire::CompressionTypes::Order {{ "xz"; "gz"; }};
Acquire::IndexTargets::deb::Packages::KeepCompressed "true";
Acquire::IndexTargets::deb::Packages::KeepCompressedAs "xz gz";
"""


class NoSuite(NotFetched):
    """The archive answers, and has no such suite."""


class NoLonger(NotFetched):
    """The archive had this version when it was asked, and has another one by now."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One suite, with its folder below `cache`."""

    name: str
    cache: Path

    @property
    def root(self) -> Path:
        return self.cache / "apt" / self.name

    @property
    def listed(self) -> Path:
        return self.root / "kernels.json"

    def listing(self, say: Say, *, refresh: bool = False) -> Listing:
        """What it has: as it was asked within a day, else asked now, and where it cannot be asked, as it was once.

        Raises NoSuite, and NotFetched where it was never known.
        """
        known, age = self._known()
        if known and age < FRESH and not refresh:
            return known
        self.root.mkdir(parents=True, exist_ok=True)
        began = time.time()
        with alone(self.root / "lock", say, f"another process is about the list of {self.name}: waiting"):
            known, age = self._known()
            if known and age < (time.time() - began if refresh else FRESH):  # the other one has asked
                return known
            try:
                found = self._ask(say)
            except NoSuite:
                if self.name in SUITES:  # it is gone, and this archive is not asked for it again today
                    self._write(Listing(self.name), without=self._address())
                else:
                    shutil.rmtree(self.root)
                raise
            except NotFetched as error:
                if known is None:
                    raise
                say(f"{error}\ngoing by the list of {self.name} that is {age / 3600:.0f} hours old")
                return known
            self._write(found)
            return found

    def download(self, kernel: DebianKernel, into: Path, say: Say, keep: int) -> list[Path]:
        """Its packages, each whole and as the signed index says. Raises NotFetched. `keep` as in tools.run()."""
        with alone(self.root / "lock", say, f"another process is about the list of {self.name}: waiting", shared=True):
            self._configure()
            argv = [*self._apt("-o", "APT::Status-Fd=1", "download"), *(f"{name}={kernel.version}" for name in kernel.packages)]
            status, said = run(argv, cwd=str(into), each=Progress(say), keep=keep)
            if status and NO_ROOM not in said:
                # Whatever stands between may have kept it broken: it is asked to let that be.
                say(f"{errors(said)}\nonce more, from the beginning")
                clear(into)
                status, said = run([*argv, "-o", "Acquire::http::No-Cache=true"], cwd=str(into), each=Progress(say), keep=keep)
        if status:
            why = NoLonger if NOT_FOUND.search(said) else NotFetched
            raise why(f"{kernel.word} of {self.name} cannot be fetched:\n{errors(said)}")
        return sorted(into.glob("*.deb"))

    def _known(self) -> tuple[Listing | None, float]:
        """What was written when it was asked last, and how many seconds ago that was."""
        try:
            age = time.time() - self.listed.stat().st_mtime
            written = json.loads(self.listed.read_text())
            kernels = tuple(DebianKernel(**{**each, "packages": tuple(each["packages"])}) for each in written["kernels"])
            if written["without"] in ("", self._address()):
                return Listing(self.name, kernels, written["own"]), max(age, 0.0)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            pass
        return None, 0.0

    def _write(self, found: Listing, without: str = "") -> None:
        """`without` is the address of an archive that has no such suite; another one may."""
        replace(self.listed, json.dumps(asdict(found) | {"without": without}, indent=1))

    def _ask(self, say: Say) -> Listing:
        self._configure()
        say(f"asking for the kernels of {self.name}")
        status, said = run(self._apt("-o", "Acquire::Retries=1", "update"))  # where nobody answers, 12 suites are waited for
        if status and GONE in said:
            raise NoSuite(f"{self._address()} has no suite {self.name}, or has it no longer")
        if status:
            raise NotFetched(f"the list of {self.name} cannot be fetched:\n{errors(said)}\n{MIRROR} names another archive")
        _, said = run(self._apt("indextargets", "--format", "$(FILENAME)", "Created-By: Packages"))
        return listing(self.name, "".join(unpacked(Path(name)) for name in said.splitlines()))

    def _address(self) -> str:
        return mirror(security=self.name.endswith(SECURITY))

    def _apt(self, *arguments: str) -> list[str]:
        return ["apt-get", "-c", str(self.root / "apt.conf"), "-q", *arguments]

    def _configure(self) -> None:
        """What apt needs of a system; the mirror may be another one than it was."""
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        source = f"deb [arch=amd64 target=Packages signed-by={keyring()}] {self._address()} {self.name} main\n"
        for name, text in (("status", ""), ("apt.conf", CONFIGURATION.format(root=self.root)), ("sources.list", source)):
            replace(self.root / name, text)


def replace(path: Path, text: str) -> None:
    """Another process reads what was there, or this, and never a part of it."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text)
    part.rename(path)


class Progress:
    """What apt says of a download (APT::Status-Fd), in a line for every ten per cent."""

    def __init__(self, say: Say) -> None:
        self._say, self._next = say, TENTHS

    def __call__(self, line: str) -> None:
        if not line.startswith("dlstatus:"):
            return
        with contextlib.suppress(IndexError, ValueError):
            done = float(line.split(":")[2])
            if done >= self._next:
                self._next = done - done % TENTHS + TENTHS
                self._say(f"  {done:.0f} %")


def unpacked(index: Path) -> str:
    octets = index.read_bytes()
    unpack = {".xz": lzma.decompress, ".gz": gzip.decompress}.get(index.suffix, bytes)
    return str(unpack(octets), errors="replace")


def errors(said: str) -> str:
    """The lines of apt's that say what is wrong, or all where none does."""
    lines = (line for line in said.splitlines() if line.startswith(("E: ", "W: GPG error")) and not line.endswith(OR_OLD_ONES))
    return "\n".join(dict.fromkeys(line[3:] for line in lines)) or said.strip()


def clear(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
