"""Routers that rewrite the MSS option, so that no segment is ever too big."""
