"""A user with labs of their own: `pmtulab` with a runtime directory that no other test sees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.world.census import adopting_orphans, descendants
from tests.world.command import PMTULAB, pmtulab, started, surroundings


def sleepers(seconds: str) -> list[int]:
    """Who runs `sleep SECONDS`, of our labs; those of another run of these tests are not ours."""
    return [process.pid for process in descendants(os.getpid()) if process.argv == ("sleep", seconds)]


def state(pid: int) -> str:
    """The letter that ps shows: "S" for asleep, "T" for stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


class User:
    """Works in a folder, which is the runtime directory as well."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"XDG_RUNTIME_DIR": str(folder)}

    def types(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`pmtulab` to its end."""
        return pmtulab(*arguments, cwd=self.folder, **self.environment)

    def feeds(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same, with a pipe for its input that gives `text`."""
        environment = surroundings(**self.environment)
        return subprocess.run(
            [*PMTULAB, *arguments], cwd=self.folder, env=environment, input=text, capture_output=True, text=True, timeout=60
        )

    def starts(self, *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
        return started(*arguments, cwd=self.folder, **self.environment)

    def up(self, source: str = "576-router", name: str = "here") -> None:
        done = self.types("up", source, "--as", name)
        assert (done.returncode, done.stderr) == (0, "")

    def said(self, *arguments: str) -> str:
        """What a command that goes well prints."""
        done = self.types(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        return done.stdout

    def refused(self, code: int, *arguments: str) -> str:
        """What a command that ends with this code says, without a traceback; and it prints nothing else."""
        done = self.types(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    @property
    def pid(self) -> int:
        """The process that holds the only lab."""
        return int(self.said("ls").split()[-1])


@contextmanager
def a_user(folder: Path) -> Iterator[User]:
    """Labs that are still up in the end are killed."""
    with adopting_orphans():
        yield User(folder)
