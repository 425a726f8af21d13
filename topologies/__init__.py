"""Shapes: functions that return a Topology. They import lab.model, and nothing else of the lab."""

from topologies.shapes import chain, dumbbell, fat_tree, mesh, parking_lot, star, tree

__all__ = ["chain", "dumbbell", "fat_tree", "mesh", "parking_lot", "star", "tree"]
