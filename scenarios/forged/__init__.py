"""Which PTBs a host believes, and which it does not."""
