"""Scenarios of MSS clamping."""
