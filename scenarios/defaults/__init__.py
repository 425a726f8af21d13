"""What takes minutes as Linux ships: real default times, none of them shortened; by a warped clock in seconds."""
