"""The octets of frames and the fields in them, small enough for a page: laid out once for all frames alike, and deflated."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Collection, Iterable
from typing import Any
from zlib import compress

from lab.judge.observation import Observation
from lab.report.html.dissect import Layer, dissect
from lab.report.html.frames import beginning

PAYLOAD_KEPT = 16
"""How many octets of a payload are kept, at least: they say nothing, as the lab sends patterns."""


def octets_element(acts: Iterable[Observation], shown: Collection[int] | None = None) -> str:
    """The page's element with what there is to know of each frame that is shown (None: all): JSON, deflated (zlib), in base64.

    `layouts` has layers of frames: title, first octet, last octet + 1, fields; a field is its name, Wireshark's, first, last + 1.
    `frames` has by number: link end, 1 where it was sent there, time since the act began (ns), length, the octets kept as
    hexadecimal digits, the number of its layout, and the values of its fields.
    """
    layouts: dict[str, int] = {}
    frames: dict[int, list[Any]] = {}
    for act in acts:
        start = beginning(act)
        for frame in act.frames:
            if shown is not None and frame.number not in shown:
                continue
            layers = dissect(frame.octets)
            layout = layouts.setdefault(json.dumps([_laid_out(layer) for layer in layers]), len(layouts))
            kept = frame.octets[: _kept(layers)].hex()
            values = [field.value for layer in layers for field in layer.fields]
            frames[frame.number] = [frame.end, int(frame.sent), frame.time - start, frame.length, kept, layout, values]
    written = json.dumps({"layouts": [json.loads(layout) for layout in layouts], "frames": frames}, separators=(",", ":"))
    return f'<script type="application/octet-stream" id="octets">{b64encode(compress(written.encode(), 9)).decode()}</script>'


def _laid_out(layer: Layer) -> list[Any]:
    return [layer.title, layer.start, layer.stop, [[f.name, f.key, f.start, f.stop] for f in layer.fields]]


def _kept(layers: tuple[Layer, ...]) -> int:
    """Up to where octets are kept: the headers and a little of the payload, in full rows of 16."""
    last = layers[-1]
    stop = last.stop if last.fields else min(last.stop, last.start + PAYLOAD_KEPT)
    return -(-stop // 16) * 16
