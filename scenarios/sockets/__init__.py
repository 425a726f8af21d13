"""What each kind of socket does with a path MTU: its modes, options, errors and limits."""
