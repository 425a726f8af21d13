"""System calls that Python's library lacks. The holder imports this: nothing but the standard library may be imported here."""

from __future__ import annotations

import ctypes
import os
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *args: Any) -> int:
    """A libc function that returns -1 where it fails; then raises OSError."""
    result: int = getattr(libc, name)(*args)
    if result == -1:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))
    return result


def write(path: str, text: str) -> None:
    """Writes `text` at once, as /proc wants it. Raises OSError that names the file and the text."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{path} ({text})") from error
    finally:
        os.close(fd)
