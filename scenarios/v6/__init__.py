"""What is IPv6's own: 1280 octets, no fragmentation by routers, and the reply that discovers its path, too."""
