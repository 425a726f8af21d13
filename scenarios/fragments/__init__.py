"""Who cuts packets up, where, and into what; and who puts them together again, or cannot."""
