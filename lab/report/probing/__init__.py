"""What a probe found (`lab.theory.probing.found`), for people and for programs."""
