"""Shapes: functions that return a Topology. They import lab.model, and nothing else of the lab."""

from topologies.shapes import chain, dumbbell, mesh, tree

__all__ = ["chain", "dumbbell", "mesh", "tree"]
