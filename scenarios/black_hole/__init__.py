"""Where nobody is told: silent routers and filters, and the probing that finds the way without them."""
