"""The conductor inside a guest: runs the scenarios of a job, and tells each result as soon as it is there."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from lab.evidence import NAMES
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
    for result in run_all(wanted["scenarios"], OUT, wanted["jobs"], "netlink", (), skip=wanted["skip"]):
        folder = OUT / result.scenario.name
        for name in NAMES:
            send(port, "file", (folder / name).read_bytes(), scenario=result.scenario.name, name=name)
        send(port, "result", scenario=result.scenario.name)
        shutil.rmtree(folder)
    for known in known_traits(wanted["traits"]):
        send(port, "trait", **asdict(known))
    for known in known_features() if wanted["features"] else ():
        send(port, "feature", **asdict(known))


def main() -> None:
    start(job)
