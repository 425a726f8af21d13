"""Floor 1, what is written: topologies, flows, stories, header bytes. Frozen values; no I/O, nothing from other floors."""
