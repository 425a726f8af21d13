"""Kernels on this machine's disk, and how they get there: paths, build trees, installed versions, Debian's archive."""
