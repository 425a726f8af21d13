"""Floor 2, what must happen: pure functions from a topology to its plan and to what the RFCs and Linux say of it."""
