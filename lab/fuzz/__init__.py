"""The fuzzer: random networks and stories, each foreseen by the theory and then played, and every fact held against the other."""
