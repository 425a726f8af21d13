"""What TCP makes of a path MTU: its MSS, announced and sent, and what it sends again."""
