"""`pmtulab capture`: what passes is seen as it passes, whatever ends it, and the lab goes on."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from lab.model.pcapng import Capture, load
from lab.model.wire import decode
from tests.world.command import PMTULAB, surroundings
from tests.world.standing import User, a_user

WIDE = "nodes: {a: host, b: host}\nlinks: [{a: a, b: b, mtu: 65535}]\n"
SEND = "import socket as s; u = s.socket(s.AF_INET, s.SOCK_DGRAM); u.connect(('b', 9)); u.setblocking(True)\n"
SENDS_MANY = SEND + "for _ in range({}):\n try: u.send(bytes(65000))\n except ConnectionRefusedError: pass\n"


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """Somebody with a lab, `here`, and one with a link of 65,535 octets, `wide`."""
    with a_user(tmp_path_factory.mktemp("user")) as user:
        (user.folder / "wide.yaml").write_text(WIDE)
        user.up()
        user.up("wide.yaml", "wide")
        yield user


@contextlib.contextmanager
def capturing(user: User, *arguments: str, stdout: int | IO[str] = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """`pmtulab capture`, from when it says that it captures."""
    environment = surroundings(**user.environment)
    with subprocess.Popen(
        [*PMTULAB, "capture", *arguments],
        cwd=user.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            assert run.stderr
            said = run.stderr.readline()
            assert said.startswith("capturing at "), said + run.stderr.read()
            yield run
        finally:
            run.kill()


def ping(user: User, octets: int, df: str = "do", count: int = 1) -> None:
    user.types(
        "exec", "--in", "here", "client", "ping", "-c", str(count), "-i", "0.01", "-W", "2", "-M", df, "-s", str(octets), "server"
    )


def ended(run: subprocess.Popen[str], by: signal.Signals | None = None) -> tuple[str, str]:
    """Its output and what it says last, after a signal or by itself; exit code 0."""
    if by:
        run.send_signal(by)
    out, err = run.communicate(timeout=20)
    assert run.returncode == 0, err
    return out, err


def captured(path: Path) -> Capture:
    return load(path.read_bytes())


def fresh(user: User) -> None:
    user.said("exec", "--in", "here", "client", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/route/flush")


# --- lines


@pytest.mark.tools("ping")
def test_a_line_for_each_frame_in_the_words_of_the_lab(user: User) -> None:
    fresh(user)
    with capturing(user, "--in", "here", "client:r1", "r1:r2") as run:
        ping(user, 1472)
        ping(user, 1000, "dont")
        out, err = ended(run, signal.SIGINT)
    lines = [line.split(maxsplit=1)[1] for line in out.splitlines() if "ARP" not in line]
    assert lines[:2] == [
        "client:r1  out  client → server   1500  DF  ICMP echo request, 1472 octets of payload",
        "client:r1  in   r1 → client        576      ICMP frag-needed, next-hop MTU 576, about client → server",
    ]
    assert (
        "r1:r2      out  client → server    572      ICMP echo request, 544 octets of payload, fragment at 0, more follow" in lines
    )
    assert "r1:r2      out  client → server    476      ICMP, 456 octets, fragment at 552, the last" in lines
    assert re.fullmatch(rf"{len(out.splitlines())} frames at 2 link ends in \d+\.\d\d s, none dropped\n", err)


@pytest.mark.tools("ping")
def test_it_ends_after_so_many_frames_or_so_many_seconds(user: User) -> None:
    with capturing(user, "--in", "here", "client", "-c", "3") as run:
        ping(user, 100, count=5)
        out, err = ended(run)
    assert len(out.splitlines()) == 3
    assert err.startswith("3 frames at 1 link end in ")
    with capturing(user, "--in", "here", "--for", "0.2") as run:
        _, err = ended(run)
    assert re.match(r"(no frame|\d+ frames?) at 6 link ends in ", err)  # somebody may ask for a neighbour just then


def test_where_there_is_no_such_end_it_says_what_is_near(user: User) -> None:
    said = user.refused(2, "capture", "--in", "here", "clint:r1", "zzz", "r1")
    assert "there is no link end or node 'clint:r1'; did you mean client:r1" in said
    assert "there is no link end or node 'zzz'; there are the nodes client, r1, r2, server" in said
    assert "near it: here" in user.refused(2, "capture", "--in", "heer")
    assert "nowhere/x.pcapng: No such file or directory" in user.refused(2, "capture", "--in", "here", "-w", "nowhere/x.pcapng")


# --- pcapng


@pytest.mark.tools("ping")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_file_has_every_frame_in_order_and_what_the_taps_counted(user: User, end: signal.Signals) -> None:
    path = user.folder / "kept.pcapng"
    with capturing(user, "--in", "here", "-w", str(path)) as run:
        ping(user, 400, count=5)
        ended(run, end)
    kept = captured(path)
    assert [(i.name, i.description) for i in kept.interfaces] == [
        *(("client:r1", "MTU 1500"), ("r1:client", "MTU 1500"), ("r1:r2", "MTU 576")),
        *(("r2:r1", "MTU 576"), ("r2:server", "MTU 1500"), ("server:r2", "MTU 1500")),
    ]
    packets = [(frame, packet) for frame in kept.frames if (packet := decode(frame.octets))]
    # Five requests and five replies, each at six link ends.
    assert len(packets) == 60
    assert [frame.time_ns for frame in kept.frames] == sorted(frame.time_ns for frame in kept.frames)
    first = [(kept.interfaces[frame.interface].name, frame.outbound) for frame, _ in packets[:6]]
    assert first == [(i.name, not number % 2) for number, i in enumerate(kept.interfaces)]
    assert sum(counted.received for counted in kept.statistics) == len(kept.frames)
    assert {counted.dropped for counted in kept.statistics} == {0}


@pytest.mark.tools("ping", "tshark")
def test_tshark_reads_the_pipe_while_it_is_written(user: User) -> None:
    with (
        capturing(user, "--in", "here", "r1:r2", "-w", "-", "--for", "20") as run,
        subprocess.Popen(
            ["tshark", "-l", "-r", "-"], stdin=run.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as tshark,
    ):
        assert tshark.stdout
        ping(user, 400)
        assert any(b"Echo (ping) request" in line for line in iter(tshark.stdout.readline, b""))
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
        assert b"Echo (ping) reply" in tshark.stdout.read()
        assert tshark.wait(timeout=20) == 0


def test_pcapng_is_not_written_to_a_terminal(user: User) -> None:
    ours, theirs = os.openpty()
    with open(ours), open(theirs) as terminal:
        environment = surroundings(**user.environment)
        done = subprocess.run(
            [*PMTULAB, "capture", "--in", "here", "-w", "-"], env=environment, stdout=terminal, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert "pcapng is not for a terminal" in done.stderr


# --- what goes wrong


def test_a_reader_that_goes_ends_it_though_no_frame_comes(user: User) -> None:
    with capturing(user, "--in", "wide") as run:
        assert run.stdout
        assert run.stderr
        run.stdout.close()
        assert run.wait(timeout=20) == 0
        assert re.fullmatch(r"nobody reads on\n(no frame|\d+ frames?) at 2 link ends in .*, none dropped\n", run.stderr.read())


def test_a_reader_that_does_not_read_is_not_waited_for(user: User) -> None:
    with capturing(user, "--in", "wide", "a:b", "-w", "-") as run:
        user.said("exec", "--in", "wide", "a", "python3", "-c", SENDS_MANY.format(3))
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=10) == 0
        assert run.stderr
        assert run.stderr.read().startswith("nobody reads on\n")


@pytest.mark.tools("ping")
def test_a_full_disk_is_said_and_the_lab_lives_on(user: User) -> None:
    with capturing(user, "--in", "here", "-w", "/dev/full") as run:
        _, err = run.communicate(timeout=20)
    assert (run.returncode, err) == (125, "/dev/full: No space left on device. The lab stands as before.\n")
    assert user.said("exec", "--in", "here", "client", "echo", "on") == "on\n"


@pytest.mark.tools("ping")
def test_a_file_that_may_not_grow_has_whole_frames(user: User) -> None:
    path = user.folder / "short.pcapng"
    with limited(4096), capturing(user, "--in", "here", "-w", str(path)) as run:
        ping(user, 1000, "dont", count=5)
        _, err = run.communicate(timeout=20)
    kept = captured(path)
    assert 0 < len(kept.frames) < 60
    size = path.stat().st_size
    assert size < 4096
    said = f"{path}: the limit on a file's size is reached (ulimit -f)"
    said += f"; it has {len(kept.frames)} frames, {size} octets, and can be read."
    assert (run.returncode, err) == (125, f"{said} The lab stands as before.\n")
    assert user.said("exec", "--in", "here", "client", "echo", "on") == "on\n"


@contextlib.contextmanager
def limited(octets: int) -> Iterator[None]:
    """What is started here makes no file larger than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_under_load_it_says_what_each_tap_dropped(user: User) -> None:
    path = user.folder / "load.pcapng"
    with capturing(user, "--in", "wide", "b:a", "-w", str(path)) as run:
        run.send_signal(signal.SIGSTOP)
        # A tap may hold 128 MiB at most (SO_RCVBUFFORCE, doubled): 3,000 of these need more.
        user.said("exec", "--in", "wide", "a", "python3", "-c", SENDS_MANY.format(3000))
        run.send_signal(signal.SIGCONT)
        _, err = ended(run, signal.SIGINT)
    kept = captured(path)
    (counted,) = kept.statistics
    assert 0 < counted.dropped < counted.received
    assert len(kept.frames) == counted.received - counted.dropped
    assert err.endswith(f"; b:a dropped {counted.dropped} of {counted.received}\n")


def test_when_the_lab_goes_down_it_says_so_and_keeps_what_it_has(user: User) -> None:
    user.up("wide.yaml", "gone")
    path = user.folder / "gone.pcapng"
    with capturing(user, "--in", "gone", "-w", str(path)) as run:
        user.said("exec", "--in", "gone", "a", "python3", "-c", SENDS_MANY.format(1))
        user.said("down", "gone")
        _, err = ended(run)
    assert err.startswith("the lab went down\n")
    # There and received, an error back for the closed port at both ends; and what finds the neighbours.
    assert len([frame for frame in captured(path).frames if decode(frame.octets)]) == 4
