"""Floor 4, what is real: the only floor that touches namespaces, sockets, processes and clocks."""
