"""Claims about a node's cache of route exceptions, each with what must make it fail."""

from __future__ import annotations

from dataclasses import replace

from lab.judge.expect import CacheHolds, ExpiresWithin
from tests.observations import holding, where, without
from tests.scenes import HELD, REFUSED, Row

ROWS = (
    Row(
        CacheHolds(1, at="client"),
        REFUSED,
        {
            "none": lambda o: replace(o, exceptions=()),
            "two": lambda o: replace(o, exceptions=(HELD, replace(HELD, to="10.0.1.2"))),
            "at r1": holding(node="r1"),
            "no packet leaves": without(where("client:r1", sent=True)),
        },
    ),
    Row(
        ExpiresWithin(600, 600, at="client", to="server"),
        REFUSED,
        {"sooner": holding(expires=599.9), "later": holding(expires=600.1), "none": lambda o: replace(o, exceptions=())},
        also=tuple(ExpiresWithin(low, high, "client", "server") for low, high in ((599, 600), (592, 600), (600, 601), (600, 608))),
    ),
)
