"""What a probe found as JSON, for programs. Sizes are octets.

SCHEMA is the version of what stands where. It goes up when a key changes its meaning or goes away, not when one is added.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from enum import Enum
from typing import Any

from lab.report.probing.words import in_words
from lab.theory.probing.found import PathFound, Verdict

SCHEMA = 1


def probe_json(name: str, address: str, source: str | None, found: PathFound, seconds: float) -> str:
    """The document, with a newline at its end. `source` is the address that probes left from, None where none did."""
    document = {
        "schema": SCHEMA,
        "target": name,
        "address": address,
        "source": source,
        "protocol": found.means.value,
        "family": int(found.family),
        "first_link": found.first_link,
        "path_mtu": found.path_mtu,
        "measured_to_hop": found.measured,
        "complete": found.complete,
        "faulty": found.faulty,
        "stopped": found.stopped,
        "hops": [{**asdict(hop), "rtt": None if hop.rtt is None else round(hop.rtt, 6)} for hop in found.hops],
        "verdicts": [
            {"kind": kind(verdict), "fault": verdict.fault, **in_words(verdict, found)._asdict(), **plain(asdict(verdict))}
            for verdict in found.verdicts
        ],
        "probes": found.packets,
        "seconds": round(seconds, 3),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def kind(verdict: Verdict) -> str:
    """BlackHole is black-hole."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(verdict).__name__).lower()


def plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in fields.items()}
