"""Encapsulation: overheads, inner and outer path MTUs, and losses in two stages."""
