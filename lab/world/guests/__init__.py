"""Guests: other kernels in virtual machines, with a file system of ours in memory."""
