"""What a router says, from which address, how often, and by which MTU it goes itself."""
