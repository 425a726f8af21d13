"""How a host finds its path MTU, keeps it, and forgets it: narrow, uneven, changing and many-hop paths."""
