"""Kernels side by side, for people and for programs; its page is in lab.report.html.matrix."""
