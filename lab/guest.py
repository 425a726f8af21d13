"""The conductor inside a guest: runs the scenarios of a job, and tells each result as soon as it is there."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from lab.find import find
from lab.run_all import run_all
from lab.traits import known_features, known_traits
from lab.world.guests.init import start
from lab.world.guests.messages import send

JOB = Path("/job.json")
OUT = Path("/tmp/out")


def job(port: BinaryIO) -> None:
    wanted = json.loads(JOB.read_text())
    sys.argv[0] = "pmtulab"
    for name in wanted["scenarios"]:
        (OUT / name).mkdir(parents=True)
    if wanted["trace"] is not None:
        for name, source in wanted["scenarios"].items():
            from lab.trace import keep_without_page, trace

            scenario = next(scenario for scenario in find(source) if scenario.name == name)
            keep_without_page(trace(scenario, wanted["trace"]), OUT / name)
            send_folder(port, name)
        return
    for result in run_all(wanted["scenarios"], OUT, wanted["jobs"], "netlink", (), skip=wanted["skip"]):
        send_folder(port, result.scenario.name)
    for known in known_traits(wanted["traits"]):
        send(port, "trait", **asdict(known))
    for known in known_features() if wanted["features"] else ():
        send(port, "feature", **asdict(known))


def send_folder(port: BinaryIO, name: str) -> None:
    """The evidence of one scenario, which is then removed, as all is in memory."""
    for path in sorted((OUT / name).iterdir()):
        send(port, "file", path.read_bytes(), scenario=name, name=path.name)
    send(port, "result", scenario=name)
    shutil.rmtree(OUT / name)


def main() -> None:
    start(job)
