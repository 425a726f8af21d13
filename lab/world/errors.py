"""Whose fault it is, is a type: what the machine refuses, and what broke in the lab. A bad topology is `lab.theory.problems`'."""

from __future__ import annotations


class Forbidden(Exception):
    """This machine does not let the lab, or this user, do what is asked: make namespaces above all. The message says what to do."""


class Broken(Exception):
    """The lab itself failed: the kernel refused a message, a tap dropped frames, a process of ours died."""


class Lacking(Exception):
    """This kernel or this machine lacks what a scenario needs. The message says what, and how to get it where that is known."""


class NoAnswer(Broken):
    """The process that holds a lab is there and says nothing: it was stopped, or the machine is very busy."""


class NoKernel(Exception):
    """There is no such kernel, or what a word names is none. The message says what is wrong, where, and what to write instead."""


class NotFetched(NoKernel):
    """The kernel cannot be had now or here: no network, no room, no program, a wrong signature. The message says which."""
