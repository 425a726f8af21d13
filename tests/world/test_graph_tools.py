"""What `pmtulab graph` writes for other programs, read by them."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from lab.find import catalogue
from lab.report.graph import graph
from lab.report.graph_dot import graph_dot
from lab.theory.plan import plan
from topologies import dumbbell, fat_tree


@pytest.mark.tools("dot")
def test_graphviz_draws_every_node_and_link() -> None:
    topologies = [*{scenario.topology for scenario in catalogue()}, dumbbell(3, 3, 576), fat_tree(4, 9000)]
    written = [
        graph_dot(graph('a "name"\\', plan(topology), topology.hosts[0].name, topology.hosts[-1].name)) for topology in topologies
    ]
    run = subprocess.run(["dot", "-Tsvg"], input="".join(written), capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stderr) == (0, "")
    drawn = run.stdout.split("<?xml ")[1:]
    assert len(drawn) == len(topologies)
    for topology, text in zip(topologies, drawn, strict=True):
        classes = [element.get("class") for element in ElementTree.fromstring(f"<?xml {text}").iter()]
        assert (classes.count("node"), classes.count("edge")) == (len(topology.nodes), len(topology.links))
