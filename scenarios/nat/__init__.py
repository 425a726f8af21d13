"""PTBs through address translation: what is rewritten, and what is lost."""
