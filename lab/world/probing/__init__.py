"""Probes on the wire: ordinary sockets that ask what `lab.theory.probing` wants to know, of a lab's network or of a real one."""
