"""docs/scenarios.md is what the scenario files say of themselves."""

from __future__ import annotations

import ast
import os
from pathlib import Path

from lab.find import about, group_of
from lab.judge.expect import Delivered, PathMtu, TooBig
from lab.judge.scenario import Act, Scenario
from lab.model.flow import Udp
from lab.model.story import Send
from lab.model.topology import IPV6
from lab.report.reference import Entry, reference
from tests.catalogue import BY_FILE
from topologies import chain

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "scenarios.md"


def entry(path: Path, scenarios: tuple[Scenario, ...]) -> Entry:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert docstring
    return Entry(group_of(path), about(path.parent), str(path.relative_to(TOP)), docstring, scenarios)


ENTRIES = [entry(path, scenarios) for path, scenarios in BY_FILE.items()]


def scenario(name: str, *needs: str) -> Scenario:
    network = chain("client", "r1", "server", mtus=(1500, 1400), families=(IPV6,))
    expect = (
        TooBig("r1", "client", 1400),
        PathMtu(1400, "client", "server"),
        Delivered(1, "server"),
        Delivered(1, "server", send=2),
    )
    return Scenario(name, "", network, (Act("", (Send(Udp("client", "server", family=IPV6), 1),), expect),), needs)


def test_the_page_is_what_the_files_say() -> None:
    page = reference(ENTRIES)
    if os.environ.get("PMTULAB_GOLDEN") == "write":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page, "PMTULAB_GOLDEN=write makes it anew"


def test_no_two_files_have_one_name() -> None:
    """Links lead to an entry by its file's name."""
    names = [entry.name for entry in ENTRIES]
    assert sorted(names) == sorted(set(names))
    assert not {f"group-{entry.group}" for entry in ENTRIES} & set(names)


def test_an_entry_of_one_scenario() -> None:
    page = reference(
        [Entry("some", "What some do.", "scenarios/some/one_or_two.py", "It is so.\n\n    a ──1500── b", (scenario("one"),))]
    )
    assert "| [some](#group-some) | 1 | 1 | 4 | What some do. |\n" in page
    assert "## Group some\n\nWhat some do. `pmtulab run some/` runs them all.\n\n* [one-or-two](#one-or-two): It is so.\n" in page
    assert page.endswith(
        "\n### one-or-two\n\nIt is so.\n\n    a ──1500── b\n\n"
        "    pmtulab run one\n\n"
        "* 4 claims\n"
        "* Rests on: RFC 4443 §3.2, RFC 8201 §3, §5.2\n"
        "* Source: [scenarios/some/one_or_two.py](../scenarios/some/one_or_two.py)\n"
    )


def test_an_entry_of_several() -> None:
    page = reference(
        [Entry("some", "", "scenarios/some/x.py", "It is so.", (scenario("x-1", "gre"), scenario("x-2", "gre", "sit")))]
    )
    assert "    pmtulab run scenarios/some/x.py\n\n* 2 scenarios, 8 claims: `x-1`, `x-2`\n" in page
    assert "* Needs a kernel with: gre, sit\n" in page
