"""A scenario inside one process, after one to warm up: `python -m tests.bench.story 576-router 5` prints {"seconds": [...]}."""

from __future__ import annotations

import json
import sys

from lab.find import find
from lab.judge.verdict import Verdict
from lab.run import run


def main() -> None:
    (scenario,) = find(sys.argv[1])
    results = [run(scenario).result for _ in range(int(sys.argv[2]) + 1)]
    for result in results:
        if result.verdict is not Verdict.PASS:
            sys.exit(f"{scenario.name}: {result.verdict.value}: a run that does not pass is not worth timing")
    print(json.dumps({"seconds": [result.seconds for result in results[1:]]}))


if __name__ == "__main__":
    main()
