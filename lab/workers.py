"""What a process that works for another one does first, so that neither Ctrl-C nor the other's end leaves it behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

CANNOT_GO_ON = 125


def stay_with_parent() -> None:
    """For workers: Ctrl-C reaches the whole group, and one message about it is enough; a parent that is killed takes us along."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(CANNOT_GO_ON)
