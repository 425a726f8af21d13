"""Scenarios: one story a file, in folders by theme. A file defines `scenario`, or several at once in the tuple `scenarios`."""
