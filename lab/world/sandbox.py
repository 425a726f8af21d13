"""The lab's own namespaces, seen from a process that drives it: a `lab.world.holder` process and a socket to it."""

from __future__ import annotations

import array
import errno
import json
import os
import resource
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from socket import AF_UNIX, CMSG_SPACE, MSG_CMSG_CLOEXEC, SOCK_SEQPACKET, send_fds, socket, socketpair
from typing import IO, Any

from lab.world.errors import Broken, Forbidden, NoAnswer

FIRST = ""
"""Where the lab begins: a network namespace of its own, with no interface but lo. Programs run there, as in a node."""

LARGEST_REPLY = 1 << 16
MOST_DESCRIPTORS = 253  # SCM_MAX_FD (include/net/scm.h)
ANSWERS_WITHIN = 10.0  # seconds: a holder's requests are short, so one that is not stopped answers in a few ms
SPARE_DESCRIPTORS = 256  # for what the process that uses the lab opens itself


class Sandbox:
    """Starts at once and does not wait: the holder's start takes as long as other work does, so that goes on beside it.

    `wait()` returns when it stands. Raises Forbidden where this machine does not allow namespaces. Given a `connection` to the
    holder of a standing lab, it starts nothing, and closing it leaves the lab as it is.
    """

    def __init__(self, connection: socket | None = None) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stands = connection is not None
        if connection:
            self._control = connection
            return
        self._control, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        with theirs:
            argv = [sys.executable, "-I", "-S", str(Path(__file__).with_name("holder.py")), str(theirs.fileno())]
            # A session of its own: Ctrl-C at the terminal is for us, and we end the holder.
            self._process = subprocess.Popen(
                argv, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
            )

    def wait(self) -> None:
        if not self._stands:
            try:
                self._receive()
            except OSError as error:
                self.close()
                raise Forbidden(why_forbidden(error)) from error
            self._stands = True

    def _receive(self) -> tuple[dict[str, Any], list[int]]:
        try:
            message, fds = receive(self._control)
        except ConnectionResetError:  # it ended with our request unread
            message, fds = b"", []
        if not message:
            raise Broken("the lab's holder process ended; its last words, if any, are above")
        body = json.loads(message)
        if "errno" in body:
            raise OSError(body["errno"], body["what"], body["where"])
        return body, fds

    def _ask(self, fds: Sequence[int] = (), **request: Any) -> tuple[dict[str, Any], list[int]]:
        """A request with one reply; any thread may ask. Raises OSError with what the kernel said to the holder."""
        with self._lock:
            self._request(fds, **request)
            return self._receive()

    def _request(self, fds: Sequence[int] = (), **request: Any) -> None:
        self.wait()
        try:
            send_fds(self._control, [json.dumps(request).encode()], fds)
        except BrokenPipeError as error:
            raise Broken("the lab's holder process is gone") from error

    def nodes(self, nodes: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, int, int]]:
        """Makes the nodes: name and sysctls of each. The work starts now; (name, namespace, netlink socket) come as it is done.

        The last two are descriptors. Raises OSError with the file that the kernel refused, or Broken.
        """
        return self._held(list(nodes), do="nodes", nodes=nodes)

    def adopt(self, pids: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
        """Takes over nodes that a program of the lab has made, each by a process that is in its network namespace.

        They stand as long as the lab, whatever becomes of those processes. Gives what nodes() gives.
        """
        return self._held(list(pids), do="adopt", pids=pids)

    def join(self, names: Iterable[str]) -> Iterator[tuple[str, int, int]]:
        """Nodes of a standing lab. Gives what nodes() gives."""
        names = list(names)
        return self._held(names, do="join", nodes=names)

    def _held(self, names: list[str], **request: Any) -> Iterator[tuple[str, int, int]]:
        allow_descriptors(6 * len(names))  # here a namespace, a netlink socket, and taps at two link ends; and room
        self._request(**request)

        def made() -> Iterator[tuple[str, int, int]]:
            nonlocal names
            while names:
                _, fds = self._receive()
                here, names = names[: len(fds) // 2], names[len(fds) // 2 :]
                yield from zip(here, fds[::2], fds[1::2], strict=True)

        return made()

    def forget(self, nodes: Iterable[str]) -> None:
        """Lets go of nodes, so that others can be made in their place. Raises OSError (EBUSY) while a program runs in the lab."""
        self._ask(do="forget", nodes=list(nodes))

    def open_socket(self, node: str, family: int, type: int, protocol: int = 0) -> socket:
        """A socket that was opened in `node`, and stays there whoever uses it."""
        return self.open_sockets(node, family, type, protocol, 1)[0]

    def open_sockets(self, node: str, family: int, type: int, protocol: int, copies: int) -> list[socket]:
        asked = self._ask(do="socket", node=node, family=int(family), type=int(type), protocol=int(protocol), copies=copies)
        return [socket(fileno=fd) for fd in asked[1]]

    def open(self, node: str, *paths: str) -> list[int]:
        """Descriptors of files below /proc/net, as `node` sees them."""
        return self._ask(do="open", node=node, paths=paths)[1]

    def sysctl(self, node: str, path: str, value: str | None = None) -> str:
        """Reads a sysctl below /proc/sys, after writing `value` where it is given (some can only be written: those give "")."""
        return str(self._ask(do="sysctl", node=node, path=path, value=value)[0]["value"])

    def hosts(self, text: str) -> None:
        """Puts `text` in the place of /etc/hosts for every program of the lab."""
        self._ask(do="hosts", text=text)

    def spawn(
        self, node: str, argv: Sequence[str], env: Mapping[str, str], cwd: str, fds: Sequence[int], *, terminal: bool = False
    ) -> tuple[int, int, int]:
        """Runs a program in `node` with `fds` as its 0, 1, 2 and so on.

        With `terminal` the first three are one terminal, which becomes its controlling one. Returns the number by which signal()
        knows it, a pidfd, and a pipe that gives its exit code as text.
        """
        # A command line may be longer than any message (ARG_MAX).
        with in_memory(json.dumps([list(argv), dict(env)])) as words:
            asked = (words.fileno(), *fds)
            body, (pidfd, told) = self._ask(asked, do="spawn", node=node, cwd=cwd, terminal=terminal)
        return int(body["pid"]), pidfd, told

    def signal(self, program: int, number: int) -> None:
        """Sends a signal to the process group of a program that spawn() has started, if it still runs."""
        self._ask(do="signal", pid=program, number=number)

    def known(self, program: int) -> None:
        """Says that the end of a program is known: what it has left behind is hung up no more when this connection goes."""
        self._ask(do="known", pid=program)

    def stay(self, listener: socket, path: str, about: str) -> None:
        """From now on the lab stands until down(), whatever becomes of this connection. Raises OSError.

        `listener`, a socket by the name `path`, takes others, and `about` is what those are to know.
        """
        with in_memory(about) as file:
            self._ask((listener.fileno(), file.fileno()), do="stay", path=path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of Popen, whose process is not to outlive it
            self._process = None

    def about(self) -> tuple[str, int]:
        """Of a standing lab: what stay() was given, and the pidfd of the process whose end is the lab's end.

        It is the first that anybody asks. Raises NoAnswer after ANSWERS_WITHIN.
        """
        self._control.settimeout(ANSWERS_WITHIN)
        try:
            _, (about, ended) = self._ask(do="about")
        except TimeoutError:
            why = "it may be stopped (kill -CONT its holder.py processes wakes it)"
            raise NoAnswer(f"the process that holds the lab did not answer within {ANSWERS_WITHIN:g} s: {why}") from None
        self._control.settimeout(None)
        with open(about):
            return os.pread(about, os.fstat(about).st_size, 0).decode(), ended

    def down(self) -> None:
        """Takes a standing lab down. Returns before it is: about()'s pidfd tells when."""
        self._ask(do="down")

    def close(self) -> None:
        """Ends the holder, and with it every program and namespace of the lab; unless the lab stands. Safe to call twice."""
        self._control.close()
        if self._process:
            self._process.wait()


def in_memory(text: str) -> IO[str]:
    """A file that is nowhere, with this text."""
    file = open(os.memfd_create("pmtulab"), "w")  # noqa: SIM115 - the caller's to close
    file.write(text)
    file.flush()
    return file


def receive(control: socket) -> tuple[bytes, list[int]]:
    """One message and its descriptors, none of which a program inherits: socket.recv_fds() takes flags, and ignores them."""
    message, ancillary, _, _ = control.recvmsg(LARGEST_REPLY, CMSG_SPACE(MOST_DESCRIPTORS * 4), MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for _, _, octets in ancillary:
        fds.frombytes(octets)
    return message, list(fds)


def allow_descriptors(count: int) -> None:
    """Raises the soft limit on open files, as far as `count` more need it. Raises Broken where the hard limit is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + SPARE_DESCRIPTORS
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise Broken(f"this lab needs {wanted} open files, and the hard limit is {hard}: raise it (ulimit -Hn)")
    if soft != resource.RLIM_INFINITY and wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def why_forbidden(error: OSError) -> str:
    """What to tell a user whom the kernel refused, by the step that was refused and the errno."""
    said = f"This machine does not let pmtulab make its network: {error.filename}: {error.strerror}."
    if error.errno == errno.ENOSPC or read_sysctl("user/max_user_namespaces") == "0":
        limits = "sysctl user.max_user_namespaces (and user.max_net_namespaces)"
        return f"{said}\nThe limit is used up or zero: raise {limits}, or run as root."
    if read_sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            f"{said}\nAppArmor restricts user namespaces here (Ubuntu 23.10 and later): run as root, or"
            "\n  sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if read_sysctl("kernel/unprivileged_userns_clone") == "0":
        return f"{said}\nUser namespaces are switched off here: run as root, or\n  sudo sysctl kernel.unprivileged_userns_clone=1"
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        rights = "--cap-add SYS_ADMIN,NET_ADMIN,NET_RAW and no seccomp filter"
        return f"{said}\nA container forbids it: start it with --privileged, or with {rights}."
    return f"{said}\nRun as root, or allow user namespaces to your user (a seccomp filter or a security module forbids them)."


def read_sysctl(path: str) -> str | None:
    try:
        return Path("/proc/sys", path).read_text().strip()
    except OSError:
        return None
