"""System calls that Python's library lacks. The holder imports this: nothing but the standard library may be imported here."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Any

PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: Any) -> int:
    """A libc function that returns -1 where it fails; then raises OSError."""
    result: int = getattr(libc, name)(*args)
    if result == -1:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result


def end_with_parent() -> None:
    """From now on SIGKILL comes when the parent ends: of it the thread that started us. For between fork and exec, too."""
    call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def write(path: str, text: str) -> None:
    """Writes `text` at once, as /proc wants it. Raises OSError that names the file and the text."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{path} ({text})") from error
    finally:
        os.close(fd)
