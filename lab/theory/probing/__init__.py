"""Finding the path MTU of a real network from one end, and what is wrong with it. No sockets and no clock."""
