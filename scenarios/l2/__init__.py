"""Switches and mismatched MTUs within one segment, where nobody sends a PTB."""
