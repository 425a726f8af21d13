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
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.model.debian import SUITES, DebianKernel, Listing, listing
from lab.world.errors import NotFetched
from lab.world.kernels.locks import alone
from lab.world.kernels.tools import Say, run

MIRROR, KEYRING = "PMTULAB_DEBIAN_MIRROR", "PMTULAB_DEBIAN_KEYRING"
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")

FRESH = 24 * 3600.0
"""Seconds for which lists are believed: Debian publishes four times a day, and a kernel some times a month."""

TENTHS = 10.0
"""Per cent between two lines of progress."""

GONE = "does not have a Release file"
NO_ROOM = "No space left on device"

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
        self.root.mkdir(parents=True, exist_ok=True)
        with alone(self.root / "lock", say, f"another process asks for the kernels of {self.name}: waiting"):
            known, age = self._known()
            if known and age < FRESH and not refresh:
                return known
            try:
                found = self._ask(say)
            except NoSuite:
                if self.name in SUITES:  # it is gone, and not asked for again today
                    self._write(Listing(self.name))
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
        with alone(self.root / "lock", say, f"another process asks for the kernels of {self.name}: waiting"):
            self._configure()
            argv = [*self._apt("-o", "APT::Status-Fd=1", "download"), *(f"{name}={kernel.version}" for name in kernel.packages)]
            status, said = run(argv, cwd=str(into), each=Progress(say), keep=keep)
            if status and NO_ROOM not in said:
                # Whatever stands between may have kept it broken: it is asked to let that be.
                say("what came was not what the archive has signed, or did not come; once more")
                clear(into)
                status, said = run([*argv, "-o", "Acquire::http::No-Cache=true"], cwd=str(into), each=Progress(say), keep=keep)
        if status:
            raise NotFetched(f"{kernel.word} of {self.name} cannot be fetched:\n{errors(said)}")
        return sorted(into.glob("*.deb"))

    def _known(self) -> tuple[Listing | None, float]:
        """What was written when it was asked last, and how many seconds ago that was."""
        try:
            age = time.time() - self.listed.stat().st_mtime
            written = json.loads(self.listed.read_text())
            kernels = tuple(DebianKernel(**{**each, "packages": tuple(each["packages"])}) for each in written["kernels"])
            return Listing(written["suite"], kernels, written["own"]), max(age, 0.0)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None, 0.0

    def _write(self, found: Listing) -> None:
        part = self.root / "kernels.part"
        part.write_text(json.dumps(asdict(found), indent=1))
        part.rename(self.listed)

    def _ask(self, say: Say) -> Listing:
        say(f"asking for the kernels of {self.name}")
        self._configure()
        status, said = run(self._apt("update"))
        if status and GONE in said:
            raise NoSuite(f"Debian has no suite {self.name}, or has it no longer")
        if status:
            raise NotFetched(f"the list of {self.name} cannot be fetched:\n{errors(said)}")
        status, said = run(self._apt("indextargets", "--format", "$(FILENAME)", "Created-By: Packages"))
        names = said.split("\n")[0]
        return listing(self.name, unpacked(Path(names)) if names else "")

    def _apt(self, *arguments: str) -> list[str]:
        return ["apt-get", "-c", str(self.root / "apt.conf"), "-q", "-y", *arguments]

    def _configure(self) -> None:
        """What apt needs of a system; anew each time, as the mirror may be another one."""
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "apt.conf").write_text(CONFIGURATION.format(root=self.root))
        signed = f"[arch=amd64 target=Packages signed-by={keyring()}]"
        (self.root / "sources.list").write_text(
            f"deb {signed} {mirror(security=self.name.endswith('-security'))} {self.name} main\n"
        )


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


def mirror(*, security: bool) -> str:
    """The address of Debian's archive, or of its fixes: as the environment says, or as the machine's own apt knows it.

    Where one of the two is known, the other is its neighbour. Raises NotFetched, which says what to set.
    """
    if given := os.environ.get(MIRROR, "").rstrip("/"):
        return f"{given}-security" if security else given
    status, said = run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(REPO_URI)", "Created-By: Packages"])
    known: dict[bool, str] = {}
    for line in said.splitlines() if status == 0 else ():
        origin, label, address = f"{line}||".split("|")[:3]
        if origin == "Debian" and label in ("Debian", "Debian-Security"):
            known.setdefault(label == "Debian-Security", address.rstrip("/"))
    if not known:
        raise NotFetched(
            f"the machine's apt knows no archive of Debian's; set {MIRROR} to the address of a mirror (on Debian: `apt-get update`)"
        )
    if security in known:
        return known[security]
    return f"{known[False]}-security" if security else known[True].removesuffix("-security")


def keyring() -> str:
    """The keys that may sign. Raises NotFetched."""
    if given := os.environ.get(KEYRING):
        return given
    found = next((path for path in KEYRINGS if Path(path).is_file()), None)
    if found is None:
        raise NotFetched("the keys of Debian's archive are not here: install the package debian-archive-keyring")
    return found


def unpacked(index: Path) -> str:
    octets = index.read_bytes()
    unpack = {".xz": lzma.decompress, ".gz": gzip.decompress}.get(index.suffix, bytes)
    return str(unpack(octets), errors="replace")


def errors(said: str) -> str:
    """The lines of apt's that say what is wrong, or all where none does."""
    return "\n".join(dict.fromkeys(_wrong(said))) or said.strip()


def _wrong(said: str) -> Iterator[str]:
    lines = said.splitlines()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("E: "):
            yield line[3:]
        elif line.startswith("Err:"):
            yield f"{line.partition(' ')[2]}: {after.strip()}"


def clear(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
