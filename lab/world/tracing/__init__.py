"""The kernel's tracing: an instance of tracefs of our own, probes with the arguments of calls, and what they said, read."""
